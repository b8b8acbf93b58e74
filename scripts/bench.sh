#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The benchmark: compares exptrace with the recorders that Debian has, with the same events and the same workload. Prints tables,
# and leaves the figures in build/bench/RELEASE/report.json, those of a complete run also in bench/results/RELEASE.json.
#
# Usage: bench.sh [--kernel NAME] [--only PART]… [--native] [--store]
#        bench.sh [--kernel NAME] --report [--store]
#
#   --kernel NAME   6.1 (the default) or 6.12; see kernel.sh
#   --only PART     only this part: a recorder (none, exptrace, ftrace, perf, lttng, bpf, sysdig), storm, decode, uml, scaling, native
#   --native        also measure nanoseconds in the running kernel: loads modules into it; needs root
#   --report        measure nothing; print the tables of existing figures (if there are none, of bench/results), and those of
#                   README.md and docs/performance.md
#   --store         also store the figures of an incomplete or partly failed run in bench/results
#
# The output and the traces of each part are left in build/bench/RELEASE/PART. docs/performance.md says how each figure is
# measured and what it means. JOBS virtual machines run at a time (default: one per CPU of this machine), which does not change
# counts of instructions. The exit code is 1 if a part failed.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$top"

recorders=(none exptrace ftrace perf lttng bpf sysdig)

kernel=6.1 only=() native='' report='' store=''
while [ $# -gt 0 ]; do
	case $1 in
	--kernel | --only) [ $# -gt 1 ] || die "$1 needs a value" ;;
	esac
	case $1 in
	--kernel) kernel=$2; shift ;;
	--only) only+=("$2"); shift ;;
	--native) native=y ;;
	--report) report=y ;;
	--store) store=y ;;
	-h | --help) usage; exit 0 ;;
	*) die "unknown option '$1' (see --help)" ;;
	esac
	shift
done
for part in "${only[@]}"; do
	[[ " ${recorders[*]} storm decode uml scaling native " == *" $part "* ]] || die "unknown part '$part' (see --help)"
done

