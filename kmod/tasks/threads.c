// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walk over all threads, without holding any lock longer the more threads there are.
 */
#include <linux/cgroup.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>

#include "threads.h"

/* The id of the task's cgroup in the unified hierarchy; 0 if there is none. Context: any. */
notrace u64 exptrace_cgroup_of(struct task_struct *task)
{
	u64 id = 0;

#ifdef CONFIG_CGROUPS
	rcu_read_lock();
	id = cgroup_id(task_dfl_cgroup(task));
	rcu_read_unlock();
#endif
	return id;
}

/* Ids visited under one RCU read lock. */
#define IDS_PER_RCU_SECTION	16

/*
 * Visit the threads of the next ids, starting at @nr. Returns where to continue, 0 at the
 * end.
 */
static pid_t visit_some(pid_t nr, exptrace_visit visit, void *data)
{
	struct task_struct *task;
	struct pid *pid = NULL;
	unsigned int i;

	rcu_read_lock();
	for (i = 0; i < IDS_PER_RCU_SECTION; i++) {
		pid = find_ge_pid(nr, &init_pid_ns);
		if (!pid)
			break;
		nr = pid_nr(pid) + 1;
		/* NULL if the id is still in use, but only for a process group or session. */
		task = pid_task(pid, PIDTYPE_PID);
		if (task)
			visit(task, data);
	}
	rcu_read_unlock();
	return pid ? nr : 0;
}

/**
 * exptrace_walk_threads - visit all threads, in order of their ids
 * @visit:	called for each thread
 * @data:	passed to @visit
 *
 * A thread that exists during the whole walk is found, unless it takes its process's id
 * by executing a program. A thread that begins during the walk may or may not be found.
 * Context: process; reschedules.
 */
void exptrace_walk_threads(exptrace_visit visit, void *data)
{
	pid_t nr = 1;

	do {
		nr = visit_some(nr, visit, data);
		cond_resched();
	} while (nr);
}
