// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scheduler, and the life cycle of processes.
 */
#include <linux/binfmts.h>
#include <linux/mm_types.h>	/* trace/events/sched.h names struct folio */
#include <linux/sched.h>
#include <trace/events/sched.h>
#include <trace/events/task.h>

#include "probe.h"

/* Longer file names of programs are truncated. */
#define FILENAME_CHARS	256

/* The enum exptrace_task_state of a task that leaves its CPU. */
static __always_inline unsigned int leaving_state(bool preempt, const struct task_struct *prev,
						  unsigned int prev_state)
{
	if (preempt)
		return EXPTRACE_TASK_PREEMPTED;
	/* The most frequent states need no conversion. */
	if (likely(prev_state <= TASK_INTERRUPTIBLE))
		return prev_state;
	return __task_state_index(prev_state, READ_ONCE(prev->exit_state));
}

static notrace void probe_sched_switch(void *data, bool preempt, struct task_struct *prev,
				       struct task_struct *next, unsigned int prev_state)
{
	unsigned int type = EXPTRACE_EVENT_SCHED_SWITCH + leaving_state(preempt, prev, prev_state);
	EXPTRACE_WRITER(w);
	u32 pid = next->pid;

	if (!exptrace_begin_task(&w, EXPTRACE_EXPERIMENT_STANDARD, prev,
				 exptrace_about_switch(next), type, exptrace_max(1, 0)))
		return;
	exptrace_number(&w, pid);
	w.slot->pid = pid;
	exptrace_end(&w);
}

static __always_inline void put_wakeup(unsigned int type, const struct task_struct *p)
{
	EXPTRACE_WRITER(w);

	if (!exptrace_standard_begin_about(&w, p, type, exptrace_max(2, 0)))
		return;
	exptrace_number(&w, p->pid);
	exptrace_number(&w, task_cpu(p));
	exptrace_end(&w);
}

static notrace void probe_sched_wakeup(void *data, struct task_struct *p)
{
	put_wakeup(EXPTRACE_EVENT_SCHED_WAKEUP, p);
}

static notrace void probe_sched_wakeup_new(void *data, struct task_struct *p)
{
	put_wakeup(EXPTRACE_EVENT_SCHED_WAKEUP_NEW, p);
}

static notrace void probe_sched_migrate_task(void *data, struct task_struct *p, int dest_cpu)
{
	EXPTRACE_WRITER(w);

	if (!exptrace_standard_begin_about(&w, p, EXPTRACE_EVENT_SCHED_MIGRATE_TASK,
					   exptrace_max(3, 0)))
		return;
	exptrace_number(&w, p->pid);
	exptrace_number(&w, task_cpu(p));
	exptrace_number(&w, dest_cpu);
	exptrace_end(&w);
}

/* The kernel truncates long names too, but only after the tracepoint. */
static __always_inline void put_sched_comm(struct exptrace_writer *w, const char *comm)
{
	exptrace_string(w, comm, strnlen(comm, TASK_COMM_LEN - 1));
}

static notrace void probe_sched_process_fork(void *data, struct task_struct *parent,
					     struct task_struct *child)
{
	EXPTRACE_WRITER(w);

	if (!exptrace_standard_begin_about(&w, child, EXPTRACE_EVENT_SCHED_PROCESS_FORK,
					   exptrace_max(4, TASK_COMM_LEN)))
		return;
	exptrace_number(&w, parent->pid);
	exptrace_number(&w, child->pid);
	exptrace_number(&w, child->tgid);
	put_sched_comm(&w, child->comm);
	exptrace_end(&w);
}

static notrace void probe_sched_process_exec(void *data, struct task_struct *p, pid_t old_pid,
					     struct linux_binprm *bprm)
{
	EXPTRACE_WRITER(w);

