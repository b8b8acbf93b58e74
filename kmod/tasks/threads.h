/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All threads there are.
 */
#ifndef _EXPTRACE_THREADS_H
#define _EXPTRACE_THREADS_H

#include <linux/sched.h>

/* Looks at a thread, in an RCU read-side critical section. */
typedef void (*exptrace_look)(struct task_struct *task, void *data);

u64 exptrace_cgroup_of(struct task_struct *task);
void exptrace_walk_threads(exptrace_look look, void *data);

#endif /* _EXPTRACE_THREADS_H */
