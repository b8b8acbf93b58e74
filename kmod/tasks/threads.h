/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walk over all threads.
 */
#ifndef _EXPTRACE_THREADS_H
#define _EXPTRACE_THREADS_H

#include <linux/sched.h>

/* Visit a thread, in an RCU read-side critical section. */
typedef void (*exptrace_visit)(struct task_struct *task, void *data);

u64 exptrace_cgroup_of(struct task_struct *task);
void exptrace_walk_threads(exptrace_visit visit, void *data);

#endif /* _EXPTRACE_THREADS_H */
