#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds a small kernel that watches itself, and puts it into the cache: from then on kernel.sh, build-module.sh and
# vm.sh know it by its name.
#
# Usage: debug-kernel.sh debug|kcsan
#
#   debug   KASAN, UBSAN, lockdep, kmemleak, debug objects, fault injection, KUnit, full preemption
#   kcsan   the data race detector, full preemption; it watches the modules' code only, for which the kernel then is fast,
#           and says nothing about the kernel's own races
#
# The sources are Debian's linux-source-6.1, fetched once (EXPTRACE_REFRESH=1 asks for a newer version). The first build
# takes five to ten minutes on two CPUs, what follows nothing: it is done again only if the sources or this script have
# changed. An interrupted build goes on where it was. The compiler's output is in the cache's debug/NAME/build.log.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

package=linux-source-6.1

# What a VM of vm.sh needs, and the tests in it. The others are for one kernel each, and found by its name.
config_common='
	EXPERT 64BIT SMP NR_CPUS=8 HOTPLUG_CPU PREEMPT HZ_250 HIGH_RES_TIMERS NO_HZ_IDLE JUMP_LABEL
	HYPERVISOR_GUEST PARAVIRT KVM_GUEST PVH X86_X2APIC ACPI PCI PCI_MSI PCI_QUIRKS UNWINDER_FRAME_POINTER
	MODULES MODULE_UNLOAD MODULE_FORCE_LOAD MODULE_FORCE_UNLOAD KALLSYMS KALLSYMS_ALL IKCONFIG IKCONFIG_PROC BASE_FULL
	PRINTK PRINTK_TIME BUG LOG_BUF_SHIFT=20 MULTIUSER POSIX_TIMERS FUTEX EPOLL SIGNALFD TIMERFD EVENTFD
	ADVISE_SYSCALLS MEMBARRIER RSEQ FHANDLE COREDUMP ELF_CORE CROSS_MEMORY_ATTACH CGROUPS CGROUP_SCHED
	BINFMT_ELF BINFMT_SCRIPT BLK_DEV_INITRD SHMEM VM_EVENT_COUNTERS
	TTY UNIX98_PTYS SERIAL_8250 SERIAL_8250_CONSOLE EARLY_PRINTK HW_RANDOM HW_RANDOM_VIRTIO
	VIRTIO_MENU VIRTIO_PCI VIRTIO_CONSOLE NET INET UNIX NET_9P NET_9P_VIRTIO NETWORK_FILESYSTEMS 9P_FS
	9P_FS_POSIX_ACL OVERLAY_FS TMPFS TMPFS_XATTR TMPFS_POSIX_ACL FILE_LOCKING INOTIFY_USER
	PROC_FS PROC_SYSCTL PROC_PAGE_MONITOR SYSFS DEVTMPFS DEBUG_FS
	FTRACE KPROBES KPROBE_EVENTS UPROBE_EVENTS PERF_EVENTS BPF_SYSCALL BPF_JIT BPF_EVENTS
	DEBUG_KERNEL SLUB SLUB_DEBUG STACKTRACE DETECT_HUNG_TASK SCHED_STACK_END_CHECK VMAP_STACK
	RCU_CPU_STALL_TIMEOUT=60'

# shellcheck disable=SC2034
config_debug='
	LOCALVERSION="-exptrace-debug"
	PROVE_LOCKING PROVE_RCU LOCKDEP_BITS=17 LOCKDEP_CHAINS_BITS=18 DEBUG_ATOMIC_SLEEP DEBUG_PREEMPT
	DEBUG_IRQFLAGS DEBUG_RT_MUTEXES
	KASAN KASAN_GENERIC KASAN_INLINE KASAN_VMALLOC KASAN_STACK
	UBSAN UBSAN_BOUNDS UBSAN_SHIFT UBSAN_BOOL UBSAN_ENUM UBSAN_SANITIZE_ALL
	DEBUG_KMEMLEAK DEBUG_KMEMLEAK_MEM_POOL_SIZE=40000 SLUB_DEBUG_ON DEBUG_LIST DEBUG_VM
	DEBUG_OBJECTS DEBUG_OBJECTS_FREE DEBUG_OBJECTS_TIMERS DEBUG_OBJECTS_WORK DEBUG_OBJECTS_RCU_HEAD
	FAULT_INJECTION FAILSLAB FAIL_PAGE_ALLOC FAULT_INJECTION_USERCOPY FAULT_INJECTION_DEBUG_FS
	NUMA SUSPEND KUNIT KUNIT_DEFAULT_ENABLED'

