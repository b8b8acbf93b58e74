// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life cycle of threads: creation, exec, renaming, exit, and moves between cgroups.
 *
 * Without these events nobody could tell which threads the other events belong to. So
 * dedicated probes stay attached as long as something is recorded. They write state
 * events, which are subject to no selection or filter and are not counted in the ledger.
 * Changes that find no room are counted per generation: the properties report the number,
 * and a reader then trusts no name in that generation.
 *
 * The statedump has the state from before the generation. See exptrace_amend_statedump()
 * for changes between the dump and the publication.
 */
#include <linux/binfmts.h>
#include <linux/cgroup.h>
#include <linux/mm_types.h>	/* trace/events/sched.h names struct folio */
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/tracepoint.h>
#include <trace/events/sched.h>
#include <trace/events/task.h>
#ifdef CONFIG_CGROUPS
#include <trace/events/cgroup.h>
#endif

#include "changes.h"
#include "experiment.h"
#include "flush.h"
#include "tables.h"
#include "tasks/tasks.h"

static notrace bool make_room_for_change(struct exptrace_writer *w, size_t max)
{
	struct exptrace_slot *slot = w->slot;

	if (slot->pos + max > slot->end && !exptrace_refill_uncounted(slot))
		return false;
	w->pos = slot->pos;
	return true;
}

static notrace void count_missing_change(const struct exptrace_slot *slot)
{
	this_cpu_inc(exptrace.cpus->missing_changes[slot->interned->gen & 1]);
}

/* Like exptrace_begin(), but not filtered and not counted as an event. */
static notrace bool begin_change(struct exptrace_writer *w, unsigned int type, size_t max)
{
	if (!exptrace_acquire(w, EXPTRACE_EXPERIMENT_STANDARD, EXPTRACE_ANY_CONTEXT))
		return false;
	if (!exptrace_enter(w->slot))
		goto err_release;
	if (!make_room_for_change(w, max))
		goto err_leave;
	exptrace_stamp(w, type, current);
	return true;

err_leave:
	exptrace_leave(w->slot);
err_release:
	count_missing_change(w->slot);
	exptrace_release();
	return false;
}

static notrace void end_change(struct exptrace_writer *w)
{
	w->slot->pos = w->pos;
	w->slot->batch->changes++;
	exptrace_leave(w->slot);
	exptrace_release();
}

/*
 * End an event that has the current name of @pid: the statedump of its generation need
 * not have it.
 */
static notrace void end_renaming_change(struct exptrace_writer *w, pid_t pid)
{
	exptrace_skip_in_dump(w->slot->interned->gen, pid);
	end_change(w);
}

/* The kernel truncates long names too, but only after the tracepoint. */
static notrace void put_change_comm(struct exptrace_writer *w, const char *comm)
{
	exptrace_string(w, comm, strnlen(comm, TASK_COMM_LEN - 1));
}

/* Unlike sched_process_fork, this covers threads that do not come from fork(2). */
static notrace void probe_task_newtask(void *data, struct task_struct *task,
				       EXPTRACE_CLONE_FLAGS clone_flags)
{
	EXPTRACE_WRITER(w);

	if (!task->pid ||
	    !begin_change(&w, EXPTRACE_EVENT_TASK_NEW, exptrace_max(6, TASK_COMM_LEN)))
		return;
	exptrace_number(&w, task->pid);
	exptrace_number(&w, task->tgid);
	exptrace_number(&w, current->pid);
	exptrace_number(&w, task->start_time);
	exptrace_number(&w, exptrace_cgroup_of(task));
	put_change_comm(&w, task->comm);
	end_change(&w);
}

/* task_rename has already recorded the new name: it is set like any other name. */
static notrace void probe_sched_process_exec(void *data, struct task_struct *p, pid_t old_pid,
					     struct linux_binprm *bprm)
{
	EXPTRACE_WRITER(w);

	if (!begin_change(&w, EXPTRACE_EVENT_TASK_EXEC, exptrace_max(3, TASK_COMM_LEN)))
		return;
	exptrace_number(&w, p->pid);
	exptrace_number(&w, old_pid);
	put_change_comm(&w, p->comm);
	end_renaming_change(&w, p->pid);
}

