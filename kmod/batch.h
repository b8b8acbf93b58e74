/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Batches and the pool that they come from and go back to.
 *
 * States of a batch: empty -> filling (owned by one slot) -> full (on the flush list
 * of its generation) -> reading (owned by the reader) -> empty. Only the owner touches a
 * batch; batches on a list are protected by pool.lock.
 */
#ifndef _EXPTRACE_BATCH_H
#define _EXPTRACE_BATCH_H

#include <linux/nodemask.h>

#include "exptrace.h"
#include "lock.h"

/* Names of interrupts remembered per batch. Two that share an entry are written each time. */
#define EXPTRACE_NAMED_IRQS	16

/**
 * struct exptrace_addr_state - delta-encoding state for addresses, zeroed per batch
 * @object:	upper bits of the last object, indexed by bits 9 to 14: docs/wire-format.md
 * @user:	last user address by kind: EXPTRACE_KIND_USER_ADDRESS, USER_CODE
 * @irq:	hash of an interrupt's number and name, indexed by the number's low bits
 */
struct exptrace_addr_state {
	u64			object[EXPTRACE_OBJECT_PAGES];
	u64			user[2];
	u64			irq[EXPTRACE_NAMED_IRQS];
};

/**
 * struct exptrace_batch - one buffer of the pool, with one batch of the stream; or with several
 * short ones of tables and dumps
 * @addr_state:	for the addresses in it; the owner
 * @node:	in a list of the pool or of a generation; pool.lock
 * @mate:	in its generation's list for the experiment, while it is full and no table;
 *		pool.lock
 * @turn:	sequence number in its generation, while it is full; pool.lock
 * @data:	the bytes as they go out, pool.batch_size of them; the owner
 * @begin:	offset where the next reader begins; the owner
 * @start:	offset of the data of its (last) batch, after the header; the owner
 * @used:	bytes in use, once sealed; the owner
 * @first:	events its slot had recorded before this batch; the owner
 * @events:	events in it, once sealed; the owner
 * @changes:	changes of threads in it, which do not count as events; the owner
 * @cpu:	CPU of the events, or -1 for tables and dumps; the owner
 * @exp:	experiment it is charged to; pool.lock
 * @nid:	NUMA node of the memory; constant
 */
struct exptrace_batch {
	struct exptrace_addr_state addr_state;
	struct list_head	node;
	struct list_head	mate;
	unsigned int		turn;
	u8			*data;
	u32			begin;
	u32			start;
	u32			used;
	u64			first;
	u32			events;
	u32			changes;
	int			cpu;
	unsigned int		exp;
	int			nid;
} ____cacheline_aligned;

/**
 * struct exptrace_pool - all batches
 * @lock:	protects the lists of batches and every field that names it; the innermost
 *		lock, taken with interrupts off (invariant 5)
 * @empty:	empty batches by NUMA node; @lock
 * @nodes:	nodes with a non-empty list in @empty; @lock
 * @reclaim:	empty batches of any node, from evicted generations; @lock
 * @nr_empty:	batches on @empty and @reclaim; written under @lock, read anywhere (READ_ONCE)
 * @nr_reserved: of those, reserved for the tables of generations; likewise
 * @nr_full:	batches on flush lists; likewise
 * @used:	batches with events, by experiment; likewise
 * @quota:	limit of @used; in flight mode the limit, out of @nr, of an experiment's share
 *		of each generation; constant while recording
 * @mode:	enum exptrace_mode; constant while recording
 * @mapped:	mappings of the pool; @lock
 * @closed:	the pool is being allocated or freed: no new mappings; @lock
 * @batches:	all of them; constant while the pool exists
 * @nr:		number of batches, 0 while there is no pool; written under @lock and
 *		exptrace.control, either of which is enough to read it
 * @batch_size:	bytes per batch; likewise
 */
struct exptrace_pool {
	raw_spinlock_t		lock;
	struct list_head	empty[MAX_NUMNODES];
	nodemask_t		nodes;
	struct list_head	reclaim;
	unsigned int		nr_empty;
	unsigned int		nr_reserved;
	unsigned int		nr_full;
	unsigned int		used[EXPTRACE_NR_EXPERIMENTS];
	unsigned int		quota[EXPTRACE_NR_EXPERIMENTS];
	unsigned int		mode;
	unsigned int		mapped;
	bool			closed;
	struct exptrace_batch	*batches;
	unsigned int		nr;
	unsigned int		batch_size;
};

extern struct exptrace_pool exptrace_pool;

/* pool.c */
int exptrace_pool_alloc(u64 size, unsigned int batch_size);
void exptrace_pool_free(void);
bool exptrace_pool_close(void);
void exptrace_pool_reopen(void);
bool exptrace_pool_is_idle(void);
void exptrace_pool_info(struct exptrace_info *info);
struct exptrace_batch *exptrace_pool_get(unsigned int exp);
void exptrace_pool_put(struct exptrace_batch *batch);
void exptrace_batch_give_back(struct exptrace_batch *batch);
void exptrace_pool_init(void);

/* In place of an experiment: tables and dumps are charged to none. */
#define EXPTRACE_NO_CHARGE	EXPTRACE_NR_EXPERIMENTS

/* batch.c */
void exptrace_batch_header(struct exptrace_batch *batch, u8 *p, unsigned int exp, u64 gen, u64 m,
			   u64 time);
void exptrace_batch_seal(struct exptrace_batch *batch, const u8 *pos, u64 recorded);
bool exptrace_batch_is_bare(const struct exptrace_batch *batch, unsigned int exp, const u8 *pos);

void exptrace_batch_rewind(struct exptrace_batch *batch, u32 offset);
bool exptrace_batch_is_cut(const struct exptrace_batch *batch, u32 offset);

static inline bool exptrace_is_table(const struct exptrace_batch *batch)
{
	return batch->cpu < 0;
}

#endif /* _EXPTRACE_BATCH_H */
