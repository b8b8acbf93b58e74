#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs the test of suspend in which the kernel itself suspends the machine: it freezes tasks, suspends devices, takes all CPUs but
# one offline and stops the clocks; only the hardware keeps running. Afterwards, the machine has only the files in memory, so
# this must be the last command of a VM:
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
