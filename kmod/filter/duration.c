// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long a system call took, and how long a thread ran before it left its CPU.
 *
 * A probe of its own notes when each thread entered its present system call, in a
 * table of fixed size. A thread's note lies in one of the few places that its id
 * allows. If they are all taken, the oldest is given up: it is of the thread that has
 * slept longest. What has no note is recorded rather than lost. Another probe takes
 * away the note of a thread that ends, since it does not return from that call; and one
 * passes on the note of a thread that takes its process's id by executing a program.
 *
 * These probes are attached only while something is recorded: one of sys_enter sends
 * every system call of the machine the long way.
 */
#include <linux/atomic.h>
#include <linux/binfmts.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/hash.h>
#include <linux/mm_types.h>	/* trace/events/sched.h names struct folio */
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/tracepoint.h>
#include <trace/events/sched.h>
#include <trace/events/syscalls.h>

#include "duration.h"
#include "experiment.h"

#define GROUP_BITS	11
#define GROUP_NOTES	8

/* In the place of a thread's id: nobody's; being written. */
#define NOBODY		0U
#define CHANGING	(~0U)

/**
 * struct note - when a thread entered its system call
 * @pid:	the thread, or NOBODY or CHANGING; changed with cmpxchg(), so that one
 *		at a time writes @since
 * @since:	then, by CLOCK_MONOTONIC; read between two looks at @pid
 */
struct note {
	u32	pid;
	u64	since;
};

/**
 * struct exptrace_calls - the notes
 * @attached:	the probes are attached, which note; exptrace.control
 * @notes:	in groups: a thread's is in that of its id
 */
struct exptrace_calls {
	bool		attached;
	struct note	notes[BIT(GROUP_BITS)][GROUP_NOTES];
};

/* Of the places that @pid allows, the one that it has, else one that is free, else the oldest. */
static __always_inline struct note *place_of(struct exptrace_calls *calls, u32 pid)
{
	struct note *group = calls->notes[hash_32(pid, GROUP_BITS)], *oldest = group;
	unsigned int i;

	for (i = 0; i < GROUP_NOTES; i++)
		if (READ_ONCE(group[i].pid) == pid)
			return &group[i];
	for (i = 0; i < GROUP_NOTES; i++) {
		if (READ_ONCE(group[i].pid) == NOBODY)
			return &group[i];
		if (READ_ONCE(group[i].since) < READ_ONCE(oldest->since))
			oldest = &group[i];
	}
	return oldest;
}

/* The call of @pid, a thread that is here, began at @since. */
static __always_inline void take_note(struct exptrace_calls *calls, u32 pid, u64 since)
{
	struct note *note = place_of(calls, pid);
	u32 before = READ_ONCE(note->pid);

	/* If another thread has just taken it, this call goes without. */
	if (before == CHANGING || cmpxchg(&note->pid, before, CHANGING) != before)
		return;
	WRITE_ONCE(note->since, since);
	/* Pairs with the acquire in take_away(). */
	smp_store_release(&note->pid, pid);
}

/* Takes away the note of @pid, if there is one: else false. @since: when its call began. */
static __always_inline bool take_away(struct exptrace_calls *calls, u32 pid, u64 *since)
{
	struct note *note = place_of(calls, pid);

	/* Pairs with the release in take_note(). */
	if (smp_load_acquire(&note->pid) != pid)
		return false;
	*since = READ_ONCE(note->since);
	/* If it is still ours, nobody else has written. */
	return cmpxchg(&note->pid, pid, NOBODY) == pid;
}

static notrace void probe_sys_enter(void *data, struct pt_regs *regs, long id)
{
	take_note(data, current->pid, ktime_get_mono_fast_ns());
}

/* The thread that had that id was its process's first, and has ended without returning. */
static notrace void probe_sched_process_exec(void *data, struct task_struct *p, pid_t old_pid,
					     struct linux_binprm *bprm)
{
	u64 since;

	if (old_pid != p->pid && take_away(data, old_pid, &since))
		take_note(data, p->pid, since);
}

