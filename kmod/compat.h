/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between kernel versions, 6.1 and later: each shim names the
 * version that changed and why. No other file compares versions.
 */
#ifndef _EXPTRACE_COMPAT_H
#define _EXPTRACE_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "exptrace needs Linux 6.1 or later: earlier kernels have other kmalloc tracepoints"
#endif
#ifndef CONFIG_TRACEPOINTS
#error "exptrace needs a kernel with CONFIG_TRACEPOINTS"
#endif
#ifndef CONFIG_64BIT
#error "exptrace needs a 64-bit kernel"
#endif

#endif /* _EXPTRACE_COMPAT_H */
