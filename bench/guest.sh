#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The part of the benchmark that runs in a virtual machine which counts instructions, for one recorder.
#
# Usage: guest.sh RECORDER cost|reading|history…
#
#   cost     instructions per event, to record it, each event alone
#   reading  what it takes to read events from the buffer into a file
#   history  how many events a buffer of 16 MiB holds
#
# Prints a line "figure RECORDER …" for each, and leaves what was recorded in $EXPTRACE_OUT:
#
#   base CASE TICKS ROUNDS EVENTS            the workload alone; EVENTS are those per round
#   write CASE TICKS ROUNDS EVENTS           the same while it is recorded
#   recorded CASE EVENTS                     how many there were in all that was recorded
#   read CASE large|small NANOSECONDS        the reading of a recording
#   history SWITCHES                         how many there were
#
# A recording R is RECORDER-R; its R.lost, where the recorder tells, says how many events it lost.
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

figure() { echo "figure $recorder $*"; }

# Run so many rounds of a workload; print the ticks that they took, how many were measured, and how many there were.
run() {
	case $1 in
	kmalloc | bench_*)
		echo "$1 $2" >/sys/module/bench_events/parameters/run
		echo "$(cat /sys/module/bench_events/parameters/run) $2 $2"
		;;
	sysargs) "$programs/workload" syscall "$2" ;;
	*) "$programs/workload" "$1" "$2" ;;
	esac
}

# Run it, with the result in ticks and rounds; add all rounds to sum.
run_and_add() {
	local all
	read -r ticks rounds all <<<"$(run "$@")"
	sum=$((sum + all))
}

measure_cost() {
	local name=$1 n=$3 per_round=$4 events i ticks rounds sum=0
	read -r -a events <<<"${2//,/ }"
	run "$name" "$n" >/dev/null
	for ((i = 0; i < repeats; i++)); do
		run_and_add "$name" "$n"
		figure base "$name" "$ticks" "$rounds" "$per_round"
	done
	sum=0
	"${recorder}_start" $buffer "${events[@]}"
	run_and_add "$name" 500
	for ((i = 0; i < repeats; i++)); do
		run_and_add "$name" "$n"
		figure write "$name" "$ticks" "$rounds" "$per_round"
	done
	"${recorder}_stop"
	[ "$recorder" != none ] || return 0
	"${recorder}_read" "/run/$recorder-$name"
	figure recorded "$name" $((sum * per_round))
	mv "/run/$recorder-$name"* "$EXPTRACE_OUT/"
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

# Record so many rounds of a workload, and read them. Their file, which is in memory, replaces the one before.
read_once() {
	local name=$1 size=$2 work=$3 n=$4 cpu
	shift 4
	rm -rf "/run/$recorder-$name-$size"*
	"${recorder}_start" $buffer "$@"
	run "$work" "$n" >/dev/null
	"${recorder}_stop"
	"${recorder}_read" "/run/$recorder-$name-$size"
	figure read "$name" "$size" "$cpu"
}

# The difference between many and a tenth of them is what an event takes, each time anew.
measure_reading() {
	local name=$1 work=$2 n=$3 i
	shift 3
	for ((i = 0; i < repeats; i++)); do
		read_once "$name" large "$work" "$n" "$@"
		read_once "$name" small "$work" $((n / 10)) "$@"
	done
	mv "/run/$recorder-$name-"* "$EXPTRACE_OUT/"
}

# 200,000 events; sysdig's buffer has eight megabytes.
reading() {
	case $recorder in
	none) ;;
	sysdig) measure_reading syscall syscall 25000 sys_enter sys_exit ;;
	*)
		measure_reading switch yield 200000 sched_switch
		measure_reading kmalloc kmalloc 100000 kmalloc kfree
		;;
	esac
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
