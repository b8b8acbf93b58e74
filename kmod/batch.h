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

#include <linux/nodemask.h>

#include "exptrace.h"
#include "lock.h"

/* Names of interrupts that are remembered; of two for one place, each is told again and again. */
#define EXPTRACE_NAMED_IRQS	16

/**
 * struct exptrace_near - what a batch has told, zeros at its beginning
 * @object:	the upper bits of the last object by bits 9 to 14: docs/wire-format.md
 * @user:	the last user address by kind: EXPTRACE_KIND_USER_ADDRESS, USER_CODE
 * @irq:	a hash of an interrupt's number and name, by its number's last bits
 */
struct exptrace_near {
	u64			object[EXPTRACE_OBJECT_PAGES];
	u64			user[2];
	u64			irq[EXPTRACE_NAMED_IRQS];
};

/**
 * struct exptrace_batch - one buffer of the pool, with a batch of the stream; short ones of
 * tables and dumps may follow each other in it
 * @near:	of the addresses in it; the owner
 * @node:	in a list of the pool or of a generation; pool.lock
 * @mate:	in its generation's list of batches with the experiment's events, while it is full
 *		and no table; pool.lock
 * @turn:	how many its generation had got before it, while it is full; pool.lock
 * @data:	the bytes as they go out, pool.batch_size of them; the owner
 * @begin:	where the next reader begins; the owner
 * @start:	where the data of its (last) batch begins, behind the header; the owner
 * @used:	bytes of it all, once it is sealed; the owner
 * @first:	events that its slot had recorded before it; the owner
 * @events:	events in it, once it is sealed; the owner
 * @changes:	changes of threads in it, which are no events; the owner
 * @cpu:	whose events, or -1 for tables and dumps; the owner
 * @exp:	the experiment it is charged to; pool.lock
 * @nid:	the memory's NUMA node; constant
 */
struct exptrace_batch {
	struct exptrace_near	near;
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
 * @lock:	protects the lists of batches and everything that is said to be;
 *		the innermost lock, taken with interrupts off (invariant 5)
 * @empty:	empty batches by NUMA node; @lock
 * @nodes:	the nodes that have some; @lock
 * @reclaim:	empty batches of any node, given up by whole generations; @lock
 * @nr_empty:	batches on both; written under @lock, read anywhere (READ_ONCE)
 * @nr_reserved: of those, kept for the tables of generations; likewise
 * @nr_full:	batches on flush lists; likewise
 * @used:	batches with an experiment's events; likewise
 * @quota:	the most that @used may be (in flight mode: its share, out of @nr, of what a
 *		generation holds); constant while recording
 * @mode:	enum exptrace_mode; constant while recording
 * @mapped:	mappings of the pool; @lock
 * @closed:	the pool comes or goes: no new mappings; @lock
 * @batches:	all of them; constant while the pool exists
 * @nr:		their number, 0 while there is no pool; written under @lock and
 *		exptrace.control, of which either is enough to read it
 * @batch_size:	bytes of each; likewise
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

int exptrace_pool_alloc(u64 size, unsigned int batch_size);
void exptrace_pool_free(void);
bool exptrace_pool_close(void);
void exptrace_pool_reopen(void);
bool exptrace_pool_is_idle(void);
void exptrace_pool_tell(struct exptrace_info *info);
struct exptrace_batch *exptrace_pool_get(unsigned int exp);
void exptrace_pool_put(struct exptrace_batch *batch);
void exptrace_batch_give_back(struct exptrace_batch *batch);
void exptrace_pool_init(void);

/* Batches of tables and dumps are charged to no experiment. */
#define EXPTRACE_NO_CHARGE	EXPTRACE_NR_EXPERIMENTS

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
