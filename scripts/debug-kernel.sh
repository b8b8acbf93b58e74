#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds a small kernel with the kernel's own checks into the cache: from then on kernel.sh, build-module.sh and vm.sh know it
# by name.
#
# Usage: debug-kernel.sh debug|kcsan
#
#   debug   KASAN, UBSAN, lockdep, kmemleak, debug objects, fault injection, KUnit, full preemption
#   kcsan   the data race detector, full preemption; only modules are instrumented, so that the kernel stays fast and its own
#           races are not reported
#
# The sources are Debian's linux-source-6.1, fetched once (EXPTRACE_REFRESH=1 looks for a newer version). The first build
# takes five to ten minutes on two CPUs; later calls take no time, unless the sources or the configuration have changed. An
# interrupted build is continued. The compiler's output is in the cache's debug/NAME/build.log.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/own-kernel.sh"

suite=bookworm package=linux-source-6.1

# What vm.sh and the tests need.
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
config_kcsan='
	LOCALVERSION="-exptrace-kcsan"
	DEBUG_ATOMIC_SLEEP DEBUG_PREEMPT DEBUG_LIST
	KCSAN KCSAN_EARLY_ENABLE KCSAN_REPORT_ONCE_IN_MS=1000 KCSAN_SKIP_WATCH=200 KCSAN_REPORT_VALUE_CHANGE_ONLY
	KCSAN_REPORT_RACE_UNKNOWN_ORIGIN KCSAN_ASSUME_PLAIN_WRITES_ATOMIC'

# The PVH entry and what it calls run before KASAN has its shadow memory; 6.1 does not exclude them itself.
patch_source() {
	printf '\nKASAN_SANITIZE := n\nUBSAN_SANITIZE := n\nKCSAN_SANITIZE := n\n' >>"$1/arch/x86/platform/pvh/Makefile"
	printf '\nKASAN_SANITIZE_string.o := n\n' >>"$1/lib/Makefile"
}

# Everything is built in, so the only modules are ours.
install_image() { objcopy --strip-debug "$dir/build/vmlinux" "$1/vmlinux"; }

action=build_own_kernel
case ${1:-} in
'' | -h | --help) usage; exit 0 ;;
--fetch) action=fetch_own_source; shift ;;
esac
name=${1:-}
case $name in
debug) config="$config_common $config_debug" make_options=(ARCH=x86_64) ;;
# The kernel itself is built without it, modules with it.
kcsan) config="$config_common $config_kcsan" make_options=(ARCH=x86_64 KCSAN_SANITIZE=n) ;;
*) die "unknown kernel '$name' (debug, kcsan)" ;;
esac
# The second name gives the module with its KUnit tests a build directory of its own.
names=("$name-kunit" "$name")
dir=$cache/debug/$name image=root/vmlinux
"$action"
