// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads that are followed, with those that they create.
 *
 * A probe decides about every new thread once and for all, before it runs: that of
 * task_newtask, which has those that don't come out of fork(2), too. So an id that
 * is used again has no past, and nothing need be done when a thread ends; its last
 * events are still its own.
 */
#include <linux/binfmts.h>
#include <linux/err.h>
#include <linux/mm_types.h>	/* trace/events/sched.h names struct folio */
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/threads.h>
#include <linux/tracepoint.h>
#include <linux/vmalloc.h>
#include <trace/events/sched.h>
#include <trace/events/task.h>

#include "experiment.h"
#include "follow.h"
#include "tasks/tasks.h"

/*
 * The thread can be found already by find_more(), which may set its bit at any time.
 * Each side writes, then looks for what the other one writes, so one of them sees it.
 */
static notrace void probe_task_newtask(void *data, struct task_struct *task,
				       EXPTRACE_CLONE_FLAGS clone_flags)
{
	struct exptrace_followed *followed = data;
	bool inherits;

	if (!task->pid)
		return;
	clear_bit(task->pid, followed->threads);
	if (thread_group_leader(task))
		clear_bit(task->pid, followed->processes);
	smp_mb();	/* pairs with that in find_more() */
	inherits = followed->children && test_bit(current->pid, followed->threads);
	if (inherits && thread_group_leader(task))
		set_bit(task->pid, followed->processes);
	if (inherits || test_bit(task->tgid, followed->processes))
		set_bit(task->pid, followed->threads);
}

/* A thread that is not its process's first becomes it when it executes a program. */
static notrace void probe_sched_process_exec(void *data, struct task_struct *p, pid_t old_pid,
					     struct linux_binprm *bprm)
{
	struct exptrace_followed *followed = data;

	if (old_pid != p->pid && test_bit(old_pid, followed->threads))
		set_bit(p->pid, followed->threads);
}

#define PROBES(X)						\
	X(task_newtask)						\
	X(sched_process_exec)

EXPTRACE_CHECK_PROBES(PROBES)

static const struct exptrace_hook hooks[] = {
	{ "task_newtask", probe_task_newtask },
	{ "sched_process_exec", probe_sched_process_exec },
};

/* Who has that id in the present task's pid namespace, to be put; NULL: nobody. */
static struct pid *find(u32 nr, enum pid_type type)
{
	struct pid *pid;

	if (nr >= PID_MAX_LIMIT)
		return NULL;
	rcu_read_lock();
	pid = find_vpid(nr);
	pid = pid_task(pid, type) ? get_pid(pid) : NULL;
	rcu_read_unlock();
	return pid;
}

static int choose(const u32 *numbers, unsigned int nr, enum pid_type type, struct pid **pids,
		  unsigned long *bits)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		pids[i] = find(numbers[i], type);
		if (!pids[i])
			return -ESRCH;
		set_bit(pid_nr(pids[i]), bits);
	}
	return 0;
}

/* Does @task belong to those that are followed? Caller holds the RCU read lock. */
static bool belongs(struct exptrace_followed *followed, struct task_struct *task)
{
	if (followed->children && thread_group_leader(task) &&
	    test_bit(rcu_dereference(task->real_parent)->pid, followed->threads))
		set_bit(task->pid, followed->processes);
	return test_bit(task->tgid, followed->processes);
}

/**
 * struct search - for threads that are to be followed
 * @followed:	the set
 * @found:	there were some
 */
struct search {
	struct exptrace_followed *followed;
	bool			found;
};

static void follow_if_it_belongs(struct task_struct *task, void *data)
{
	struct search *search = data;

	if (belongs(search->followed, task) &&
	    !test_and_set_bit(task->pid, search->followed->threads))
		search->found = true;
}

/* Follows the threads there are that belong to those followed; false if there were none. */
static bool find_more(struct exptrace_followed *followed)
{
	struct search search = { .followed = followed };

	smp_mb();	/* after bits that were set; pairs with that in probe_task_newtask() */
	exptrace_walk_threads(follow_if_it_belongs, &search);
	return search.found;
}

static int fill(struct exptrace_followed *followed, const struct exptrace_chosen *chosen)
{
	int err;

	err = choose(chosen->threads, chosen->nr_threads, PIDTYPE_PID, chosen->pids,
		     followed->threads) ?:
	      choose(chosen->processes, chosen->nr_processes, PIDTYPE_TGID,
		     chosen->pids + chosen->nr_threads, followed->processes);
	if (err)
		return err;
	while (find_more(followed))
		;	/* they may have children, too */
	return 0;
}

static void free_set(struct exptrace_followed *followed)
{
	vfree(followed->threads);
	vfree(followed->processes);
	kfree(followed);
}

static struct exptrace_followed *alloc_set(void)
{
	const size_t size = BITS_TO_LONGS(PID_MAX_LIMIT) * sizeof(long);
	struct exptrace_followed *followed = kzalloc(sizeof(*followed), GFP_KERNEL);

	if (!followed)
		return NULL;
	followed->threads = vzalloc(size);
	followed->processes = vzalloc(size);
	if (followed->threads && followed->processes)
		return followed;
	free_set(followed);
	return NULL;
}

/**
 * exptrace_follow - make the set of those threads, and of those that they create
 * @chosen:	whom it begins with; with children, those that exist are found too
 *
 * Context: process, exptrace.control held; sleeps. Return: the set; or an error:
 * -ESRCH if one of them does not exist, -ENOMEM, what attaching a probe returns. Some of
 * @chosen->pids may be set then, too.
 */
struct exptrace_followed *exptrace_follow(const struct exptrace_chosen *chosen)
{
	struct exptrace_followed *followed;
	int err;

	lockdep_assert_held(&exptrace.control);

	followed = alloc_set();
	if (!followed)
		return ERR_PTR(-ENOMEM);
	followed->children = chosen->children;
	/* First the probe, then those there are: so none is missed in between. */
	err = exptrace_hook(hooks, ARRAY_SIZE(hooks), followed);
	if (err)
		goto err_set;
	err = fill(followed, chosen);
	if (err)
		goto err_attach;
	return followed;

err_attach:
	exptrace_unhook(hooks, ARRAY_SIZE(hooks), followed);
err_set:
	free_set(followed);
	return ERR_PTR(err);
}

/* Nobody looks at the set any more; it may be NULL. */
void exptrace_unfollow(struct exptrace_followed *followed)
{
	lockdep_assert_held(&exptrace.control);

	if (!followed)
		return;
	exptrace_unhook(hooks, ARRAY_SIZE(hooks), followed);
	free_set(followed);
}
