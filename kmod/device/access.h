/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who may open the device.
 */
#ifndef _EXPTRACE_ACCESS_H
#define _EXPTRACE_ACCESS_H

#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/security.h>

/* Returns -EPERM without CAP_PERFMON, or in a kernel that is locked down against tracing. */
static inline int exptrace_may_open(void)
{
	return perfmon_capable() ? security_locked_down(LOCKDOWN_TRACEFS) : -EPERM;
}

#endif /* _EXPTRACE_ACCESS_H */