/* The call in which a thread ends has another number in each ABI, so it is noted as any. */
static __always_inline void forget(struct exptrace_calls *calls, u32 pid)
{
	struct note *note = place_of(calls, pid);

	cmpxchg(&note->pid, pid, NOBODY);
}

#ifdef EXPTRACE_EXIT_HAS_GROUP_DEAD
static notrace void probe_sched_process_exit(void *data, struct task_struct *p, bool group_dead)
{
	forget(data, p->pid);
}
#else
static notrace void probe_sched_process_exit(void *data, struct task_struct *p)
{
	forget(data, p->pid);
}
#endif

#define PROBES(X)						\
	X(sched_process_exit)					\
	X(sched_process_exec)					\
	X(sys_enter)

EXPTRACE_CHECK_PROBES(PROBES)

/* In this order, so that no call is noted of a thread whose end, or other id, is not seen. */
static const struct exptrace_hook hooks[] = {
	{ "sched_process_exit", probe_sched_process_exit },
	{ "sched_process_exec", probe_sched_process_exec },
	{ "sys_enter", probe_sys_enter },
};

/**
 * exptrace_calls_ended - how long did the present thread's system call take?
 * @calls:	the notes
 * @ns:		out: nanoseconds
 *
 * Context: task. Return: false if there is no note of its beginning.
 */
notrace bool exptrace_calls_ended(struct exptrace_calls *calls, u64 *ns)
{
	u64 now = ktime_get_mono_fast_ns(), since;

	if (!take_away(calls, current->pid, &since))
		return false;
	/* An earlier thread with this id took another by executing a program, and failed. */
	if (since < current->start_time)
		return false;
	*ns = now > since ? now - since : 0;
	return true;
}

/* Room for notes, or an error: -EOPNOTSUPP if this kernel lacks a tracepoint, -ENOMEM. */
struct exptrace_calls *exptrace_calls_alloc(void)
{
	struct exptrace_calls *calls;
	int err;

	err = exptrace_can_hook(hooks, ARRAY_SIZE(hooks));
	if (err)
		return ERR_PTR(err);
	calls = kvzalloc(sizeof(*calls), GFP_KERNEL);
	return calls ?: ERR_PTR(-ENOMEM);
}

/*
 * Begins to note when system calls begin, with nothing known of those that have. Caller
 * holds exptrace.control. Returns 0 or what attaching a probe returns.
 */
int exptrace_calls_begin(struct exptrace_calls *calls)
{
	int err;

	lockdep_assert_held(&exptrace.control);

	memset(calls->notes, 0, sizeof(calls->notes));
	err = exptrace_hook(hooks, ARRAY_SIZE(hooks), calls);
	calls->attached = !err;
	return err;
}

/* Ends that, if it has begun. */
void exptrace_calls_end(struct exptrace_calls *calls)
{
	lockdep_assert_held(&exptrace.control);

	if (calls->attached)
		exptrace_unhook(hooks, ARRAY_SIZE(hooks), calls);
	calls->attached = false;
}

/* Nobody looks at the notes any more; they may be NULL. */
void exptrace_calls_free(struct exptrace_calls *calls)
{
	if (!calls)
		return;
	exptrace_calls_end(calls);
	kvfree(calls);
}

/*
 * This CPU switches threads: has the one that leaves run for @min_ns? So it is taken
 * to have if nothing is known of when it came. Interrupts are off.
 */
notrace bool exptrace_ran(u64 __percpu *switched, u64 min_ns)
{
	u64 *last = this_cpu_ptr(switched), before = *last;

	*last = ktime_get_mono_fast_ns();
	return !before || *last - before >= min_ns;
}

/* Nothing is known any more. No writer runs. */
void exptrace_ran_forget(u64 __percpu *switched)
{
	u64 *last;
	int cpu;

	for_each_possible_cpu(cpu) {
		last = per_cpu_ptr(switched, cpu);
		*last = 0;
	}
}
