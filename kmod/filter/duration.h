/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Duration of system calls, and how long a thread ran before it left its CPU.
 */
#ifndef _EXPTRACE_DURATION_H
#define _EXPTRACE_DURATION_H

#include <linux/percpu.h>
#include <linux/types.h>

struct exptrace_calls;

struct exptrace_calls *exptrace_calls_alloc(void);
int exptrace_calls_begin(struct exptrace_calls *calls);
void exptrace_calls_end(struct exptrace_calls *calls);
void exptrace_calls_free(struct exptrace_calls *calls);
bool exptrace_calls_ended(struct exptrace_calls *calls, u64 *ns);

bool exptrace_ran(u64 __percpu *switched, u64 min_ns);
void exptrace_ran_forget(u64 __percpu *switched);

#endif /* _EXPTRACE_DURATION_H */
