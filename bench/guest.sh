#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The part of the benchmark that runs in a virtual machine that counts instructions, for one recorder.
#
# Usage: guest.sh RECORDER cost|reading|history…
#
#   cost     instructions to record an event, for each event alone
#   reading  CPU time to read events from the buffer into a file
#   history  number of events that a buffer of 16 MiB holds
#
# Prints a line "figure RECORDER …" for each, and leaves the recordings in $EXPTRACE_OUT:
#
#   base CASE TICKS ROUNDS EVENTS            the workload alone; EVENTS per round
#   write CASE TICKS ROUNDS EVENTS           the same while recording
#   recorded CASE EVENTS                     all events that the workload produced
#   read CASE large|small NANOSECONDS        reading a recording
#   history SWITCHES                         switches that the workload made
#
# A recording R is RECORDER-R. R.lost has the number of lost events, if the recorder reports it.
set -euo pipefail
cd "$(dirname "$0")/.."
programs=$PWD/build/bench
exptrace=$PWD/build/user/exptrace
. bench/recorders.sh

# MiB. Large enough that "cost" overwrites nothing.
buffer=32
repeats=${EXPTRACE_BENCH_REPEATS:-3}

# Case, events, rounds of the workload, events per round.
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

# Run $2 rounds of the workload $1. Print the ticks they took, the number of measured rounds, and that of all rounds.
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

# Run a workload. Set ticks and rounds, and add all rounds to sum.
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
	# The other recorders' sys_enter includes the arguments.
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

# Record $4 rounds of the workload $3 and read them. Their file, which is in memory, replaces the previous one.
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

# Record and read many events, then a tenth of them: the difference gives the cost of an event.
measure_reading() {
	local name=$1 work=$2 n=$3 i
	shift 3
	for ((i = 0; i < repeats; i++)); do
		read_once "$name" large "$work" "$n" "$@"
		read_once "$name" small "$work" $((n / 10)) "$@"
	done
	mv "/run/$recorder-$name-"* "$EXPTRACE_OUT/"
}

# 200,000 events. sysdig has a buffer of eight megabytes, hence fewer.
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
# Let SCHED_FIFO workloads use all CPU time.
echo -1 >/proc/sys/kernel/sched_rt_runtime_us
"${recorder}_load"
for part; do
	"$part"
done
