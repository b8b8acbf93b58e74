#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The recording of run.sh: loads $EXPTRACE_KO, records a workload to $EXPTRACE_OUT, shows it, unloads.
set -euo pipefail

exptrace=build/user/exptrace
trace=$EXPTRACE_OUT/run.trace
kernel=$(uname -r)

# A few seconds of typical work: compile, compress and search.
if [ "${1:-}" = workload ]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	for i in 1 2 3; do
		printf 'int f%d(int x) { return x * %d; }\n' "$i" "$i" >"$work/f$i.c"
		gcc -O2 -c "$work/f$i.c" -o "$work/f$i.o" &
	done
	wait
	find /usr/include -maxdepth 1 -name '*.h' -exec cat {} + >"$work/all.h"
	gzip -1 <"$work/all.h" | gunzip | grep -c define >"$work/count"
	find /usr/share -maxdepth 2 | sort -r | tail -n 5 >"$work/list"
	exit 0
fi

loaded=''
unload() { [ -z "$loaded" ] || rmmod exptrace; }
trap unload EXIT

if [ ! -e /dev/exptrace ]; then
	insmod "$EXPTRACE_KO"
	loaded=y
fi
echo "Linux $kernel, $(nproc) CPUs: recording the scheduler and all slab allocations of a compile-and-search workload."
"$exptrace" record -e sched,alloc -o "$trace" -- "$0" workload
"$exptrace" check "$trace"
echo
"$exptrace" stat "$trace"
echo
echo "Some events:"
"$exptrace" dump "$trace" | sed -n '2000,2019p'
