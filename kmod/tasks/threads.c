// SPDX-License-Identifier: GPL-2.0-only
/*
 * All threads there are, without a lock that is held longer the more there are.
 */
#include <linux/cgroup.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>

#include "threads.h"

/* The id of its cgroup in the unified hierarchy; 0 if there is none. Context: any. */
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

/* Ids that are looked at under one RCU read lock. */
#define AT_A_TIME	16

/* Looks at the next ids from @nr on. Returns where to go on, 0 at the end. */
static pid_t look_at_some(pid_t nr, exptrace_look look, void *data)
{
	struct task_struct *task;
	struct pid *pid = NULL;
	unsigned int i;

	rcu_read_lock();
	for (i = 0; i < AT_A_TIME; i++) {
		pid = find_ge_pid(nr, &init_pid_ns);
		if (!pid)
			break;
		nr = pid_nr(pid) + 1;
		/* NULL: only a group or a session has that id still. */
		task = pid_task(pid, PIDTYPE_PID);
		if (task)
			look(task, data);
	}
	rcu_read_unlock();
	return pid ? nr : 0;
}

/**
 * exptrace_walk_threads - look at each thread, by increasing id
 * @look:	called for each
 * @data:	for it
 *
 * A thread that is there all the time is found whatever comes and goes meanwhile, unless it
 * takes its process's id because it executes a program. One that begins meanwhile may be
 * found. Context: process; reschedules.
 */
void exptrace_walk_threads(exptrace_look look, void *data)
{
	pid_t nr = 1;

	do {
		nr = look_at_some(nr, look, data);
		cond_resched();
	} while (nr);
}
