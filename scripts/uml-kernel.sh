#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds a kernel that runs as a process of this machine (ARCH=um), with several CPUs, and puts it into the cache: from then
# on kernel.sh knows it as "uml". Its code runs natively, so that the benchmark can measure time in it.
#
# Usage: uml-kernel.sh
#
# Only new kernels have more than one CPU there: the sources are linux-source of Debian 13's backports, fetched once
# (EXPTRACE_REFRESH=1 looks for a newer version). The first build takes about four minutes on two idle CPUs; later calls take
# no time, unless the sources or the configuration have changed. The compiler's output is in the cache's uml/build.log.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/own-kernel.sh"

suite=trixie-backports package=linux-source
dir=$cache/uml

# What this machine's programs, the module and the tracers it is compared with need. As in Debian's kernels for PCs, preemption
# is counted, automatic variables are zeroed and FORTIFY_SOURCE is on. No debugging options.
config='
	EXPERT 64BIT SMP NR_CPUS=8 PREEMPT HZ_PERIODIC HIGH_RES_TIMERS INIT_STACK_ALL_ZERO FORTIFY_SOURCE
	MODULES MODULE_UNLOAD KALLSYMS KALLSYMS_ALL IKCONFIG IKCONFIG_PROC PRINTK PRINTK_TIME BUG LOG_BUF_SHIFT=18
	MULTIUSER POSIX_TIMERS FUTEX EPOLL SIGNALFD TIMERFD EVENTFD ADVISE_SYSCALLS MEMBARRIER FHANDLE
	BINFMT_ELF BINFMT_SCRIPT SHMEM VM_EVENT_COUNTERS FILE_LOCKING PROC_FS SYSFS DEVTMPFS TMPFS DEBUG_FS
	TTY UNIX98_PTYS HOSTFS STDERR_CONSOLE NULL_CHAN
	FTRACE ENABLE_DEFAULT_TRACERS RING_BUFFER_BENCHMARK=m'

# Lets a module give a ring buffer the same clock as exptrace has; the code that is measured stays as it is.
patch_source() { printf '\nEXPORT_SYMBOL_GPL(ring_buffer_set_clock);\n' >>"$1/kernel/trace/ring_buffer.c"; }

install_image() { :; }

name=uml names=(uml) make_options=(ARCH=um) image=build/vmlinux
case ${1:-} in
'') build_own_kernel ;;
-h | --help) usage ;;
--fetch) fetch_own_source ;;
*) die "unknown argument '$1' (see --help)" ;;
esac
