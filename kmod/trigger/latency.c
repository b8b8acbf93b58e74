// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trigger on wake-up latency: a thread runs later after its wake-up than allowed.
 *
 * While there is a threshold and something is recorded, dedicated probes note wake-ups in
 * a table indexed by a hash of the pid. Threads whose pids collide overwrite each other's
 * notes, so a late thread may be missed. But there are no false positives, because a note
 * has the pid of its thread.
 */
#include <linux/hash.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/tracepoint.h>
#include <trace/events/sched.h>

#include "experiment.h"
#include "trigger.h"

#define TABLE_BITS	12
#define TIME_BITS	40

/*
 * A note: the pid, and the time in units of 1,024 ns modulo 2^40; 0 is empty. It is one
 * word, so never torn.
 */
static u64 *notes;		/* allocated while there is a threshold; exptrace.control */
static bool attached;		/* the probes are attached; exptrace.control */

/* Written under exptrace.control, read anywhere. */
static u64 threshold_us;	/* 0: none */
static u64 threshold_units;	/* the same in the notes' units; valid unless that is 0 */
static const void *threshold_owner;	/* file that set it, and clears it when closed; or NULL */

static __always_inline u64 now_units(void)
{
	return (ktime_get_mono_fast_ns() >> 10) & (BIT_ULL(TIME_BITS) - 1);
}

static __always_inline u64 *note_of(pid_t pid)
{
	return &notes[hash_32(pid, TABLE_BITS)];
}

static __always_inline bool note_is_of(u64 note, pid_t pid)
{
	return note && note >> TIME_BITS == (u64)pid;
}

static notrace void probe_sched_wakeup(void *data, struct task_struct *p)
{
	WRITE_ONCE(*note_of(p->pid), (u64)p->pid << TIME_BITS | now_units());
}

static notrace void probe_sched_switch(void *data, bool preempt, struct task_struct *prev,
				       struct task_struct *next, unsigned int prev_state)
{
	u64 note = READ_ONCE(*note_of(next->pid));

	/* It may have been woken while running: that must not count when it runs again. */
	if (note_is_of(READ_ONCE(*note_of(prev->pid)), prev->pid))
		WRITE_ONCE(*note_of(prev->pid), 0);
	if (!note_is_of(note, next->pid))
		return;
	WRITE_ONCE(*note_of(next->pid), 0);
	if (((now_units() - note) & (BIT_ULL(TIME_BITS) - 1)) > READ_ONCE(threshold_units))
		exptrace_trigger_fire();
}

#define PROBES(X)						\
	X(sched_wakeup)						\
	X(sched_switch)

EXPTRACE_CHECK_PROBES(PROBES)

static const struct exptrace_hook hooks[] = {
	{ "sched_wakeup", probe_sched_wakeup },
	{ "sched_wakeup_new", probe_sched_wakeup },
	{ "sched_switch", probe_sched_switch },
};

/* Start with an empty table. */
static int attach_latency_probes(void)
{
	int err;

	memset(notes, 0, BIT(TABLE_BITS) * sizeof(*notes));
	err = exptrace_hook(hooks, ARRAY_SIZE(hooks), NULL);
	attached = !err;
	return err;
}

/*
 * A recording is about to begin. Returns 0 or the error from attaching a probe. The
 * caller must call exptrace_latency_end() in either case.
 */
int exptrace_latency_begin(void)
{
	lockdep_assert_held(&exptrace.control);

	return threshold_us ? attach_latency_probes() : 0;
}

/* The recording has ended, so there is nothing to take a snapshot of. */
void exptrace_latency_end(void)
{
	lockdep_assert_held(&exptrace.control);

	if (attached)
		exptrace_unhook(hooks, ARRAY_SIZE(hooks), NULL);
	attached = false;
}

static int alloc_notes(void)
{
	int err = 0;

	if (exptrace_can_hook(hooks, ARRAY_SIZE(hooks)))
		return -ENOENT;		/* as docs/uapi.md says */
	notes = kvcalloc(BIT(TABLE_BITS), sizeof(*notes), GFP_KERNEL);
	if (!notes)
		return -ENOMEM;
	if (exptrace.recording)
		err = attach_latency_probes();
	if (err)
		kvfree(notes);
	return err;
}

static void free_notes(void)
{
	exptrace_latency_end();
	kvfree(notes);
}

/* On error, nothing has changed. */
static int change_threshold(u64 us)
{
	int err = 0;

	lockdep_assert_held(&exptrace.control);

	/* Set before the probes run; if they already run, it takes effect at once. */
	if (us)
		WRITE_ONCE(threshold_units, div_u64(us * NSEC_PER_USEC, 1024));
	if (us && !threshold_us)
		err = alloc_notes();
	else if (!us && threshold_us)
		free_notes();
	if (!err)
		WRITE_ONCE(threshold_us, us);
	return err;
}

/**
 * exptrace_trigger_set_latency - set the latency threshold
 * @us:		fire when a thread runs more than this many microseconds after its
 *		wake-up; 0: never
 * @owner:	exptrace_trigger_disown() of this owner clears the threshold; or NULL
 *
 * Context: process. Return: 0; -EINVAL above an hour; -ENOMEM; -ENOENT if this kernel
 * lacks a tracepoint for it.
 */
int exptrace_trigger_set_latency(u64 us, const void *owner)
{
	int err;

	if (us > 3600ULL * USEC_PER_SEC)
		return -EINVAL;
	err = exptrace_lock_control();
	if (err)
		return err;
	err = change_threshold(us);
	if (!err)
		WRITE_ONCE(threshold_owner, owner);
	mutex_unlock(&exptrace.control);
	return err;
}

/*
 * Clear the threshold that @owner set, unless somebody has set another one since. As in
 * exptrace_stop_owner(), the unlocked check is safe because only @owner itself can set
 * @owner.
 */
void exptrace_trigger_disown(const void *owner)
{
	if (READ_ONCE(threshold_owner) != owner)
		return;
	mutex_lock(&exptrace.control);
	if (threshold_owner == owner) {
		change_threshold(0);
		WRITE_ONCE(threshold_owner, NULL);
	}
	mutex_unlock(&exptrace.control);
}

u64 exptrace_trigger_latency(void)
{
	return READ_ONCE(threshold_us);
}

void exptrace_latency_exit(void)
{
	mutex_lock(&exptrace.control);
	change_threshold(0);
	mutex_unlock(&exptrace.control);
}
