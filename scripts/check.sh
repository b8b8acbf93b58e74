#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs all tests and prints one line for each, and a last line "N passed, N failed, N skipped".
#
# Usage: check.sh [--long] [--only PATTERN]… [--list]
#
#   --long           the tests that take an hour instead: the storms, loading and unloading, random calls
#   --only PATTERN   only the steps whose name matches this shell pattern, such as 'vm-6.1-*'
#   --list           print the names of the steps
#
# KERNELS (default "6.1 6.12") and CPUS (default "1 4") say in which virtual machines the selftests run; OTHER_KERNELS
# (default "6.12-rt newest") are tried with the last of CPUS alone, and DEBUG_KERNELS (default none) are those of
# debug-kernel.sh, with the selftests DEBUG_TESTS (default all, which takes an hour). JOBS (default: one for each CPU)
# virtual machines run at a time. The logs of each step are left in build/out/STEP.
#
# FUZZ_SECONDS (default 120) says how long the userspace is fuzzed; with 0, only what was found before is tried again.
#
# A step is a function step_NAME; it writes TAP, or fails. To add one, write the function and name it in all_steps.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$top"

read -r -a kernels <<<"${KERNELS-6.1 6.12}"
read -r -a cpus <<<"${CPUS:-1 4}"
read -r -a other_kernels <<<"${OTHER_KERNELS-6.12-rt newest}"
read -r -a debug_kernels <<<"${DEBUG_KERNELS-}"
jobs=${JOBS:-$(nproc)}
fuzz_seconds=${FUZZ_SECONDS:-120}

# For --long: seconds of each storm, how often the module comes and goes, how many random calls.
long_chaos=${EXPTRACE_CHAOS_SECONDS:-120} long_cycles=${EXPTRACE_CYCLES:-1000} long_fuzz=${EXPTRACE_FUZZ_CALLS:-1000000}

