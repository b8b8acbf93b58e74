/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A trace that is being read: the parts, in the order in which bytes flow.
 *
 * input (bytes) -> framing (batches) -> generation (tables) -> cursor (events of
 * one batch) -> merge (events of all batches of a generation, by time).
 */
#ifndef EXPTRACE_LIB_TRACE_H
#define EXPTRACE_LIB_TRACE_H

#include <libexptrace.h>

#include "clock.h"
#include "cursor.h"
#include "input.h"
#include "learn.h"
#include "ledger.h"
#include "merge.h"
#include "names.h"
#include "properties.h"
#include "schema.h"
#include "stacks.h"
#include "tasks.h"

enum trace_mode {
	TRACE_MODE_NONE,
	TRACE_MODE_BATCHES,
	TRACE_MODE_EVENTS,
};

/* The schema of a first generation that lacks its beginning: borrow.c. */
enum borrow_state {
	BORROW_NEW,		/* nothing was read yet */
	BORROW_AHEAD,		/* a schema is sought */
	BORROW_DONE,
};

struct borrow {
	enum borrow_state state;
	bool active;		/* there is a schema */
	uint64_t borrower, lender;	/* generations */
};

/* How the generation before the one at hand ended. */
struct ended {
	bool known;
	uint64_t generation;
	uint64_t ns;		/* CLOCK_MONOTONIC */
	bool has_boottime;
	uint64_t boottime_offset;
};

struct exptrace_trace {
	enum trace_mode mode;
	struct input input;

	/* framing */
	bool header_seen;
	int version;		/* of the wire format, once that was seen */
	bool in_generation;	/* a batch came since the last end mark */
	uint64_t generation;	/* of the last batch */
	struct exptrace_batch batch;

	/* the generation at hand */
	bool open;		/* it began, and its end mark was not taken in */
	uint64_t open_generation;
	uint64_t generations;	/* begun so far */
	bool has_opening_sync;
	bool gap;		/* nothing was recorded just before it */
	struct ended ended;
	struct exptrace_times times;
	struct borrow borrow;
	struct schema schema;
	struct clock clock;
	struct ledger ledger;
	struct properties properties;
	struct stacks stacks;

	/* events */
	struct tasks tasks;
	struct learn learn;	/* what events tell of them */
	struct names names;	/* of numbers of all other kinds */
	struct cursor cursor;	/* exptrace_next_in_batch() */
	struct cursor_near near;	/* likewise */
	struct merge merge;	/* exptrace_next_event() */
	struct exptrace_record record;
	struct exptrace_value *values;
	uint32_t nvalues;
	uint64_t skipped;

	int failed;		/* a negative errno that is returned from now on */
	uint64_t error_offset;
	char message[TRACE_MESSAGE];
};

/* Stores the message, with the offset; returns @err. */
__attribute__((format(printf, 4, 5)))
int trace_error(struct exptrace_trace *trace, int err, uint64_t offset, const char *format, ...);

/* Reads the next batch or end mark into trace->batch: 1, 0 at the end, or a negative errno. */
int framing_next(struct exptrace_trace *trace);

/*
 * To be called before framing_next(): if the stream begins amid a generation, takes in
 * the schema of the next one. 0 or a negative errno.
 */
int borrow_schema(struct exptrace_trace *trace);

/* Takes in what the batch at hand says about its generation: 0 or a negative errno. */
int generation_take(struct exptrace_trace *trace);

/* Makes room for the values of any event: 0 or -ENOMEM. */
int trace_reserve_values(struct exptrace_trace *trace);

/* Fills in what the record has from its batch. */
static inline void trace_fill_batch(struct exptrace_trace *trace,
				    const struct exptrace_batch *batch)
{
	struct exptrace_record *record = &trace->record;

	record->args = trace->values;
	record->generation = batch->generation;
	record->cpu = batch->cpu;
	record->context = batch->context;
}

/* Fills in the event at hand of @cursor, whose arguments are in trace->values. */
static inline void trace_fill_record(struct exptrace_trace *trace, struct cursor *cursor,
				     int64_t pid)
{
	struct exptrace_record *record = &trace->record;

	record->event = &cursor->event->public;
	record->ticks = cursor->time;
	record->pid = pid;
	record->stack = cursor_stack(cursor, trace->values);
	record->offset = cursor_offset(cursor);
	record->size = (uint32_t)(cursor->pos - cursor->event_pos);
	record->type = cursor->type;
}

/* Takes in the label at hand, whose arguments are in trace->values: 0 or -ENOMEM. */
int trace_learn_label(struct exptrace_trace *trace, const struct schema_event *event);

/* What is wrong with the event at hand of @cursor; returns -EBADMSG. */
int trace_bad_event(struct exptrace_trace *trace, const struct cursor *cursor,
		    const struct exptrace_batch *batch);

/*
 * Takes in what an event tells, whose arguments are in trace->values, where events come in the
 * order of batches: 0 or -ENOMEM.
 */
int trace_learn(struct exptrace_trace *trace, const struct schema_event *event, uint64_t time);

/*
 * Decodes the next event of the batch at hand: 1, with its arguments in trace->values; 0 at
 * the end; -EBADMSG, of which trace_bad_event() is to be told; -ENOMEM.
 */
static inline int trace_step(struct exptrace_trace *trace, struct cursor *cursor)
{
	int ret = cursor_peek(cursor);

	if (unlikely(ret <= 0))
		return ret;
	if (unlikely(cursor_args(cursor, &trace->near, &trace->properties, trace->values)))
		return -EBADMSG;
	if (unlikely(cursor->event->role >= SCHEMA_ROLE_TASK))
		ret = trace_learn(trace, cursor->event, cursor->time);
	return unlikely(ret < 0) ? ret : 1;
}

#endif /* EXPTRACE_LIB_TRACE_H */
