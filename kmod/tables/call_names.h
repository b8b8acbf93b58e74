/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of system calls that readers may not know.
 */
#ifndef _EXPTRACE_CALL_NAMES_H
#define _EXPTRACE_CALL_NAMES_H

#include <linux/types.h>

struct exptrace_call_name {
	u32		nr;
	const char	*name;
};

/* This kernel's calls that Linux 6.1 lacks; an entry without a name ends the array. */
extern const struct exptrace_call_name exptrace_newer_calls[];

#endif /* _EXPTRACE_CALL_NAMES_H */
