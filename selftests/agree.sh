#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# exptrace and perf agree on the same run of a known workload: on the events, the run-queue latencies of "perf sched latency",
# the times of system calls of "perf trace -s". agree.py says how close they must be.
#
# The figures are left in $EXPTRACE_OUT/agree.txt. EXPTRACE_PERF names the perf to use instead of the one in $PATH.
# shellcheck disable=SC2317 # the tests are called by their names
. "$(dirname "$0")/tap.sh"

perf=${EXPTRACE_PERF:-perf}
workload=$here/../build/selftests/agree_work
# System calls that only the workload makes: nanosleep, getpgid, getsid, rt_sigtimedwait.
calls=(35 121 124 128)
# The recordings, for all tests: between tests, only files without a leading dot are removed from $work.
run=$work/.run

[ -x "$exptrace" ] || skip_all "build/user/exptrace is not built"
[ -x "$workload" ] || skip_all "build/selftests/agree_work is not built"
[ "$(uname -m)" = x86_64 ] || skip_all "the numbers of the system calls are those of x86_64"
"$perf" --version >/dev/null 2>&1 || skip_all "there is no perf that runs here (EXPTRACE_PERF names one)"

# Hide the modules' files: perf would read them all for symbols that are not needed here, which takes a minute over 9p.
# shellcheck disable=SC2016 # expanded in there
without_modules=(unshare -m sh -c 'mount -t tmpfs tmpfs "/lib/modules/$(uname -r)"; exec "$@"' sh)

record_both() {
	local filter
	lost=
	filter=$(printf ' || id == %d' "${calls[@]}")
	"$exptrace" record -o "$run/trace" -e "sched,sched_stat_runtime$(printf ',syscalls:%d' "${calls[@]}")" -- \
		"${without_modules[@]}" "$perf" record -q -a -B -N -k mono -m 1024 -o "$run/perf.data" \
		-e sched:sched_switch,sched:sched_wakeup,sched:sched_wakeup_new,sched:sched_stat_runtime \
		-e raw_syscalls:sys_enter,raw_syscalls:sys_exit --filter "${filter# || }" -- "$workload" >"$run/workload.txt"
	"$exptrace" check "$run/trace" >"$run/check.txt"
	cat "$run/check.txt"
	lost=$(sed -n 's/^OK.* \([0-9]*\) lost.*/\1/p' "$run/check.txt")
	"$exptrace" dump --json "$run/trace" >"$run/dump.json"
	"$exptrace" report --json "$run/trace" >"$run/report.json"
	"$perf" script -i "$run/perf.data" --ns --show-lost-events -F tid,cpu,time,event,trace >"$run/script.txt"
	"$perf" sched latency -i "$run/perf.data" -p >"$run/sched.txt"
	"$perf" trace -i "$run/perf.data" -s >"$run/trace.txt" 2>&1
	described_calls >"$run/described.txt"
}

# Print the system calls that perf trace can decode: those with their own tracepoints (CONFIG_FTRACE_SYSCALLS).
described_calls() {
	local events
	for events in /sys/kernel/{,debug/}tracing/events/syscalls; do
		[ ! -d "$events" ] || ls "$events"
	done | sed -n 's/^sys_enter_//p' | sort -u
}

compare() { python3 "$here/agree.py" "$run" "$1" | tee -a "${EXPTRACE_OUT:-$work}/agree.txt"; }

# perf silently drops an event inside its own handler, for example at the end of an interrupt. So does exptrace on PREEMPT_RT,
# but counts it. In these cases, repeat the run.
events_are_those_that_perf_records() {
	local attempt status
	mkdir "$run"
	load events=sched
	rm -f "${EXPTRACE_OUT:-$work}/agree.txt"
	for attempt in 1 2 3 4 5; do
		status=0
		record_both
		if [ "$lost" -ne 0 ]; then
			status=3
		else
			compare events || status=$?
		fi
		[ "$status" -eq 3 ] || break
	done
	[ "$status" -eq 0 ] || fail "attempt $attempt: exit code $status"
}

latencies_are_those_of_perf_sched() {
	compare latencies
}

system_calls_take_as_long_as_perf_trace_says() {
	[ -s "$run/described.txt" ] ||
		remark "this kernel has no CONFIG_FTRACE_SYSCALLS: perf trace -s is silent, perf's own events are the witness"
	compare syscalls
}

run_tests events_are_those_that_perf_records latencies_are_those_of_perf_sched \
	system_calls_take_as_long_as_perf_trace_says
