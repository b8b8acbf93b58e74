#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds a kernel that runs as a process of this machine (ARCH=um), with several CPUs, and puts it into the cache: from then
# on kernel.sh knows it as "uml". Its code runs natively, so that the benchmark can measure time in it.
#
# Usage: uml-kernel.sh
#
# Only new kernels have more than one CPU there: the sources are linux-source of Debian 13's backports, fetched once
# (EXPTRACE_REFRESH=1 asks for a newer version). The first build takes about four minutes on two CPUs that do nothing else,
# what follows nothing: it is done again only if the sources or this script have changed. The compiler's output is in the
# cache's uml/build.log.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

package=linux-source
dir=$cache/uml

# What programs of this machine need to run in it, the module, and what it is measured against. As Debian's kernels for PCs
# have it: preemption is counted, automatic variables are zeroed, FORTIFY_SOURCE. Nothing that watches the kernel.
config='
	EXPERT 64BIT SMP NR_CPUS=8 PREEMPT HZ_PERIODIC HIGH_RES_TIMERS INIT_STACK_ALL_ZERO FORTIFY_SOURCE
	MODULES MODULE_UNLOAD KALLSYMS KALLSYMS_ALL IKCONFIG IKCONFIG_PROC PRINTK PRINTK_TIME BUG LOG_BUF_SHIFT=18
	MULTIUSER POSIX_TIMERS FUTEX EPOLL SIGNALFD TIMERFD EVENTFD ADVISE_SYSCALLS MEMBARRIER FHANDLE
	BINFMT_ELF BINFMT_SCRIPT SHMEM VM_EVENT_COUNTERS FILE_LOCKING PROC_FS SYSFS DEVTMPFS TMPFS DEBUG_FS
	TTY UNIX98_PTYS HOSTFS STDERR_CONSOLE NULL_CHAN
	FTRACE ENABLE_DEFAULT_TRACERS RING_BUFFER_BENCHMARK=m'

# So that a module can give a ring buffer the clock that exptrace has; what is measured is not touched.
patch_source() { printf '\nEXPORT_SYMBOL_GPL(ring_buffer_set_clock);\n' >>"$1/kernel/trace/ring_buffer.c"; }

# A word is an option that is on, or has a value.
fragment() {
	local word
	for word in $config; do
		case $word in
		*=*) echo "CONFIG_$word" ;;
		*) echo "CONFIG_$word=y" ;;
		esac
	done
}

# An option with unmet dependencies is dropped silently: say which.
check_config() {
	local dropped
	dropped=$(grep -v -x -F -f "$dir/build/.config" "$dir/fragment" || :)
	[ -z "$dropped" ] || die "this kernel cannot have:" "$dropped"
}

build() {
	local make=(nice make -s -C "$source" "O=$dir/build" "-j$(nproc)" ARCH=um)
	mkdir -p "$dir/build"
	fragment >"$dir/fragment"
	"${make[@]}" "KCONFIG_ALLCONFIG=$dir/fragment" allnoconfig
	check_config
	"${make[@]}" vmlinux modules
	rel=$("${make[@]}" kernelrelease)
	rm -rf "$dir/root"
	"${make[@]}" "INSTALL_MOD_PATH=$dir/root" modules_install
}

register() {
	mkdir -p "$cache/kernel"
	{
		printf 'KREL=%q\n' "$rel"
		printf 'KIMAGE=%q\n' "$dir/build/vmlinux"
		printf 'KMODDIR=%q\n' "$dir/root/lib/modules/$rel"
		printf 'KDIR=%q\n' "$dir/build"
		printf 'KROOT=\n'
	} >"$cache/kernel/uml.env.new"
	mv "$cache/kernel/uml.env.new" "$cache/kernel/uml.env"
	echo "$key" >"$dir/key"
}

# The sources' version and all that this script says.
current_key() { echo "$(newest_source $package) $(cksum <"${BASH_SOURCE[0]}")"; }
is_built() { [ -f "$cache/kernel/uml.env" ] && [ "$(cat "$dir/key" 2>/dev/null)" = "$(current_key)" ]; }

case ${1:-} in
'') ;;
-h | --help) usage; exit 0 ;;
--fetch) fetch_source trixie-backports $package patch_source; exit 0 ;;
*) die "unknown argument '$1' (see --help)" ;;
esac
if [ -z "${EXPTRACE_REFRESH:-}" ] && is_built; then
	exit 0
fi
"${BASH_SOURCE[0]}" --fetch
mkdir -p "$dir"
exec 8>"$dir/lock"
flock 8
! is_built || exit 0
source=$cache/source/$package/$(newest_source $package) key=$(current_key)
note "building a kernel that runs as a process: some minutes"
began=$SECONDS
# A process of its own, since "set -e" does not hold inside a condition.
set +e
(set -e; build; register) >"$dir/build.log" 2>&1 8>&-
code=$?
set -e
if [ "$code" -ne 0 ]; then
	tail -n 30 "$dir/build.log" >&2
	die "building the kernel failed: see $dir/build.log"
fi
note "built in $((SECONDS - began)) s"
