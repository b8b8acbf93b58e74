#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The part of the benchmark that runs in a virtual machine which counts instructions, for one recorder.
#
# Usage: guest.sh RECORDER cost|history…
#
#   cost     instructions per event, to record and to read, each event alone
#   history  how many events a buffer of 16 MiB holds
#
# Prints a line "figure RECORDER …" for each, and leaves what was recorded in $EXPTRACE_OUT:
#
#   base CASE TICKS ROUNDS EVENTS            the workload alone; EVENTS are those per round
#   write CASE TICKS ROUNDS EVENTS           the same while it is recorded
#   read CASE large|small NANOSECONDS EVENTS the reading of what was recorded; EVENTS are those of the workload
#   history SWITCHES                         how many there were
set -euo pipefail
cd "$(dirname "$0")/.."
programs=$PWD/build/bench
exptrace=$PWD/build/user/exptrace
. bench/recorders.sh

# MiB: so much that nothing is overwritten in "cost".
buffer=32
repeats=${EXPTRACE_BENCH_REPEATS:-3}

# The events, the rounds of the workload, and the events per round.
cases='
switch   sched_switch         5000  2
syscall  sys_enter,sys_exit   10000 2
sysargs  sys_enter_args,sys_exit 10000 2
kmalloc  kmalloc,kfree        10000 2
bench_0  bench_0              10000 1
bench_2  bench_2              10000 1
bench_5  bench_5              10000 1
'
# Those whose reading is measured too.
reading=' switch kmalloc '

figure() { echo "figure $recorder $*"; }

# Run so many rounds of a workload; print the ticks that they took and how many were measured.
run() {
	case $1 in
	kmalloc | bench_*)
		echo "$1 $2" >/sys/module/bench_events/parameters/run
		echo "$(cat /sys/module/bench_events/parameters/run) $2"
		;;
	sysargs) "$programs/workload" syscall "$2" ;;
	*) "$programs/workload" "$1" "$2" ;;
	esac
}

measure_cost() {
	local name=$1 rounds=$3 per_round=$4 events i cpu
	read -r -a events <<<"${2//,/ }"
	run "$name" "$rounds" >/dev/null
	for ((i = 0; i < repeats; i++)); do
		figure base "$name" "$(run "$name" "$rounds")" "$per_round"
	done
	"${recorder}_start" $buffer "${events[@]}"
	run "$name" 500 >/dev/null
	for ((i = 0; i < repeats; i++)); do
		figure write "$name" "$(run "$name" "$rounds")" "$per_round"
	done
	"${recorder}_stop"
	[ "$recorder" != none ] || return 0
	"${recorder}_read" "/run/$recorder-$name-large"
	figure read "$name" large "$cpu" $(((repeats * rounds + 500) * per_round))
	# Again with less, for what a byte and the reading of an event take.
	if [[ $reading == *" $name "* || $recorder = sysdig ]]; then
		"${recorder}_start" $buffer "${events[@]}"
		run "$name" 500 >/dev/null
		"${recorder}_stop"
		"${recorder}_read" "/run/$recorder-$name-small"
		figure read "$name" small "$cpu" $((500 * per_round))
	fi
	mv "/run/$recorder-$name-"* "$EXPTRACE_OUT/"
}

can_record() {
	case $recorder:$1 in
	# What the others have of a system call's beginning includes its arguments.
	exptrace:*) ;;
	*:*_args*) return 1 ;;
	sysdig:*sys_enter*) ;;
	sysdig:*) return 1 ;;
	esac
}

cost() {
	local name events rounds per_round
	while read -r name events rounds per_round; do
		[ -n "$name" ] || continue
		can_record "$events" || continue
		measure_cost "$name" "$events" "$rounds" "$per_round"
	done <<<"$cases"
}

# More switches than any recorder's buffer holds.
history() {
	local n=700000
	case $recorder in
	none | sysdig) return ;;
	exptrace) n=3300000 ;;
	esac
	"${recorder}_flight_start" 16 sched_switch
	run yield $n
	"${recorder}_stop"
	"${recorder}_read" "/run/$recorder-history"
	figure history "$n"
	mv "/run/$recorder-history"* "$EXPTRACE_OUT/"
}

recorder=$1
shift
export PATH=$EXPTRACE_PEERS_PATH:$PATH LD_LIBRARY_PATH=$EXPTRACE_PEERS_LIBS
mount --bind "$EXPTRACE_BENCH_MODULES" "/lib/modules/$(uname -r)"
modprobe bench_events
# The workloads are the only ones to run.
echo -1 >/proc/sys/kernel/sched_rt_runtime_us
"${recorder}_load"
for part; do
	"$part"
done
