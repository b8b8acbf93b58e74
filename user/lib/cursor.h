/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The events of one batch, one after the other: the inner loop of the reader, inline.
 *
 * Nothing that is called in the loop gets a pointer to the cursor, so that one that is
 * a local variable lives in registers.
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
	const uint8_t *event_pos;	/* of the event at hand */
	const struct schema_event **types;
	const struct schema_event *event;	/* the event at hand */
	uint64_t time;		/* its time */
	uint64_t offset;	/* of start in the stream */
	int64_t pid;		/* the thread that runs, as far as this batch tells */
	uint64_t stack;		/* of the next event, 0: it has none */
	uint8_t type;
	const char *bad;	/* what is wrong with the event at hand */
};

/* What addresses in a batch are near to: not in the cursor, for it has no register. */
struct cursor_near {
	uint64_t object[EXPTRACE_OBJECT_PAGES];	/* upper bits by bits 9 to 14 */
	uint64_t user[2];	/* the last one: data, code */
};

/*
 * Sets out at the beginning of a batch; @types: as schema_types() has them. @near: NULL as long as
 * no event has_near.
 */
void cursor_init(struct cursor *cursor, struct cursor_near *near,
		 const struct exptrace_batch *batch, const struct schema_event **types);

/* Notes what is wrong with the event at hand, and ends the batch; returns -EBADMSG. */
static inline int cursor_bad(struct cursor *cursor, const char *bad)
{
	cursor->bad = bad;
	cursor->pos = cursor->end;
	return -EBADMSG;
}

/* Reads a string into @value: what follows it, or NULL. */
const uint8_t *cursor_string(const uint8_t *pos, const uint8_t *end,
			     struct exptrace_value *value);

/* Decodes the next event's type and time: 1, 0 at the end, -EBADMSG. */
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
 * Reads all arguments of an event but the variant, of any kind, at @pos: what follows
 * them, or NULL and in *@bad what is wrong.
 */
const uint8_t *cursor_args_mixed(const struct schema_event *event, const uint8_t *pos,
				 const uint8_t *end, struct cursor_near *near,
				 const struct properties *properties,
				 struct exptrace_value *values, const char **bad);

/* The same where all are plain numbers. */
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

/* Decodes its arguments: 0 or -EBADMSG. */
static inline int cursor_args(struct cursor *cursor, struct cursor_near *near,
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
		pos = cursor_args_mixed(event, cursor->pos, cursor->end, near, properties, values,
					&bad);
	if (unlikely(!pos))
		return cursor_bad(cursor, bad);
	cursor->pos = pos;
	return 0;
}

/* The offset in the stream of the event at hand. */
static inline uint64_t cursor_offset(const struct cursor *cursor)
{
	return cursor->offset + (uint64_t)(cursor->event_pos - cursor->start);
}

/*
 * The thread that ran when the event at hand happened; takes notice of who runs
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

/* The stack of the event at hand; takes notice of that of the next one. */
static inline uint64_t cursor_stack(struct cursor *cursor, const struct exptrace_value *values)
{
	const struct schema_event *event = cursor->event;
	uint64_t stack = cursor->stack;

	cursor->stack = event->role == SCHEMA_ROLE_STACK ? values[event->pid_arg].u64 : 0;
	return stack;
}

#endif /* EXPTRACE_LIB_CURSOR_H */
