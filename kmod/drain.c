// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reader's end of the flush lists.
 */
#include <linux/slab.h>

#include "flush.h"

static enum exptrace_next next_of(const struct exptrace_generation *gen, u64 session)
{
	if (session < exptrace_flush.begun)
		return EXPTRACE_NEXT_END;
	if (session > exptrace_flush.begun)
		return EXPTRACE_NEXT_NOTHING;
	if (!gen || gen->session != session)
		return session == exptrace_flush.ended ? EXPTRACE_NEXT_END : EXPTRACE_NEXT_NOTHING;
	if (!list_empty(&gen->full))
		return EXPTRACE_NEXT_BATCH;
	return gen->complete ? EXPTRACE_NEXT_END_OF_GENERATION : EXPTRACE_NEXT_NOTHING;
}

/*
 * What would exptrace_take() find for a reader of recording @session? With @after_first, as if
 * the reader had ended the oldest generation.
 */
enum exptrace_next exptrace_peek(u64 session, bool after_first)
{
	struct exptrace_generation *gen;
	enum exptrace_next next;
	unsigned long flags;

	flags = exptrace_pool_lock();
	gen = exptrace_oldest();
	if (gen && after_first)
		gen = exptrace_following(gen);
	next = next_of(gen, session);
	exptrace_pool_unlock(flags);
	return next;
}

/*
 * Take the next item. The reader may see kernel addresses if @addresses. A batch is the
 * caller's until exptrace_give(), or exptrace_putback() to undo the take; the end of a
 * generation stays until exptrace_end_generation() or exptrace_putback_end(). There is one
 * reader at a time.
 */
enum exptrace_next exptrace_take(u64 session, bool addresses, struct exptrace_batch **batch,
				 u64 *gen)
{
	struct exptrace_generation *first;
	enum exptrace_next next;
	unsigned long flags;

	flags = exptrace_pool_lock();
	first = exptrace_oldest();
	next = next_of(first, session);
	if (first)
		*gen = first->gen;
	if (first && first->raw && !addresses && next != EXPTRACE_NEXT_END)
		next = EXPTRACE_NEXT_FORBIDDEN;
	if (next == EXPTRACE_NEXT_BATCH) {
		*batch = list_first_entry(&first->full, struct exptrace_batch, node);
		exptrace_unlink_batch(first, *batch);
	}
	if (next == EXPTRACE_NEXT_BATCH || next == EXPTRACE_NEXT_END_OF_GENERATION) {
		first->begun = true;
		exptrace_flush.reading = first->gen;
		exptrace_flush.taken = true;
	}
	exptrace_pool_unlock(flags);
	return next;
}

/*
 * Put a batch back in front, for the next reader. Its generation is still the oldest: only
 * the reader that holds the batch could have got past it.
 */
void exptrace_putback(struct exptrace_batch *batch, u64 gen)
{
	struct exptrace_generation *first;
	unsigned long flags;

	flags = exptrace_pool_lock();
	first = exptrace_oldest();
	if (!WARN_ON_ONCE(!first || first->gen != gen)) {
		exptrace_relink_batch(first, batch);
		exptrace_flush.taken = false;
	}
	exptrace_pool_unlock(flags);
}

/* The reader is done with @batch. */
void exptrace_give(struct exptrace_batch *batch)
{
	unsigned long flags;

	flags = exptrace_pool_lock();
	exptrace_pool_put(batch);
	exptrace_flush.taken = false;
	exptrace_pool_unlock(flags);
}

/* The end of the oldest generation could not be delivered. */
void exptrace_putback_end(void)
{
	unsigned long flags;

	flags = exptrace_pool_lock();
	exptrace_flush.taken = false;
	exptrace_pool_unlock(flags);
}

/* The end of the oldest generation was delivered. */
void exptrace_end_generation(void)
{
	struct exptrace_generation *first;
	unsigned long flags;

	flags = exptrace_pool_lock();
	first = exptrace_oldest();
	exptrace_unlink_generation(first);
	exptrace_flush.reading = 0;
	exptrace_flush.taken = false;
	exptrace_pool_unlock(flags);
	kfree(first);
}

/* The reader leaves: the generation it was reading may be evicted. */
void exptrace_reader_leaves(void)
{
	unsigned long flags;

	flags = exptrace_pool_lock();
	exptrace_flush.reading = 0;
	exptrace_pool_unlock(flags);
}
