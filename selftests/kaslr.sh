#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Readers who may not see addresses cannot compute them from a trace. kaslr.py is the attacker, who knows the kernel's symbols.
# shellcheck disable=SC2317,SC2119 # the tests are called by their names
. "$(dirname "$0")/tap.sh"

[ -x "$exptrace" ] || skip_all "build/user/exptrace is not built"
command -v python3 >/dev/null || skip_all "no python3"
poke=$here/../build/selftests/poke
[ -x "$poke" ] || skip_all "build/selftests/poke is not built"
[ -r /proc/kcore ] || skip_all "no /proc/kcore"

policy=/proc/sys/kernel/kptr_restrict

# A symbol that is mapped even while user code runs, and an address that is unmapped unless the kernel was placed there.
mapped=entry_SYSCALL_64 unmapped=ffffffffbf000000
# Functions of timers and work items that run on any machine.
functions=(delayed_work_timer_fn process_timeout hrtimer_wakeup tick_sched_timer tick_nohz_handler vmstat_update wb_workfn)

# record FILE COMMAND ARGUMENT...: record COMMAND and others; not even root may see addresses.
record() {
	local file=$1 after=$2 old
	shift 2
	old=$(cat "$policy")
	echo 2 >"$policy"
	"$exptrace" record --period 0 "$@" -o "$file" -- \
		sh -c "'$exptrace' mark text; '$exptrace' mark --key key value; cat /etc/hostname | tr x y; $after"
	echo "$old" >"$policy"
}

# Write the true addresses to "symbols"; set found to the functions that this kernel has.
see_addresses() {
	local old
	old=$(cat "$policy")
	echo 0 >"$policy"
	grep -v ' [aA] ' /proc/kallsyms >"$work/symbols"
	echo "$old" >"$policy"
	not grep -q '^0* ' "$work/symbols"
	mapfile -t found < <(printf ' %s$\n' "${functions[@]}" | grep -f - "$work/symbols")
}

no_address_can_be_computed_from_a_trace() {
	local found there
	load
	see_addresses
	there=$(grep " $mapped\$" "$work/symbols")
	record "$work/t" "'$poke' ${found[*]%% *} ${there%% *} $unmapped" -e all,-syscalls,-syscalls_more,-sched_more --stacks sched,alloc
	python3 "$here/kaslr.py" "$work/t" "$work/symbols" /proc/kcore "${found[@]##* }"
}

# same SAME OTHER FILE FILE: of the call sites in both files, at least SAME have the same identifier, and at least OTHER a
# different one; 0 means none.
same() {
	local same other
	read -r same other < <(python3 "$here/kaslr.py" --same "$3" "$4")
	echo "$same the same, $other others"
	[ "$same" -ge "$1" ] && [ "$other" -ge "$2" ]
	[ "$1" -gt 0 ] || [ "$same" -eq 0 ]
	[ "$2" -gt 0 ] || [ "$other" -eq 0 ]
}

# Identifiers of different recordings are comparable only while the module stays loaded.
identifiers_are_those_of_one_load() {
	load
	record "$work/a" : -e alloc,workqueue
	record "$work/b" : -e alloc,workqueue
	same 20 0 "$work/a" "$work/b"
	unload
	load
	record "$work/c" : -e alloc,workqueue
	same 0 20 "$work/a" "$work/c"
}

run_tests no_address_can_be_computed_from_a_trace identifiers_are_those_of_one_load
