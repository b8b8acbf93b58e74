// SPDX-License-Identifier: GPL-2.0-only
/*
 * The exchange of full batches for empty ones, and the reserve for tables.
 */
#include <linux/hardirq.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "flush.h"

/* In stream mode: has the experiment used up its quota? */
bool exptrace_over_quota(unsigned int exp)
{
	const struct exptrace_pool *pool = &exptrace_pool;

	return !exptrace_is_flight() && READ_ONCE(pool->used[exp]) >= pool->quota[exp];
}

/*
 * In flight mode the quota is a share of each generation. Complete generations can't be
 * evicted in part; if they counted, an experiment over its quota could record nothing new.
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
		if (exptrace_is_flight() && is_over_share(gen, exp))
			exptrace_evict_batch_of(gen, exp);
	}
	/* The evicted generation may have had no batch left. */
	while (pool->nr_empty <= pool->nr_reserved)
		if (!exptrace_is_flight() || !exptrace_evict())
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
 * @gen:	a generation that is open for writers
 * @need:	kind of empty batch, if any
 * @exp:	experiment that the empty batch is charged to, or EXPTRACE_NO_CHARGE
 * @empty:	out: an empty batch, or NULL if there is none
 *
 * Context: any. Return: 0; -EBUSY, with nothing changed, if called from NMI while the lock is
 * taken.
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
		exptrace_push(to, full);
	*empty = get_for(to, need, exp);
	exptrace_pool_unlock(flags);
	return 0;
}

/* Limit on the batches that one hold of the lock evicts generations for. */
#define MOST_RESERVED	4U

/* Reserve up to @nr empty batches for tables. Returns how many; 0 if there are not enough. */
static unsigned int reserve_some(unsigned int nr)
{
	struct exptrace_pool *pool = &exptrace_pool;

	lockdep_assert_held(&pool->lock);

	if (exptrace_is_flight() && pool->nr_empty - pool->nr_reserved < nr)
		nr = min(nr, MOST_RESERVED);
	while (pool->nr_empty - pool->nr_reserved < nr)
		if (!exptrace_is_flight() || !exptrace_evict())
			return 0;
	WRITE_ONCE(pool->nr_reserved, pool->nr_reserved + nr);
	return nr;
}

/* Reserve @nr empty batches for tables. Returns false if there are not enough. */
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

/*
 * Open generation @gen on the flush side, before writers use it, with @reserve batches
 * reserved for its tables. Returns 0, -ENOMEM, or -ENOBUFS if there are not enough empty
 * batches.
 */
int exptrace_generation_open(u64 gen, unsigned int reserve)
{
	struct exptrace_generation *new;

	exptrace_free_dead();
	new = exptrace_generation_make(gen);
	if (!new)
		return -ENOMEM;
	if (!reserve_batches(reserve)) {
		kfree(new);
		return -ENOBUFS;
	}
	new->reserved = reserve;
	exptrace_generation_add(new);
	return 0;
}