static notrace void probe_task_rename(void *data, struct task_struct *task, const char *comm)
{
	EXPTRACE_WRITER(w);

	if (!task->pid ||
	    !begin_change(&w, EXPTRACE_EVENT_TASK_NAME, exptrace_max(2, TASK_COMM_LEN)))
		return;
	exptrace_number(&w, task->pid);
	put_change_comm(&w, comm);
	end_renaming_change(&w, task->pid);
}

/*
 * The thread begins to exit. More events of its own follow, until its last switch. Its id
 * may be reused before that, but the new user is recorded as a new thread.
 */
static notrace void put_task_exit(const struct task_struct *p)
{
	EXPTRACE_WRITER(w);

	if (!begin_change(&w, EXPTRACE_EVENT_TASK_EXIT, exptrace_max(1, 0)))
		return;
	exptrace_number(&w, p->pid);
	end_change(&w);
}

#ifdef EXPTRACE_EXIT_HAS_GROUP_DEAD
static notrace void probe_sched_process_exit(void *data, struct task_struct *p, bool group_dead)
{
	put_task_exit(p);
}
#else
static notrace void probe_sched_process_exit(void *data, struct task_struct *p)
{
	put_task_exit(p);
}
#endif

#ifdef CONFIG_CGROUPS
/* If @whole, this is for all threads of the process; they are not walked here. */
static notrace void probe_cgroup_attach_task(void *data, struct cgroup *cgroup, const char *path,
					     struct task_struct *task, bool whole)
{
	EXPTRACE_WRITER(w);

	if (cgroup->root != &cgrp_dfl_root ||
	    !begin_change(&w, EXPTRACE_EVENT_TASK_CGROUP, exptrace_max(3, 0)))
		return;
	exptrace_number(&w, task->pid);
	exptrace_number(&w, whole);
	exptrace_number(&w, cgroup_id(cgroup));
	end_change(&w);
}

#define CGROUP_PROBES(X)	X(cgroup_attach_task)
#else
#define CGROUP_PROBES(X)
#endif

#define PROBES(X)						\
	X(task_newtask)						\
	X(sched_process_exec)					\
	X(task_rename)						\
	X(sched_process_exit)					\
	CGROUP_PROBES(X)

EXPTRACE_CHECK_PROBES(PROBES)

static const struct exptrace_hook hooks[] = {
	{ "task_newtask", probe_task_newtask },
	{ "sched_process_exec", probe_sched_process_exec },
	{ "task_rename", probe_task_rename },
	{ "sched_process_exit", probe_sched_process_exit },
#ifdef CONFIG_CGROUPS
	{ "cgroup_attach_task", probe_cgroup_attach_task },
#endif
};

static bool attached;	/* the probes are attached; exptrace.control */

/*
 * A recording is about to begin. Returns 0 or the error from attaching a probe. The
 * caller must call exptrace_changes_end() in either case.
 */
int exptrace_changes_begin(void)
{
	int err;

	lockdep_assert_held(&exptrace.control);

	err = exptrace_hook(hooks, ARRAY_SIZE(hooks), NULL);
	attached = !err;
	return err;
}

/* No generation is published any more. */
void exptrace_changes_end(void)
{
	lockdep_assert_held(&exptrace.control);

	if (attached)
		exptrace_unhook(hooks, ARRAY_SIZE(hooks), NULL);
	attached = false;
}

/*
 * The number of changes missing in generation @gen, because they found no room or were in
 * evicted batches. Resets the count, so it must be called once, when the generation is
 * closing.
 */
u64 exptrace_changes_take_missing(u64 gen)
{
	u64 missing = exptrace_generation_overwritten_changes(gen);
	int cpu;

	for_each_possible_cpu(cpu) {
		u64 *of_cpu = &per_cpu_ptr(exptrace.cpus, cpu)->missing_changes[gen & 1];

		missing += *of_cpu;
		*of_cpu = 0;
		cond_resched();
	}
	return missing;
}
