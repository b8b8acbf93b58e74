/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flush lists: where full batches wait for the reader, a FIFO per generation.
 */
#ifndef _EXPTRACE_FLUSH_H
#define _EXPTRACE_FLUSH_H

#include <linux/wait.h>

#include "batch.h"

/**
 * struct exptrace_generation - a generation on the flush side
 * @node:	in the list of generations, oldest first; pool.lock
 * @gen:	its number; constant
 * @full:	its full batches, in the order in which they came; pool.lock
 * @reserved:	empty batches still kept for its tables; pool.lock
 * @complete:	nothing will be added to @full; pool.lock
 */
struct exptrace_generation {
	struct list_head	node;
	u64			gen;
	struct list_head	full;
	unsigned int		reserved;
	bool			complete;
};

/* Who wants an empty batch. */
enum exptrace_need {
	EXPTRACE_NEED_NONE,	/* nobody: only hand over the full one */
	EXPTRACE_NEED_EVENTS,	/* a writer of events: not the reserve */
	EXPTRACE_NEED_TABLES,	/* a writer of tables: the reserve first */
};

int exptrace_exchange(struct exptrace_batch *full, u64 gen, enum exptrace_need need,
		      struct exptrace_batch **empty);

struct exptrace_generation *exptrace_generation_open(u64 gen, unsigned int reserve);
void exptrace_generation_complete(u64 gen);
void exptrace_discard_all(void);

/* What the reader finds next. */
enum exptrace_next {
	EXPTRACE_NEXT_NOTHING,
	EXPTRACE_NEXT_BATCH,
	EXPTRACE_NEXT_END_OF_GENERATION,
	EXPTRACE_NEXT_END,
};

enum exptrace_next exptrace_peek(u64 session);
enum exptrace_next exptrace_take(u64 session, struct exptrace_batch **batch, u64 *gen);
void exptrace_untake(struct exptrace_batch *batch, u64 gen);
void exptrace_end_generation(void);
u64 exptrace_session_to_read(void);
void exptrace_session_begin(void);
void exptrace_session_end(void);
bool exptrace_all_read(void);

extern wait_queue_head_t exptrace_readers;

void exptrace_flush_exit(void);

#endif /* _EXPTRACE_FLUSH_H */
