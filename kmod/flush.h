/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flush lists: where full batches wait for the reader, one FIFO per generation.
 */
#ifndef _EXPTRACE_FLUSH_H
#define _EXPTRACE_FLUSH_H

#include <linux/wait.h>

#include "batch.h"

/**
 * struct exptrace_generation - a generation on the flush side
 * @node:	in the list of generations, oldest first; pool.lock
 * @gen:	its number; constant
 * @session:	recording it belongs to; constant
 * @full:	full batches in order of arrival; pool.lock
 * @of:		of those, the batches with events, by experiment; pool.lock
 * @nr:		batches in @full; pool.lock
 * @used:	batches in @of; pool.lock
 * @events:	events in @full, not counting entries of tables; pool.lock
 * @pushed:	batches ever added; pool.lock
 * @tables:	of those, tables and the statedump; pool.lock
 * @overwritten: of those, evicted while the generation was being written; pool.lock
 * @overwritten_changes: changes of threads in @overwritten; pool.lock
 * @requested:	batches of events when the next generation was last requested; pool.lock
 * @reserved:	empty batches still reserved for its tables; pool.lock
 * @raw:	contains raw kernel addresses; constant
 * @closing:	its ledger is being written: no batch may be evicted; pool.lock
 * @complete:	nothing will be added to @full; pool.lock
 * @begun:	a reader has taken from it, so it is in no snapshot; pool.lock
 */
struct exptrace_generation {
	struct list_head	node;
	u64			gen;
	u64			session;
	struct list_head	full;
	struct list_head	of[EXPTRACE_NR_EXPERIMENTS];
	unsigned int		nr;
	unsigned int		used[EXPTRACE_NR_EXPERIMENTS];
	u64			events;
	unsigned int		pushed;
	unsigned int		tables;
	unsigned int		overwritten;
	u64			overwritten_changes;
	unsigned int		requested;
	unsigned int		reserved;
	bool			raw;
	bool			closing;
	bool			complete;
	bool			begun;
};

/**
 * struct exptrace_flush - the flush side
 * @generations: oldest first; the last one or two are being written; pool.lock
 * @dead:	evicted generations, to be freed by advance(); pool.lock
 * @nr_dead:	length of @dead; pool.lock
 * @writing:	generations open for writers, by parity, or NULL; pool.lock
 * @nr:		length of @generations; written under pool.lock, read anywhere
 * @opening:	recording that new generations belong to; exptrace.control
 * @begun:	recordings begun, counted once the start can't fail any more; pool.lock
 * @ended:	of those, ended; pool.lock
 * @reading:	generation the reader takes from, 0 if none; pool.lock
 * @taken:	the reader holds a batch, or the end of a generation; pool.lock
 * @frozen:	generations up to this number are held for a snapshot, 0 if none; pool.lock
 * @behind:	while @frozen, the first generation that is not held, or NULL; pool.lock
 * @evicted_generations: evicted since start; as @nr
 * @evicted_events: events in them; as @nr
 * @flushed:	batches handed over since the module was loaded; as @nr
 * @kicked:	times readers were woken; as @nr
 */
struct exptrace_flush {
	struct list_head		generations;
	struct list_head		dead;
	unsigned int			nr_dead;
	struct exptrace_generation	*writing[2];
	unsigned int			nr;
	u64				opening;
	u64				begun;
	u64				ended;
	u64				reading;
	bool				taken;
	u64				frozen;
	struct exptrace_generation	*behind;
	u64				evicted_generations;
	u64				evicted_events;
	u64				flushed;
	u64				kicked;
};

extern struct exptrace_flush exptrace_flush;
extern wait_queue_head_t exptrace_readers;

/* flush.c */
static inline bool exptrace_is_flight(void)
{
	return exptrace_pool.mode == EXPTRACE_MODE_FLIGHT;
}

struct exptrace_generation *exptrace_generation_make(u64 gen);
void exptrace_generation_add(struct exptrace_generation *new);
void exptrace_generation_closing(u64 gen);
u64 exptrace_generation_overwritten_changes(u64 gen);
bool exptrace_generation_is_thin(u64 gen);
void exptrace_generation_complete(u64 gen);
struct exptrace_generation *exptrace_oldest(void);
struct exptrace_generation *exptrace_following(struct exptrace_generation *gen);
void exptrace_push(struct exptrace_generation *gen, struct exptrace_batch *batch);
void exptrace_relink_batch(struct exptrace_generation *gen, struct exptrace_batch *batch);
void exptrace_unlink_batch(struct exptrace_generation *gen, struct exptrace_batch *batch);
void exptrace_unlink_generation(struct exptrace_generation *gen);
void exptrace_reclaim_batches(struct exptrace_generation *gen);
bool exptrace_discard_all(void);
void exptrace_free_dead(void);
void exptrace_kick_readers(void);
bool exptrace_wake_pending(void);
bool exptrace_advance_pending(void);
void exptrace_flush_exit(void);

/* exchange.c */
/* What the empty batch is for. */
enum exptrace_need {
	EXPTRACE_NEED_NONE,	/* no empty batch, only hand over the full one */
	EXPTRACE_NEED_EVENTS,	/* events: never from the reserve */
	EXPTRACE_NEED_TABLES,	/* tables: from the reserve first */
};

int exptrace_exchange(struct exptrace_batch *full, u64 gen, enum exptrace_need need,
		      unsigned int exp, struct exptrace_batch **empty);
bool exptrace_over_quota(unsigned int exp);
int exptrace_generation_open(u64 gen, unsigned int reserve);

/* drain.c */
/* What the reader finds next. */
enum exptrace_next {
	EXPTRACE_NEXT_NOTHING,
	EXPTRACE_NEXT_BATCH,
	EXPTRACE_NEXT_END_OF_GENERATION,
	EXPTRACE_NEXT_END,
	EXPTRACE_NEXT_FORBIDDEN,	/* raw addresses, which the reader may not see */
};

enum exptrace_next exptrace_peek(u64 session, bool after_first);
enum exptrace_next exptrace_take(u64 session, bool addresses, struct exptrace_batch **batch,
				 u64 *gen);
void exptrace_give(struct exptrace_batch *batch);
void exptrace_putback(struct exptrace_batch *batch, u64 gen);
void exptrace_end_generation(void);
void exptrace_putback_end(void);
void exptrace_reader_leaves(void);

/* session.c */
u64 exptrace_session_to_read(void);
void exptrace_session_prepare(void);
void exptrace_session_begin(void);
void exptrace_session_end(void);

/* flight.c */
bool exptrace_evict(void);
bool exptrace_evict_batch_of(struct exptrace_generation *gen, unsigned int exp);

/**
 * struct exptrace_view - a reader's place in a snapshot
 * @active:	a snapshot is being read
 * @held:	its end is not reached: its generations are frozen
 * @last:	its last generation
 * @gen:	current generation, NULL at the end
 * @batch:	last batch delivered, NULL at the beginning of @gen
 *
 * While @held, generations up to @last are frozen, which keeps the pointers valid.
 */
struct exptrace_view {
	bool				active;
	bool				held;
	u64				last;
	struct exptrace_generation	*gen;
	struct exptrace_batch		*batch;
};

int exptrace_freeze(u64 *first, u64 *last);
void exptrace_thaw(void);
void exptrace_view_begin(struct exptrace_view *view, u64 last);
enum exptrace_next exptrace_view_next(struct exptrace_view *view, bool addresses,
				      struct exptrace_batch **batch, u64 *gen);

#endif /* _EXPTRACE_FLUSH_H */
