// SPDX-License-Identifier: GPL-2.0-only
/*
 * Flush lists: where full batches wait for the reader.
 *
 * Everything here is protected by exptrace_pool.lock. The lock also orders the bytes of a
 * full batch: the writer fills the batch before it takes the lock to hand it over, and the
 * reader reads it after it took the lock to get it.
 */
#include <linux/irq_work.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "flush.h"

DECLARE_WAIT_QUEUE_HEAD(exptrace_readers);

struct exptrace_flush exptrace_flush = {
	.generations = LIST_HEAD_INIT(exptrace_flush.generations),
	.dead = LIST_HEAD_INIT(exptrace_flush.dead),
};

/* No generation with fewer batches is large: some are tables or were just begun. */
#define MIN_LARGE	16U

/*
 * A generation may have this many batches of tables, however few events it has: a fraction of
 * the pool, or the minimum.
 */
#define TABLES_SHARE	64
#define MIN_TABLES	8U

/* In an irq_work, since the refill must not wake anybody (invariant 5). */
static void wake_readers(struct irq_work *work)
{
	wake_up_interruptible_all(&exptrace_readers);
}

static DEFINE_IRQ_WORK(wake_work, wake_readers);

/* Request a new generation, for the same reason. */
static void request_advance(struct irq_work *work)
{
	exptrace_want_advance();
}

static DEFINE_IRQ_WORK(advance_work, request_advance);

/*
 * A reader puts itself on the wait queue before it looks at the lists under the lock. So
 * either it sees the new batch, or it is seen here.
 */
void exptrace_kick_readers(void)
{
	lockdep_assert_held(&exptrace_pool.lock);

	/* No barrier needed: the lock orders this, see above. */
	if (waitqueue_active(&exptrace_readers)) {
		WRITE_ONCE(exptrace_flush.kicked, exptrace_flush.kicked + 1);
		irq_work_queue(&wake_work);
	}
}

/* Batches of events ever added. */
static unsigned int event_batches(const struct exptrace_generation *gen)
{
	return gen->pushed - gen->tables;
}

/*
 * Does @gen have more tables than events? In flight mode such a generation does not end by
 * itself: the statedumps of many threads would otherwise leave no room for history.
 */
static bool is_thin(const struct exptrace_generation *gen)
{
	return exptrace_is_flight() && event_batches(gen) < gen->tables &&
	       gen->tables > max(exptrace_pool.nr / TABLES_SHARE, MIN_TABLES);
}

/* As is_thin(); false if generation @gen is not open for writers. */
bool exptrace_generation_is_thin(u64 gen)
{
	const struct exptrace_generation *writing;
	unsigned long flags;
	bool thin;

	flags = exptrace_pool_lock();
	writing = exptrace_flush.writing[gen & 1];
	thin = writing && is_thin(writing);
	exptrace_pool_unlock(flags);
	return thin;
}

/*
 * Is @gen large now, so that the next generation must begin?
 *
 * A generation should stay below an eighth of the pool. So the next one is requested at a
 * sixteenth, since it takes a grace period to begin; and again after another sixteenth, if
 * there was no room for it. The minimum is for the smallest pools, where generations would
 * otherwise be all tables.
 *
 * Batches that an experiment overwrote with its own do not count: such an experiment would
 * otherwise fill the pool with generations. Nor do tables: a big statedump would make each
 * generation large from the start. Batches that an advance flushes into the generation it
 * ends request nothing: each advance could otherwise cause the next.
 */
static bool becomes_large(struct exptrace_generation *gen)
{
	unsigned int nr = exptrace_pool.nr, events = event_batches(gen);

	nr = nr > 4 * MIN_LARGE ? max(nr / 16, MIN_LARGE) : 4 * MIN_LARGE;
	if (gen->gen != READ_ONCE(exptrace.gen) || events - gen->overwritten < nr ||
	    events - gen->requested < nr || is_thin(gen))
		return false;
	gen->requested = events;
	return true;
}

