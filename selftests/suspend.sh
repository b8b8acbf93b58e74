#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs the test of suspend where the kernel itself suspends the machine: tasks are frozen, devices sleep, CPUs but one are taken
# away, the clocks stop; only the hardware goes on. After that the machine has no files any more but those in memory, so this
# is for a VM, of which it is the last command:
#
#   scripts/vm.sh -- selftests/suspend.sh
here=$(dirname "$0")
program=$here/../build/selftests/suspend_static
dir=/run/exptrace

skip() {
	echo "TAP version 13"
	echo "1..0 # SKIP $*"
	exit 4
}

[ -n "${EXPTRACE_VM:-}" ] || skip "would cost this machine its files"
[ -r "${EXPTRACE_KO:-}" ] || skip "EXPTRACE_KO does not name the module to test"
[ -x "$program" ] || skip "build/selftests/suspend_static is not built"
grep -qw core /sys/power/pm_test || skip "this kernel cannot try suspend (pm_test)"
cp "$program" "$EXPTRACE_KO" $dir/ || exit 1
EXPTRACE_KO=$dir/exptrace.ko exec $dir/suspend_static >$dir/report 2>&1
