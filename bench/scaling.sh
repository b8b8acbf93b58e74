#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The part of the benchmark that looks at what an event costs on each CPU in turn, and which memory it writes: runs as root on
# the kernel that is measured.
#
# Usage: scaling.sh MODULES
#
# Prints for every CPU "figure scaling CPUS CPU FASTEST OWN OTHERS": nanoseconds per event in the fastest of many short runs;
# how many cache lines of that CPU's, and of what is not that CPU's, a hundred events changed.
set -euo pipefail
cd "$(dirname "$0")/.."
modules=$1
exptrace=$PWD/build/user/exptrace
parameters=/sys/module/bench_events/parameters
events=50000

# On the CPU that this shell is bound to.
measure() {
	local i ns best=''
	for ((i = 0; i < 50; i++)); do
		echo "bench_2 $events" >$parameters/run
		read -r ns <$parameters/ns
		[ -n "$best" ] && [ "$ns" -ge "$best" ] || best=$ns
	done
	awk -v ns="$best" -v events=$events 'BEGIN { printf "%.2f", ns / events }'
}

for module in exptrace bench_events bench_exptrace bench_lines; do
	insmod "$modules/$module.ko"
done
"$exptrace" start --flight --discard --period 0 -e task_rename
for ((cpu = 0; cpu < $(nproc --all); cpu++)); do
	taskset -pc $cpu $$ >/dev/null
	fastest=$(measure)
	echo "figure scaling $(nproc --all) $cpu $fastest $(cat /sys/module/bench_lines/parameters/written)"
done
"$exptrace" stop
