// SPDX-License-Identifier: GPL-2.0-only
/*
 * Duration of system calls, and how long a thread ran before it left its CPU.
 *
 * A probe notes when each thread entered its current system call, in a table of fixed
 * size. A thread's note can be in one of a few entries, selected by its id. If all of
 * them are taken, the oldest note is dropped: its thread has been in its call the
 * longest. A call without a note is recorded rather than lost. A second probe removes the
 * note of a thread that ends, because it never returns from that call. A third one moves
 * the note of a thread that takes its process's id by executing a program.
 *
 * The probes are attached only while something is recorded: a probe of sys_enter sends
 * every system call of the machine through the slow entry path.
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
#define NOTES_PER_GROUP	8

/* Values of note.pid that are no thread: the note is free; it is being written. */
#define NO_THREAD	0U
#define CHANGING	(~0U)

/**
 * struct note - when a thread entered its system call
 * @pid:	the thread, or NO_THREAD or CHANGING; changed with cmpxchg(), so that only
 *		one CPU at a time writes @since
 * @since:	that moment, by CLOCK_MONOTONIC; readers check @pid before and after
 */
struct note {
	u32	pid;
	u64	since;
};

/**
 * struct exptrace_calls - the notes of all threads
 * @attached:	the probes are attached; exptrace.control
 * @notes:	in groups; a thread id hashes to a group
 */
struct exptrace_calls {
	bool		attached;
	struct note	notes[BIT(GROUP_BITS)][NOTES_PER_GROUP];
};

/* The note of @pid; or else a free one of its group; or else the oldest of its group. */
static __always_inline struct note *call_note_of(struct exptrace_calls *calls, u32 pid)
{
	struct note *group = calls->notes[hash_32(pid, GROUP_BITS)], *oldest = group;
	unsigned int i;

	for (i = 0; i < NOTES_PER_GROUP; i++)
		if (READ_ONCE(group[i].pid) == pid)
			return &group[i];
	for (i = 0; i < NOTES_PER_GROUP; i++) {
		if (READ_ONCE(group[i].pid) == NO_THREAD)
			return &group[i];
		if (READ_ONCE(group[i].since) < READ_ONCE(oldest->since))
			oldest = &group[i];
	}
	return oldest;
}

/* Note that @pid, a thread on this CPU, entered its call at @since. */
static __always_inline void note_call(struct exptrace_calls *calls, u32 pid, u64 since)
{
	struct note *note = call_note_of(calls, pid);
	u32 before = READ_ONCE(note->pid);

	/* If another thread is just taking this note, the call goes without one. */
	if (before == CHANGING || cmpxchg(&note->pid, before, CHANGING) != before)
		return;
	WRITE_ONCE(note->since, since);
	/* Pairs with the acquire in take_call_note(). */
	smp_store_release(&note->pid, pid);
}

/*
 * Remove the note of @pid and set @since to when its call began. Returns false if there
 * is none.
 */
static __always_inline bool take_call_note(struct exptrace_calls *calls, u32 pid, u64 *since)
{
	struct note *note = call_note_of(calls, pid);

	/* Pairs with the release in note_call(). */
	if (smp_load_acquire(&note->pid) != pid)
		return false;
	*since = READ_ONCE(note->since);
	/* If it is still ours, nobody has overwritten @since. */
	return cmpxchg(&note->pid, pid, NO_THREAD) == pid;
}

static notrace void probe_sys_enter(void *data, struct pt_regs *regs, long id)
{
	note_call(data, current->pid, ktime_get_mono_fast_ns());
}

/*
 * The thread that had @p's new id was the process's leader. It ended without returning
 * from its call, so its note is overwritten.
 */
static notrace void probe_sched_process_exec(void *data, struct task_struct *p, pid_t old_pid,
					     struct linux_binprm *bprm)
{
	u64 since;

	if (old_pid != p->pid && take_call_note(data, old_pid, &since))
		note_call(data, p->pid, since);
}

/*
 * The call in which a thread ends has a different number in each ABI, so every call is
 * noted and removed here.
 */
static __always_inline void forget_call_of(struct exptrace_calls *calls, u32 pid)
{
	struct note *note = call_note_of(calls, pid);

	cmpxchg(&note->pid, pid, NO_THREAD);
}

#ifdef EXPTRACE_EXIT_HAS_GROUP_DEAD
static notrace void probe_sched_process_exit(void *data, struct task_struct *p, bool group_dead)
{
	forget_call_of(data, p->pid);
}
#else
static notrace void probe_sched_process_exit(void *data, struct task_struct *p)
{
	forget_call_of(data, p->pid);
}
#endif

#define PROBES(X)						\
	X(sched_process_exit)					\
	X(sched_process_exec)					\
	X(sys_enter)

EXPTRACE_CHECK_PROBES(PROBES)

/* The order matters: no call must be noted before ends and changed ids of threads are seen. */
static const struct exptrace_hook hooks[] = {
	{ "sched_process_exit", probe_sched_process_exit },
	{ "sched_process_exec", probe_sched_process_exec },
	{ "sys_enter", probe_sys_enter },
};

/**
 * exptrace_calls_ended - how long did the current thread's system call take?
 * @calls:	the notes
 * @ns:		out: nanoseconds
 *
 * Context: task. Return: false if there is no note of when it began.
 */
notrace bool exptrace_calls_ended(struct exptrace_calls *calls, u64 *ns)
{
	u64 now = ktime_get_mono_fast_ns(), since;

	if (!take_call_note(calls, current->pid, &since))
		return false;
	/*
	 * The note is of an earlier thread with this id, which took another id by
	 * executing a program, and then failed.
	 */
	if (since < current->start_time)
		return false;
	*ns = now > since ? now - since : 0;
	return true;
}

/*
 * Allocate a table of notes. Returns an error pointer: -EOPNOTSUPP if this kernel lacks a
 * tracepoint, or -ENOMEM.
 */
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
 * Start to note when system calls begin, with an empty table. Caller holds
 * exptrace.control. Returns 0 or the error from attaching a probe.
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

/* Undo exptrace_calls_begin() if it succeeded. */
void exptrace_calls_end(struct exptrace_calls *calls)
{
	lockdep_assert_held(&exptrace.control);

	if (calls->attached)
		exptrace_unhook(hooks, ARRAY_SIZE(hooks), calls);
	calls->attached = false;
}

/* Free the notes, which nobody uses any more; @calls may be NULL. */
void exptrace_calls_free(struct exptrace_calls *calls)
{
	if (!calls)
		return;
	exptrace_calls_end(calls);
	kvfree(calls);
}

/*
 * This CPU switches threads: did the leaving thread run for at least @min_ns? The answer
 * is yes if its arrival is unknown. Interrupts are off.
 */
notrace bool exptrace_ran(u64 __percpu *switched, u64 min_ns)
{
	u64 *last = this_cpu_ptr(switched), before = *last;

	*last = ktime_get_mono_fast_ns();
	return !before || *last - before >= min_ns;
}

/* Forget when threads arrived on their CPUs. No writer runs. */
void exptrace_ran_forget(u64 __percpu *switched)
{
	u64 *last;
	int cpu;

	for_each_possible_cpu(cpu) {
		last = per_cpu_ptr(switched, cpu);
		*last = 0;
	}
}
