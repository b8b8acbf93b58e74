#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs tests and prints one line for each, then a table of the slowest, then a last line "N passed, N failed, N skipped".
#
# Usage: check.sh [--quick | --long] [--only PATTERN]… [--list]
#
#   --quick          lint, unit tests, and some of the selftests on one kernel: below 4 minutes
#   --long           the tests that take an hour instead: the storms, loading and unloading, random calls
#   --only PATTERN   only the steps whose name matches this shell pattern, such as 'vm-6.1-*'
#   --list           print the names of the steps
#
# KERNELS (default "6.1 6.12") and CPUS (default "1 4") choose the virtual machines in which the selftests run;
# OTHER_KERNELS (default "6.12-rt newest") run only with the last of CPUS. selftests/where says which program runs in which of
# them; if one of these variables is set, all programs run in all of them. DEBUG_KERNELS (default none) are kernels of
# debug-kernel.sh, with the selftests DEBUG_TESTS (default all, which takes an hour). JOBS steps run at a time (default: one more
# than there are CPUs, because a VM is idle a third of the time). The logs of each step are left in build/out/STEP.
#
# FUZZ_SECONDS (default 60) is how long the userspace is fuzzed; with 0, only the known inputs are tried again.
#
# A step is a function step_NAME that writes TAP, or fails. To add one, write the function and name it in all_steps.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$top"

chosen=${KERNELS+y}${OTHER_KERNELS+y}${CPUS+y}
read -r -a kernels <<<"${KERNELS-6.1 6.12}"
read -r -a cpus <<<"${CPUS:-1 4}"
read -r -a other_kernels <<<"${OTHER_KERNELS-6.12-rt newest}"
read -r -a debug_kernels <<<"${DEBUG_KERNELS-}"
jobs=${JOBS:-$(($(nproc) + 1))}
fuzz_seconds=${FUZZ_SECONDS:-60}
quick_tests="device read events standard filter flight loss handover stacks lifecycle size"

# For --long: seconds of each storm, number of load and unload cycles, number of random calls.
long_chaos=${EXPTRACE_CHAOS_SECONDS:-120} long_cycles=${EXPTRACE_CYCLES:-1000} long_fuzz=${EXPTRACE_FUZZ_CALLS:-1000000}

