#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Fuzzes the userspace with clang's libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer. Prints TAP.
#
# Usage: fuzz.sh [--seconds N | --corpus | --coverage | --minimize]
#
#   --seconds N  end after N seconds (default: FUZZ_SECONDS; 0: never)
#   --corpus     only run the known inputs
#   --coverage   show how many lines of user/lib and user/cmd they reach
#   --minimize   reduce user/fuzz/corpus to the fewest inputs with the same coverage
#
# First the whole corpus runs: user/fuzz/corpus, the inputs that earlier runs have found (build/fuzz/corpus), and valid traces
# (make_seeds). Then FUZZ_JOBS processes mutate it (default: one for each CPU, but at least one for each target). The first
# finding ends the run. user/fuzz/README.md says more.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$top"

targets=(fuzz_commands fuzz_read fuzz_words)
out=$top/build/fuzz
seconds=${FUZZ_SECONDS:-0} mode=fuzz n=0 failed=0

# The kind of a target's inputs: its corpus and its dictionary have this name.
kind_of() { [ "$1" = fuzz_words ] && echo words || echo trace; }

result() {
	n=$((n + 1))
	echo "$1 $n - $2"
	[ "$1" = ok ] || failed=1
}

# Print what is missing, if anything.
check_clang() {
	local cc=${FUZZ_CC:-clang} main='int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return d && n > 99; }'
	command -v "$cc" >/dev/null || { echo "there is no clang (FUZZ_CC)"; return 1; }
	"$cc" -fsanitize=fuzzer,address,undefined -x c -o "$out/probe" - <<<"$main" 2>"$out/probe.log" ||
		{ echo "$cc has no libFuzzer with sanitizers (Debian: libclang-rt-dev)"; return 1; }
}

# run_files TARGET BUILD-DIRECTORY FILE-OR-DIRECTORY…: run a target on existing inputs.
run_files() {
	local target=$1 dir=$2
	shift 2
	find "$@" -type f -print0 | xargs -0 "$dir/$target" -artifact_prefix="$out/findings/$target-"
}

# The directories of a target's inputs. New ones go to the first, where other targets of the same kind find them.
corpus_of() {
	local kind
	kind=$(kind_of "$1")
	echo "build/fuzz/corpus/$kind build/fuzz/seeds/$kind user/fuzz/corpus/$kind"
}

# report_finding TARGET LOG INPUT: print the error, and how to reproduce it.
report_finding() {
	local input=$3
	grep -E -A 25 'FINDING|runtime error:|ERROR: ' "$2" | grep -vE '^(MS|Base64):' | head -n 60 | sed 's/^/# /'
	echo "# the input: ${input#"$top"/}"
	echo "# to see it again: make -C user fuzz && build/user-fuzz/fuzz/$1 ${input#"$top"/}"
}

newest_finding() { find "$out/findings" -type f -name "$1-*" -printf '%T@ %p\n' | sort -n | sed -n '$s/^[^ ]* //p'; }

run_corpus() {
	local target log
	for target in "${targets[@]}"; do
		log=$out/$target.corpus.log
		# shellcheck disable=SC2046 # several directories
		if run_files "$target" "$out/bin" $(corpus_of "$target") >"$log" 2>&1; then
			result ok "$target: the corpus of $(grep -c '^Executed' "$log") inputs"
		else
			result "not ok" "$target: the corpus"
			grep '^Running:' "$log" | tail -n 1 | sed 's/^/# /'
			report_finding "$target" "$log" "$(sed -n 's/^Running: //p' "$log" | tail -n 1)"
		fi
	done
}

# shellcheck disable=SC2317 # called by trap
stop_jobs() {
	local pid
	for pid in $(jobs -p); do
		kill "$pid" 2>/dev/null || :
	done
	wait
}

# Start a process that makes new inputs. fuzz_words has few paths to find, so it gets less CPU time.
begin_job() {
	local target=$1 log=$2 priority=0
	[ "$(kind_of "$target")" = trace ] || priority=15
	# shellcheck disable=SC2046 # several directories
	nice -n "$priority" "$out/bin/$target" -dict="user/fuzz/$(kind_of "$target").dict" -artifact_prefix="$out/findings/$target-" \
		-max_total_time="$seconds" -print_final_stats=1 -reload=10 \
		$(corpus_of "$target") >"$log" 2>&1 </dev/null &
}

# Summarize a job's log: executions, branches reached, inputs added.
summary() {
	awk '/^#[0-9]+/ { done = substr($1, 2); for (i = 1; i < NF; i++) if ($i == "cov:") edges = $(i + 1) }
		/^stat::number_of_executed_units:/ { done = $2 }
		/^stat::new_units_added:/ { added = $2 }
		END { printf "%d executions, %d branches reached, %d inputs added", done, edges, added }' "$1"
}

