#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs all tests and prints one line for each, and a last line "N passed, N failed, N skipped".
#
# Usage: check.sh [--only PATTERN]… [--list]
#
#   --only PATTERN   only the steps whose name matches this shell pattern, such as 'vm-6.1-*'
#   --list           print the names of the steps
#
# KERNELS (default "6.1 6.12") and CPUS (default "1 4") say in which virtual machines the selftests run, and
# DEBUG_KERNELS (default none) in which of debug-kernel.sh. The logs of each step are left in build/out/STEP.
#
# A step is a function step_NAME; it writes TAP, or fails. To add one, write the function and name it in all_steps.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$top"

read -r -a kernels <<<"${KERNELS:-6.1 6.12}"
read -r -a cpus <<<"${CPUS:-1 4}"
read -r -a debug_kernels <<<"${DEBUG_KERNELS-}"

# The steps in order: a name, then the function and its arguments.
all_steps() {
	local k n
	echo "user step_user"
	for k in "${kernels[@]}"; do
		echo "module-$k step_module $k"
	done
	echo "lint step_lint"
	echo "unit step_unit"
	echo "selftests step_build_selftests"
	for k in "${kernels[@]}"; do
		for n in "${cpus[@]}"; do
			echo "vm-$k-$n step_vm $k $n"
		done
	done
	for k in "${debug_kernels[@]}"; do
		n=$(debug_cpus "$k")
		echo "kernel-$k step_debug_kernel $k"
		echo "module-$k step_module $k"
		[ "$k" = kcsan ] || echo "kunit-$k step_kunit $k"
		echo "vm-$k-$n step_debug_vm $k $n"
	done
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
step_lint() { scripts/lint.sh; }
step_unit() { make -s -C user check; }

# On the host, where the compiler runs at full speed; the VMs find everything up to date.
step_build_selftests() { one_test "builds" make -s -C selftests; }

step_vm() {
	scripts/vm.sh --kernel "$1" --cpus "$2" --timeout "${VM_TIMEOUT:-1800}" --out "$out" -- make -s -C selftests run_tests
}

step_debug_kernel() { one_test "builds" scripts/debug-kernel.sh "$1"; }

# The module runs its own tests when it is loaded; their report is in the kernel's log.
step_kunit() {
	local ko
	ko=$(scripts/build-module.sh "$1-kunit" EXPTRACE_KUNIT=1)
	EXPTRACE_KO=$ko scripts/vm.sh --kernel "$1" --no-module --mem 2G --out "$out" -- scripts/kunit.sh
}

# Slower by far, so that the tests get more time; and afterwards nothing may be lost.
step_debug_vm() {
	EXPTRACE_TEST_TIMEOUT=${EXPTRACE_TEST_TIMEOUT:-1800} scripts/vm.sh --kernel "$1" --cpus "$2" --mem 2G \
		--timeout "${VM_TIMEOUT:-3000}" --out "$out" -- scripts/leakcheck.sh make -s -C selftests run_tests
}

# Run one step, show its results and add them up. A step that fails without saying which test did is a failure too:
# a warning in the kernel's log, a panic, a timeout.
run_step() {
	local step=$1 code=0 p f s start=$SECONDS
	shift
	out=$top/build/out/$step
	mkdir -p "$out"
	"$@" </dev/null >"$out/log" 2>&1 || code=$?
	awk -v group="$step" -v counts="$out/counts" -f scripts/tap.awk "$out/log"
	read -r p f s <"$out/counts"
	if [ "$code" -ne 0 ] && { [ "$f" -eq 0 ] || [ "$code" -ge 97 ]; }; then
		echo "not ok - $step: ended with exit code $code"
		tail -n 200 "$out/log" | grep -A 200 '^vm.sh: ' | sed 's/^/    /' || tail -n 50 "$out/log" | sed 's/^/    /'
		f=$((f + 1))
	fi
	echo "# $step: $p passed, $f failed, $s skipped, $((SECONDS - start)) s"
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
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

only=() list=''
while [ $# -gt 0 ]; do
	case $1 in
	--only) [ $# -gt 1 ] || die "--only needs a pattern"; only+=("$2"); shift ;;
	--list) list=y ;;
	-h | --help) usage; exit 0 ;;
	*) die "unknown option '$1' (see --help)" ;;
	esac
	shift
done

passed=0 failed=0 skipped=0
mapfile -t steps < <(all_steps)
for line in "${steps[@]}"; do
	read -r -a words <<<"$line"
	selected "${words[0]}" || continue
	if [ -n "$list" ]; then
		echo "${words[0]}"
	else
		run_step "${words[@]}"
	fi
done
[ -z "$list" ] || exit 0
if [ $((passed + failed)) -eq 0 ]; then
	echo "not ok - no test ran"
	failed=1
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