wanted() {
	[ ${#only[@]} -gt 0 ] || return 0
	[[ " ${only[*]} " == *" $1 "* ]]
}

# Load modules into the running kernel only if the user asks for it.
wants_host() { [ -n "$native" ] || [[ " ${only[*]} " == *" native "* ]]; }

# True if a recorder's modules could not be built.
is_missing() {
	local name=$1
	[ "$name" != sysdig ] || name=scap
	grep -q "^$name: " <<<"$PEERS_MISSING"
}

# Begin the part $1: remove the files of earlier runs and note the commit.
begin() {
	note "measuring $1"
	rm -rf "${results:?}/$1"
	mkdir -p "$results/$1"
	printf '%s\n' "$(git describe --always --dirty 2>/dev/null || echo unknown)" "$(date -u +%F)" >"$results/$1/made"
}

# Report that the part $1 ended with the exit code $2.
failed() {
	note "$1 ended with exit code $2: see $results/$1"
	echo "$2" >"$results/$1/failed"
}

# Run the benchmark's part $1 in a virtual machine with these options of vm.sh; "--", and the command.
in_vm() {
	local part=$1 dir=$results/$1 code=0
	shift
	begin "$part"
	scripts/vm.sh --kernel "$kernel" --no-module --allow-warnings --out "$dir" --timeout 3000 "$@" >"$dir/log" 2>&1 ||
		code=$?
	if [ $code -ne 0 ]; then
		failed "$part" $code
		tail -n 5 "$dir/log" >&2
	fi
}

# With ERMS, the kernel copies a page by an instruction that repeats 4096 times, and QEMU executes and counts each repetition;
# without, it repeats 512 times.
pages_by_words="clearcpuid=erms,fsrm"

measure_recorder() {
	in_vm "$1" --icount --cpus 1 --mem 3G --append "$pages_by_words" -- bench/guest.sh "$1" cost reading history
}
measure_storm() { in_vm storm --cpus 4 --mem 4G --append "$pages_by_words" -- bench/storm.sh; }

# Measure natively: in a kernel that is a process (uml, scaling), or in the running kernel (host).
measure_native() {
	local part=$1 what=$2 dir=$results/$1 code=0
	begin "$part"
	scripts/bench-native.sh "$what" >"$dir/log" 2>"$dir/errors" || code=$?
	if [ $code -ne 0 ]; then
		failed "$part" $code
		tail -n 5 "$dir/errors" >&2
	fi
}

# Start jobs, at most JOBS at a time.
in_parallel() {
	while [ "$(jobs -rp | wc -l)" -ge "${JOBS:-$(nproc)}" ]; do
		wait -n
	done
	"$@" &
}

# Print the CPU time of the fastest of seven runs of a command that shows a recorder's history, and the number of switches in it:
# the lines of a tool that prints one per event, or the count of "stat".
time_tool() {
	local tool=$1 recorder=$2 lines
	shift 2
	[ -e "$results/$recorder/$recorder-history" ] || return 0
	for _ in 1 2 3 4 5 6 7; do
		build/bench/workload cpu "$results/decode/cpu" "$@" >/dev/null 2>"$results/decode/$tool.log"
		cat "$results/decode/cpu"
	done >"$results/decode/$tool.cpu"
	if [ "$tool" = stat ]; then
		lines=$("$@" | awk '$2 == "sched_switch" { print $3 }')
	else
		lines=$("$@" 2>/dev/null | grep -c '[ :]sched_switch: ')
	fi
	echo "figure $recorder decode $tool $(sort -n "$results/decode/$tool.cpu" | head -n 1) $lines"
}

# Each tool shows the history that its recorder has left.
measure_decode() {
	local r=$results code=0
	begin decode
	# In a process of its own, because "set -e" has no effect inside a condition.
	set +e
	(
		set -e
		time_tool stat exptrace build/user/exptrace stat "$r/exptrace/exptrace-history"
		time_tool dump exptrace build/user/exptrace dump "$r/exptrace/exptrace-history"
		time_tool report ftrace trace-cmd report -i "$r/ftrace/ftrace-history"
		time_tool script perf perf script -f -i "$r/perf/perf-history"
		time_tool babeltrace2 lttng babeltrace2 "$r/lttng/lttng-history"
	) >"$r/decode/log"
	code=$?
	set -e
	[ $code -eq 0 ] || failed decode $code
}

make -s user
make -s -C bench
env=$(scripts/kernel.sh "$kernel")
eval "$env"
env=$(scripts/bench-peers.sh "$kernel")
eval "$env"
EXPTRACE_BENCH_MODULES=''
[ -n "$report" ] || EXPTRACE_BENCH_MODULES=$(scripts/bench-modules.sh "$kernel")
export EXPTRACE_BENCH_MODULES EXPTRACE_PEERS=$PEERS EXPTRACE_PEERS_PATH=$PEERS_PATH EXPTRACE_PEERS_LIBS=$PEERS_LIBS
results=$top/build/bench/$KREL
mkdir -p "$results"
touch "$results/began"

if [ -z "$report" ]; then
	# These need the whole machine.
	! wanted storm || measure_storm
	! wanted uml || measure_native uml uml
	! wanted scaling || measure_native scaling scaling
	! wants_host || measure_native native host
	for recorder in "${recorders[@]}"; do
		if wanted "$recorder" && ! is_missing "$recorder"; then
			in_parallel measure_recorder "$recorder"
		fi
	done
	wait
fi
export PATH=$PEERS_PATH:$PATH LD_LIBRARY_PATH=$PEERS_LIBS
export BABELTRACE_PLUGIN_PATH=$PEERS_BABELTRACE/plugins LIBBABELTRACE2_PLUGIN_PROVIDER_DIR=$PEERS_BABELTRACE/plugin-providers
if [ -z "$report" ] && wanted decode; then
	measure_decode
fi
failures=$(find "$results" -name failed -newer "$results/began")
whole=''
if [ -z "$report$failures" ] && [ ${#only[@]} -eq 0 ]; then
	whole=y
fi
EXPTRACE_PEERS=$PEERS bench/report.py ${report:+--docs} ${store:+--store} ${whole:+--store} "$results" "$KREL" \
	"bench/results/$KREL.json" "$PEERS_MISSING"
[ -z "$failures" ]
