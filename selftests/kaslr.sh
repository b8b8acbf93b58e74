#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Who may not see addresses can't compute them from a trace either: kaslr.py is the attacker, who knows the kernel's symbols.
# shellcheck disable=SC2317,SC2119 # the tests are called by their names
. "$(dirname "$0")/tap.sh"

[ -x "$exptrace" ] || skip_all "build/user/exptrace is not built"
command -v python3 >/dev/null || skip_all "no python3"
[ -r /proc/kcore ] || skip_all "no /proc/kcore"

policy=/proc/sys/kernel/kptr_restrict

# record FILE ARGUMENT...: with addresses forbidden, also to root.
record() {
	local file=$1 old
	shift
	old=$(cat "$policy")
	echo 2 >"$policy"
	"$exptrace" record --period 0 "$@" -o "$file" -- \
		sh -c "'$exptrace' mark text; '$exptrace' mark --key key value; cat /etc/hostname | tr x y"
	echo "$old" >"$policy"
}

# The true addresses, in "symbols".
see_addresses() {
	local old
	old=$(cat "$policy")
	echo 0 >"$policy"
	grep -v ' [aA] ' /proc/kallsyms >"$work/symbols"
	echo "$old" >"$policy"
	not grep -q '^0* ' "$work/symbols"
}

no_address_can_be_computed_from_a_trace() {
	load
	record "$work/t" -e all --stacks sched,alloc
	see_addresses
	python3 "$here/kaslr.py" "$work/t" "$work/symbols" /proc/kcore
}

# same SAME OTHER FILE FILE: of the places that both name, so many at least (0: none) have the same identifier, and another.
same() {
	local same other
	read -r same other < <(python3 "$here/kaslr.py" --same "$3" "$4")
	echo "$same the same, $other others"
	[ "$same" -ge "$1" ] && [ "$other" -ge "$2" ]
	[ "$1" -gt 0 ] || [ "$same" -eq 0 ]
	[ "$2" -gt 0 ] || [ "$other" -eq 0 ]
}

# They can be compared as long as the module is loaded, and no longer.
identifiers_are_those_of_one_load() {
	load
	record "$work/a" -e alloc,workqueue
	record "$work/b" -e alloc,workqueue
	same 20 0 "$work/a" "$work/b"
	unload
	load
	record "$work/c" -e alloc,workqueue
	same 0 20 "$work/a" "$work/c"
}

run_tests no_address_can_be_computed_from_a_trace identifiers_are_those_of_one_load
