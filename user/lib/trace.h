/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An open trace, with its parts in data-flow order.
 *
 * input (bytes) -> framing (batches) -> generation (tables) -> cursor (events of
 * one batch) -> merge (events of all batches of a generation, by time).
 */
#ifndef EXPTRACE_LIB_TRACE_H
#define EXPTRACE_LIB_TRACE_H

#include <libexptrace.h>

#include "clock.h"
#include "cursor.h"
#include "files.h"
#include "input.h"
#include "learn.h"
#include "ledger.h"
#include "merge.h"
#include "names.h"
#include "properties.h"
#include "schema.h"
#include "stacks.h"
#include "tasks.h"
#include "trace_index.h"

enum trace_mode {
	TRACE_MODE_NONE,	/* nothing read yet */
	TRACE_MODE_BATCHES,
	TRACE_MODE_EVENTS,
	TRACE_MODE_FRAMES,
};

/* Borrowing a schema for a first generation without its beginning: borrow.c */
enum borrow_state {
	BORROW_NEW,		/* nothing read yet */
	BORROW_AHEAD,		/* looking for a schema */
	BORROW_DONE,
};

struct borrow {
	enum borrow_state state;
	uint64_t begin;		/* offset at which the stream or the recording begins */
	uint64_t recording;
	bool reading;		/* borrow_schema() is running */
	bool active;		/* found a schema */
	uint64_t borrower, lender;	/* generations */
};

/* How the previous generation ended */
struct ended {
	bool known;
	uint64_t generation;
	uint64_t ns;		/* CLOCK_MONOTONIC */
	uint64_t began_ns;	/* 0: unknown */
	bool has_boottime;
	uint64_t boottime_offset;
};

struct exptrace_trace {
	enum trace_mode mode;
	int fd;			/* -1: none */
	struct input input;
	struct trace_index index;
	struct files *files;	/* the parts of a trace of several files, or NULL */

	/* framing */
	bool header_seen;
	int version;		/* of the wire format, after the header */
	uint64_t stop;		/* offset at which to end; 0: none */
	bool in_generation;	/* a batch began since the last end mark, */
	bool whole_batch;	/* and one was complete */
	bool has_generation, has_confirmed;
	uint64_t generation;	/* of the last batch */
	uint64_t confirmed;	/* the last one confirmed by a second batch or end mark */
	bool adrift;		/* no batch follows: resync.c */
	uint64_t adrift_offset;	/* from here on */
	uint64_t recording;	/* number of the current one, from 0 */
	struct exptrace_damage damage;	/* the last one */
	uint64_t resync_spent;	/* budget used for checking candidates */
	struct exptrace_batch batch;

	/* the current generation */
	bool open;		/* begun, and its end mark not yet read */
	uint64_t open_generation;
	bool abandoned;		/* the previous one was cut off, or is not the one before */
	bool sought;		/* by exptrace_seek_...(): what is between is not missing */
	uint64_t generations;	/* begun so far */
	bool has_opening_sync;
	uint64_t open_recording, counted_recording;	/* of it, and of the last one counted */
	bool restarted;		/* the previous one is of another recording */
	bool gap;		/* nothing was recorded just before it */
	bool set_back;		/* its clock is earlier than that of the previous one */
	char boot[40];		/* boot_id of the last one that ended; "": unknown */
	bool other_boot;	/* boot_id differs from the previous one's, known at its end */
	struct ended ended;
	struct exptrace_times times;
	uint64_t recorded;	/* events by its ledger */
	uint64_t found;		/* events returned to the caller */
	bool counts_found;	/* the caller has read all events */
	bool can_compare;	/* the two numbers can be compared */
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
	struct learn learn;	/* records about them */
	struct names names;	/* of numbers of other kinds */
	struct cursor cursor;	/* exptrace_next_in_batch() */
	struct cursor_addrs addrs;	/* likewise */
	struct merge merge;	/* exptrace_next_event() */
	struct exptrace_record record;
	uint64_t record_batch;	/* offset of its batch */
	struct exptrace_value *values;
	uint32_t nvalues;

	int failed;		/* negative errno returned from now on */
	uint64_t error_offset;
	const char *error;	/* the last message; NULL: none */
	char message[TRACE_MESSAGE];	/* the last one with an offset */
};

/* Stores the message and appends the offset. Returns @err. */
__attribute__((format(printf, 4, 5)))
int trace_error(struct exptrace_trace *trace, int err, uint64_t offset, const char *format, ...);

