// SPDX-License-Identifier: GPL-2.0-only
/*
 * Flush lists: the exchange of full batches for empty ones, and the reader's end.
 *
 * Everything here is protected by exptrace_pool.lock, which also orders a full
 * batch's bytes: the writer fills it before it takes the lock to hand it over,
 * the reader reads it after it took the lock to get it.
 */
#include <linux/hardirq.h>
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

/* Batches below which no generation is large: tables, and what each writer has begun. */
#define MIN_LARGE	16U

/*
 * Tables that a generation may have, however few events: a part of the pool, and at least
 * so many batches.
 */
#define TABLES_SHARE	64
#define MIN_TABLES	8U

/* Wakes readers from a context where that is allowed (invariant 5). */
static void wake_readers(struct irq_work *work)
{
	wake_up_interruptible_all(&exptrace_readers);
}

static DEFINE_IRQ_WORK(wake_work, wake_readers);

/* Asks for a new generation, likewise. */
static void ask_for_advance(struct irq_work *work)
{
	exptrace_want_advance();
}

static DEFINE_IRQ_WORK(advance_work, ask_for_advance);

/*
 * A reader puts itself on the wait queue before it looks at the lists under the
 * lock: either it sees what was added, or it is seen here.
 */
static void kick_readers(void)
{
	lockdep_assert_held(&exptrace_pool.lock);

	/* No barrier: the lock orders it, see above. */
	if (waitqueue_active(&exptrace_readers)) {
		WRITE_ONCE(exptrace_flush.kicked, exptrace_flush.kicked + 1);
		irq_work_queue(&wake_work);
	}
}

/* Batches of events that ever came. */
static unsigned int event_batches(const struct exptrace_generation *gen)
{
	return gen->pushed - gen->tables;
}

static bool is_flight(void)
{
	return exptrace_pool.mode == EXPTRACE_MODE_FLIGHT;
}

/*
 * In flight mode a generation does not end by itself while it is more tables than events: else
 * those of many threads would leave no room for history.
 */
static bool is_thin(const struct exptrace_generation *gen)
{
	return is_flight() && gen->tables > max(exptrace_pool.nr / TABLES_SHARE, MIN_TABLES) &&
	       event_batches(gen) < gen->tables;
}

/* Is generation @gen so? Not if writers do not know it any more. */
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
 * A generation is to stay below an eighth of the pool: at a sixteenth the next one
 * is asked for, and it takes a grace period until that is there. If there was no room
 * for it, it is asked for again after as much. In the smallest pools it would be all
 * tables. What an experiment gives up for its own new events makes it no larger: if that
 * counted, such an experiment would fill the pool with generations. Nor do tables: a large
 * statedump would make every generation large from its beginning. What an advance
 * flushes into the generation that it ends asks for no other: if that alone made it
 * large, there would be no end.
 */
static bool becomes_large(struct exptrace_generation *gen)
{
	unsigned int nr = exptrace_pool.nr, events = event_batches(gen);

	nr = nr > 4 * MIN_LARGE ? max(nr / 16, MIN_LARGE) : 4 * MIN_LARGE;
	if (gen->gen != READ_ONCE(exptrace.gen) || events - gen->overwritten < nr ||
	    events - gen->asked < nr || is_thin(gen))
		return false;
	gen->asked = events;
	return true;
}

/* Counts @batch for @gen, to whose lists it was added. */
static void count_linked(struct exptrace_generation *gen, const struct exptrace_batch *batch)
{
	gen->nr++;
	if (!exptrace_is_table(batch)) {
		gen->events += batch->events;
		gen->used[batch->exp]++;
	}
	WRITE_ONCE(exptrace_pool.nr_full, exptrace_pool.nr_full + 1);
}

static void push(struct exptrace_generation *gen, struct exptrace_batch *batch)
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
	kick_readers();
}

/* Takes @batch off the list of @gen. */
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

/* Takes all batches off the lists of @gen, which is complete: they are empty. */
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

/* The one after @gen, or NULL. */
struct exptrace_generation *exptrace_following(struct exptrace_generation *gen)
{
	lockdep_assert_held(&exptrace_pool.lock);

	if (list_is_last(&gen->node, &exptrace_flush.generations))
		return NULL;
	return list_next_entry(gen, node);
}

/* Takes @gen off the list of generations. */
void exptrace_unlink_generation(struct exptrace_generation *gen)
{
	struct exptrace_flush *flush = &exptrace_flush;

	lockdep_assert_held(&exptrace_pool.lock);

	if (flush->behind == gen)
		flush->behind = exptrace_following(gen);
	list_del(&gen->node);
	WRITE_ONCE(flush->nr, flush->nr - 1);
}

