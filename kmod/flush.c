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
#include <linux/sched.h>
#include <linux/slab.h>

#include "flush.h"

DECLARE_WAIT_QUEUE_HEAD(exptrace_readers);

/* Oldest first; the last one or two are being written. */
static LIST_HEAD(generations);

/* The generations that writers know, by parity; NULL where there is none. */
static struct exptrace_generation *writing[2];

/* Recordings begun, and of those ended: the last is on while they differ. */
static u64 sessions_begun;
static u64 sessions_ended;

/* Wakes readers from a context where that is allowed (invariant 5). */
static void wake_readers(struct irq_work *work)
{
	wake_up_interruptible_all(&exptrace_readers);
}

static DEFINE_IRQ_WORK(wake_work, wake_readers);

/*
 * A reader puts itself on the wait queue before it looks at the lists under the
 * lock: either it sees what was added, or it is seen here.
 */
static void kick_readers(void)
{
	lockdep_assert_held(&exptrace_pool.lock);

	/* No barrier: the lock orders it, see above. */
	if (waitqueue_active(&exptrace_readers))
		irq_work_queue(&wake_work);
}

static struct exptrace_batch *get_for(struct exptrace_generation *gen, enum exptrace_need need)
{
	struct exptrace_pool *pool = &exptrace_pool;
	int nid = numa_mem_id();

	if (need == EXPTRACE_NEED_TABLES && gen->reserved) {
		gen->reserved--;
		WRITE_ONCE(pool->nr_reserved, pool->nr_reserved - 1);
		return exptrace_pool_get(nid);
	}
	if (need == EXPTRACE_NEED_NONE || pool->nr_empty <= pool->nr_reserved)
		return NULL;
	return exptrace_pool_get(nid);
}

/**
 * exptrace_exchange - hand over a full batch and get an empty one
 * @full:	sealed batch of generation @gen, or NULL
 * @gen:	a generation that writers know
 * @need:	which empty batch, if any
 * @empty:	out: an empty batch, or NULL if there is none
 *
 * Context: any. Return: 0, or -EBUSY if called from NMI while the lock is taken;
 * then nothing has happened.
 */
notrace int exptrace_exchange(struct exptrace_batch *full, u64 gen, enum exptrace_need need,
			      struct exptrace_batch **empty)
{
	struct exptrace_pool *pool = &exptrace_pool;
	struct exptrace_generation *to;
	unsigned long flags;

	*empty = NULL;
	if (in_nmi()) {
		if (!raw_spin_trylock_irqsave(&pool->lock, flags))
			return -EBUSY;
	} else {
		raw_spin_lock_irqsave(&pool->lock, flags);
	}
	to = writing[gen & 1];
	if (full) {
		list_add_tail(&full->node, &to->full);
		pool->nr_full++;
		kick_readers();
	}
	*empty = get_for(to, need);
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	return 0;
}

/*
 * Prepares the flush side for writers of generation @gen, and reserves batches
 * for its tables. Returns ERR_PTR(-ENOMEM), or ERR_PTR(-ENOBUFS) if there are
 * not enough empty batches now.
 */
struct exptrace_generation *exptrace_generation_open(u64 gen, unsigned int reserve)
{
	struct exptrace_generation *new;
	unsigned long flags;

	new = kzalloc(sizeof(*new), GFP_KERNEL);
	if (!new)
		return ERR_PTR(-ENOMEM);
	if (!exptrace_pool_reserve(reserve)) {
		kfree(new);
		return ERR_PTR(-ENOBUFS);
	}
	new->gen = gen;
	new->reserved = reserve;
	INIT_LIST_HEAD(&new->full);

	raw_spin_lock_irqsave(&exptrace_pool.lock, flags);
	WARN_ON_ONCE(writing[gen & 1]);
	writing[gen & 1] = new;
	list_add_tail(&new->node, &generations);
	raw_spin_unlock_irqrestore(&exptrace_pool.lock, flags);
	return new;
}

/* Nothing more comes to generation @gen: no writer knows it, its tables are in. */
void exptrace_generation_complete(u64 gen)
{
	struct exptrace_pool *pool = &exptrace_pool;
	struct exptrace_generation *done;
	unsigned long flags;

	raw_spin_lock_irqsave(&pool->lock, flags);
	done = writing[gen & 1];
	writing[gen & 1] = NULL;
	done->complete = true;
	WRITE_ONCE(pool->nr_reserved, pool->nr_reserved - done->reserved);
	done->reserved = 0;
	kick_readers();
	raw_spin_unlock_irqrestore(&pool->lock, flags);
}