/* Stores "out of memory"; returns -ENOMEM. */
int trace_no_memory(struct exptrace_trace *trace, uint64_t offset);

/* For a call that does not fit the trace's mode. Returns -EINVAL. */
int trace_wrong_mode(const struct exptrace_trace *trace);

/* Stores a constant message for an error without an offset. Returns @err. */
static inline int trace_refuse(const struct exptrace_trace *trace, int err, const char *message)
{
	/* queries take a const trace and change only its message */
	((struct exptrace_trace *)trace)->error = message;
	return err;
}

/* Repeats a permanent error and its message. Returns trace->failed. */
static inline int trace_failed(struct exptrace_trace *trace)
{
	if (trace->failed)
		trace->error = trace->message;
	return trace->failed;
}

/*
 * Reads the next batch or end mark into trace->batch. Returns 1, 0 at the end, or a negative errno.
 * Bytes that are not a valid batch here stay unread.
 */
int framing_next(struct exptrace_trace *trace);

/* Makes framing_next() begin with the header again. */
void framing_reset(struct exptrace_trace *trace);

/*
 * Goes on with the next section of the stream, whose first generation is @generation (0: unknown).
 * Returns false if there is none.
 */
bool framing_next_section(struct exptrace_trace *trace, uint64_t *generation);

/*
 * Skips to the next generation after framing_next() has failed on damage. Returns 1, 0 if there is
 * none, or a negative errno; after -EAGAIN, call it again to continue.
 */
int resync_next(struct exptrace_trace *trace, struct exptrace_damage *damage);

/*
 * If the stream begins in the middle of a generation, reads the schema of the next one. Call it
 * before framing_next(). Returns 0 or a negative errno.
 */
int borrow_schema(struct exptrace_trace *trace);

/* Reads the current batch if it is a table or an end mark. Returns 0 or a negative errno. */
int generation_take(struct exptrace_trace *trace);

/* Closes the current generation, if any, as cut off. */
void generation_abandon(struct exptrace_trace *trace);

/* Accounts missing events, after all events of the previous generation were returned. */
void account_events(struct exptrace_trace *trace);

/* Accounts damage and the bytes skipped. */
void account_damage(struct exptrace_trace *trace, const struct exptrace_damage *damage);

/* Makes room for the values of any event. Returns 0 or -ENOMEM. */
int trace_reserve_values(struct exptrace_trace *trace);

/* Fills in the fields of the record that come from its batch. */
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

/* Fills in the current event of @cursor, whose arguments are in trace->values. */
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

/* Learns a name from a label event, with its arguments in trace->values. Returns 0 or -ENOMEM. */
int trace_learn_label(struct exptrace_trace *trace, const struct schema_event *event,
		      struct names_scope scope);

/* Scope of names in the current record; everywhere if its writer is not bound to a CPU. */
struct names_scope trace_scope(const struct exptrace_trace *trace);

/* Stores what is wrong with the current event of @cursor. Returns -EBADMSG. */
int trace_bad_event(struct exptrace_trace *trace, const struct cursor *cursor,
		    const struct exptrace_batch *batch);

/*
 * Learns from an event when reading by batches, with its arguments in trace->values. Returns 0 or
 * -ENOMEM.
 */
int trace_learn(struct exptrace_trace *trace, const struct schema_event *event, uint64_t time);

/* Does the ledger count events of this type? The others are state. */
static inline bool trace_is_recorded(uint8_t type)
{
	return !EXPTRACE_EVENT_IS_STATE(type);
}

/*
 * Decodes the next event of the current batch. Returns 1, with the arguments in trace->values; 0 at
 * the end; -EBADMSG (then call trace_bad_event()); or -ENOMEM. Always inline, so that a local
 * cursor stays in registers.
 */
static inline __attribute__((always_inline)) int trace_step(struct exptrace_trace *trace,
							    struct cursor *cursor)
{
	int ret = cursor_peek(cursor);

	if (unlikely(ret <= 0))
		return ret;
	if (unlikely(cursor_args(cursor, &trace->addrs, &trace->properties, trace->values)))
		return -EBADMSG;
	if (unlikely(cursor->event->role >= SCHEMA_ROLE_TASK))
		ret = trace_learn(trace, cursor->event, cursor->time);
	return unlikely(ret < 0) ? ret : 1;
}

#endif /* EXPTRACE_LIB_TRACE_H */
