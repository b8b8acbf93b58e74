/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All threads there are.
 */
#ifndef _EXPTRACE_THREADS_H
#define _EXPTRACE_THREADS_H

#include <linux/sched.h>

void exptrace_for_each_thread(void (*look)(struct task_struct *task, void *data), void *data);

#endif /* _EXPTRACE_THREADS_H */
