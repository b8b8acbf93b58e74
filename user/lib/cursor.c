// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The events of one batch, one after the other: the inner loop of the reader.
 */
#include <errno.h>

#include "cursor.h"
#include "varint.h"

void cursor_init(struct cursor *cursor, const struct exptrace_batch *batch,
		 const struct schema_event **types)
{
	*cursor = (struct cursor) {
		.start = batch->data,
		.pos = batch->data + batch->experimental,
		.end = batch->data + batch->length,
		.types = types,
		.time = batch->time,
		.offset = batch->offset + batch->size - batch->length,
		.pid = EXPTRACE_PID_UNKNOWN,
	};
}

static int cursor_bad(struct cursor *cursor, const char *bad)
{
	cursor->bad = bad;
	cursor->pos = cursor->end;
	return -EBADMSG;
}

int cursor_peek(struct cursor *cursor)
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

static const uint8_t *get_string(const uint8_t *pos, const uint8_t *end,
				 struct exptrace_value *value)
{
	uint64_t len;

	pos = varint_get(pos, end, &len);
	if (!pos || len > EXPTRACE_STRING_MAX || len > (uint64_t)(end - pos))
		return NULL;
	value->str = (const char *)pos;
	value->len = len;
	value->u64 = 0;
	return pos + len;
}

static inline uint64_t number_value(uint8_t op, uint64_t number, const struct properties *properties)
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

int cursor_args(struct cursor *cursor, const struct properties *properties,
		struct exptrace_value *values)
{
	const struct schema_event *event = cursor->event;
	const uint8_t *pos = cursor->pos;
	uint32_t i = event->variant, n = event->public.nargs;

	if (i) {
		uint64_t number = cursor->type - event->public.type;

		if (unlikely(event->ops[0] != SCHEMA_OP_NUMBER))
			number = number_value(event->ops[0], number, properties);
		values[0].u64 = number;
		values[0].str = NULL;
	}
	for (; i < n; i++) {
		uint64_t number;

		if (unlikely(event->ops[i] == SCHEMA_OP_STRING)) {
			pos = get_string(pos, cursor->end, &values[i]);
			if (unlikely(!pos))
				return cursor_bad(cursor, "with a bad string");
			continue;
		}
		pos = varint_get(pos, cursor->end, &number);
		if (unlikely(!pos))
			return cursor_bad(cursor, "with a bad argument");
		if (event->ops[i] != SCHEMA_OP_NUMBER)
			number = number_value(event->ops[i], number, properties);
		values[i].u64 = number;
		values[i].str = NULL;
	}
	cursor->pos = pos;
	return 0;
}
