// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads that are followed, and those that they create.
 *
 * The probe of task_newtask decides about every new thread once, before it runs; unlike
 * sched_process_fork, task_newtask also covers threads that do not come from fork(2). So
 * a reused id carries no stale state, and nothing need be done when a thread ends; its
 * last events are still recorded.
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
 * follow_existing() can already find the thread and may set its bit at any time. Each
 * side first writes its own bits and then reads those of the other, so at least one of
 * them sees both.
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
	smp_mb();	/* pairs with the one in follow_existing() */
	inherits = followed->children && test_bit(current->pid, followed->threads);
	if (inherits && thread_group_leader(task))
		set_bit(task->pid, followed->processes);
	if (inherits || test_bit(task->tgid, followed->processes))
		set_bit(task->pid, followed->threads);
}

/* A thread that executes a program becomes its process's leader and takes the leader's id. */
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

/*
 * Find @nr in the pid namespace of the current task. Returns a reference that the caller
 * must put, or NULL.
 */
static struct pid *find_chosen(u32 nr, enum pid_type type)
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

static int choose_pids(const u32 *numbers, unsigned int nr, enum pid_type type, struct pid **pids,
		       unsigned long *bits)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		pids[i] = find_chosen(numbers[i], type);
		if (!pids[i])
			return -ESRCH;
		set_bit(pid_nr(pids[i]), bits);
	}
	return 0;
}

/* Does @task belong to a followed process? Caller holds the RCU read lock. */
static bool belongs_to_followed(struct exptrace_followed *followed, struct task_struct *task)
{
	if (followed->children && thread_group_leader(task) &&
	    test_bit(rcu_dereference(task->real_parent)->pid, followed->threads))
		set_bit(task->pid, followed->processes);
	return test_bit(task->tgid, followed->processes);
}

/**
 * struct search - a walk over the existing threads
 * @followed:	set to add to
 * @found:	at least one thread was added
 */
struct search {
	struct exptrace_followed *followed;
	bool			found;
};

static void follow_matching(struct task_struct *task, void *data)
{
	struct search *search = data;

	if (belongs_to_followed(search->followed, task) &&
	    !test_and_set_bit(task->pid, search->followed->threads))
		search->found = true;
}

/* Add existing threads of followed processes; returns false if nothing was added. */
static bool follow_existing(struct exptrace_followed *followed)
{
	struct search search = { .followed = followed };

	smp_mb();	/* after the bits set so far; pairs with the one in probe_task_newtask() */
	exptrace_walk_threads(follow_matching, &search);
	return search.found;
}

static int fill_set(struct exptrace_followed *followed, const struct exptrace_chosen *chosen)
{
	int err;

	err = choose_pids(chosen->threads, chosen->nr_threads, PIDTYPE_PID, chosen->pids,
			  followed->threads) ?:
	      choose_pids(chosen->processes, chosen->nr_processes, PIDTYPE_TGID,
			  chosen->pids + chosen->nr_threads, followed->processes);
	if (err)
		return err;
	while (follow_existing(followed))
		;	/* threads found may have children, too */
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
 * exptrace_follow - create the set of chosen threads and those that they create
 * @chosen:	threads and processes to begin with; with @children, existing ones are
 *		added too
 *
 * Context: process, exptrace.control held; sleeps. Return: the set, or an error: -ESRCH
 * if a thread or process does not exist, -ENOMEM, or the error from attaching a probe. On
 * error, some of @chosen->pids may be set.
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
	/* Attach the probe before looking at existing threads, so that none is missed. */
	err = exptrace_hook(hooks, ARRAY_SIZE(hooks), followed);
	if (err)
		goto err_set;
	err = fill_set(followed, chosen);
	if (err)
		goto err_attach;
	return followed;

err_attach:
	exptrace_unhook(hooks, ARRAY_SIZE(hooks), followed);
err_set:
	free_set(followed);
	return ERR_PTR(err);
}

/* Free the set, which nobody uses any more; @followed may be NULL. */
void exptrace_unfollow(struct exptrace_followed *followed)
{
	lockdep_assert_held(&exptrace.control);

	if (!followed)
		return;
	exptrace_unhook(hooks, ARRAY_SIZE(hooks), followed);
	free_set(followed);
}
