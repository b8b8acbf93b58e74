/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The events of one batch, one after the other.
 */
#ifndef EXPTRACE_LIB_CURSOR_H
#define EXPTRACE_LIB_CURSOR_H

#include <libexptrace.h>

#include "properties.h"
#include "schema.h"

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

/* Decodes the next event's type and time: 1, 0 at the end, -EBADMSG. */
int cursor_peek(struct cursor *cursor);

/* Decodes its arguments: 0 or -EBADMSG. */
int cursor_args(struct cursor *cursor, const struct properties *properties,
		struct exptrace_value *values);

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