# Prints the steps, in the order in which they begin: a name, the steps that must have ended before (a comma between them,
# "-" for none), then the function and its arguments. JOBS steps run at a time. What others wait for comes first, then the
# long ones, then the short ones, which fill the gaps at the end.
all_steps() {
	local k n
	echo "user - step_user"
	for k in "${debug_kernels[@]}"; do
		echo "kernel-$k - step_debug_kernel $k"
		echo "module-$k kernel-$k step_module $k"
	done
	echo "selftests - step_build_selftests"
	for k in "${debug_kernels[@]}"; do
		n=$(debug_cpus "$k")
		echo "vm-$k-$n user,selftests,module-$k step_vm_debug $k $n"
	done
	for k in "${kernels[@]}" "${other_kernels[@]}"; do
		echo "module-$k - step_module $k"
	done
	[ ${#kernels[@]} -eq 0 ] || echo "module-by-directory - step_module_by_directory ${kernels[0]}"
	echo "lint module-6.1 step_lint"
	echo "unit user step_unit"
	for k in "${kernels[@]}" "${other_kernels[@]}"; do
		vm_step "$k" "${cpus[-1]}"
	done
	for k in "${kernels[@]}"; do
		for n in "${cpus[@]:0:${#cpus[@]}-1}"; do
			vm_step "$k" "$n"
		done
	done
	echo "unit-san - step_unit_san"
	echo "fuzz - step_fuzz"
	echo "proof - step_proof quick"
	echo "arm64 - step_arm64"
	for k in "${debug_kernels[@]}"; do
		[ "$k" = kcsan ] || echo "kunit-$k kernel-$k step_vm_kunit $k"
	done
	for k in "${kernels[@]}" "${other_kernels[@]}"; do
		echo "suspend-$k user,selftests,module-$k step_vm_suspend $k"
		[ "$k" != 6.12-rt ] || continue
		echo "possible-$k user,selftests,module-$k step_vm_possible_cpus $k"
		echo "holds-$k user,selftests,module-$k step_vm_counted $k holds"
	done
	for k in "${kernels[@]}" "${other_kernels[@]}"; do
		echo "fastpath-$k module-$k step_fastpath $k"
	done
}

# vm_step KERNEL CPUS: a step with the selftests. They load the modules of all kernels, so these must be complete; lint, too,
# builds the module of 6.1.
vm_step() {
	local after=user,selftests,lint,module-by-directory k
	for k in "${kernels[@]}" "${other_kernels[@]}"; do
		after+=,module-$k
	done
	echo "vm-$1-$2 $after step_vm_selftests $1 $2"
}

quick_steps() {
	echo "user - step_user"
	echo "module-6.1 - step_module 6.1"
	echo "selftests - step_build_selftests"
	echo "lint module-6.1 step_lint"
	echo "vm-quick user,selftests,module-6.1,lint step_vm_quick"
	echo "unit user step_unit"
}

long_steps() {
	echo "user - step_user"
	echo "module-6.12 - step_module 6.12"
	echo "kernel-debug - step_debug_kernel debug"
	echo "module-debug kernel-debug step_module debug"
	echo "proof - step_proof"
	echo "selftests - step_build_selftests"
	echo "module-6.12-rt - step_module 6.12-rt"
	echo "long-cycles user,selftests,module-6.12 step_vm_long 6.12 4 lifecycle EXPTRACE_CYCLES=$long_cycles"
	echo "long-chaos user,selftests,module-6.12 step_vm_long 6.12 4 chaos EXPTRACE_CHAOS_SECONDS=$long_chaos"
	echo "long-latency user,selftests,module-6.12-rt,proof step_vm_counted 6.12-rt latency"
	echo "long-holds user,selftests,module-6.12 step_vm_large_pool"
	echo "long-fuzz user,selftests,module-debug step_vm_long debug 2 fuzz EXPTRACE_FUZZ_CALLS=$long_fuzz"
}

# More CPUs find more races, but on the debug kernel emulated CPUs mostly wait for each other.
debug_cpus() { [ "$1" = kcsan ] && echo 4 || echo 2; }

# Run a command whose exit code is the result of a test.
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
# As users build for their own kernel.
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

# The inputs that fuzzing has found before, then new ones.
step_fuzz() {
	if [ "$fuzz_seconds" = 0 ]; then
		scripts/fuzz.sh --corpus
	else
		scripts/fuzz.sh --seconds "$fuzz_seconds"
	fi
}

# On the host, where the compiler runs at full speed; in the VMs, everything is up to date.
step_build_selftests() {
	one_test "builds" make -s -C selftests
	one_test "all programs that are named exist" has_named_programs
	one_test "all patterns of selftests/where match a VM" has_matching_patterns
}

# Otherwise a program that was renamed would no longer run where it should.
has_named_programs() {
	local name unknown=''
	for name in $quick_tests ${DEBUG_TESTS-} $(sed -n 's/^\([a-z][^[:space:]]*\).*/\1/p' selftests/where); do
		grep -qE "^TEST_(GEN_)?PROGS := (.* )?$name(\.sh)?( |\$)" selftests/Makefile || unknown+=" $name"
	done
	[ -z "$unknown" ] || { echo "selftests/Makefile has no:$unknown"; return 1; }
}

# Otherwise a program with a misspelt pattern would run nowhere. If the user has chosen the VMs, the patterns are not used.
has_matching_patterns() {
	local program list patterns pattern vm unmatched=''
	[ -z "$chosen" ] || return 0
	while read -r program list _; do
		case $program in '' | '#'*) continue ;; esac
		IFS=, read -r -a patterns <<<"$list"
		for pattern in "${patterns[@]}"; do
			for vm in $(all_steps | sed -n 's/^vm-.* step_vm_selftests \(.*\) \(.*\)$/\1-\2/p'); do
				# shellcheck disable=SC2053 # a pattern is meant
				[[ $vm != $pattern ]] || continue 2
			done
			unmatched+=" $pattern"
		done
	done <selftests/where
	[ -z "$unmatched" ] || { echo "no VM is:$unmatched"; return 1; }
}

# The selftests that selftests/where does not assign to other VMs. If the user has chosen the VMs, all run in each of them.
step_vm_selftests() {
	local except=''
	[ -n "$chosen" ] || except=$(not_in "$1-$2")
	vm_tests --kernel "$1" --cpus "$2" --timeout "${VM_TIMEOUT:-1800}" -- "EXCEPT=$except"
}

# not_in VM: the programs that selftests/where has in other VMs only.
not_in() {
	local program list vms vm
	while read -r program list _; do
		case $program in '' | '#'*) continue ;; esac
		IFS=, read -r -a vms <<<"$list"
		for vm in "${vms[@]}"; do
			# shellcheck disable=SC2053 # a pattern is meant
			[[ $1 != $vm ]] || continue 2
		done
		echo "$program"
	done <selftests/where | xargs
}

