// SPDX-License-Identifier: GPL-2.0-only
/*
 * The flight recorder: old generations are evicted for new events, and snapshots hold the
 * complete ones while the recording goes on.
 */
#include <linux/minmax.h>

#include "flush.h"

/*
 * The oldest generation that may be evicted, or NULL. Those held for a snapshot come before
 * @behind, and those being written after all complete ones.
 */
static struct exptrace_generation *oldest_to_evict(void)
{
	const struct exptrace_flush *flush = &exptrace_flush;
	struct exptrace_generation *gen = flush->frozen ? flush->behind : exptrace_oldest();

	if (gen && gen->gen == flush->reading)
		gen = exptrace_following(gen);
	return gen && gen->complete ? gen : NULL;
}

static void evict_generation(struct exptrace_generation *gen)
{
	struct exptrace_flush *flush = &exptrace_flush;

	exptrace_reclaim_batches(gen);
	exptrace_unlink_generation(gen);
	list_add_tail(&gen->node, &flush->dead);
	flush->nr_dead++;
	WRITE_ONCE(flush->evicted_generations, flush->evicted_generations + 1);
	WRITE_ONCE(flush->evicted_events, flush->evicted_events + gen->events);
}

static void evict_batch(struct exptrace_generation *gen, struct exptrace_batch *batch)
{
	struct exptrace_cpu *cpu = per_cpu_ptr(exptrace.cpus, batch->cpu);

	cpu->overwritten[gen->gen & 1][batch->exp] += batch->events;
	exptrace_unlink_batch(gen, batch);
	gen->overwritten_changes += batch->changes;
	exptrace_pool_put(batch);
	gen->overwritten++;
}

/* Oldest batch with events of @exp in @gen, or NULL. */
static struct exptrace_batch *oldest_batch_of(struct exptrace_generation *gen, unsigned int exp)
{
	return list_first_entry_or_null(&gen->of[exp], struct exptrace_batch, mate);
}

/* Oldest batch with events of any experiment in @gen, or NULL. */
static struct exptrace_batch *oldest_batch(struct exptrace_generation *gen)
{
	struct exptrace_batch *oldest = NULL;
	unsigned int exp;

	for (exp = 0; exp < EXPTRACE_NR_EXPERIMENTS; exp++) {
		struct exptrace_batch *batch = oldest_batch_of(gen, exp);

		if (batch && (!oldest || batch->turn < oldest->turn))
			oldest = batch;
	}
	return oldest;
}

/*
 * Evict the oldest batch of @exp (EXPTRACE_NO_CHARGE: of any) in @gen, which is being written.
 * The generation's ledger will count its events as lost. Returns false if there is none.
 */
bool exptrace_evict_batch_of(struct exptrace_generation *gen, unsigned int exp)
{
	struct exptrace_batch *batch;

	lockdep_assert_held(&exptrace_pool.lock);

	if (gen->closing)
		return false;
	batch = exp == EXPTRACE_NO_CHARGE ? oldest_batch(gen) : oldest_batch_of(gen, exp);
	if (!batch)
		return false;
	evict_batch(gen, batch);
	return true;
}

/* Evict the oldest batch of the generations being written, from the older one if possible. */
static bool evict_batch_of_any(void)
{
	struct exptrace_generation *first = exptrace_flush.writing[0];
	struct exptrace_generation *second = exptrace_flush.writing[1];

	if (first && second && second->gen < first->gen)
		swap(first, second);
	return (first && exptrace_evict_batch_of(first, EXPTRACE_NO_CHARGE)) ||
	       (second && exptrace_evict_batch_of(second, EXPTRACE_NO_CHARGE));
}

/*
 * Make room: evict the oldest complete generation that is neither read nor held for a
 * snapshot; failing that, the oldest batch being written. Returns false if there is neither.
 */
bool exptrace_evict(void)
{
	struct exptrace_generation *gen;

	lockdep_assert_held(&exptrace_pool.lock);

	gen = oldest_to_evict();
	if (!gen)
		return evict_batch_of_any();
	evict_generation(gen);
	return true;
}

/*
 * The first generation from @gen on that belongs to a snapshot up to @last, or NULL: complete,
 * and not begun by the reader. The reader takes from the oldest, so at most that is skipped.
 */
static struct exptrace_generation *first_to_view(struct exptrace_generation *gen, u64 last)
{
	if (gen && gen->begun)
		gen = exptrace_following(gen);
	return gen && gen->complete && gen->gen <= last ? gen : NULL;
}

/* Newest complete generation, or NULL. At most two come after it. */
static struct exptrace_generation *newest_complete(void)
{
	struct exptrace_generation *gen;

	list_for_each_entry_reverse(gen, &exptrace_flush.generations, node) {
		if (gen->complete)
			return gen;
	}
	return NULL;
}

/**
 * exptrace_freeze - hold all complete generations for a snapshot
 * @first:	out: number of the first one
 * @last:	out: number of the last one
 *
 * Return: 0, -EBUSY if they are held already, -EAGAIN if there is none.
 */
int exptrace_freeze(u64 *first, u64 *last)
{
	struct exptrace_flush *flush = &exptrace_flush;
	struct exptrace_generation *from, *to;
	unsigned long flags;
	int err = -EAGAIN;

	flags = exptrace_pool_lock();
	if (flush->frozen) {
		err = -EBUSY;
		goto out;
	}
	from = first_to_view(exptrace_oldest(), U64_MAX);
	if (!from)
		goto out;
	to = newest_complete();
	flush->behind = exptrace_following(to);
	flush->frozen = to->gen;
	*first = from->gen;
	*last = to->gen;
	err = 0;
out:
	exptrace_pool_unlock(flags);
	return err;
}

/* Release what exptrace_freeze() holds. */
void exptrace_thaw(void)
{
	unsigned long flags;

	flags = exptrace_pool_lock();
	exptrace_flush.frozen = 0;
	exptrace_flush.behind = NULL;
	exptrace_pool_unlock(flags);
}

/* Set @view to the beginning of the frozen generations up to @last. */
void exptrace_view_begin(struct exptrace_view *view, u64 last)
{
	unsigned long flags;

	flags = exptrace_pool_lock();
	view->active = true;
	view->held = true;
	view->last = last;
	view->batch = NULL;
	view->gen = first_to_view(exptrace_oldest(), last);
	exptrace_pool_unlock(flags);
}

static enum exptrace_next view_step(struct exptrace_view *view)
{
	struct list_head *next;

	if (!view->gen)
		return EXPTRACE_NEXT_END;
	next = view->batch ? view->batch->node.next : view->gen->full.next;
	if (next != &view->gen->full) {
		view->batch = list_entry(next, struct exptrace_batch, node);
		return EXPTRACE_NEXT_BATCH;
	}
	view->gen = first_to_view(exptrace_following(view->gen), view->last);
	view->batch = NULL;
	return EXPTRACE_NEXT_END_OF_GENERATION;
}

/* As exptrace_take(), but batches stay on their lists. */
enum exptrace_next exptrace_view_next(struct exptrace_view *view, bool addresses,
				      struct exptrace_batch **batch, u64 *gen)
{
	enum exptrace_next next;
	unsigned long flags;

	flags = exptrace_pool_lock();
	if (view->gen)
		*gen = view->gen->gen;
	if (view->gen && view->gen->raw && !addresses)
		next = EXPTRACE_NEXT_FORBIDDEN;
	else
		next = view_step(view);
	*batch = view->batch;
	exptrace_pool_unlock(flags);
	return next;
}
