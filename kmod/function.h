/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Probes at the entry of kernel functions that have no tracepoint.
 *
 * The kernel's function tracer calls the probe with preemption as in the function's
 * caller. So a probe that has much to record can disable preemption for one event at a
 * time (invariant 13); a kprobe's handler runs with preemption off from beginning to end.
 */
#ifndef _EXPTRACE_FUNCTION_H
#define _EXPTRACE_FUNCTION_H

#include <linux/ftrace.h>
#include <linux/list.h>
#include <linux/types.h>

#include "compat.h"

/*
 * The address of a function that the kernel exports; NULL if it does not. Its prototype, and
 * whether the kernel has one, do not matter.
 */
#define EXPTRACE_KERNEL_FUNCTION(function)						\
	extern const char exptrace_##function[] asm(#function) __weak

/**
 * struct exptrace_function - kernel functions that share a probe
 * @name:	name for messages
 * @addresses:	addresses of the functions, see EXPTRACE_KERNEL_FUNCTION(); a kernel need not
 *		have all of them
 * @nr:		number of entries in @addresses
 * @probe:	called at entry with the return address and the first three arguments.
 *		Runs in the function's context, may be preempted, and must be notrace
 * @found:	the kernel has at least one of them and can call the probe; constant once
 *		found
 * @ops:	for the function tracer; exptrace.control
 * @hooked:	entry in the list of hooked functions; exptrace.control, read under RCU
 */
struct exptrace_function {
	const char		*name;
	const char *const	*addresses;
	unsigned int		nr;
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
