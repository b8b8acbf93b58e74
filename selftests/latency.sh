#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The recorder's worst case does not delay real-time work: cyclictest on PREEMPT_RT, with instructions as the clock.
#
#   scripts/vm.sh --kernel 6.12-rt --icount --timeout 3000 -- make -C selftests run_tests ONLY=latency
#
# EXPTRACE_LATENCY_RUNS is the number of runs without the recorder, and of those with it (10).
# shellcheck disable=SC2317 # the tests are called by their names
. "$(dirname "$0")/tap.sh"

load=$here/../build/selftests/latency_load
runs=${EXPTRACE_LATENCY_RUNS:-10}
# In nanoseconds, which are instructions here.
most_above=20000

[ -n "${EXPTRACE_ICOUNT:-}" ] || skip_all "time is not counted in instructions here: needs vm.sh --icount"
[ "$(cat /sys/kernel/realtime 2>/dev/null)" = 1 ] || skip_all "this kernel has no PREEMPT_RT"
command -v cyclictest >/dev/null || skip_all "cyclictest is missing: install rt-tests"

# Print the largest latency of one run: a thread of priority 95 wakes up every half millisecond, 2000 times.
largest() { cyclictest --quiet --mlockall --nsecs --threads=1 --priority=95 --interval=500 --loops=2000 | sed -n 's/.*Max: *//p'; }

# measure NAME: write the largest latency of all runs to $work/NAME.
measure() {
	local i max most=0
	for ((i = 0; i < runs; i++)); do
		max=$(largest)
		[ -n "$max" ] || fail "cyclictest reported nothing"
		remark "$1, run $((i + 1)): at most $max ns late"
		[ "$max" -le "$most" ] || most=$max
	done
	echo "$most" >"$work/$1"
}

recorder_at_its_worst_does_not_make_real_time_work_late() {
	local without with tracer
	"$load" work &
	measure without
	load time_holds=1
	"$load" trace 2>"$work/errors" &
	tracer=$!
	measure with
	kill -0 "$tracer" || fail "the recorder was not at work all the time: $(cat "$work/errors")"
	kill "$tracer"
	wait "$tracer" || :
	remark "the pool's lock was held for $(cat /sys/kernel/debug/exptrace/longest_hold)"
	without=$(cat "$work/without") with=$(cat "$work/with")
	remark "at most $without ns late without, $with with: $((with - without)) more, $most_above are allowed"
	[ "$with" -le $((without + most_above)) ]
}

run_tests recorder_at_its_worst_does_not_make_real_time_work_late