/* Count @batch, which was added to the lists of @gen. */
static void count_linked(struct exptrace_generation *gen, const struct exptrace_batch *batch)
{
	gen->nr++;
	if (!exptrace_is_table(batch)) {
		gen->events += batch->events;
		gen->used[batch->exp]++;
	}
	WRITE_ONCE(exptrace_pool.nr_full, exptrace_pool.nr_full + 1);
}

/* Add @batch, which is sealed, to @gen. */
void exptrace_push(struct exptrace_generation *gen, struct exptrace_batch *batch)
{
	list_add_tail(&batch->node, &gen->full);
	if (!exptrace_is_table(batch))
		list_add_tail(&batch->mate, &gen->of[batch->exp]);
	count_linked(gen, batch);
	batch->turn = gen->pushed++;
	gen->tables += exptrace_is_table(batch);
	WRITE_ONCE(exptrace_flush.flushed, exptrace_flush.flushed + 1);
	if (becomes_large(gen))
		irq_work_queue(&advance_work);
	exptrace_kick_readers();
}

/* Take @batch off the lists of @gen. */
void exptrace_unlink_batch(struct exptrace_generation *gen, struct exptrace_batch *batch)
{
	lockdep_assert_held(&exptrace_pool.lock);

	list_del(&batch->node);
	gen->nr--;
	if (!exptrace_is_table(batch)) {
		list_del(&batch->mate);
		gen->events -= batch->events;
		gen->used[batch->exp]--;
	}
	WRITE_ONCE(exptrace_pool.nr_full, exptrace_pool.nr_full - 1);
}

/* Put @batch, which was the first of @gen, back in front. */
void exptrace_relink_batch(struct exptrace_generation *gen, struct exptrace_batch *batch)
{
	lockdep_assert_held(&exptrace_pool.lock);

	list_add(&batch->node, &gen->full);
	if (!exptrace_is_table(batch))
		list_add(&batch->mate, &gen->of[batch->exp]);
	count_linked(gen, batch);
}

/* Return all batches of @gen, which is complete, to the pool. */
void exptrace_reclaim_batches(struct exptrace_generation *gen)
{
	struct exptrace_pool *pool = &exptrace_pool;
	unsigned int exp;

	lockdep_assert_held(&pool->lock);

	list_splice_tail_init(&gen->full, &pool->reclaim);
	WRITE_ONCE(pool->nr_empty, pool->nr_empty + gen->nr);
	WRITE_ONCE(pool->nr_full, pool->nr_full - gen->nr);
	for (exp = 0; exp < EXPTRACE_NR_EXPERIMENTS; exp++)
		WRITE_ONCE(pool->used[exp], pool->used[exp] - gen->used[exp]);
}

/* The generation after @gen, or NULL. */
struct exptrace_generation *exptrace_following(struct exptrace_generation *gen)
{
	lockdep_assert_held(&exptrace_pool.lock);

	if (list_is_last(&gen->node, &exptrace_flush.generations))
		return NULL;
	return list_next_entry(gen, node);
}

/* The oldest generation, or NULL. */
struct exptrace_generation *exptrace_oldest(void)
{
	lockdep_assert_held(&exptrace_pool.lock);

	return list_first_entry_or_null(&exptrace_flush.generations, struct exptrace_generation,
					node);
}

/* Take @gen off the list of generations. */
void exptrace_unlink_generation(struct exptrace_generation *gen)
{
	struct exptrace_flush *flush = &exptrace_flush;

	lockdep_assert_held(&exptrace_pool.lock);

	if (flush->behind == gen)
		flush->behind = exptrace_following(gen);
	list_del(&gen->node);
	WRITE_ONCE(flush->nr, flush->nr - 1);
}

struct exptrace_generation *exptrace_generation_make(u64 gen)
{
	struct exptrace_generation *new = kzalloc(sizeof(*new), GFP_KERNEL);
	unsigned int exp;

	if (!new)
		return NULL;
	new->gen = gen;
	new->session = exptrace_flush.opening;
	new->raw = exptrace.raw_addresses;
	INIT_LIST_HEAD(&new->full);
	for (exp = 0; exp < EXPTRACE_NR_EXPERIMENTS; exp++)
		INIT_LIST_HEAD(&new->of[exp]);
	return new;
}

