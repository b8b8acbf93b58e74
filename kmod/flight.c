// SPDX-License-Identifier: GPL-2.0-only
/*
 * The flight recorder: old generations are given up for new events, and snapshots
 * hold what there is while recording goes on.
 */
#include "flush.h"

/* The oldest generation that may be given up whole, or NULL. */
static struct exptrace_generation *oldest_to_evict(void)
{
	struct exptrace_generation *gen;

	list_for_each_entry(gen, &exptrace_flush.generations, node) {
		if (gen->complete && gen->gen != exptrace_flush.reading &&
		    gen->gen > exptrace_flush.frozen)
			return gen;
	}
	return NULL;
}

static void evict_generation(struct exptrace_generation *gen)
{
	struct exptrace_flush *flush = &exptrace_flush;
	struct exptrace_pool *pool = &exptrace_pool;
	unsigned int exp;

	list_splice_tail_init(&gen->full, &pool->reclaim);
	WRITE_ONCE(pool->nr_empty, pool->nr_empty + gen->nr);
	WRITE_ONCE(pool->nr_full, pool->nr_full - gen->nr);
	for (exp = 0; exp < EXPTRACE_NR_EXPERIMENTS; exp++)
		WRITE_ONCE(pool->used[exp], pool->used[exp] - gen->used[exp]);
	list_move(&gen->node, &flush->dead);
	flush->nr_dead++;
	WRITE_ONCE(flush->nr, flush->nr - 1);
	WRITE_ONCE(flush->evicted_generations, flush->evicted_generations + 1);
	WRITE_ONCE(flush->evicted_events, flush->evicted_events + gen->events);
}

static void evict_batch(struct exptrace_generation *gen, struct exptrace_batch *batch)
{
	struct exptrace_cpu *cpu = per_cpu_ptr(exptrace.cpus, batch->cpu);

	cpu->overwritten[gen->gen & 1][batch->exp] += batch->events;
	exptrace_unlink_batch(gen, batch);
	exptrace_pool_put(batch);
	gen->overwritten++;
}

/*
 * Gives up the oldest batch of @exp (EXPTRACE_NO_CHARGE: of any) in @gen, which is being
 * written. Its events are lost, and the generation's ledger will say so. False if there
 * is none.
 */
bool exptrace_evict_batch_of(struct exptrace_generation *gen, unsigned int exp)
{
	struct exptrace_batch *batch;

	lockdep_assert_held(&exptrace_pool.lock);

	if (gen->complete || gen->closing)
		return false;
	list_for_each_entry(batch, &gen->full, node) {
		if (exptrace_is_table(batch) || (exp != EXPTRACE_NO_CHARGE && batch->exp != exp))
			continue;
		evict_batch(gen, batch);
		return true;
	}
	return false;
}

/* Likewise the oldest batch of all generations being written. */
static bool evict_batch_of_any(void)
{
	struct exptrace_generation *gen;

	list_for_each_entry(gen, &exptrace_flush.generations, node) {
		if (exptrace_evict_batch_of(gen, EXPTRACE_NO_CHARGE))
			return true;
	}
	return false;
}

/*
 * Makes at least one batch empty: gives up the oldest complete generation, which
 * nobody reads and no snapshot holds, or else the oldest batch of the present one.
 * False if there is neither.
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

/* In a snapshot are complete generations from which no reader has taken. */
static struct exptrace_generation *first_to_view(struct list_head *from, u64 last)
{
	struct exptrace_generation *gen = list_entry(from, struct exptrace_generation, node);

	list_for_each_entry_continue(gen, &exptrace_flush.generations, node) {
		if (gen->gen > last)
			return NULL;
		if (gen->complete && !gen->begun)
			return gen;
	}
	return NULL;
}

/**
 * exptrace_freeze - hold all complete generations
 * @first:	out: the first of them
 * @last:	out: the last
 *
 * Return: 0, -EBUSY if they are held already, -EAGAIN if there is none.
 */
int exptrace_freeze(u64 *first, u64 *last)
{
	struct exptrace_flush *flush = &exptrace_flush;
	struct exptrace_generation *gen;
	unsigned long flags;
	int err = -EAGAIN;

	flags = exptrace_pool_lock();
	if (flush->frozen) {
		err = -EBUSY;
		goto out;
	}
	gen = first_to_view(&flush->generations, U64_MAX);
	if (!gen)
		goto out;
	*first = gen->gen;
	for (; gen; gen = first_to_view(&gen->node, U64_MAX))
		*last = gen->gen;
	flush->frozen = *last;
	err = 0;
out:
	exptrace_pool_unlock(flags);
	return err;
}

/* Lets go what exptrace_freeze() holds. */
void exptrace_thaw(void)
{
	unsigned long flags;

	flags = exptrace_pool_lock();
	exptrace_flush.frozen = 0;
	exptrace_pool_unlock(flags);
}

/* Sets @view to the beginning of the frozen generations up to @last. */
void exptrace_view_begin(struct exptrace_view *view, u64 last)
{
	unsigned long flags;

	flags = exptrace_pool_lock();
	view->active = true;
	view->held = true;
	view->last = last;
	view->batch = NULL;
	view->gen = first_to_view(&exptrace_flush.generations, last);
	exptrace_pool_unlock(flags);
}

static enum exptrace_next step(struct exptrace_view *view)
{
	struct list_head *next;

	if (!view->gen)
		return EXPTRACE_NEXT_END;
	next = view->batch ? view->batch->node.next : view->gen->full.next;
	if (next != &view->gen->full) {
		view->batch = list_entry(next, struct exptrace_batch, node);
		return EXPTRACE_NEXT_BATCH;
	}
	view->gen = first_to_view(&view->gen->node, view->last);
	view->batch = NULL;
	return EXPTRACE_NEXT_END_OF_GENERATION;
}

/* As exptrace_take(), but takes nothing away: batches stay where they are. */
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
		next = step(view);
	*batch = view->batch;
	exptrace_pool_unlock(flags);
	return next;
}
