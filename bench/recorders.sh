# SPDX-License-Identifier: GPL-2.0-only
# Starts, stops and reads each recorder in the benchmark's VM. For each recorder R there are:
#
#   R_load           called once
#   R_start MIB EVENT…  starts recording; no reader runs after that
#   R_stop           stops recording
#   R_read FILE      writes the recording to FILE (a directory for LTTng), and sets cpu to the nanoseconds of CPU time of
#                    the recorder's own reader; FILE.lost has the number of lost events, if the recorder reports it
#   R_flight_start MIB EVENT…  like R_start, but the newest events are kept
#
# Events are sched_switch, sys_enter, sys_exit, kmalloc, kfree, bench_0, bench_2, bench_5.
# shellcheck shell=bash disable=SC2034,SC2154

# Run a command and set cpu to its CPU time in nanoseconds.
cpu_of() {
	"$programs/workload" cpu /run/cpu "$@" >&2
	cpu=$(cat /run/cpu)
}

in_background() {
	"$@" &
	pid=$!
}

# Print the CPU time so far of all threads of all processes whose command line matches.
cpu_of_all() {
	local p
	for p in $(pgrep -f "$1"); do
		cat /proc/"$p"/task/*/schedstat
	done | awk '{ sum += $1 } END { printf "%d\n", sum }'
}

wait_for() {
	local patience=3000
	until "$@" >/dev/null 2>&1; do
		[ $((patience--)) -gt 0 ] || { echo "waited in vain for: $*" >&2; return 1; }
		sleep 0.1
	done
}

# Records nothing: the baseline.
none_load() { :; }
none_start() { :; }
none_stop() { :; }

exptrace_load() { modprobe exptrace; }
exptrace_events() {
	# The synthetic events have no switch: they are recorded while their module is loaded and anything is recorded.
	local event names=()
	for event; do
		case $event in
		bench_*) names+=(task_rename) && modprobe bench_exptrace ;;
		*) names+=("$event") ;;
		esac
	done
	echo "${names[@]}"
}
exptrace_start() {
	local mib=$1 mode=${flight:+--flight}
	shift
	"$exptrace" start ${mode:+"$mode"} --discard --pool "$mib" --period 0 -e "$(exptrace_events "$@")"
}
exptrace_flight_start() { flight=y exptrace_start "$@"; }
# Keeps recording, because the snapshot is taken from a running recording. The workload has ended.
exptrace_stop() { :; }
exptrace_read() {
	cpu_of "$exptrace" snapshot -o "$1"
	"$exptrace" stop
	rmmod bench_exptrace 2>/dev/null || :
}

tracefs=/sys/kernel/tracing
ftrace_name() {
	case $1 in
	sched_*) echo "sched/$1" ;;
	sys_*) echo "raw_syscalls/$1" ;;
	k*) echo "kmem/$1" ;;
	bench_*) echo "bench/$1" ;;
	esac
}
ftrace_load() { :; }
ftrace_start() {
	local event
	echo 0 >$tracefs/tracing_on
	echo >$tracefs/trace
	echo $(($1 * 1024)) >$tracefs/buffer_size_kb
	echo >$tracefs/set_event
	shift
	for event; do
		echo 1 >"$tracefs/events/$(ftrace_name "$event")/enable"
	done
	echo 1 >$tracefs/tracing_on
}
ftrace_flight_start() { ftrace_start "$@"; }
ftrace_stop() {
	echo 0 >$tracefs/tracing_on
	echo >$tracefs/set_event
	awk '/^(overrun|commit overrun|dropped events):/ { n += $NF } END { print n + 0 }' $tracefs/per_cpu/cpu*/stats >/run/ftrace.lost
}
ftrace_read() {
	cpu_of trace-cmd extract --compression none -o "$1"
	mv /run/ftrace.lost "$1.lost"
}

