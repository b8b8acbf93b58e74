// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sessions: a reader reads one recording, from its beginning to its end.
 */
#include "flush.h"

/* New generations belong to the next recording, which readers don't see yet. */
void exptrace_session_prepare(void)
{
	unsigned long flags;

	flags = exptrace_pool_lock();
	exptrace_flush.opening = exptrace_flush.begun + 1;
	exptrace_flush.evicted_generations = 0;
	exptrace_flush.evicted_events = 0;
	exptrace_pool_unlock(flags);
}

/* The start can't fail any more: readers see the recording. */
void exptrace_session_begin(void)
{
	unsigned long flags;

	flags = exptrace_pool_lock();
	exptrace_flush.begun = exptrace_flush.opening;
	exptrace_kick_readers();
	exptrace_pool_unlock(flags);
}

void exptrace_session_end(void)
{
	unsigned long flags;

	flags = exptrace_pool_lock();
	exptrace_flush.ended = exptrace_flush.begun;
	exptrace_kick_readers();
	exptrace_pool_unlock(flags);
}

/* Number of the recording for a new reader: the next one if all of the last was read. */
u64 exptrace_session_to_read(void)
{
	const struct exptrace_flush *flush = &exptrace_flush;
	const struct exptrace_generation *first;
	unsigned long flags;
	u64 session;

	flags = exptrace_pool_lock();
	first = exptrace_oldest();
	session = flush->begun;
	if (flush->begun == flush->ended && (!first || first->session != session))
		session++;
	exptrace_pool_unlock(flags);
	return session;
}