void exptrace_generation_add(struct exptrace_generation *new)
{
	struct exptrace_flush *flush = &exptrace_flush;
	unsigned long flags;

	flags = exptrace_pool_lock();
	WARN_ON_ONCE(flush->writing[new->gen & 1]);
	flush->writing[new->gen & 1] = new;
	list_add_tail(&new->node, &flush->generations);
	WRITE_ONCE(flush->nr, flush->nr + 1);
	if (flush->frozen && !flush->behind)
		flush->behind = new;
	exptrace_pool_unlock(flags);
}

/* Evict no more batches of generation @gen: its ledger is about to be written. */
void exptrace_generation_closing(u64 gen)
{
	unsigned long flags;

	flags = exptrace_pool_lock();
	exptrace_flush.writing[gen & 1]->closing = true;
	exptrace_pool_unlock(flags);
}

/* Changes of threads in evicted batches of generation @gen, which is closing. */
u64 exptrace_generation_overwritten_changes(u64 gen)
{
	unsigned long flags;
	u64 changes;

	flags = exptrace_pool_lock();
	changes = exptrace_flush.writing[gen & 1]->overwritten_changes;
	exptrace_pool_unlock(flags);
	return changes;
}

/* Generation @gen has no writer left, and all of its tables. */
void exptrace_generation_complete(u64 gen)
{
	struct exptrace_pool *pool = &exptrace_pool;
	struct exptrace_generation *done;
	unsigned long flags;

	flags = exptrace_pool_lock();
	done = exptrace_flush.writing[gen & 1];
	exptrace_flush.writing[gen & 1] = NULL;
	done->complete = true;
	WRITE_ONCE(pool->nr_reserved, pool->nr_reserved - done->reserved);
	done->reserved = 0;
	exptrace_kick_readers();
	exptrace_pool_unlock(flags);
}

/* Free evicted generations, which the refill must not do. */
void exptrace_free_dead(void)
{
	struct exptrace_generation *gen, *next;
	unsigned long flags;
	LIST_HEAD(dead);

	flags = exptrace_pool_lock();
	list_splice_init(&exptrace_flush.dead, &dead);
	exptrace_flush.nr_dead = 0;
	exptrace_pool_unlock(flags);

	list_for_each_entry_safe(gen, next, &dead, node) {
		kfree(gen);
		cond_resched();
	}
}

/* Take all generations away from readers. Returns false if any of them is in use. */
static bool take_all(struct list_head *generations)
{
	struct exptrace_flush *flush = &exptrace_flush;
	unsigned long flags;
	bool idle;

	flags = exptrace_pool_lock();
	idle = !flush->frozen && !flush->taken;
	if (idle) {
		flush->reading = 0;
		list_splice_init(&flush->generations, generations);
		WRITE_ONCE(flush->nr, 0);
	}
	exptrace_pool_unlock(flags);
	return idle;
}

/*
 * Drop all generations; nothing is being recorded. Returns false if a snapshot holds them, or
 * the reader has a part of one.
 */
bool exptrace_discard_all(void)
{
	struct exptrace_generation *gen, *next;
	LIST_HEAD(generations);
	unsigned long flags;

	if (!take_all(&generations))
		return false;
	list_for_each_entry_safe(gen, next, &generations, node) {
		flags = exptrace_pool_lock();
		exptrace_reclaim_batches(gen);
		exptrace_pool_unlock(flags);
		kfree(gen);
		cond_resched();
	}
	exptrace_free_dead();
	return true;
}

/* Are readers about to be woken? Lockless. */
bool exptrace_wake_pending(void)
{
	return irq_work_is_pending(&wake_work);
}

/* Is a new generation about to be requested? Lockless. */
bool exptrace_advance_pending(void)
{
	return irq_work_is_pending(&advance_work);
}

/* No writer and no reader is left (invariant 11). */
void exptrace_flush_exit(void)
{
	irq_work_sync(&wake_work);
	irq_work_sync(&advance_work);
	exptrace_discard_all();
	exptrace_free_dead();
}
