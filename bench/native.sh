#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The part of the benchmark that measures time: runs as root on the kernel that is measured, whose code runs natively.
#
# Usage: native.sh KIND MODULES
#
# MODULES is the directory with exptrace.ko and the benchmark's modules, none of which may be loaded. What is compared is
# measured in turns. Prints lines "figure KIND WHAT CASE FASTEST MEDIAN", in nanoseconds per event, where WHAT is:
#
#   none      a loop with a tracepoint that nobody listens to
#   empty     somebody listens, and does nothing
#   exptrace  exptrace records it
#   ring      it is written to a ring buffer of the kernel's
#   ring_tsc  with the clock that exptrace has, where the kernel allows it
#   ring_buffer_benchmark   what the kernel's module of that name says of an entry, if there is one
#
# and "figure KIND ledger RECORDED LOST", what exptrace says of its last turn.
set -euo pipefail
cd "$(dirname "$0")/.."
kind=$1 modules=$2
exptrace=$PWD/build/user/exptrace
parameters=/sys/module/bench_events/parameters
tracefs=/sys/kernel/tracing
work=$(mktemp -d)

# Events in a run: a batch has room for a quarter of them, so that refills are in every run as often as they come.
events=50000
# Runs in a turn, and turns.
runs=${EXPTRACE_BENCH_RUNS:-50}
turns=${EXPTRACE_BENCH_TURNS:-3}

# Nothing that was loaded or mounted stays.
clean_up() {
	"$exptrace" stop >/dev/null 2>&1 || :
	for module in ring_buffer_benchmark bench_ring bench_exptrace bench_events exptrace; do
		rmmod "$module" 2>/dev/null || :
	done
	rm -rf "$work"
}
trap clean_up EXIT

# Measure the workload $2, recorded by $1.
measure() {
	local i ns
	for ((i = 0; i < runs; i++)); do
		echo "$2 $events" >$parameters/run
		read -r ns <$parameters/ns
		echo "$ns" >>"$work/$1.$2"
	done
}

measure_none() {
	local name
	for name in bench_0 bench_2 bench_5; do
		measure none $name
	done
}

# So much that what is oldest is given up from then on.
fill() {
	echo "bench_5 $1" >$parameters/run
	echo "bench_2 $1" >$parameters/run
}

# As it is by default, the newest is kept.
measure_exptrace() {
	local name
	insmod "$modules/bench_exptrace.ko"
	"$exptrace" start --flight --discard --period 0 -e task_rename
	fill 2500000
	for name in bench_0 bench_2 bench_5; do
		measure exptrace $name
	done
	"$exptrace" snapshot -o "$work/trace"
	"$exptrace" stop
	rmmod bench_exptrace
	"$exptrace" stat "$work/trace" >"$work/stat"
}

# Measure $1, for which the module of the ring buffer gets these parameters.
measure_ring() {
	local what=$1
	shift
	insmod "$modules/bench_ring.ko" "$@"
	fill 500000
	measure "$what" bench_2
	rmmod bench_ring
}

# Most kernels do not let modules choose a ring buffer's clock.
can_choose_clock() { grep -q ' __ksymtab_ring_buffer_set_clock$' /proc/kallsyms; }

has_benchmark() { [ -e "$modules/ring_buffer_benchmark.ko" ] || modinfo -n ring_buffer_benchmark >/dev/null 2>&1; }

load_benchmark() {
	if [ -e "$modules/ring_buffer_benchmark.ko" ]; then
		insmod "$modules/ring_buffer_benchmark.ko" "$@"
	else
		modprobe ring_buffer_benchmark "$@"
	fi
}

# It writes for ten seconds, and says then how many microseconds that took and how many entries it has written. It reads the
# clock as often as we do.
measure_benchmark() {
	local patience=60
	: >$tracefs/trace
	load_benchmark disable_reader=1 write_iteration=500 producer_nice=0
	until grep -q 'ns per entry' $tracefs/trace; do
		[ $((patience--)) -gt 0 ] || { echo "ring_buffer_benchmark says nothing" >&2; return 1; }
		sleep 1
	done
	rmmod ring_buffer_benchmark
	awk -v events=$events '
		/ Time: / { us = $(NF - 1) }
		/ Hit: / { hit = $NF }
		END { printf "%.0f\n", us * 1000 / hit * events }' $tracefs/trace >>"$work/ring_buffer_benchmark.entry"
}

# The fastest and the median of a file's runs.
report() {
	sort -n "$work/$1.$2" | awk -v kind="$kind" -v what="$1 $2" -v events=$events '
		{ ns[NR] = $1 / events }
		END { printf "figure %s %s %.2f %.2f\n", kind, what, ns[1], ns[int((NR + 1) / 2)] }'
}

insmod "$modules/exptrace.ko"
insmod "$modules/bench_events.ko"
[ -e $tracefs/trace ] || mount -t tracefs tracefs $tracefs
for ((turn = 0; turn < turns; turn++)); do
	measure_none
	measure_exptrace
	measure_ring empty empty=1
	measure_ring ring
	! can_choose_clock || measure_ring ring_tsc tsc=1
	! has_benchmark || measure_benchmark
done
for file in "$work"/*.bench_? "$work"/*.entry; do
	[ -e "$file" ] || continue
	file=${file##*/}
	report "${file%.*}" "${file#*.}"
done
awk -v kind="$kind" '/^  bench +attempted / { gsub(",", ""); print "figure", kind, "ledger", $5, $7 }' "$work/stat"
