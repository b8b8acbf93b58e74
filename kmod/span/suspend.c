// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suspend: the time span of a generation, which ends when the clocks stop.
 *
 * While the machine sleeps, CLOCK_MONOTONIC stands still, and the TSC continues or
 * restarts from 0. So no generation spans suspend: a probe ends the generations that
 * writers use just before, and a work item begins the next one soon after. Nothing is
 * recorded in between.
 *
 * The tracepoint suspend_resume reports both moments for all sleep states on all
 * supported kernels. Syscore operations would not be called for suspend to idle (s2idle),
 * and PM notifiers run seconds too early: drivers suspend after them, which users want to
 * see. Just before the clocks stop, interrupts are off and all other CPUs are offline or
 * idle, so apart from NMIs nobody is writing an event.
 */
#include <linux/irq_work.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <trace/events/power.h>

#include "experiment.h"
#include "span.h"

/* By generation parity; written under @lock. */
static struct exptrace_span spans[2];

/* Protects spans, and orders publication of a generation against the end of its span. */
static DEFINE_RAW_SPINLOCK(lock);

/* Begin generation @gen. Must be called before its slots are published. */
const struct exptrace_clock_snapshot *exptrace_span_begin(u64 gen)
{
	struct exptrace_span *span = &spans[gen & 1];
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	exptrace_bends_first(&span->bends);
	exptrace_clock_snapshot(&span->begin);
	span->ended = false;
	raw_spin_unlock_irqrestore(&lock, flags);
	return &span->begin;
}

static void end_span(struct exptrace_span *span)
{
	lockdep_assert_held(&lock);

	if (span->ended)
		return;
	exptrace_clock_snapshot(&span->end);
	exptrace_bends_take(&span->bends, &span->begin, &span->end);
	WRITE_ONCE(span->ended, true);
}

/*
 * End generation @gen, unless it has already ended. No writer uses it any more, and all
 * of its events are older.
 */
const struct exptrace_span *exptrace_span_end(u64 gen)
{
	struct exptrace_span *span = &spans[gen & 1];
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	end_span(span);
	raw_spin_unlock_irqrestore(&lock, flags);
	return span;
}

/* Has generation @gen ended? It must be the newest one or the one before. */
bool exptrace_span_ended(u64 gen)
{
	return READ_ONCE(spans[gen & 1].ended);
}

/*
 * Publish @slots of generation @gen to writers, or NULL for none. A generation that has
 * already ended stays empty.
 */
void exptrace_span_publish(u64 gen, struct exptrace_slot __percpu *slots)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	/* Pairs with the address dependency in exptrace_acquire(). */
	smp_store_release(&exptrace_writers.slots, spans[gen & 1].ended ? NULL : slots);
	raw_spin_unlock_irqrestore(&lock, flags);
}

/* The clocks are about to stop. Interrupts are off, and no other CPU runs. */
static void pause_recording(void)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	WRITE_ONCE(exptrace_writers.slots, NULL);
	end_span(&spans[0]);
	end_span(&spans[1]);
	raw_spin_unlock_irqrestore(&lock, flags);
}

static void check_recording_work(struct irq_work *work)
{
	exptrace_check_recording();
}

static DEFINE_IRQ_WORK(resume_work, check_recording_work);

static bool stops_clocks(const char *action, bool start)
{
	return start && (!strcmp(action, "syscore_suspend") ||
			 !strcmp(action, "timekeeping_freeze"));
}

/* If a wake-up kept the clocks from stopping, only devices resume. */
static bool resumes(const char *action, bool start)
{
	if (start)
		return !strcmp(action, "dpm_resume_noirq");
	return !strcmp(action, "syscore_resume") || !strcmp(action, "timekeeping_freeze");
}

static notrace void probe_suspend_resume(void *data, const char *action, int val, bool start)
{
	if (stops_clocks(action, start))
		pause_recording();
	else if (resumes(action, start))
		irq_work_queue(&resume_work);
}

#define PROBES(X)						\
	X(suspend_resume)

EXPTRACE_CHECK_PROBES(PROBES)

static const struct exptrace_hook hooks[] = {
	{ "suspend_resume", probe_suspend_resume },
};

static bool attached;	/* the probe is attached; exptrace.control */

/*
 * A recording is about to begin. Returns 0 or the error from attaching a probe. The
 * caller must call exptrace_suspend_end() in either case.
 */
int exptrace_suspend_begin(void)
{
	int err;

	lockdep_assert_held(&exptrace.control);

	/* A kernel without the tracepoint has no suspend. */
	if (exptrace_can_hook(hooks, ARRAY_SIZE(hooks)))
		return 0;
	err = exptrace_hook(hooks, ARRAY_SIZE(hooks), NULL);
	attached = !err;
	return err;
}

/* The span of the last generation has ended. */
void exptrace_suspend_end(void)
{
	lockdep_assert_held(&exptrace.control);

	if (attached)
		exptrace_unhook(hooks, ARRAY_SIZE(hooks), NULL);
	attached = false;
}

/* Nothing is recorded any more (invariant 11). */
void exptrace_suspend_exit(void)
{
	irq_work_sync(&resume_work);
}
