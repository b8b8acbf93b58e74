/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads that are followed, with those that they create.
 */
#ifndef _EXPTRACE_FOLLOW_H
#define _EXPTRACE_FOLLOW_H

#include <linux/bitops.h>
#include <linux/sched.h>
#include <linux/types.h>

/**
 * struct exptrace_followed - a set of threads
 * @threads:	a bit for each thread id; like all ids but those of a caller, of the initial
 *		pid namespace
 * @processes:	a bit for each process id: all threads of that process are followed
 * @children:	so are the processes that they create
 *
 * Bits are changed atomically by the probe of new threads, and while the set is made.
 */
struct exptrace_followed {
	unsigned long	*threads;
	unsigned long	*processes;
	bool		children;
};

/**
 * struct exptrace_chosen - whom a set begins with
 * @threads:	ids of single threads, in the present task's pid namespace
 * @processes:	likewise, of processes
 * @nr_threads:	their number
 * @nr_processes: likewise
 * @children:	follow the processes that they created and create
 * @pids:	out: the threads, then the processes; each is to be put
 */
struct exptrace_chosen {
	const u32	*threads;
	const u32	*processes;
	unsigned int	nr_threads;
	unsigned int	nr_processes;
	bool		children;
	struct pid	**pids;
};

/* Any context. */
static __always_inline bool exptrace_is_followed(const struct exptrace_followed *followed,
						 const struct task_struct *task)
{
	return test_bit(task->pid, followed->threads);
}

struct exptrace_followed *exptrace_follow(const struct exptrace_chosen *chosen);
void exptrace_unfollow(struct exptrace_followed *followed);

#endif /* _EXPTRACE_FOLLOW_H */
