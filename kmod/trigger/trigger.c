// SPDX-License-Identifier: GPL-2.0-only
/*
 * Triggers: the kernel itself requests a snapshot.
 *
 * A reader that waits in SNAPSHOT arms the trigger. When the trigger fires, in any
 * context, a work item completes the current generation and holds all complete ones, so
 * that the reader still finds what led to the event.
 */
#include <linux/atomic.h>
#include <linux/irq_work.h>
#include <linux/sched.h>
#include <linux/wait.h>

#include "flush.h"
#include "trigger.h"

/**
 * struct trigger - the waiting reader and its result
 * @armed:	a reader waits; written under exptrace.control, read anywhere
 * @done:	the snapshot was made, or failed with @result, and the reader has not seen
 *		that yet; likewise
 * @result:	0 or -errno; exptrace.control
 * @first:	first generation held; exptrace.control
 * @last:	last generation held; exptrace.control
 * @fired:	how often the trigger has fired
 * @before:	value of @fired when the reader began to wait; exptrace.control
 */
static struct trigger {
	bool		armed;
	bool		done;
	int		result;
	u64		first;
	u64		last;
	atomic64_t	fired;
	u64		before;
} trigger;

static DECLARE_WAIT_QUEUE_HEAD(waitqueue);

/* Complete the current generation, if any, and hold all complete ones. */
static int trigger_hold(u64 *first, u64 *last)
{
	int err;

	lockdep_assert_held(&exptrace.control);

	err = exptrace_next_generation(true);
	/*
	 * If there is no room for another generation, the earlier ones are still worth
	 * holding.
	 */
	if (err && err != -ENOBUFS)
		return err;
	return exptrace_freeze(first, last);
}

/* Pass @result to the waiting reader, which must exist. */
static void trigger_finish(int result)
{
	trigger.result = result;
	WRITE_ONCE(trigger.armed, false);
	WRITE_ONCE(trigger.done, true);
	wake_up_interruptible(&waitqueue);
}

static void make_snapshot(struct work_struct *work)
{
	mutex_lock(&exptrace.control);
	if (trigger.armed && exptrace_triggers() != trigger.before)
		trigger_finish(trigger_hold(&trigger.first, &trigger.last));
	mutex_unlock(&exptrace.control);
}

/* The recording was stopped, so nothing will fire. Caller holds exptrace.control. */
void exptrace_trigger_cancel(void)
{
	lockdep_assert_held(&exptrace.control);

	if (trigger.armed)
		trigger_finish(-ECANCELED);
}

static DECLARE_WORK(snapshot_work, make_snapshot);

static void queue_snapshot(struct irq_work *work)
{
	queue_work(exptrace.wq, &snapshot_work);
}

static DEFINE_IRQ_WORK(fire_work, queue_snapshot);

/* Fire the trigger. Without a waiting reader this is only counted. Context: any. */
notrace void exptrace_trigger_fire(void)
{
	atomic64_inc(&trigger.fired);
	if (READ_ONCE(trigger.armed))
		irq_work_queue(&fire_work);
}

u64 exptrace_triggers(void)
{
	return atomic64_read(&trigger.fired);
}

/* Is a reader waiting? This and the next two functions take no lock. */
bool exptrace_trigger_armed(void)
{
	return READ_ONCE(trigger.armed);
}

/* Is there a snapshot or error that the waiting reader has not seen yet? */
bool exptrace_trigger_done(void)
{
	return READ_ONCE(trigger.done);
}

/* Has the trigger fired, but the snapshot work not started? */
bool exptrace_trigger_pending(void)
{
	return irq_work_is_pending(&fire_work) || work_pending(&snapshot_work);
}

/*
 * Complete the current generation, and hold all complete ones. Returns 0, -EBUSY if a
 * snapshot is already held, -EAGAIN if there is nothing to hold, -ENOMEM, or -ERESTARTSYS.
 */
int exptrace_trigger_snapshot(u64 *first, u64 *last)
{
	int err;

	err = exptrace_lock_control();
	if (err)
		return err;
	err = trigger_hold(first, last);
	mutex_unlock(&exptrace.control);
	return err;
}

static int trigger_arm(void)
{
	int err;

	err = exptrace_lock_control();
	if (err)
		return err;
	if (trigger.armed || trigger.done) {
		err = -EBUSY;
	} else if (!exptrace.recording) {
		err = -ECANCELED;
	} else {
		trigger.before = exptrace_triggers();
		WRITE_ONCE(trigger.armed, true);
	}
	mutex_unlock(&exptrace.control);
	return err;
}

/*
 * Wait for the trigger. Returns as exptrace_trigger_snapshot(); also -EBUSY if another
 * reader waits, and -ECANCELED if nothing is recorded or the recording stops.
 */
int exptrace_trigger_wait(u64 *first, u64 *last)
{
	int err;

	err = trigger_arm();
	if (err)
		return err;
	err = wait_event_interruptible(waitqueue, READ_ONCE(trigger.done));

	mutex_lock(&exptrace.control);
	WRITE_ONCE(trigger.armed, false);
	if (trigger.done) {
		err = trigger.result;
		*first = trigger.first;
		*last = trigger.last;
		WRITE_ONCE(trigger.done, false);
	}
	mutex_unlock(&exptrace.control);
	return err;
}

/* No file is open, and nothing fires any more. */
void exptrace_trigger_exit(void)
{
	irq_work_sync(&fire_work);
	cancel_work_sync(&snapshot_work);
}