# For make check-quick: the programs that cover most of the module in the least time. lifecycle.sh has eight kinds of cycles.
step_vm_quick() { EXPTRACE_CYCLES=8 vm_tests --kernel 6.1 --cpus 4 -- "ONLY=$quick_tests"; }

# vm_tests OPTION… -- MAKE-ARGUMENT…: run selftests in a VM, then the parts of them that need no VM.
vm_tests() {
	local options=() code=0
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	rm -rf "$out/host"
	EXPTRACE_DEFER=1 scripts/vm.sh "${options[@]}" --out "$out" -- make -s -C selftests run_tests "$@" || code=$?
	selftests/deferred.sh "$out/host" || [ "$code" -ne 0 ] || code=1
	return "$code"
}

# Tests that count instructions, on one CPU. Without ERMS and FSRM, the kernel copies by words; QEMU's "rep movsb" is slow.
step_vm_counted() {
	scripts/vm.sh --kernel "$1" --icount --mem "${3:-1G}" --append clearcpuid=erms,fsrm --timeout "${VM_TIMEOUT:-1800}" \
		--out "$out" -- make -s -C selftests run_tests "ONLY=$2"
}

# The longest hold must not grow with the pool: 64 times the size of that in the other steps.
step_vm_large_pool() { EXPTRACE_HOLDS_POOL_MB=4096 step_vm_counted 6.12 holds 12G; }

# Two CPUs of 240 possible ones, as under many hypervisors.
step_vm_possible_cpus() {
	scripts/vm.sh --kernel "$1" --cpus 2,maxcpus=240 --out "$out" -- \
		sh -c 'grep -x 0-239 /sys/devices/system/cpu/possible >&2 && make -s -C selftests run_tests ONLY=size'
}

# In a VM of its own, which loses its files.
step_vm_suspend() {
	scripts/vm.sh --kernel "$1" --cpus 2 --timeout 300 --out "$out" -- selftests/suspend.sh
}

step_debug_kernel() { one_test "builds" scripts/debug-kernel.sh "$1"; }

# The module runs its KUnit tests when it is loaded, and reports to the kernel's log.
step_vm_kunit() {
	local ko
	ko=$(scripts/build-module.sh "$1-kunit" EXPTRACE_KUNIT=1)
	EXPTRACE_KO=$ko scripts/vm.sh --kernel "$1" --no-module --mem 2G --out "$out" -- scripts/kunit.sh
}

# The debug kernel is much slower, so the tests get more time. Afterwards, no memory may be lost.
step_vm_debug() {
	EXPTRACE_TEST_TIMEOUT=${EXPTRACE_TEST_TIMEOUT:-1800} scripts/vm.sh --kernel "$1" --cpus "$2" --mem 2G \
		--timeout "${VM_TIMEOUT:-5400}" --out "$out" -- scripts/leakcheck.sh make -s -C selftests run_tests \
		"ONLY=${DEBUG_TESTS-}"
}

# step_vm_long KERNEL CPUS PROGRAM VARIABLE=VALUE: the variable says how long it runs.
step_vm_long() {
	env "$4" EXPTRACE_TEST_TIMEOUT=7000 scripts/vm.sh --kernel "$1" --cpus "$2" --mem 2G --timeout "${VM_TIMEOUT:-7200}" \
		--out "$out" -- scripts/leakcheck.sh make -s -C selftests run_tests "ONLY=$3"
}

