/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads that are followed, and those that they create.
 */
#ifndef _EXPTRACE_FOLLOW_H
#define _EXPTRACE_FOLLOW_H

#include <linux/bitops.h>
#include <linux/sched.h>
#include <linux/types.h>

/**
 * struct exptrace_followed - a set of threads
 * @threads:	a bit for each thread id in the initial pid namespace
 * @processes:	a bit for each process id: all threads of the process are followed
 * @children:	the processes that they create are followed, too
 *
 * Bits are changed atomically by the probe of new threads and while the set is created.
 */
struct exptrace_followed {
	unsigned long	*threads;
	unsigned long	*processes;
	bool		children;
};

/**
 * struct exptrace_chosen - the threads that a set begins with
 * @threads:	ids of single threads, in the pid namespace of the current task
 * @processes:	likewise, ids of processes
 * @nr_threads:	number of @threads
 * @nr_processes: number of @processes
 * @children:	follow the processes that they created and create
 * @pids:	out: references to the threads, then the processes; the caller must put
 *		them
 */
struct exptrace_chosen {
	const u32	*threads;
	const u32	*processes;
	unsigned int	nr_threads;
	unsigned int	nr_processes;
	bool		children;
	struct pid	**pids;
};

/* Context: any. */
static __always_inline bool exptrace_is_followed(const struct exptrace_followed *followed,
						 const struct task_struct *task)
{
	return test_bit(task->pid, followed->threads);
}

struct exptrace_followed *exptrace_follow(const struct exptrace_chosen *chosen);
void exptrace_unfollow(struct exptrace_followed *followed);

#endif /* _EXPTRACE_FOLLOW_H */