# The steps in order: a name, then the function and its arguments. Steps that follow each other and whose function is
# called step_vm_… run at the same time.
all_steps() {
	local k n
	echo "user step_user"
	for k in "${kernels[@]}" "${other_kernels[@]}"; do
		echo "module-$k step_module $k"
		echo "fastpath-$k step_fastpath $k"
	done
	echo "arm64 step_arm64"
	[ ${#kernels[@]} -eq 0 ] || echo "module-by-directory step_module_by_directory ${kernels[0]}"
	for k in "${debug_kernels[@]}"; do
		echo "kernel-$k step_debug_kernel $k"
		echo "module-$k step_module $k"
	done
	echo "lint step_lint"
	echo "proof step_proof quick"
	echo "unit step_unit"
	echo "unit-san step_unit_san"
	echo "fuzz step_fuzz"
	echo "selftests step_build_selftests"
	# The longest first.
	for k in "${debug_kernels[@]}"; do
		n=$(debug_cpus "$k")
		[ "$k" = kcsan ] || echo "kunit-$k step_vm_kunit $k"
		echo "vm-$k-$n step_vm_debug $k $n"
	done
	for k in "${kernels[@]}"; do
		for n in "${cpus[@]}"; do
			echo "vm-$k-$n step_vm_selftests $k $n"
		done
	done
	for k in "${other_kernels[@]}"; do
		echo "vm-$k-${cpus[-1]} step_vm_selftests $k ${cpus[-1]}"
	done
	for k in "${kernels[@]}" "${other_kernels[@]}"; do
		echo "suspend-$k step_vm_suspend $k"
		[ "$k" != 6.12-rt ] || continue
		echo "possible-$k step_vm_possible_cpus $k"
		echo "holds-$k step_vm_counted $k holds"
	done
}

long_steps() {
	echo "user step_user"
	echo "module-6.12 step_module 6.12"
	echo "kernel-debug step_debug_kernel debug"
	echo "module-debug step_module debug"
	echo "proof step_proof"
	echo "selftests step_build_selftests"
	echo "long-cycles step_vm_long 6.12 4 lifecycle EXPTRACE_CYCLES=$long_cycles"
	echo "long-chaos step_vm_long 6.12 4 chaos EXPTRACE_CHAOS_SECONDS=$long_chaos"
	echo "module-6.12-rt step_module 6.12-rt"
	echo "long-latency step_vm_counted 6.12-rt latency"
	echo "long-holds step_vm_large_pool"
	echo "long-fuzz step_vm_long debug 2 fuzz EXPTRACE_FUZZ_CALLS=$long_fuzz"
}

# More CPUs race more, and emulated ones all wait for each other where everything is checked.
debug_cpus() { [ "$1" = kcsan ] && echo 4 || echo 2; }

# Run a command whose exit code is all there is to know.
one_test() {
	local name=$1
	shift
	echo 1..1
	if "$@"; then
		echo "ok 1 - $name"
	else
		echo "not ok 1 - $name"
	fi
}

step_user() { one_test "builds without warnings" make -s -C user; }
step_module() { WERROR=1 one_test "builds without warnings" scripts/build-module.sh "$1"; }
step_fastpath() { scripts/fastpath.sh "$(scripts/build-module.sh "$1")"; }
# A user's own kernel is named by its build directory.
step_module_by_directory() {
	local env
	env=$(scripts/kernel.sh "$1")
	eval "$env"
	WERROR=1 one_test "builds without warnings" make -s module KDIR="$KDIR"
}

step_arm64() { one_test "builds without warnings" scripts/arm64.sh; }

step_lint() { scripts/lint.sh; }
step_proof() { scripts/proof.sh "$@"; }
step_unit() { make -s -C user check; }

has_sanitizers() {
	echo 'int main(void) { return 0; }' | ${CC:-gcc} -fsanitize=address -fsanitize=undefined -x c -o "$out/sanitized" - &&
		"$out/sanitized"
}

step_unit_san() {
	if has_sanitizers; then
		make -s -C user check SAN=1
	else
		echo "1..0 # SKIP the compiler has no AddressSanitizer"
	fi
}

# All that fuzzing has found before, then new inputs.
step_fuzz() {
	if [ "$fuzz_seconds" = 0 ]; then
		scripts/fuzz.sh --corpus
	else
		scripts/fuzz.sh --seconds "$fuzz_seconds"
	fi
}

# On the host, where the compiler runs at full speed; the VMs find everything up to date.
step_build_selftests() { one_test "builds" make -s -C selftests; }

# What becomes of files and pipes does not depend on the kernel: that runs once.
step_vm_selftests() {
	local except=outputs
	[ "$1-$2" != "${kernels[-1]}-${cpus[-1]}" ] || except=
	scripts/vm.sh --kernel "$1" --cpus "$2" --timeout "${VM_TIMEOUT:-1800}" --out "$out" -- \
		make -s -C selftests run_tests "EXCEPT=$except"
}

# What counts instructions, on one CPU, which is to copy by words: QEMU would go byte by byte otherwise, and be slow.
step_vm_counted() {
	scripts/vm.sh --kernel "$1" --icount --mem "${3:-1G}" --append clearcpuid=erms,fsrm --timeout "${VM_TIMEOUT:-1800}" \
		--out "$out" -- make -s -C selftests run_tests "ONLY=$2"
}

# The longest hold does not grow with the pool: 64 times that of the other steps.
step_vm_large_pool() { EXPTRACE_HOLDS_POOL_MB=4096 step_vm_counted 6.12 holds 12G; }

# Two CPUs where there could be 240, as many hypervisors say.
step_vm_possible_cpus() {
	scripts/vm.sh --kernel "$1" --cpus 2,maxcpus=240 --out "$out" -- \
		sh -c 'grep -x 0-239 /sys/devices/system/cpu/possible >&2 && make -s -C selftests run_tests ONLY=size'
}

# In a VM of its own, which it costs its files.
step_vm_suspend() {
	scripts/vm.sh --kernel "$1" --cpus 2 --timeout 300 --out "$out" -- selftests/suspend.sh
}

step_debug_kernel() { one_test "builds" scripts/debug-kernel.sh "$1"; }

# The module runs its own tests when it is loaded; their report is in the kernel's log.
step_vm_kunit() {
	local ko
	ko=$(scripts/build-module.sh "$1-kunit" EXPTRACE_KUNIT=1)
	EXPTRACE_KO=$ko scripts/vm.sh --kernel "$1" --no-module --mem 2G --out "$out" -- scripts/kunit.sh
}

# Slower by far, so that the tests get more time; and afterwards nothing may be lost.
step_vm_debug() {
	EXPTRACE_TEST_TIMEOUT=${EXPTRACE_TEST_TIMEOUT:-1800} scripts/vm.sh --kernel "$1" --cpus "$2" --mem 2G \
		--timeout "${VM_TIMEOUT:-5400}" --out "$out" -- scripts/leakcheck.sh make -s -C selftests run_tests \
		"ONLY=${DEBUG_TESTS-}"
}

# Kernel, CPUs, one of the selftests, how long it is to be.
step_vm_long() {
	env "$4" EXPTRACE_TEST_TIMEOUT=7000 scripts/vm.sh --kernel "$1" --cpus "$2" --mem 2G --timeout "${VM_TIMEOUT:-7200}" \
		--out "$out" -- scripts/leakcheck.sh make -s -C selftests run_tests "ONLY=$3"
}

# Run one step and leave its report, and the sums of its results, in its out folder. A step that fails without saying which
# test did is a failure too: a warning in the kernel's log, a panic, a timeout.
run_step() {
	local step=$1 code=0 p f s start=$SECONDS
	shift
	out=$top/build/out/$step
	"$@" </dev/null >"$out/log" 2>&1 || code=$?
	{
		awk -v group="$step" -v counts="$out/counts" -f scripts/tap.awk "$out/log"
		read -r p f s <"$out/counts"
		if [ "$code" -ne 0 ] && { [ "$f" -eq 0 ] || [ "$code" -ge 97 ]; }; then
			echo "not ok - $step: ended with exit code $code"
			tail -n 200 "$out/log" | grep -A 200 '^vm.sh: ' | sed 's/^/    /' || tail -n 50 "$out/log" | sed 's/^/    /'
			f=$((f + 1))
		fi
		grep '^vm.sh: .* trying once more$' "$out/log" | sed 's/^/# /' || :
		echo "# $step: $p passed, $f failed, $s skipped, $((SECONDS - start)) s"
	} >"$out/report"
	echo "$p $f $s" >"$out/counts"
}

# Each step is a process group, so that none goes on when this ends early.
set -m
# shellcheck disable=SC2317 # called by trap
clean_up() {
	local group
	for group in $(jobs -p); do
		kill -- "-$group" 2>/dev/null || :
	done
	wait
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Begin a step, at the same time as others if it is a VM's.
begin_step() {
	mkdir -p "$top/build/out/$1"
	rm -f "$top/build/out/$1"/{report,counts}
	while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do
		wait -n || :
	done
	run_step "$@" &
}

# Show what the steps that have begun have found, in their order, and add it up.
finish_steps() {
	local step p f s
	wait
	for step in "${begun[@]}"; do
		if ! cat "$top/build/out/$step/report" || ! read -r p f s <"$top/build/out/$step/counts"; then
			echo "not ok - $step: ended without a report"
			p=0 f=1 s=0
		fi
		passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	done
	begun=()
}

# True if a step is wanted.
selected() {
	local pattern
	[ ${#only[@]} -gt 0 ] || return 0
	for pattern in "${only[@]}"; do
		# shellcheck disable=SC2053 # a pattern is meant
		[[ $1 != $pattern ]] || return 0
	done
	return 1
}

only=() list='' steps_of=all_steps
while [ $# -gt 0 ]; do
	case $1 in
	--only) [ $# -gt 1 ] || die "--only needs a pattern"; only+=("$2"); shift ;;
	--list) list=y ;;
	--long) steps_of=long_steps ;;
	-h | --help) usage; exit 0 ;;
	*) die "unknown option '$1' (see --help)" ;;
	esac
	shift
done

passed=0 failed=0 skipped=0 begun=()
mapfile -t steps < <("$steps_of")
for line in "${steps[@]}"; do
	read -r -a words <<<"$line"
	selected "${words[0]}" || continue
	if [ -n "$list" ]; then
		echo "${words[0]}"
		continue
	fi
	[[ ${words[1]} == step_vm_* ]] || finish_steps
	begin_step "${words[@]}"
	begun+=("${words[0]}")
	[[ ${words[1]} == step_vm_* ]] || finish_steps
done
finish_steps
[ -z "$list" ] || exit 0
if [ $((passed + failed)) -eq 0 ]; then
	echo "not ok - no test ran"
	failed=1
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
