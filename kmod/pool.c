// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pool of batches: allocated at start, freed once the recording was read.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/topology.h>
#include <linux/vmalloc.h>

#include "batch.h"

void exptrace_pool_init(void)
{
	int nid;

	for (nid = 0; nid < MAX_NUMNODES; nid++)
		INIT_LIST_HEAD(&exptrace_pool.empty[nid]);
	nodes_clear(exptrace_pool.nodes);
	INIT_LIST_HEAD(&exptrace_pool.reclaim);
}

/* Limit on the batches of evicted generations that one hold of the lock sorts by node. */
#define MOST_SORTED	16

/*
 * An evicted generation goes to the pool in one piece, with batches of all nodes. Sort them
 * only on demand, until one of node @nid turns up.
 */
static void sort_reclaimed(struct exptrace_pool *pool, int nid)
{
	struct exptrace_batch *batch;
	unsigned int i;

	for (i = 0; i < MOST_SORTED && !list_empty(&pool->reclaim); i++) {
		batch = list_first_entry(&pool->reclaim, struct exptrace_batch, node);
		list_move(&batch->node, &pool->empty[batch->nid]);
		node_set(batch->nid, pool->nodes);
		if (batch->nid == nid)
			return;
	}
}

/* A non-empty list, of this CPU's node if possible. The pool has an empty batch. */
static struct list_head *nearest_empty(struct exptrace_pool *pool)
{
	int nid = numa_mem_id();

	if (list_empty(&pool->empty[nid]))
		sort_reclaimed(pool, nid);
	if (!list_empty(&pool->empty[nid]))
		return &pool->empty[nid];
	return nodes_empty(pool->nodes) ? &pool->reclaim : &pool->empty[first_node(pool->nodes)];
}

/* Take an empty batch, charged to @exp or to EXPTRACE_NO_CHARGE. NULL if there is none. */
struct exptrace_batch *exptrace_pool_get(unsigned int exp)
{
	struct exptrace_pool *pool = &exptrace_pool;
	struct exptrace_batch *batch;

	lockdep_assert_held(&pool->lock);

	if (!pool->nr_empty)
		return NULL;
	batch = list_first_entry(nearest_empty(pool), struct exptrace_batch, node);
	list_del(&batch->node);
	if (list_empty(&pool->empty[batch->nid]))
		node_clear(batch->nid, pool->nodes);
	WRITE_ONCE(pool->nr_empty, pool->nr_empty - 1);
	batch->exp = exp;
	if (exp != EXPTRACE_NO_CHARGE)
		WRITE_ONCE(pool->used[exp], pool->used[exp] + 1);
	return batch;
}

void exptrace_pool_put(struct exptrace_batch *batch)
{
	struct exptrace_pool *pool = &exptrace_pool;
	unsigned int exp = batch->exp;

	lockdep_assert_held(&pool->lock);

	list_add(&batch->node, &pool->empty[batch->nid]);
	node_set(batch->nid, pool->nodes);
	WRITE_ONCE(pool->nr_empty, pool->nr_empty + 1);
	if (exp != EXPTRACE_NO_CHARGE)
		WRITE_ONCE(pool->used[exp], pool->used[exp] - 1);
}

/* Return @batch to the pool. Only its owner may call this. */
void exptrace_batch_give_back(struct exptrace_batch *batch)
{
	unsigned long flags;

	flags = exptrace_pool_lock();
	exptrace_pool_put(batch);
	exptrace_pool_unlock(flags);
}

/* Refuse new mappings until exptrace_pool_reopen(). Returns false if the pool is mapped. */
bool exptrace_pool_close(void)
{
	struct exptrace_pool *pool = &exptrace_pool;
	unsigned long flags;
	bool closed;

	flags = exptrace_pool_lock();
	closed = !pool->mapped;
	pool->closed = closed;
	exptrace_pool_unlock(flags);
	return closed;
}