run_new() {
	local jobs=${FUZZ_JOBS:-$(nproc)} i target until code=0
	[ "$jobs" -ge ${#targets[@]} ] || jobs=${#targets[@]}
	trap 'stop_jobs' EXIT
	# Who interrupts it is told how far it came.
	trap : INT
	[ "$seconds" -eq 0 ] && until="until you stop them" || until="for $seconds s"
	note "$jobs processes $until; their logs are build/fuzz/fuzz_*.log"
	for ((i = 0; i < jobs; i++)); do
		target=${targets[i % ${#targets[@]}]}
		begin_job "$target" "$out/$target.$i.log"
	done
	# The first that fails ends all.
	for ((i = 0; i < jobs && code == 0; i++)); do
		wait -n || code=$?
	done
	stop_jobs
	for ((i = 0; i < jobs; i++)); do
		target=${targets[i % ${#targets[@]}]}
		if grep -qE '^SUMMARY: |^==[0-9]+== ?ERROR' "$out/$target.$i.log"; then
			result "not ok" "$target: a finding after $(summary "$out/$target.$i.log")"
			report_finding "$target" "$out/$target.$i.log" "$(newest_finding "$target")"
		else
			result ok "$target: no finding in $(summary "$out/$target.$i.log")"
		fi
	done
}

# Show the lines that the corpus reaches, by file.
show_coverage() {
	local target dir=$top/build/user-coverage objects=()
	make -s -C user -j "$(nproc)" fuzz O="$dir" COVERAGE=1 >&2
	for target in "${targets[@]}"; do
		# shellcheck disable=SC2046 # several directories
		LLVM_PROFILE_FILE=$out/$target.%p.profraw run_files "$target" "$dir/fuzz" $(corpus_of "$target") >/dev/null 2>&1 ||
			die "$target fails on its corpus (see --corpus), or another fuzzing run is active"
		objects+=(-object "$dir/fuzz/$target")
	done
	llvm-profdata merge -o "$out/coverage" "$out"/*.profraw
	rm -f "$out"/*.profraw
	llvm-cov report "${objects[@]:1:1}" "${objects[@]:2}" -instr-profile="$out/coverage" user/lib user/cmd |
		awk '$10 ~ /%$/ { printf "%-24s %5d of %5d lines, %s\n", $1, $8 - $9, $8, $10 }'
}

# Targets of one kind share a corpus: keep the inputs that any of them needs, except large ones.
minimize() {
	local target kind from dir=$out/minimize
	for kind in trace words; do
		rm -rf "$dir"
		mkdir -p "$dir"/{all,kept}
		for from in {build/fuzz/{corpus,seeds},user/fuzz/corpus}/"$kind"; do
			find "$from" -type f -size -8k -exec cp -t "$dir/all" {} +
		done
		# What has a name of its own did harm once, and stays.
		find "user/fuzz/corpus/$kind" -type f -regextype egrep -regex '.*/[0-9a-f]{40}' -delete
		find "user/fuzz/corpus/$kind" -type f -exec cp -t "$dir/kept" {} +
		for target in "${targets[@]}"; do
			[ "$(kind_of "$target")" = "$kind" ] || continue
			"$out/bin/$target" -merge=1 -use_counters=0 -set_cover_merge=1 "$dir"/{kept,all} >"$dir/log" 2>&1 ||
				{ tail -n 20 "$dir/log" >&2; die "$target cannot merge its corpus"; }
		done
		find "$dir/kept" -type f -exec cp -t "user/fuzz/corpus/$kind" {} +
	done
	note "$(find user/fuzz/corpus -type f | wc -l) inputs, $(find user/fuzz/corpus -type f -printf '%s\n' | awk '{ n += $1 } END { print n }') bytes"
}

while [ $# -gt 0 ]; do
	case $1 in
	--seconds) [ $# -gt 1 ] || die "--seconds needs a number"; seconds=$2; shift ;;
	--corpus | --coverage | --minimize) mode=${1#--} ;;
	-h | --help) usage; exit 0 ;;
	*) die "unknown option '$1' (see --help)" ;;
	esac
	shift
done
[[ $seconds =~ ^[0-9]+$ ]] || die "'$seconds' is not a number of seconds"

mkdir -p "$out"/{bin,findings,corpus/{trace,words},seeds/{trace,words}}
if ! why=$(check_clang); then
	echo "1..0 # SKIP $why"
	exit 0
fi
make -s -C user -j "$(nproc)" fuzz >&2
# Copies, so that a build meanwhile does not change the running programs.
for target in "${targets[@]}"; do
	cp -f "build/user-fuzz/fuzz/$target" "$out/bin/"
done
build/user-fuzz/fuzz/make_seeds "$out/seeds/trace" "$out/seeds/words"

case $mode in
coverage) show_coverage; exit 0 ;;
minimize) minimize; exit 0 ;;
esac
run_corpus
[ "$mode" = corpus ] || [ "$failed" -ne 0 ] || run_new
echo "1..$n"
exit "$failed"
