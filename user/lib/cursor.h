/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decoding the events of one batch: the inner loop of the reader, inline.
 *
 * No function called out of line in the loop gets a pointer to the cursor, so that a local cursor
 * can live in registers.
 */
#ifndef EXPTRACE_LIB_CURSOR_H
#define EXPTRACE_LIB_CURSOR_H

#include <errno.h>

#include <libexptrace.h>

#include "properties.h"
#include "schema.h"
#include "varint.h"

struct cursor {
	const uint8_t *start;	/* of the batch's data */
	const uint8_t *pos;	/* of the next byte to decode */
	const uint8_t *end;
	const uint8_t *event_pos;	/* of the current event */
	const struct schema_event **types;
	const struct schema_event *event;	/* the current event */
	uint64_t time;		/* its time */
	uint64_t offset;	/* of start in the stream */
	int64_t pid;		/* the running thread, as far as this batch shows */
	uint64_t stack;		/* of the next event, 0: none */
	uint8_t type;
	const char *bad;	/* what is wrong with the current event */
};

/* State to decode addresses relative to earlier ones, per batch. Too large for registers. */
struct cursor_addrs {
	uint64_t object[EXPTRACE_OBJECT_PAGES];	/* upper bits by bits 9 to 14 */
	uint64_t user[2];	/* last user address: data, code */
};

/*
 * Starts at the beginning of a batch. @types: see schema_types(). @addrs may be NULL until an event
 * has_relative.
 */
void cursor_init(struct cursor *cursor, struct cursor_addrs *addrs,
		 const struct exptrace_batch *batch, const struct schema_event **types);

/* Stores what is wrong with the current event and ends the batch. Returns -EBADMSG. */
static inline int cursor_bad(struct cursor *cursor, const char *bad)
{
	cursor->bad = bad;
	cursor->pos = cursor->end;
	return -EBADMSG;
}

/* Reads a string into @value. Returns its end, or NULL. */
const uint8_t *cursor_string(const uint8_t *pos, const uint8_t *end,
			     struct exptrace_value *value);

/* Decodes the next event's type and time. Returns 1, 0 at the end, or -EBADMSG. */
static inline int cursor_peek(struct cursor *cursor)
{
	const uint8_t *pos = cursor->pos;
	uint64_t delta;

	if (pos == cursor->end)
		return 0;
	cursor->event_pos = pos;
	cursor->type = *pos;
	cursor->event = cursor->types[cursor->type];
	if (unlikely(!cursor->event))
		return cursor_bad(cursor, "of a type that the schema lacks");
	pos = varint_get(pos + 1, cursor->end, &delta);
	if (unlikely(!pos))
		return cursor_bad(cursor, "with a bad time");
	if (unlikely(__builtin_add_overflow(cursor->time, delta, &cursor->time)))
		return cursor_bad(cursor, "with a time that overflows");
	cursor->pos = pos;
	return 1;
}

/*
 * Reads all arguments of an event, of any kind, except the variant. Returns their end, or NULL with
 * the problem in *@bad.
 */
const uint8_t *cursor_args_mixed(const struct schema_event *event, const uint8_t *pos,
				 const uint8_t *end, struct cursor_addrs *addrs,
				 const struct properties *properties,
				 struct exptrace_value *values, const char **bad);

/* The same for arguments that are all plain numbers. */
static inline const uint8_t *cursor_args_plain(const struct schema_event *event,
					       const uint8_t *pos, const uint8_t *end,
					       struct exptrace_value *values, const char **bad)
{
	struct exptrace_value *value = values + event->variant;
	struct exptrace_value *last = values + event->public.nargs;

	for (; value < last; value++) {
		pos = varint_get(pos, end, &value->u64);
		value->str = NULL;
		if (unlikely(!pos)) {
			*bad = "with a bad argument";
			return NULL;
		}
	}
	return pos;
}

/* Decodes the arguments of the current event. Returns 0 or -EBADMSG. */
static inline int cursor_args(struct cursor *cursor, struct cursor_addrs *addrs,
			      const struct properties *properties, struct exptrace_value *values)
{
	const struct schema_event *event = cursor->event;
	const uint8_t *pos;
	const char *bad = NULL;

	if (event->variant) {
		values->u64 = (uint64_t)(cursor->type - event->public.type);
		values->str = NULL;
	}
	if (likely(event->plain))
		pos = cursor_args_plain(event, cursor->pos, cursor->end, values, &bad);
	else
		pos = cursor_args_mixed(event, cursor->pos, cursor->end, addrs, properties, values,
					&bad);
	if (unlikely(!pos))
		return cursor_bad(cursor, bad);
	cursor->pos = pos;
	return 0;
}

/* The offset of the current event in the stream. */
static inline uint64_t cursor_offset(const struct cursor *cursor)
{
	return cursor->offset + (uint64_t)(cursor->event_pos - cursor->start);
}

/*
 * Returns the thread that ran when the current event happened, and remembers the one that runs
 * after it.
 */
static inline int64_t cursor_pid(struct cursor *cursor, const struct exptrace_value *values)
{
	const struct schema_event *event = cursor->event;
	int64_t pid = cursor->pid;

	if (event->role == SCHEMA_ROLE_CURRENT || event->role == SCHEMA_ROLE_SWITCH) {
		uint64_t next = values[event->pid_arg].u64;

		cursor->pid = next > INT64_MAX ? EXPTRACE_PID_UNKNOWN : (int64_t)next;
		if (event->role == SCHEMA_ROLE_CURRENT)
			pid = cursor->pid;
	}
	return pid;
}

/* Returns the stack of the current event, and remembers that of the next one. */
static inline uint64_t cursor_stack(struct cursor *cursor, const struct exptrace_value *values)
{
	const struct schema_event *event = cursor->event;
	uint64_t stack = cursor->stack;

	cursor->stack = event->role == SCHEMA_ROLE_STACK ? values[event->pid_arg].u64 : 0;
	return stack;
}

#endif /* EXPTRACE_LIB_CURSOR_H */
