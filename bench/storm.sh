#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The part of the benchmark that counts lost events while every CPU only schedules and allocates, in a virtual machine with
# several CPUs, with all defaults and a reader that writes to a file.
#
# Usage: storm.sh
#
# Prints "figure exptrace storm KIND RECORDED LOST LEAST COUNTED MOST". The ledgers are checked against another count: the
# COUNTED events of one kind in the trace, plus the lost ones, must lie between LEAST and MOST.
#
#   processes   context switches as the kernel counts them in /proc/stat: LEAST from the storm's first process to its last,
#               MOST from before the recording to after it
#   loop        allocations of the loop in the kernel, which counts them itself
#
# Fails if they do not, if "exptrace check" rejects a trace, or if a CPU has no events in it.
set -euo pipefail
cd "$(dirname "$0")/.."
programs=$PWD/build/bench
exptrace=$PWD/build/user/exptrace
seconds=${EXPTRACE_BENCH_STORM:-5}
together=/sys/module/bench_events/parameters/together

fail() { echo "the storm of $kind: $*" >&2; exit 1; }

context_switches() { sed -n 's/^ctxt //p' /proc/stat; }

# The workloads. Each writes the least number of events to /run/called.
storm_processes() {
	local begin
	begin=$(context_switches)
	"$programs/workload" storm "$seconds"
	echo $(($(context_switches) - begin)) >/run/called
}

# Allocate in a loop in the kernel, on every CPU.
storm_loop() {
	echo "kmalloc $((seconds * 1000))" >$together
	awk '{ n += $2 } END { printf "%.0f\n", n }' $together >/run/called
}

# Count those events in the output of "exptrace stat".
count_processes() { awk '$1 == "standard" && $2 == "sched_switch" { print $3 }' /run/stat; }
count_loop() { awk '$3 ~ /^kmalloc_kfree\+/ { n += $1 } END { print n + 0 }' /run/stat; }

# Count the CPUs that have events.
count_cpus() { awk '/^  CPU / { table = 1; next } !NF { table = 0 } table && $2 > 0 { n++ } END { print n + 0 }' /run/stat; }

measure() {
	local before most least recorded lost counted
	kind=$1
	before=$(context_switches)
	"$exptrace" record -e sched,alloc -o /run/trace -- "$0" "$kind"
	most=$(($(context_switches) - before))
	least=$(cat /run/called)
	[ "$kind" = processes ] || most=$least
	"$exptrace" check /run/trace >&2 || fail "the trace is not sound"
	"$exptrace" stat /run/trace >/run/stat
	cat /run/stat >&2
	rm /run/trace
	read -r recorded lost < <(awk '/^ .* attempted / { gsub(",", ""); recorded += $5; lost += $7 }
		END { print recorded + 0, lost + 0 }' /run/stat)
	counted=$("count_$kind")
	echo "figure exptrace storm $kind $recorded $lost $least $counted $most"
	[ "$(count_cpus)" -eq "$(nproc)" ] || fail "only $(count_cpus) of $(nproc) CPUs have events"
	[ "$((counted + lost))" -ge "$least" ] || fail "$counted events and $lost lost, where there were $least"
	[ "$counted" -le "$most" ] || fail "$counted events, where there were only $most"
}

case ${1:-} in
processes | loop) "storm_$1"; exit 0 ;;
esac
mount --bind "$EXPTRACE_BENCH_MODULES" "/lib/modules/$(uname -r)"
modprobe bench_events
modprobe exptrace
mount -o remount,size=90% /run 2>/dev/null || :
measure processes
measure loop