# One access in 200 is watched for a moment: any change of the value is seen, whoever makes it.
# shellcheck disable=SC2034
config_kcsan='
	LOCALVERSION="-exptrace-kcsan"
	DEBUG_ATOMIC_SLEEP DEBUG_PREEMPT DEBUG_LIST
	KCSAN KCSAN_EARLY_ENABLE KCSAN_REPORT_ONCE_IN_MS=1000 KCSAN_SKIP_WATCH=200 KCSAN_REPORT_VALUE_CHANGE_ONLY
	KCSAN_REPORT_RACE_UNKNOWN_ORIGIN KCSAN_ASSUME_PLAIN_WRITES_ATOMIC'

# What the kernel itself is built with; modules are built without it.
# shellcheck disable=SC2034
make_debug=() make_kcsan=(KCSAN_SANITIZE=n)

# A word is an option that is on, or has a value.
fragment() {
	local config=config_$1 word
	for word in $config_common ${!config}; do
		case $word in
		*=*) echo "CONFIG_$word" ;;
		*) echo "CONFIG_$word=y" ;;
		esac
	done
}

# KASAN has no shadow of memory yet where the PVH entry and what it calls run; 6.1 does not say so itself.
patch_source() {
	printf '\nKASAN_SANITIZE := n\nUBSAN_SANITIZE := n\nKCSAN_SANITIZE := n\n' >>"$1/arch/x86/platform/pvh/Makefile"
	printf '\nKASAN_SANITIZE_string.o := n\n' >>"$1/lib/Makefile"
}

# An option with unmet dependencies is dropped silently: say which.
check_config() {
	local dropped
	dropped=$(grep -v -x -F -f "$dir/build/.config" "$dir/fragment" || :)
	[ -z "$dropped" ] || die "this kernel cannot have:" "$dropped"
}

# Everything is built in, so that there are no modules but ours.
build() {
	local -n special=make_$name
	local make=(nice make -s -C "$source" "O=$dir/build" "-j$(nproc)" ARCH=x86_64 "${special[@]}")
	mkdir -p "$dir/build"
	fragment "$name" >"$dir/fragment"
	"${make[@]}" "KCONFIG_ALLCONFIG=$dir/fragment" allnoconfig
	check_config
	"${make[@]}" vmlinux modules
	rel=$("${make[@]}" kernelrelease)
	rm -rf "$dir/root.new"
	"${make[@]}" "INSTALL_MOD_PATH=$dir/root.new" modules_install
	objcopy --strip-debug "$dir/build/vmlinux" "$dir/root.new/vmlinux"
	rm -rf "$dir/root"
	mv "$dir/root.new" "$dir/root"
}

# The same under a second name, so that the module with its KUnit tests has a place of its own to be built.
register() {
	local n
	mkdir -p "$cache/kernel"
	for n in "$name-kunit" "$name"; do
		{
			printf 'KREL=%q\n' "$rel"
			printf 'KIMAGE=%q\n' "$dir/root/vmlinux"
			printf 'KMODDIR=%q\n' "$dir/root/lib/modules/$rel"
			printf 'KDIR=%q\n' "$dir/build"
			printf 'KROOT=\n'
		} >"$cache/kernel/$n.env.new"
		mv "$cache/kernel/$n.env.new" "$cache/kernel/$n.env"
	done
	echo "$key" >"$dir/key"
}

# The sources' version and all that this script says.
current_key() { echo "$(newest_source $package) $(cksum <"${BASH_SOURCE[0]}")"; }
is_built() { [ -f "$cache/kernel/$name.env" ] && [ "$(cat "$dir/key" 2>/dev/null)" = "$(current_key)" ]; }

name=${1:-}
case $name in
'' | -h | --help) usage; exit 0 ;;
--fetch) fetch_source bookworm $package patch_source; exit 0 ;;
debug | kcsan) ;;
*) die "unknown kernel '$name' (debug, kcsan)" ;;
esac
dir=$cache/debug/$name
if [ -z "${EXPTRACE_REFRESH:-}" ] && is_built; then
	exit 0
fi
"${BASH_SOURCE[0]}" --fetch
mkdir -p "$dir"
exec 8>"$dir/lock"
flock 8
! is_built || exit 0
source=$cache/source/$package/$(newest_source $package) key=$(current_key)
note "building the $name kernel: some minutes"
began=$SECONDS
# A process of its own, since "set -e" does not hold inside a condition.
set +e
(set -e; build; register) >"$dir/build.log" 2>&1 8>&-
code=$?
set -e
if [ "$code" -ne 0 ]; then
	tail -n 30 "$dir/build.log" >&2
	die "building the $name kernel failed: see $dir/build.log"
fi
note "built in $((SECONDS - began)) s"
