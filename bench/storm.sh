#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The part of the benchmark that counts what is lost while every CPU does nothing but schedule and allocate, in a virtual
# machine with several CPUs: everything as it is by default, a reader that writes to a file.
#
# Usage: storm.sh
#
# Prints "figure exptrace storm KIND RECORDED LOST LEAST COUNTED MOST". The ledgers' figures are not believed for themselves: COUNTED
# events of one kind in the trace, and those that are lost, must be LEAST to MOST, as many as somebody else has counted.
#
#   processes   context switches, by the kernel's own count in /proc/stat: LEAST from its first process to its last, MOST
#               from before the recording to after it
#   loop        allocations of the loop in the kernel, which counts them itself
#
# Fails if they are not, if "exptrace check" rejects a trace, or if one of the CPUs has no events in it.
set -euo pipefail
cd "$(dirname "$0")/.."
programs=$PWD/build/bench
exptrace=$PWD/build/user/exptrace
seconds=${EXPTRACE_BENCH_STORM:-5}
together=/sys/module/bench_events/parameters/together

fail() { echo "the storm of $kind: $*" >&2; exit 1; }

context_switches() { sed -n 's/^ctxt //p' /proc/stat; }

# What is recorded. Leaves in /run/called how many there were at least.
storm_processes() {
	local begin
	begin=$(context_switches)
	"$programs/workload" storm "$seconds"
	echo $(($(context_switches) - begin)) >/run/called
}

# On every CPU, allocations in a loop within the kernel.
storm_loop() {
	echo "kmalloc $((seconds * 1000))" >$together
	awk '{ n += $2 } END { printf "%.0f\n", n }' $together >/run/called
}

# How many of those there are in what "exptrace stat" shows.
count_processes() { awk '$1 == "standard" && $2 == "sched_switch" { print $3 }' /run/stat; }
count_loop() { awk '$3 ~ /^kmalloc_kfree\+/ { n += $1 } END { print n + 0 }' /run/stat; }

# CPUs that have events.
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
