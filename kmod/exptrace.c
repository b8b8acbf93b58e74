// SPDX-License-Identifier: GPL-2.0-only
/*
 * The recorder's state, and requests of lower layers to generation.c.
 */
#include <linux/export.h>
#include <linux/workqueue.h>

#include "exptrace.h"

struct exptrace_writers exptrace_writers;
EXPORT_SYMBOL_GPL(exptrace_writers);	/* for the writer's inline functions */

struct exptrace exptrace ____cacheline_aligned = {
	.control = __MUTEX_INITIALIZER(exptrace.control),
	.flushing = __MUTEX_INITIALIZER(exptrace.flushing),
	.settling = __SEQLOCK_UNLOCKED(exptrace.settling),
	.next_gen = 1,
};

/* Check soon whether the recording can continue. Context: hardirq or process. */
void exptrace_check_recording(void)
{
	mod_delayed_work(exptrace.wq, &exptrace.check, 0);
}

/* Request a new generation soon. Context: hardirq or process. */
void exptrace_want_advance(void)
{
	WRITE_ONCE(exptrace.large, true);
	mod_delayed_work(exptrace.wq, &exptrace.periodic, 0);
}

/*
 * Begin the next generation now, so that the recording describes what the caller has changed.
 * Returns 0 if nothing is being recorded; else as exptrace_advance(), which the callers may not
 * call directly, since it is above them in the layers.
 */
int exptrace_next_generation(bool expedited)
{
	u64 completed;

	lockdep_assert_held(&exptrace.control);

	return exptrace.recording ? exptrace.advance(expedited, &completed) : 0;
}
