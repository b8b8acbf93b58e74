// SPDX-License-Identifier: GPL-2.0-only
/*
 * A condition of the trigger: a thread runs later after it was woken than allowed.
 *
 * Probes of its own, attached only while there is a threshold, note when a thread
 * was woken in a table that is indexed by its pid. Threads whose pids collide
 * overwrite each other's note: then a late one may be missed, but none is invented,
 * for a note says whose it is.
 */
#include <linux/hash.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/tracepoint.h>
#include <trace/events/sched.h>

#include "experiment.h"
#include "trigger.h"

#define TABLE_BITS	12
#define TIME_BITS	40

/* A note: pid, and 1,024 ns units modulo 2^40; 0: none. One word, so never torn. */
static u64 *notes;
static u64 threshold_us;	/* exptrace.control */
static u64 threshold_units;	/* constant while the probes are attached */

static __always_inline u64 now_units(void)
{
	return (ktime_get_mono_fast_ns() >> 10) & (BIT_ULL(TIME_BITS) - 1);
}

static __always_inline u64 *note_of(pid_t pid)
{
	return &notes[hash_32(pid, TABLE_BITS)];
}

static __always_inline bool is_about(u64 note, pid_t pid)
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

	/* Woken while it ran, say: it must not count when it runs again. */
	if (is_about(READ_ONCE(*note_of(prev->pid)), prev->pid))
		WRITE_ONCE(*note_of(prev->pid), 0);
	if (!is_about(note, next->pid))
		return;
	WRITE_ONCE(*note_of(next->pid), 0);
	if (((now_units() - note) & (BIT_ULL(TIME_BITS) - 1)) > threshold_units)
		exptrace_trigger_fire();
}

#define PROBES(X)						\
	X(sched_wakeup)						\
	X(sched_switch)

EXPTRACE_CHECK_PROBES(PROBES)

static const struct {
	const char	*name;
	void		*probe;
} probes[] = {
	{ "sched_wakeup", probe_sched_wakeup },
	{ "sched_wakeup_new", probe_sched_wakeup },
	{ "sched_switch", probe_sched_switch },
};

static void detach(unsigned int nr)
{
	while (nr--)
		tracepoint_probe_unregister(exptrace_tracepoint(probes[nr].name), probes[nr].probe,
					    NULL);
	tracepoint_synchronize_unregister();
}

static int attach(void)
{
	struct tracepoint *tp;
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		tp = exptrace_tracepoint(probes[i].name);
		err = tp ? tracepoint_probe_register(tp, probes[i].probe, NULL) : -ENOENT;
		if (err) {
			detach(i);
			return err;
		}
	}
	return 0;
}

static int change(u64 us)
{
	lockdep_assert_held(&exptrace.control);

	if (threshold_us) {
		detach(ARRAY_SIZE(probes));
		threshold_us = 0;
		kvfree(notes);
	}
	if (!us)
		return 0;
	notes = kvcalloc(BIT(TABLE_BITS), sizeof(*notes), GFP_KERNEL);
	if (!notes)
		return -ENOMEM;
	threshold_units = div_u64(us * NSEC_PER_USEC, 1024);
	if (attach()) {
		kvfree(notes);
		return -ENOENT;
	}
	threshold_us = us;
	return 0;
}

/**
 * exptrace_trigger_set_latency - set the threshold
 * @us:	fire when a thread runs more than so many microseconds after it was woken;
 *	0: never
 *
 * Context: process. Return: 0; -EINVAL above an hour; -ENOMEM; -ENOENT if this
 * kernel lacks a tracepoint for it.
 */
int exptrace_trigger_set_latency(u64 us)
{
	int err;

	if (us > 3600ULL * USEC_PER_SEC)
		return -EINVAL;
	mutex_lock(&exptrace.control);
	err = change(us);
	mutex_unlock(&exptrace.control);
	return err;
}

u64 exptrace_trigger_latency(void)
{
	return READ_ONCE(threshold_us);
}

void exptrace_latency_exit(void)
{
	exptrace_trigger_set_latency(0);
}