void exptrace_pool_reopen(void)
{
	unsigned long flags;

	flags = exptrace_pool_lock();
	exptrace_pool.closed = false;
	exptrace_pool_unlock(flags);
}

/* Are all batches empty? A closed and idle pool may be freed. */
bool exptrace_pool_is_idle(void)
{
	unsigned long flags;
	bool idle;

	flags = exptrace_pool_lock();
	idle = exptrace_pool.nr_empty == exptrace_pool.nr;
	exptrace_pool_unlock(flags);
	return idle;
}

static int alloc_batch(struct exptrace_batch *batch, int nid)
{
	gfp_t gfp = GFP_KERNEL | __GFP_ZERO | __GFP_COMP | __GFP_NORETRY | __GFP_NOWARN;
	struct page *page;

	page = alloc_pages_node(nid, gfp, get_order(exptrace_pool.batch_size));
	if (!page)
		return -ENOMEM;
	batch->data = page_address(page);
	batch->nid = page_to_nid(page);
	batch->exp = EXPTRACE_NO_CHARGE;
	return 0;
}

/* Distribute the batches over the nodes in proportion to their online CPUs. */
static int fill_pool(void)
{
	struct exptrace_pool *pool = &exptrace_pool;
	int cpu = -1;
	unsigned int i;
	int err;

	for (i = 0; i < pool->nr; i++) {
		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
		err = alloc_batch(&pool->batches[i], cpu_to_mem(cpu));
		if (err)
			return err;
		exptrace_batch_give_back(&pool->batches[i]);
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return 0;
}

/*
 * Allocate the pool, which must not exist and must be closed. Returns -ENOMEM if the machine
 * lacks the memory, -EINTR if the caller is being killed. Caller holds exptrace.control.
 */
int exptrace_pool_alloc(u64 size, unsigned int batch_size)
{
	struct exptrace_pool *pool = &exptrace_pool;
	u64 nr = div_u64(size, batch_size), descriptors = nr * sizeof(*pool->batches);
	unsigned long flags;
	int err;

	lockdep_assert_held(&exptrace.control);

	if (nr > UINT_MAX)
		return -ENOMEM;
	if ((size + descriptors) >> PAGE_SHIFT > (unsigned long)max(si_mem_available(), 0L) / 2)
		return -ENOMEM;
	/* Not kvcalloc(): it warns above 2 GiB, which the descriptors of a 64 GiB pool need. */
	pool->batches = vcalloc(nr, sizeof(*pool->batches));
	if (!pool->batches)
		return -ENOMEM;
	flags = exptrace_pool_lock();
	pool->nr = nr;
	pool->batch_size = batch_size;
	exptrace_pool_unlock(flags);
	err = fill_pool();
	if (err)
		exptrace_pool_free();
	return err;
}

/* Free the pool. No writer, reader or list holds a batch. */
void exptrace_pool_free(void)
{
	struct exptrace_pool *pool = &exptrace_pool;
	unsigned long flags;
	unsigned int i;

	for (i = 0; i < pool->nr && pool->batches[i].data; i++) {
		free_pages((unsigned long)pool->batches[i].data, get_order(pool->batch_size));
		cond_resched();
	}
	vfree(pool->batches);
	pool->batches = NULL;
	flags = exptrace_pool_lock();
	pool->nr = 0;
	pool->nr_empty = 0;
	pool->nr_reserved = 0;
	pool->nr_full = 0;
	exptrace_pool_unlock(flags);
	exptrace_pool_init();
}

/* Fill in what @info says of the pool, consistently. */
void exptrace_pool_info(struct exptrace_info *info)
{
	const struct exptrace_pool *pool = &exptrace_pool;
	unsigned long flags;

	flags = exptrace_pool_lock();
	info->pool_size = (u64)pool->nr * pool->batch_size;
	info->batch_size = pool->batch_size;
	info->batches = pool->nr;
	info->batches_empty = pool->nr_empty;
	info->batches_full = pool->nr_full;
	exptrace_pool_unlock(flags);
}
