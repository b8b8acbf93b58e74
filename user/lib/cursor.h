/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The events of one batch, one after the other: the inner loop of the reader, inline.
 */
#ifndef EXPTRACE_LIB_CURSOR_H
#define EXPTRACE_LIB_CURSOR_H

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
	uint8_t type;
	const char *bad;	/* what is wrong with the event at hand */
};

/* Sets out at the beginning of a batch; @types: as schema_types() has them. */
void cursor_init(struct cursor *cursor, const struct exptrace_batch *batch,
		 const struct schema_event **types);

/* Notes what is wrong with the event at hand, and ends the batch; returns -EBADMSG. */
int cursor_bad(struct cursor *cursor, const char *bad);

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

static inline uint64_t cursor_value(uint8_t op, uint64_t number,
				    const struct properties *properties)
{
	switch (op) {
	case SCHEMA_OP_SIGNED:
		return (uint64_t)varint_zigzag(number);
	case SCHEMA_OP_TEXT:
		return properties->text_base + (uint64_t)varint_zigzag(number);
	case SCHEMA_OP_DATA:
		return number ? properties->data_base + varint_rol64(number, 3) : 0;
	default:
		return number;
	}
}

/* Decodes its arguments: 0 or -EBADMSG. */
static inline int cursor_args(struct cursor *cursor, const struct properties *properties,
			      struct exptrace_value *values)
{
	const struct schema_event *event = cursor->event;
	const uint8_t *pos = cursor->pos;
	uint32_t i = event->variant, n = event->public.nargs;

	if (i) {
		uint64_t number = cursor->type - event->public.type;

		if (unlikely(event->ops[0] != SCHEMA_OP_NUMBER))
			number = cursor_value(event->ops[0], number, properties);
		values[0].u64 = number;
		values[0].str = NULL;
	}
	for (; i < n; i++) {
		uint64_t number;

		if (unlikely(event->ops[i] == SCHEMA_OP_STRING)) {
			pos = cursor_string(pos, cursor->end, &values[i]);
			if (unlikely(!pos))
				return cursor_bad(cursor, "with a bad string");
			continue;
		}
		pos = varint_get(pos, cursor->end, &number);
		if (unlikely(!pos))
			return cursor_bad(cursor, "with a bad argument");
		if (event->ops[i] != SCHEMA_OP_NUMBER)
			number = cursor_value(event->ops[i], number, properties);
		values[i].u64 = number;
		values[i].str = NULL;
	}
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

#endif /* EXPTRACE_LIB_CURSOR_H */