/* In stream mode: has the experiment as many batches as it may have? */
bool exptrace_over_quota(unsigned int exp)
{
	return !is_flight() && READ_ONCE(exptrace_pool.used[exp]) >= exptrace_pool.quota[exp];
}

/*
 * In flight mode the quota is a share of each generation: what has passed can't be
 * given up in part, and if it counted, the experiment would have nothing new.
 */
static bool is_over_share(const struct exptrace_generation *gen, unsigned int exp)
{
	const struct exptrace_pool *pool = &exptrace_pool;

	return gen->used[exp] && pool->quota[exp] < pool->nr &&
	       (u64)gen->used[exp] * pool->nr > (u64)pool->quota[exp] * gen->nr;
}

static bool make_room_for_events(struct exptrace_generation *gen, unsigned int exp)
{
	const struct exptrace_pool *pool = &exptrace_pool;

	if (exp != EXPTRACE_NO_CHARGE) {
		if (exptrace_over_quota(exp))
			return false;
		if (is_flight() && is_over_share(gen, exp))
			exptrace_evict_batch_of(gen, exp);
	}
	/* A generation that is given up may have had no batch left. */
	while (pool->nr_empty <= pool->nr_reserved)
		if (!is_flight() || !exptrace_evict())
			return false;
	return true;
}

static struct exptrace_batch *get_for(struct exptrace_generation *gen, enum exptrace_need need,
				      unsigned int exp)
{
	struct exptrace_pool *pool = &exptrace_pool;

	if (need == EXPTRACE_NEED_NONE)
		return NULL;
	if (need == EXPTRACE_NEED_TABLES && gen->reserved) {
		gen->reserved--;
		WRITE_ONCE(pool->nr_reserved, pool->nr_reserved - 1);
	} else if (!make_room_for_events(gen, exp)) {
		return NULL;
	}
	return exptrace_pool_get(exp);
}

/**
 * exptrace_exchange - hand over a full batch and get an empty one
 * @full:	sealed batch of generation @gen, or NULL
 * @gen:	a generation that writers know
 * @need:	which empty batch, if any
 * @exp:	what the empty one is charged to: an experiment or EXPTRACE_NO_CHARGE
 * @empty:	out: an empty batch, or NULL if there is none
 *
 * Context: any. Return: 0, or -EBUSY if called from NMI while the lock is taken;
 * then nothing has happened.
 */
notrace int exptrace_exchange(struct exptrace_batch *full, u64 gen, enum exptrace_need need,
			      unsigned int exp, struct exptrace_batch **empty)
{
	struct exptrace_generation *to;
	unsigned long flags;

	*empty = NULL;
	if (in_nmi()) {
		if (!exptrace_pool_trylock(&flags))
			return -EBUSY;
	} else {
		flags = exptrace_pool_lock();
	}
	to = exptrace_flush.writing[gen & 1];
	if (full)
		push(to, full);
	*empty = get_for(to, need, exp);
	exptrace_pool_unlock(flags);
	return 0;
}

/* For so many batches does one hold give up generations, at most. */
#define MOST_RESERVED	4U

/* Keeps up to @nr empty batches back for tables. Returns how many; 0 if there are not that many. */
static unsigned int reserve_some(unsigned int nr)
{
	struct exptrace_pool *pool = &exptrace_pool;

	lockdep_assert_held(&pool->lock);

	if (is_flight() && pool->nr_empty - pool->nr_reserved < nr)
		nr = min(nr, MOST_RESERVED);
	while (pool->nr_empty - pool->nr_reserved < nr)
		if (!is_flight() || !exptrace_evict())
			return 0;
	WRITE_ONCE(pool->nr_reserved, pool->nr_reserved + nr);
	return nr;
}

/* Keeps @nr empty batches back for tables. False if there are not that many. */
static bool reserve_batches(unsigned int nr)
{
	struct exptrace_pool *pool = &exptrace_pool;
	unsigned int reserved = 0, some = 1;
	unsigned long flags;

	while (some && reserved < nr) {
		flags = exptrace_pool_lock();
		some = reserve_some(nr - reserved);
		reserved += some;
		if (!some)
			WRITE_ONCE(pool->nr_reserved, pool->nr_reserved - reserved);
		exptrace_pool_unlock(flags);
	}
	return some;
}

/* Frees the generations that were given up; the refill must not. */
static void free_dead(void)
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

static void add_generation(struct exptrace_generation *new)
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

static struct exptrace_generation *make_generation(u64 gen)
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