perf_load() { :; }
perf_start() {
	local mib=$1 mode=${flight:+--overwrite} event events=()
	shift
	for event; do
		event=$(ftrace_name "$event")
		events+=(-e "${event/\//:}")
	done
	rm -f /run/perf.data* /run/perf.log
	in_background "$programs/workload" cpu /run/perf.cpu perf record -a ${mode:+"$mode"} -N -B --no-bpf-event -m "${mib}M" \
		"${events[@]}" -o /run/perf.data 2>/run/perf.log
	wait_for test -e /run/perf.data
	sleep 3
	perf_pid=$(pgrep -x -n perf)
	kill -STOP "$perf_pid"
}
perf_flight_start() { flight=y perf_start "$@"; }
# It records until it is read.
perf_stop() { :; }
perf_read() {
	kill -INT "$perf_pid"
	kill -CONT "$perf_pid"
	wait "$pid" || cat /run/perf.log >&2
	mv /run/perf.data "$1"
	cpu=$(cat /run/perf.cpu)
}

lttng_load() {
	export LTTNG_HOME=/run/lttng LTTNG_SESSION_CONFIG_XSD_PATH=$EXPTRACE_PEERS/usr/share/xml/lttng
	mkdir -p $LTTNG_HOME
	modprobe lttng-probe-sched
	modprobe lttng-probe-kmem
	modprobe bench_lttng
	lttng-sessiond --daemonize --consumerd64-path="$EXPTRACE_PEERS/usr/lib/x86_64-linux-gnu/lttng/libexec/lttng-consumerd" \
		--consumerd64-libdir="$EXPTRACE_PEERS/usr/lib/x86_64-linux-gnu"
	wait_for lttng list
}
lttng_start() {
	local mib=$1 event
	shift
	rm -rf /run/lttng-traces
	lttng create bench --snapshot --output=/run/lttng-traces
	lttng enable-channel --kernel --overwrite --subbuf-size=$((mib * 1024 / ${subbuffers:-4}))K --num-subbuf="${subbuffers:-4}" bench
	for event; do
		case $event in
		sys_enter) lttng enable-event --kernel --channel=bench --syscall --all ;;
		sys_exit) ;;
		k*) lttng enable-event --kernel --channel=bench "kmem_$event" ;;
		*) lttng enable-event --kernel --channel=bench "$event" ;;
		esac
	done
	lttng start
} >&2
# LTTng overwrites whole sub-buffers: the smaller they are, the more is left.
lttng_flight_start() { subbuffers=64 lttng_start "$@"; }
lttng_stop() { lttng stop >&2; }
lttng_read() {
	local before
	before=$(cpu_of_all '^[^ ]*lttng-consumerd')
	lttng snapshot record >&2
	cpu=$(($(cpu_of_all '^[^ ]*lttng-consumerd') - before))
	lttng destroy --all >&2
	mv /run/lttng-traces "$1"
}

bpf_load() { :; }
bpf_start() {
	local mib=$1
	shift
	rm -f /run/recorder.log
	in_background "$programs/recorder" "$programs/recorder.bpf.o" "$mib" /run/bpf.data "$@" >/run/recorder.log
	wait_for grep -q ready /run/recorder.log
}
# This recorder cannot keep the newest events; it keeps the oldest.
bpf_flight_start() { bpf_start "$@"; }
bpf_stop() { :; }
bpf_read() {
	kill -INT "$pid"
	wait "$pid"
	cat /run/recorder.log >&2
	mv /run/bpf.data "$1"
	grep '^events' /run/recorder.log >"$1.counts"
	cpu=$(sed -n 's/.* cpu \([0-9]*\)$/\1/p' /run/recorder.log)
}

sysdig_load() { modprobe scap; }
sysdig_start() {
	in_background "$programs/workload" cpu /run/sysdig.cpu sysdig -q -v -w /run/sysdig.data >/run/sysdig.log 2>&1
	sleep 5
	sysdig_pid=$(pgrep -x sysdig)
	kill -STOP "$sysdig_pid"
}
sysdig_stop() { :; }
# It reads nothing more once it is told to end.
sysdig_read() {
	kill -CONT "$sysdig_pid"
	sleep 5
	kill -INT "$sysdig_pid"
	wait "$pid" || :
	mv /run/sysdig.data "$1"
	cat /run/sysdig.log >&2
	sed -n 's/^Driver Drops: *//p' /run/sysdig.log >"$1.lost"
	cpu=$(cat /run/sysdig.cpu)
}
