#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The part of the benchmark that measures an event on each CPU, alone and while all others write too, and counts the cache
# lines it writes. Runs as root on the measured kernel.
#
# Usage: scaling.sh MODULES [lines]
#
# Prints, for every CPU, the fastest and the median of many short runs in nanoseconds per event, and the cache lines:
#
#   figure scaling CPUS CPU alone FASTEST MEDIAN      no other CPU writes
#   figure scaling CPUS CPU together FASTEST MEDIAN   all write at the same time
#   figure lines CPUS CPU OWN OTHERS                  lines that a hundred events changed: of that CPU, of others
#
# and "figure lines_together CPUS FEWEST MOST SHARED": lines that a hundred events on all CPUs at the same time changed, of a
# CPU (fewest and most) and of none. With "lines", only the cache lines are counted.
set -euo pipefail
cd "$(dirname "$0")/.."
modules=$1 only=${2:-}
exptrace=$PWD/build/user/exptrace
parameters=/sys/module/bench_events/parameters
events=50000 runs=${EXPTRACE_BENCH_RUNS:-50} ms=50
cpus=$(nproc --all)

# Print the fastest and the median of the numbers on standard input.
summary() { sort -n | awk '{ ns[NR] = $1 } END { printf "%.2f %.2f\n", ns[1], ns[int((NR + 1) / 2)] }'; }

# Measure on the CPU that this shell is bound to.
run_alone() {
	local i ns
	for ((i = 0; i < runs; i++)); do
		echo "bench_2 $events" >$parameters/run
		read -r ns <$parameters/ns
		echo "$ns"
	done | awk -v events=$events '{ print $1 / events }'
}

# Print "CPU NANOSECONDS" for every CPU and run.
run_together() {
	local i
	for ((i = 0; i < runs; i++)); do
		echo "bench_2 $ms" >$parameters/together
		awk '{ print $1, $3 / $2 }' $parameters/together
	done
}

measure_time() {
	local cpu all
	for ((cpu = 0; cpu < cpus; cpu++)); do
		taskset -pc $cpu $$ >/dev/null
		echo "figure scaling $cpus $cpu alone $(run_alone | summary)"
	done
	all=$(run_together)
	for ((cpu = 0; cpu < cpus; cpu++)); do
		echo "figure scaling $cpus $cpu together $(awk -v cpu=$cpu '$1 == cpu { print $2 }' <<<"$all" | summary)"
	done
}

measure_lines() {
	local cpu lines
	for ((cpu = 0; cpu < cpus; cpu++)); do
		taskset -pc $cpu $$ >/dev/null
		# The read fails if nothing was recorded.
		lines=$(cat /sys/module/bench_lines/parameters/written)
		echo "figure lines $cpus $cpu $lines"
	done
	lines=$(cat /sys/module/bench_lines/parameters/written_together)
	echo "figure lines_together $cpus $lines"
}

for module in exptrace bench_events bench_exptrace bench_lines; do
	insmod "$modules/$module.ko"
done
"$exptrace" start --flight --discard --period 0 -e task_rename
[ -n "$only" ] || measure_time
measure_lines
"$exptrace" stop