/*
 * Prepares the flush side for writers of generation @gen, and reserves batches
 * for its tables. Returns 0, -ENOMEM, or -ENOBUFS if there are not enough empty
 * batches now.
 */
int exptrace_generation_open(u64 gen, unsigned int reserve)
{
	struct exptrace_generation *new;

	free_dead();
	new = make_generation(gen);
	if (!new)
		return -ENOMEM;
	if (!reserve_batches(reserve)) {
		kfree(new);
		return -ENOBUFS;
	}
	new->reserved = reserve;
	add_generation(new);
	return 0;
}

/* From here on no batch of generation @gen is given up: its ledger is written. */
void exptrace_generation_closing(u64 gen)
{
	unsigned long flags;

	flags = exptrace_pool_lock();
	exptrace_flush.writing[gen & 1]->closing = true;
	exptrace_pool_unlock(flags);
}

/* How many changes of threads were in batches of @gen, which is closing, that were given up? */
u64 exptrace_generation_overwritten_changes(u64 gen)
{
	unsigned long flags;
	u64 changes;

	flags = exptrace_pool_lock();
	changes = exptrace_flush.writing[gen & 1]->overwritten_changes;
	exptrace_pool_unlock(flags);
	return changes;
}

/* Nothing more comes to generation @gen: no writer knows it, its tables are in. */
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
	kick_readers();
	exptrace_pool_unlock(flags);
}

/* Takes all generations away from readers, at once. False if something of them is in use. */
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
 * Drops all generations; nothing is being recorded. False if a snapshot holds
 * them, or the reader a part of one.
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
	free_dead();
	return true;
}

/* The oldest generation, or NULL. */
struct exptrace_generation *exptrace_oldest(void)
{
	lockdep_assert_held(&exptrace_pool.lock);

	return list_first_entry_or_null(&exptrace_flush.generations, struct exptrace_generation,
					node);
}

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
 * What would exptrace_take() find? The reader of recording number @session asks;
 * @after_first: as if it had ended the oldest generation.
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
 * Takes what comes next, @addresses or not. A batch is the caller's until
 * exptrace_give(), or exptrace_untake() to put it back; the end of a generation
 * stays where it is until exptrace_end_generation(), or exptrace_untake_end().
 * There is one reader at a time.
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
 * Puts a batch back in front: the next reader gets it. Its generation is still
 * the oldest, for only the reader of a batch could have got beyond it.
 */
void exptrace_untake(struct exptrace_batch *batch, u64 gen)
{
	struct exptrace_generation *first;
	unsigned long flags;

	flags = exptrace_pool_lock();
	first = exptrace_oldest();
	if (!WARN_ON_ONCE(!first || first->gen != gen)) {
		list_add(&batch->node, &first->full);
		if (!exptrace_is_table(batch))
			list_add(&batch->mate, &first->of[batch->exp]);
		count_linked(first, batch);
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

/* The reader could not pass on the end of the oldest generation. */
void exptrace_untake_end(void)
{
	unsigned long flags;

	flags = exptrace_pool_lock();
	exptrace_flush.taken = false;
	exptrace_pool_unlock(flags);
}

/* The reader has passed on the end of the oldest generation. */
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

/* The reader leaves: what it began to read may be given up. */
void exptrace_reader_leaves(void)
{
	unsigned long flags;

	flags = exptrace_pool_lock();
	exptrace_flush.reading = 0;
	exptrace_pool_unlock(flags);
}

/* What is opened from now on belongs to the next recording, which readers don't see. */
void exptrace_session_prepare(void)
{
	unsigned long flags;

	flags = exptrace_pool_lock();
	exptrace_flush.opening = exptrace_flush.begun + 1;
	exptrace_flush.evicted_generations = 0;
	exptrace_flush.evicted_events = 0;
	exptrace_pool_unlock(flags);
}

/* It is certain now that the recording has begun. */
void exptrace_session_begin(void)
{
	unsigned long flags;

	flags = exptrace_pool_lock();
	exptrace_flush.begun = exptrace_flush.opening;
	kick_readers();
	exptrace_pool_unlock(flags);
}

void exptrace_session_end(void)
{
	unsigned long flags;

	flags = exptrace_pool_lock();
	exptrace_flush.ended = exptrace_flush.begun;
	kick_readers();
	exptrace_pool_unlock(flags);
}

/* The number of the recording that a new reader reads: the next if all is read. */
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

/* Are readers about to be woken? Takes no lock. */
bool exptrace_wake_pending(void)
{
	return irq_work_is_pending(&wake_work);
}

/* Likewise, is a new generation about to be asked for? */
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
	free_dead();
}
