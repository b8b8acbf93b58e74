/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Batches and the pool that they come from and go back to.
 *
 * A batch moves: empty -> filling (owned by one slot) -> full (on the flush list
 * of its generation) -> reading (owned by the reader) -> empty. The owner alone
 * touches it; what is on a list belongs to pool.lock.
 */
#ifndef _EXPTRACE_BATCH_H
#define _EXPTRACE_BATCH_H

#include "exptrace.h"

/**
 * struct exptrace_batch - one buffer of the pool
 * @node:	in a list of the pool or of a generation; pool.lock
 * @data:	the bytes as they go out, pool.batch_size of them; the owner
 * @start:	bytes of the header; the owner
 * @used:	bytes of it all, once it is sealed; the owner
 * @nid:	the memory's NUMA node; constant
 */
struct exptrace_batch {
	struct list_head	node;
	u8			*data;
	u32			start;
	u32			used;
	int			nid;
};

/**
 * struct exptrace_pool - all batches
 * @lock:	protects the lists of batches and everything that is said to be;
 *		the innermost lock, taken with interrupts off (invariant 5)
 * @empty:	empty batches by NUMA node; @lock
 * @nr_empty:	their number; written under @lock, read anywhere (READ_ONCE)
 * @nr_reserved: of those, kept for the tables of generations; likewise
 * @nr_full:	batches on flush lists; @lock
 * @batches:	all of them; constant while the pool exists
 * @nr:		their number, 0 while there is no pool; exptrace.control
 * @batch_size:	bytes of each; likewise
 */
struct exptrace_pool {
	raw_spinlock_t		lock;
	struct list_head	empty[MAX_NUMNODES];
	unsigned int		nr_empty;
	unsigned int		nr_reserved;
	unsigned int		nr_full;
	struct exptrace_batch	*batches;
	unsigned int		nr;
	unsigned int		batch_size;
};

extern struct exptrace_pool exptrace_pool;

int exptrace_pool_alloc(u64 size, unsigned int batch_size);
void exptrace_pool_free(void);
bool exptrace_pool_reserve(unsigned int nr);
struct exptrace_batch *exptrace_pool_get(int nid);
void exptrace_pool_put(struct exptrace_batch *batch);
void exptrace_batch_give_back(struct exptrace_batch *batch);
void exptrace_pool_init(void);

void exptrace_batch_header(struct exptrace_batch *batch, unsigned int exp, u64 gen, u64 m,
			   u64 time);
void exptrace_batch_seal(struct exptrace_batch *batch, const u8 *pos);
bool exptrace_batch_is_bare(const struct exptrace_batch *batch, unsigned int exp, const u8 *pos);

#endif /* _EXPTRACE_BATCH_H */
