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
	TRACE_MODE_NONE,	/* nothing was read yet */
	TRACE_MODE_BATCHES,
	TRACE_MODE_EVENTS,
	TRACE_MODE_FRAMES,
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
	uint64_t began_ns;	/* 0: not known */
	bool has_boottime;
	uint64_t boottime_offset;
};

struct exptrace_trace {
	enum trace_mode mode;
	struct input input;

	/* framing */
	bool header_seen;
	int version;		/* of the wire format, once that was seen */
	bool in_generation;	/* a batch began since the last end mark, */
	bool whole_batch;	/* and one was whole */
	bool has_generation, has_confirmed;
	uint64_t generation;	/* of the last batch */
	uint64_t confirmed;	/* the last one that more than one batch tells */
	bool adrift;		/* what follows is no batch: resync.c */
	uint64_t adrift_offset;	/* from there on */
	struct exptrace_damage damage;	/* the last one */
	uint64_t resync_spent;	/* bytes that were looked at again */
	struct exptrace_batch batch;

	/* the generation at hand */
	bool open;		/* it began, and its end mark was not taken in */
	uint64_t open_generation;
	bool abandoned;		/* the one before was open when the next one began */
	uint64_t generations;	/* begun so far */
	bool has_opening_sync;
	bool gap;		/* nothing was recorded just before it */
	bool set_back;		/* its clock is earlier than that of the one before */
	char boot[40];		/* boot_id of the last one that ended; "": not known */
	bool other_boot;	/* it is not that of the one before, at its end */
	struct ended ended;
	struct exptrace_times times;
	uint64_t recorded;	/* by its ledger */
	uint64_t found;		/* of these, given out, */
	bool counts_found;	/* if all were asked for */
	bool tells_recorded;	/* the former is known, and the latter to be compared with it */
	struct exptrace_account account;
	exptrace_generation_fn *on_generation;
	void *on_generation_arg;
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
	uint64_t record_batch;	/* the offset of its batch */
	struct exptrace_value *values;
	uint32_t nvalues;

	int failed;		/* a negative errno that is returned from now on */
	uint64_t error_offset;
	const char *error;	/* the last message; NULL: none */
	char message[TRACE_MESSAGE];	/* of the last one with an offset */
};

/* Stores the message, with the offset; returns @err. */
__attribute__((format(printf, 4, 5)))
int trace_error(struct exptrace_trace *trace, int err, uint64_t offset, const char *format, ...);

/* Stores "out of memory"; returns -ENOMEM. */
int trace_no_memory(struct exptrace_trace *trace, uint64_t offset);

/* For a call of another enum trace_mode than those before; returns -EINVAL. */
int trace_wrong_mode(const struct exptrace_trace *trace);

/* The message, a constant, of a call that fails for no fault at an offset; returns @err. */
static inline int trace_refuse(const struct exptrace_trace *trace, int err, const char *message)
{
	/* to ask changes nothing else */
	((struct exptrace_trace *)trace)->error = message;
	return err;
}

/* What has failed for good fails again: so does its message. Returns trace->failed. */
static inline int trace_failed(struct exptrace_trace *trace)
{
	if (trace->failed)
		trace->error = trace->message;
	return trace->failed;
}

/*
 * Reads the next batch or end mark into trace->batch: 1, 0 at the end, or a negative errno.
 * What is no batch, or none that can come here, stays unread.
 */
int framing_next(struct exptrace_trace *trace);

/* The next framing_next() begins with the header again. */
void framing_reset(struct exptrace_trace *trace);

/*
 * If framing_next() has failed on damage: moves on to the next generation. Returns 1, 0 if
 * there is none, or a negative errno; with -EAGAIN it goes on where it was.
 */
int resync_next(struct exptrace_trace *trace, struct exptrace_damage *damage);

/*
 * To be called before framing_next(): if the stream begins amid a generation, takes in
 * the schema of the next one. 0 or a negative errno.
 */
int borrow_schema(struct exptrace_trace *trace);

/* Takes in what the batch at hand says about its generation: 0 or a negative errno. */
int generation_take(struct exptrace_trace *trace);

/* The generation at hand, if there is one, has no end. */
void generation_abandon(struct exptrace_trace *trace);

/* All events of the generation before were given out: how many are not there? */
void account_events(struct exptrace_trace *trace);

/* One more place, and the bytes that nothing is made of. */
void account_damage(struct exptrace_trace *trace, const struct exptrace_damage *damage);

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
	trace->record_batch = batch->offset;
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
int trace_learn_label(struct exptrace_trace *trace, const struct schema_event *event,
		      struct names_scope scope);

/* Where names that are told at the record hold; all: its writer is bound to no CPU. */
struct names_scope trace_scope(const struct exptrace_trace *trace);

/* What is wrong with the event at hand of @cursor; returns -EBADMSG. */
int trace_bad_event(struct exptrace_trace *trace, const struct cursor *cursor,
		    const struct exptrace_batch *batch);

/*
 * Takes in what an event tells, whose arguments are in trace->values, where events come in the
 * order of batches: 0 or -ENOMEM.
 */
int trace_learn(struct exptrace_trace *trace, const struct schema_event *event, uint64_t time);

/* Whether the ledger counts events of this type; the others are state. */
static inline bool trace_is_recorded(uint8_t type)
{
	return !EXPTRACE_EVENT_IS_STATE(type);
}

/*
 * Decodes the next event of the batch at hand: 1, with its arguments in trace->values; 0 at
 * the end; -EBADMSG, of which trace_bad_event() is to be told; -ENOMEM. Always inline: a local
 * cursor is in registers only so.
 */
static inline __attribute__((always_inline)) int trace_step(struct exptrace_trace *trace, struct cursor *cursor)
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