/* Drops all complete generations. Nothing is being recorded. */
void exptrace_discard_all(void)
{
	struct exptrace_pool *pool = &exptrace_pool;
	struct exptrace_generation *gen, *next;
	struct exptrace_batch *batch, *tmp;
	unsigned long flags;
	LIST_HEAD(dropped);

	raw_spin_lock_irqsave(&pool->lock, flags);
	list_for_each_entry(gen, &generations, node) {
		list_for_each_entry_safe(batch, tmp, &gen->full, node) {
			list_del(&batch->node);
			pool->nr_full--;
			exptrace_pool_put(batch);
		}
	}
	list_splice_init(&generations, &dropped);
	raw_spin_unlock_irqrestore(&pool->lock, flags);

	list_for_each_entry_safe(gen, next, &dropped, node)
		kfree(gen);
}

static struct exptrace_generation *oldest(void)
{
	lockdep_assert_held(&exptrace_pool.lock);

	return list_first_entry_or_null(&generations, struct exptrace_generation, node);
}

static enum exptrace_next next_of(const struct exptrace_generation *gen, u64 session)
{
	if (session < sessions_begun)
		return EXPTRACE_NEXT_END;
	if (!gen)
		return session == sessions_ended ? EXPTRACE_NEXT_END : EXPTRACE_NEXT_NOTHING;
	if (!list_empty(&gen->full))
		return EXPTRACE_NEXT_BATCH;
	return gen->complete ? EXPTRACE_NEXT_END_OF_GENERATION : EXPTRACE_NEXT_NOTHING;
}

/* What would exptrace_take() find? The reader of recording number @session asks. */
enum exptrace_next exptrace_peek(u64 session)
{
	enum exptrace_next next;
	unsigned long flags;

	raw_spin_lock_irqsave(&exptrace_pool.lock, flags);
	next = next_of(oldest(), session);
	raw_spin_unlock_irqrestore(&exptrace_pool.lock, flags);
	return next;
}

/*
 * Takes what comes next. A batch is the caller's until it gives it back, or puts
 * it back with exptrace_untake(); the end of a generation stays where it is until
 * exptrace_end_generation(). There is one reader at a time.
 */
enum exptrace_next exptrace_take(u64 session, struct exptrace_batch **batch, u64 *gen)
{
	struct exptrace_generation *first;
	enum exptrace_next next;
	unsigned long flags;

	raw_spin_lock_irqsave(&exptrace_pool.lock, flags);
	first = oldest();
	next = next_of(first, session);
	if (next == EXPTRACE_NEXT_BATCH) {
		*batch = list_first_entry(&first->full, struct exptrace_batch, node);
		*gen = first->gen;
		list_del(&(*batch)->node);
		exptrace_pool.nr_full--;
	}
	raw_spin_unlock_irqrestore(&exptrace_pool.lock, flags);
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

	raw_spin_lock_irqsave(&exptrace_pool.lock, flags);
	first = oldest();
	if (!WARN_ON_ONCE(!first || first->gen != gen)) {
		list_add(&batch->node, &first->full);
		exptrace_pool.nr_full++;
		kick_readers();
	}
	raw_spin_unlock_irqrestore(&exptrace_pool.lock, flags);
}

/* The reader has passed on the end of the oldest generation. */
void exptrace_end_generation(void)
{
	struct exptrace_generation *first;
	unsigned long flags;

	raw_spin_lock_irqsave(&exptrace_pool.lock, flags);
	first = oldest();
	list_del(&first->node);
	raw_spin_unlock_irqrestore(&exptrace_pool.lock, flags);
	kfree(first);
}

void exptrace_session_begin(void)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&exptrace_pool.lock, flags);
	sessions_begun++;
	raw_spin_unlock_irqrestore(&exptrace_pool.lock, flags);
}

void exptrace_session_end(void)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&exptrace_pool.lock, flags);
	sessions_ended = sessions_begun;
	kick_readers();
	raw_spin_unlock_irqrestore(&exptrace_pool.lock, flags);
}

/* The number of the recording that a new reader reads: the next if all is read. */
u64 exptrace_session_to_read(void)
{
	unsigned long flags;
	u64 session;

	raw_spin_lock_irqsave(&exptrace_pool.lock, flags);
	session = sessions_begun;
	if (sessions_begun == sessions_ended && list_empty(&generations))
		session++;
	raw_spin_unlock_irqrestore(&exptrace_pool.lock, flags);
	return session;
}

bool exptrace_all_read(void)
{
	unsigned long flags;
	bool all;

	raw_spin_lock_irqsave(&exptrace_pool.lock, flags);
	all = list_empty(&generations) && exptrace_pool.nr_empty == exptrace_pool.nr;
	raw_spin_unlock_irqrestore(&exptrace_pool.lock, flags);
	return all;
}

/* No writer and no reader is left (invariant 11). */
void exptrace_flush_exit(void)
{
	irq_work_sync(&wake_work);
	exptrace_discard_all();
}
