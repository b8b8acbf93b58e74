#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The part of the benchmark that measures time. Runs as root on the measured kernel, whose code runs natively.
#
# Usage: native.sh KIND MODULES
#
# MODULES is the directory with exptrace.ko and the benchmark's modules, none of which may be loaded. Figures that are
# compared are measured in turns. Prints lines "figure KIND WHAT CASE FASTEST MEDIAN", in nanoseconds per event. WHAT is:
#
#   none      a loop with a tracepoint that has no probe
#   empty     an empty probe
#   exptrace  exptrace records it
#   ring      a probe writes to one of the kernel's ring buffers
#   ring_tsc  the same with exptrace's clock, if the kernel allows it
#   ring_buffer_benchmark   the time of an entry as the kernel's module of that name reports it, if it exists
#
# CASE is the tracepoint, or "direct": a loop calls the probe without the tracepoint. ring_buffer_benchmark has only
# "entry". To compare with it, "direct" is also measured its way, for ten seconds and with interrupts enabled:
#
#   exptrace_hammered, ring_hammered
#   exptrace_read               for one second, while a reader writes everything to a file in memory
#   ring_buffer_benchmark_read  for ten seconds, while its own reader takes what it can get
#
# Also prints, for every turn, the fate of all events: "figure KIND ledger CALLS KEPT EVICTED LOST" without a reader, and
# "figure KIND read CALLS RECORDED DECODED LOST" with one.
set -euo pipefail
cd "$(dirname "$0")/.."
kind=$1 modules=$2
exptrace=$PWD/build/user/exptrace
parameters=/sys/module/bench_events/parameters
tracefs=/sys/kernel/tracing
work=$(mktemp -d)

# Events in a run. A batch has room for a quarter of them, so that every run includes refills.
events=50000
# Runs per turn, and turns.
runs=${EXPTRACE_BENCH_RUNS:-50}
turns=${EXPTRACE_BENCH_TURNS:-3}
# Milliseconds of a loop that is measured like ring_buffer_benchmark (the same as its own), and of one with a reader, whose
# file grows by half a gigabyte per second.
long=${EXPTRACE_BENCH_LONG:-10000}
short=1000

# Leave nothing loaded or mounted.
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

# Measure $2, recorded by $1, for $3 milliseconds like ring_buffer_benchmark. Sets "calls".
hammer() {
	local ns
	echo "$2 $3" >$parameters/hammer
	read -r calls ns <$parameters/hammer
	awk -v ns="$ns" -v calls="$calls" -v events=$events 'BEGIN { printf "%.0f\n", ns / calls * events }' >>"$work/$1.$2"
}

measure_none() {
	local name
	for name in bench_0 bench_2 bench_5; do
		measure none $name
	done
}

# Fill the buffer, so that each further event overwrites or evicts.
fill() {
	echo "bench_5 $1" >$parameters/run
	echo "bench_2 $1" >$parameters/run
}

# Read the trace $1. Sets "kept" and "lost" from the ledgers of this experiment, and "decoded", the events in the trace.
read_ledger() {
	"$exptrace" stat "$1" | awk '
		/^  bench +attempted / { gsub(",", ""); recorded = $5; lost = $7 }
		/^  bench +bench_/ { decoded += $3 }
		END { print recorded + 0, lost + 0, decoded + 0 }' >"$work/sums"
	read -r kept lost decoded <"$work/sums"
}

info() { "$exptrace" info | sed -n "s/^$1: *//p"; }

# The defaults, in flight mode. Each event is accounted for: it is in the trace, in an evicted generation, or lost. Evicted
# events are counted together with the rest of their generation, some hundred threads of the statedump.
measure_exptrace() {
	local name calls total kept lost decoded
	insmod "$modules/bench_exptrace.ko"
	"$exptrace" start --flight --discard --period 0 -e task_rename
	fill 2500000
	total=$((2 * 2500000))
	for name in bench_0 bench_2 bench_5 direct; do
		measure exptrace $name
		total=$((total + runs * events))
	done
	hammer exptrace_hammered direct "$long"
	total=$((total + calls))
	"$exptrace" snapshot -o "$work/trace"
	read_ledger "$work/trace"
	[ "$kept" -eq "$decoded" ] || { echo "the trace has $decoded events, its ledger $kept" >&2; return 1; }
	echo "$total $kept $(info 'Events in them') $(info 'Events lost')" >>"$work/ledgers"
	"$exptrace" stop
	rmmod bench_exptrace
}

# With a reader, whose file is compared with the number of calls.
measure_exptrace_read() {
	local calls kept lost decoded
	insmod "$modules/bench_exptrace.ko"
	"$exptrace" start --discard --period 0 -e task_rename
	cat /dev/exptrace >"$work/read" &
	hammer exptrace_read direct $short
	"$exptrace" stop
	wait $!
	rmmod bench_exptrace
	read_ledger "$work/read"
	rm "$work/read"
	echo "$calls $kept $decoded $lost" >>"$work/reads"
}

# Measure $1. The rest are parameters of the ring buffer module.
measure_ring() {
	local what=$1
	shift
	insmod "$modules/bench_ring.ko" "$@"
	fill 500000
	measure "$what" bench_2
	measure "$what" direct
	[ "$what" != ring ] || hammer ring_hammered direct "$long"
	rmmod bench_ring
}

# Most kernels do not let modules choose the clock of a ring buffer.
can_choose_clock() { grep -q ' __ksymtab_ring_buffer_set_clock$' /proc/kallsyms; }

has_benchmark() { [ -e "$modules/ring_buffer_benchmark.ko" ] || modinfo -n ring_buffer_benchmark >/dev/null 2>&1; }

load_benchmark() {
	if [ -e "$modules/ring_buffer_benchmark.ko" ]; then
		insmod "$modules/ring_buffer_benchmark.ko" "$@"
	else
		modprobe ring_buffer_benchmark "$@"
	fi
}

# Run ring_buffer_benchmark. It writes for ten seconds, then reports the microseconds and the number of entries. It reads the
# clock as often as our loop. $1 is its name in the figures, the rest are its parameters.
measure_benchmark() {
	local what=$1 patience=60
	shift
	: >$tracefs/trace
	load_benchmark write_iteration=500 producer_nice=0 consumer_nice=0 "$@"
	until grep -q 'ns per entry' $tracefs/trace; do
		[ $((patience--)) -gt 0 ] || { echo "ring_buffer_benchmark says nothing" >&2; return 1; }
		sleep 1
	done
	rmmod ring_buffer_benchmark
	awk -v events=$events '
		/ Time: / { us = $(NF - 1) }
		/ Hit: / { hit = $NF }
		END { printf "%.0f\n", us * 1000 / hit * events }' $tracefs/trace >>"$work/$what.entry"
}

# Print the fastest and the median of a file's runs.
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
	! has_benchmark || measure_benchmark ring_buffer_benchmark disable_reader=1
	measure_exptrace_read
	! has_benchmark || measure_benchmark ring_buffer_benchmark_read
done
for file in "$work"/*.bench_? "$work"/*.direct "$work"/*.entry; do
	[ -e "$file" ] || continue
	file=${file##*/}
	report "${file%.*}" "${file#*.}"
done
sed "s/^/figure $kind ledger /" "$work/ledgers"
sed "s/^/figure $kind read /" "$work/reads"
