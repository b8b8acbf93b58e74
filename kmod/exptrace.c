// SPDX-License-Identifier: GPL-2.0-only
/*
 * The recorder's state, and how a layer below asks for a generation.
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

/* Has the recording looked after, soon. Context: hardirq or process. */
void exptrace_check_recording(void)
{
	mod_delayed_work(exptrace.wq, &exptrace.check, 0);
}

/* Asks for a new generation, soon. Context: hardirq or process. */
void exptrace_want_advance(void)
{
	WRITE_ONCE(exptrace.large, true);
	mod_delayed_work(exptrace.wq, &exptrace.periodic, 0);
}

/*
 * A recording learns of a change with its next generation, which begins now. Returns 0 if
 * nothing is recorded; else as exptrace_advance(), which is in a layer above those that call
 * this.
 */
int exptrace_next_generation(bool expedited)
{
	u64 completed;

	lockdep_assert_held(&exptrace.control);

	return exptrace.recording ? exptrace.advance(expedited, &completed) : 0;
}