# Run one step and leave its report, and the sums of its results, in its out folder. A step that fails without saying which
# test failed is a failure too: a warning in the kernel's log, a panic, a timeout.
run_step() {
	local step=$1 code=0 p f s start=$SECONDS
	shift 2
	out=$top/build/out/$step
	"$@" </dev/null >"$out/log" 2>&1 || code=$?
	{
		awk -v group="$step" -v counts="$out/counts.new" -f scripts/tap.awk "$out/log"
		read -r p f s <"$out/counts.new"
		if [ "$code" -ne 0 ] && { [ "$f" -eq 0 ] || [ "$code" -ge 97 ]; }; then
			echo "not ok - $step: ended with exit code $code"
			tail -n 200 "$out/log" | grep -A 200 '^vm.sh: ' | sed 's/^/    /' || tail -n 50 "$out/log" | sed 's/^/    /'
			f=$((f + 1))
		fi
		grep '^vm.sh: .* trying once more$' "$out/log" | sed 's/^/# /' || :
		echo "# $step: $p passed, $f failed, $s skipped, $((SECONDS - start)) s"
	} >"$out/report"
	rm "$out/counts.new"
	echo "$p $f $s $((SECONDS - start))" >"$out/counts"
}

# Each step is a process group, so that none outlives this script.
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

# True if all steps that this one needs have ended. A step that was not selected is not waited for: a VM builds what it needs.
is_ready() {
	local needed
	for needed in ${1//,/ }; do
		[[ -z ${state[$needed]:-} || ${state[$needed]} == ended ]] || return 1
	done
}

# Begin the next step whose needs are met; false if there is none.
begin_next_step() {
	local i words step
	for i in "${!steps[@]}"; do
		read -r -a words <<<"${steps[i]}"
		step=${words[0]}
		if [ "${state[$step]}" != waiting ] || ! is_ready "${words[1]}"; then
			continue
		fi
		state[$step]=running
		run_step "${words[@]}" &
		pid_of[$step]=$!
		return
	done
	return 1
}

# Print the report of each step that has ended, and add up the results.
collect_steps() {
	local step p f s
	for step in "${!pid_of[@]}"; do
		! kill -0 "${pid_of[$step]}" 2>/dev/null || continue
		unset "pid_of[$step]"
		state[$step]=ended
		if ! cat "$top/build/out/$step/report" || ! read -r p f s _ <"$top/build/out/$step/counts"; then
			echo "not ok - $step: ended without a report"
			p=0 f=1 s=0
		fi
		passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	done
}

run_steps() {
	while :; do
		while [ ${#pid_of[@]} -lt "$jobs" ] && begin_next_step; do :; done
		[ ${#pid_of[@]} -gt 0 ] || break
		wait -n || :
		collect_steps
	done
}

# Print what took longest: the test programs, which write a line "time NAME SECONDS" (it may be nested in TAP), and the steps
# that have no such lines.
show_slowest() {
	local line step
	for line in "${steps[@]}"; do
		step=${line%% *}
		awk -v step="$step" '
			/^(# )*time [^ ]+ [0-9.]+$/ { print step, $(NF - 1), $NF; n++ }
			FILENAME ~ /counts$/ && !n { print step, "-", $4 }' "$top/build/out/$step"/{log,counts} || :
	done | sort -k 3,3 -n -r | head -n 25 |
		awk 'BEGIN { print "# Slowest tests:" } { printf "# %-20s %-20s %7.1f s\n", $1, $2, $3 }'
}

# True if the user wants this step.
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
	--quick) steps_of=quick_steps ;;
	--long) steps_of=long_steps ;;
	-h | --help) usage; exit 0 ;;
	*) die "unknown option '$1' (see --help)" ;;
	esac
	shift
done

passed=0 failed=0 skipped=0 steps=()
# The state of each selected step: waiting, running or ended. The processes of those that run.
declare -A state=() pid_of=()
while read -r line; do
	step=${line%% *}
	selected "$step" || continue
	steps+=("$line")
	state[$step]=waiting
done < <("$steps_of")
if [ -n "$list" ]; then
	printf '%s\n' "${steps[@]%% *}"
	exit 0
fi
for step in "${!state[@]}"; do
	mkdir -p "$top/build/out/$step"
	rm -f "$top/build/out/$step"/{log,report,counts}
done
run_steps
show_slowest
if [ $((passed + failed)) -eq 0 ]; then
	echo "not ok - no test ran"
	failed=1
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
