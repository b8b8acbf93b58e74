/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions of the kernel that have no tracepoint: a probe at their entry.
 *
 * The kernel's function tracer calls it, with preemption as the function's caller has it. So
 * a probe that is called with much to record may do so event by event (invariant 13); that
 * of a kprobe has preemption off from its beginning to its end.
 */
#ifndef _EXPTRACE_FUNCTION_H
#define _EXPTRACE_FUNCTION_H

#include <linux/ftrace.h>
#include <linux/list.h>
#include <linux/types.h>

#include "compat.h"

/**
 * struct exptrace_function - functions of the kernel that have a probe in common
 * @names:	their names, and NULL; a kernel need not have all
 * @probe:	what their entry calls, with the address that they return to, and their first
 *		three arguments. Any context, as theirs; it may be preempted, and must be notrace
 * @found:	the kernel has one of them, and can call the probe; constant once found
 * @ops:	for the function tracer; exptrace.control
 * @hooked:	among those that are; exptrace.control, read under RCU
 */
struct exptrace_function {
	const char *const	*names;
	void			(*probe)(unsigned long caller, unsigned long a, unsigned long b,
					 unsigned long c);
	bool			found;
#ifdef EXPTRACE_HAS_FUNCTIONS
	struct ftrace_ops	ops;
	struct list_head	hooked;
#endif
};

bool exptrace_function_find(struct exptrace_function *function);
int exptrace_function_hook(struct exptrace_function *function);
void exptrace_function_unhook(struct exptrace_function *function);
bool exptrace_function_is_trampoline(unsigned long frame);

#endif /* _EXPTRACE_FUNCTION_H */
