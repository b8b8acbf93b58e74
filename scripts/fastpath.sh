#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Checks in the machine code of a module's probes that they keep invariants 1, 2 and 5 of kmod/exptrace.h, and which data the
# module exports, because other modules can write to these.
#
# Usage: fastpath.sh MODULE.ko
#
# Prints TAP; the exit code is 0 if all passed. x86-64 only.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

case ${1:-} in
-h | --help) usage; exit 0 ;;
'') die "which module? (see --help)" ;;
esac
findings=$(objdump -dr --no-show-raw-insn "$1" | awk -f "$top/scripts/fastpath.awk")
probes=$(sed -n 's/^probes //p' <<<"$findings")
n=0 failed=0

# Only data that the writer's inline functions use may be exported: what they read, and their static keys.
shared='exptrace_writers|exptrace_address_ids|exptrace_clock_tsc|exptrace_filtered|exptrace_stacks_on'
findings+=$'\n'$(nm "$1" | awk -v shared="^($shared)\$" '
	$3 ~ /^__ksymtab_/ { exported[substr($3, 11)] = 1 }
	$2 !~ /^[TtU]$/ { data[$3] = 1 }
	END { for (name in exported) if (name in data && name !~ shared) print "exports " name }')

# A rule fails if there are findings for it.
rule() {
	n=$((n + 1))
	if grep "^$1 " <<<"$findings" | sed 's/^[a-z]* /# /'; then
		echo "not ok $n - $2"
		failed=1
	else
		echo "ok $n - $2"
	fi
}

# Without probes, a module would keep every rule.
[ "$probes" -ge 30 ] || { echo "1..1"; echo "not ok 1 - the module has only $probes probes"; exit 1; }
rule locked "$probes probes take no lock and no barrier (invariant 1)"
rule shared "they write to no static data (invariant 1)"
rule open "they look slots up with preemption off (invariant 2)"
rule calls "they call nothing that locks, sleeps or allocates but the refill (invariant 5)"
rule exports "other modules see none of the recorder's data but what writers read"
echo "1..$n"
exit "$failed"
