#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The part of the benchmark that counts what is lost while every CPU does nothing but schedule and allocate, in a virtual
# machine with several CPUs: everything as it is by default, a reader that writes to a file.
#
# Usage: storm.sh
#
# Prints "figure exptrace storm KIND RECORDED LOST".
set -euo pipefail
cd "$(dirname "$0")/.."
programs=$PWD/build/bench
exptrace=$PWD/build/user/exptrace
seconds=${EXPTRACE_BENCH_STORM:-5}

# On every CPU, allocations in a loop within the kernel.
if [ "${1:-}" = loop ]; then
	for ((cpu = 0; cpu < $(nproc); cpu++)); do
		end=$((SECONDS + seconds))
		while [ $SECONDS -lt $end ]; do
			echo "kmalloc 50000" >/sys/module/bench_events/parameters/run
		done &
	done
	wait
	exit 0
fi

# Sum up the ledgers.
report() {
	"$exptrace" stat "/run/$1.trace" | awk -v kind="$1" '
		/^ .* attempted / { gsub(",", ""); recorded += $5; lost += $7 }
		END { print "figure exptrace storm", kind, recorded, lost }'
	"$exptrace" check "/run/$1.trace" >&2 || :
	rm "/run/$1.trace"
}

mount --bind "$EXPTRACE_BENCH_MODULES" "/lib/modules/$(uname -r)"
modprobe bench_events
modprobe exptrace
mount -o remount,size=90% /run 2>/dev/null || :
"$exptrace" record -e sched,alloc -o /run/processes.trace -- "$programs/workload" storm "$seconds" || :
report processes
"$exptrace" record -e sched,alloc -o /run/loop.trace -- "$0" loop || :
report loop