	if (!exptrace_standard_begin(&w, EXPTRACE_EVENT_SCHED_PROCESS_EXEC,
				     exptrace_max(4, TASK_COMM_LEN + FILENAME_CHARS)))
		return;
	exptrace_number(&w, p->pid);
	exptrace_number(&w, old_pid);
	put_sched_comm(&w, p->comm);
	exptrace_string(&w, bprm->filename, strnlen(bprm->filename, FILENAME_CHARS));
	exptrace_end(&w);
}

static __always_inline void put_process_exit(const struct task_struct *p)
{
	EXPTRACE_WRITER(w);

	if (!exptrace_standard_begin_about(&w, p, EXPTRACE_EVENT_SCHED_PROCESS_EXIT,
					   exptrace_max(1, 0)))
		return;
	exptrace_number(&w, p->pid);
	exptrace_end(&w);
}

#ifdef EXPTRACE_EXIT_HAS_GROUP_DEAD
static notrace void probe_sched_process_exit(void *data, struct task_struct *p, bool group_dead)
{
	put_process_exit(p);
}
#else
static notrace void probe_sched_process_exit(void *data, struct task_struct *p)
{
	put_process_exit(p);
}
#endif

static notrace void probe_task_rename(void *data, struct task_struct *task, const char *comm)
{
	EXPTRACE_WRITER(w);

	if (!exptrace_standard_begin_about(&w, task, EXPTRACE_EVENT_TASK_RENAME,
					   exptrace_max(2, TASK_COMM_LEN)))
		return;
	exptrace_number(&w, task->pid);
	put_sched_comm(&w, comm);
	exptrace_end(&w);
}

/* @p gets the priority of @pi_task, which waits for it, or its own priority back. */
static notrace void probe_sched_pi_setprio(void *data, struct task_struct *p,
					   struct task_struct *pi_task)
{
	int newprio = pi_task ? min(p->normal_prio, pi_task->prio) : p->normal_prio;
	EXPTRACE_WRITER(w);

	if (!exptrace_standard_begin_about(&w, p, EXPTRACE_EVENT_SCHED_PI_SETPRIO,
					   exptrace_max(3, 0)))
		return;
	exptrace_number(&w, p->pid);
	exptrace_signed(&w, p->prio);
	exptrace_signed(&w, newprio);
	exptrace_end(&w);
}

static notrace void probe_sched_waking(void *data, struct task_struct *p)
{
	put_wakeup(EXPTRACE_EVENT_SCHED_WAKING, p);
}

static __always_inline void put_runtime(const struct task_struct *p, u64 runtime)
{
	EXPTRACE_WRITER(w);

	if (!exptrace_standard_begin_about(&w, p, EXPTRACE_EVENT_SCHED_STAT_RUNTIME,
					   exptrace_max(2, 0)))
		return;
	exptrace_number(&w, p->pid);
	exptrace_number(&w, runtime);
	exptrace_end(&w);
}

#ifdef EXPTRACE_RUNTIME_HAS_VRUNTIME
static notrace void probe_sched_stat_runtime(void *data, struct task_struct *p, u64 runtime,
					     u64 vruntime)
{
	put_runtime(p, runtime);
}
#else
static notrace void probe_sched_stat_runtime(void *data, struct task_struct *p, u64 runtime)
{
	put_runtime(p, runtime);
}
#endif

#define PROBES(X)						\
	X(sched_switch)						\
	X(sched_wakeup)						\
	X(sched_wakeup_new)					\
	X(sched_migrate_task)					\
	X(sched_process_fork)					\
	X(sched_process_exec)					\
	X(sched_process_exit)					\
	X(task_rename)						\
	X(sched_pi_setprio)					\
	X(sched_waking)						\
	X(sched_stat_runtime)

EXPTRACE_CHECK_PROBES(PROBES)

static const struct exptrace_probe probes[] = {
	PROBES(EXPTRACE_PROBE)
};

const struct exptrace_probes exptrace_sched_probes = EXPTRACE_PROBES(probes);
