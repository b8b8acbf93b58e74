// SPDX-License-Identifier: GPL-2.0-only
/*
 * The exchange of full batches for empty ones, and the reserve for tables.
 */
#include <linux/hardirq.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "flush.h"

/* In stream mode: has the experiment as many batches as it may have? */
bool exptrace_over_quota(unsigned int exp)
{
	const struct exptrace_pool *pool = &exptrace_pool;

	return !exptrace_is_flight() && READ_ONCE(pool->used[exp]) >= pool->quota[exp];
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
		if (exptrace_is_flight() && is_over_share(gen, exp))
			exptrace_evict_batch_of(gen, exp);
	}
	/* A generation that is given up may have had no batch left. */
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
		exptrace_push(to, full);
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

	if (exptrace_is_flight() && pool->nr_empty - pool->nr_reserved < nr)
		nr = min(nr, MOST_RESERVED);
	while (pool->nr_empty - pool->nr_reserved < nr)
		if (!exptrace_is_flight() || !exptrace_evict())
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

/*
 * Prepares the flush side for writers of generation @gen, and reserves batches
 * for its tables. Returns 0, -ENOMEM, or -ENOBUFS if there are not enough empty
 * batches now.
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
