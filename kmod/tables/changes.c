// SPDX-License-Identifier: GPL-2.0-only
/*
 * What becomes of threads: new ones, programs that they execute, names, ends, cgroups.
 *
 * Without it nobody could tell whose the other events are. So probes of its own are
 * attached as long as something is recorded, and write state, which no selection and no
 * filter keeps out, and the ledger does not count. What finds no room is counted for its
 * generation: the properties say so, and a reader believes no name in it.
 *
 * The statedump of a generation tells what was before; see exptrace_amend_statedump() for
 * what changes between the two.
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

static notrace bool make_room(struct exptrace_writer *w, size_t max)
{
	struct exptrace_slot *slot = w->slot;

	if (slot->pos + max > slot->end && !exptrace_refill_uncounted(slot))
		return false;
	w->pos = slot->pos;
	return true;
}

static notrace void miss(const struct exptrace_slot *slot)
{
	this_cpu_inc(exptrace.cpus->missing_changes[slot->interned->gen & 1]);
}

/* As exptrace_begin(), but no filter keeps it out, and it counts as no event. */
static notrace bool begin(struct exptrace_writer *w, unsigned int type, size_t max)
{
	if (!exptrace_acquire(w, EXPTRACE_EXPERIMENT_STANDARD, EXPTRACE_ANY_CONTEXT))
		return false;
	if (!exptrace_enter(w->slot))
		goto err_release;
	if (!make_room(w, max))
		goto err_leave;
	exptrace_stamp(w, type, current);
	return true;

err_leave:
	exptrace_leave(w->slot);
err_release:
	miss(w->slot);
	exptrace_release();
	return false;
}

static notrace void end(struct exptrace_writer *w)
{
	w->slot->pos = w->pos;
	w->slot->batch->changes++;
	exptrace_leave(w->slot);
	exptrace_release();
}

/* Ends what tells the name of @pid: its generation's statedump need not. */
static notrace void end_naming(struct exptrace_writer *w, pid_t pid)
{
	exptrace_told_by_event(w->slot->interned->gen, pid);
	end(w);
}

/* A name that is too long is cut by the kernel too, after it was traced. */
static notrace void put_comm(struct exptrace_writer *w, const char *comm)
{
	exptrace_string(w, comm, strnlen(comm, TASK_COMM_LEN - 1));
}

/* This has those that don't come out of fork(2), too. */
static notrace void probe_task_newtask(void *data, struct task_struct *task,
				       EXPTRACE_CLONE_FLAGS clone_flags)
{
	EXPTRACE_WRITER(w);

	if (!task->pid || !begin(&w, EXPTRACE_EVENT_TASK_NEW, exptrace_max(6, TASK_COMM_LEN)))
		return;
	exptrace_number(&w, task->pid);
	exptrace_number(&w, task->tgid);
	exptrace_number(&w, current->pid);
	exptrace_number(&w, task->start_time);
	exptrace_number(&w, exptrace_cgroup_of(task));
	put_comm(&w, task->comm);
	end(&w);
}

/* Its name was told just before: that of a program is set like any other. */
static notrace void probe_sched_process_exec(void *data, struct task_struct *p, pid_t old_pid,
					     struct linux_binprm *bprm)
{
	EXPTRACE_WRITER(w);

	if (!begin(&w, EXPTRACE_EVENT_TASK_EXEC, exptrace_max(3, TASK_COMM_LEN)))
		return;
	exptrace_number(&w, p->pid);
	exptrace_number(&w, old_pid);
	put_comm(&w, p->comm);
	end_naming(&w, p->pid);
}

static notrace void probe_task_rename(void *data, struct task_struct *task, const char *comm)
{
	EXPTRACE_WRITER(w);

	if (!task->pid || !begin(&w, EXPTRACE_EVENT_TASK_NAME, exptrace_max(2, TASK_COMM_LEN)))
		return;
	exptrace_number(&w, task->pid);
	put_comm(&w, comm);
	end_naming(&w, task->pid);
}

/*
 * It begins to end. Events of its own follow, to its last switch; its id may be used again
 * before that, but who uses it is told as a new thread.
 */
static notrace void put_exit(const struct task_struct *p)
{
	EXPTRACE_WRITER(w);

	if (!begin(&w, EXPTRACE_EVENT_TASK_EXIT, exptrace_max(1, 0)))
		return;
	exptrace_number(&w, p->pid);
	end(&w);
}

#ifdef EXPTRACE_EXIT_HAS_GROUP_DEAD
static notrace void probe_sched_process_exit(void *data, struct task_struct *p, bool group_dead)
{
	put_exit(p);
}
#else
static notrace void probe_sched_process_exit(void *data, struct task_struct *p)
{
	put_exit(p);
}
#endif

#ifdef CONFIG_CGROUPS
/* Where @whole, all threads of the process: they are not walked here. */
static notrace void probe_cgroup_attach_task(void *data, struct cgroup *cgroup, const char *path,
					     struct task_struct *task, bool whole)
{
	EXPTRACE_WRITER(w);

	if (cgroup->root != &cgrp_dfl_root ||
	    !begin(&w, EXPTRACE_EVENT_TASK_CGROUP, exptrace_max(3, 0)))
		return;
	exptrace_number(&w, task->pid);
	exptrace_number(&w, whole);
	exptrace_number(&w, cgroup_id(cgroup));
	end(&w);
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

static bool attached;	/* the probes are; exptrace.control */

/*
 * A recording is about to begin. Returns 0 or what attaching a probe returns; in both
 * cases exptrace_changes_end() is to follow.
 */
int exptrace_changes_begin(void)
{
	int err;

	lockdep_assert_held(&exptrace.control);

	err = exptrace_hook(hooks, ARRAY_SIZE(hooks), NULL);
	attached = !err;
	return err;
}

/* Nothing is published any more. */
void exptrace_changes_end(void)
{
	lockdep_assert_held(&exptrace.control);

	if (attached)
		exptrace_unhook(hooks, ARRAY_SIZE(hooks), NULL);
	attached = false;
}

/*
 * How many changes generation @gen lacks: they found no room, or were in batches that were
 * given up. To be asked once, when the generation is closing.
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
