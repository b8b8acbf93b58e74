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
#   failed CASE
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
switch   sched_switch         2000  2
syscall  sys_enter,sys_exit   10000 2
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
	*) "$programs/workload" "$1" "$2" ;;
	esac
}

measure_cost() {
	local name events rounds per_round
	while read -r name events rounds per_round; do
		[ -n "$name" ] || continue
		can_record "$events" || continue
		measure_cost "$name" "$events" "$rounds" "$per_round" || figure failed "$name"
	done <<<"$cases"
}

# More switches than any recorder's buffer holds.
history() {
	local n=700000
	case $recorder in
	none | sysdig) return ;;
	exptrace) n=4000000 ;;
	esac
	"${recorder}_flight_start" 16 sched_switch
	run yield $n
	"${recorder}_stop"
	"${recorder}_read" "/run/$recorder-history" >/dev/null
	figure history "$n"
	mv "/run/$recorder-history"* "$EXPTRACE_OUT/"
}

recorder=$1
shift
export PATH=$EXPTRACE_PEERS_PATH:$PATH LD_LIBRARY_PATH=$EXPTRACE_PEERS_LIBS
mount --bind "$EXPTRACE_BENCH_MODULES" "/lib/modules/$(uname -r)"
modprobe bench_events
"${recorder}_load"
for part; do
	"$part"
done
