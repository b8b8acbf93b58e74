// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The events of one batch, one after the other: what is not in the inner loop.
 */
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

const uint8_t *cursor_string(const uint8_t *pos, const uint8_t *end,
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

/* Reads an object's address: what follows it, or NULL. */
static const uint8_t *get_object(const uint8_t *pos, const uint8_t *end,
				 const struct properties *properties, uint64_t *address)
{
	uint64_t v, high = 0;

	if (end - pos < EXPTRACE_OBJECT_BYTES)
		return NULL;
	v = varint_load(pos) | (uint64_t)pos[4] << 32;
	pos += EXPTRACE_OBJECT_BYTES;
	if (unlikely(v >= EXPTRACE_OBJECT_LONG)) {
		pos = varint_get(pos, end, &high);
		if (high > UINT32_MAX)
			return NULL;
		v = (uint32_t)v | high << 32;
		if (!v) {
			*address = 0;
			return pos;
		}
	}
	*address = properties->data_base + varint_rol64(v, 3);
	return pos;
}

/* Reads an argument by its op, which is not of a string: what follows it, or NULL. */
static const uint8_t *get_arg(uint8_t op, const uint8_t *pos, const uint8_t *end,
			      const struct properties *properties, uint64_t *value)
{
	switch (op) {
	case SCHEMA_OP_DATA:
		return get_object(pos, end, properties, value);
	case SCHEMA_OP_SITE:
		if (end - pos < EXPTRACE_SITE_BYTES)
			return NULL;
		*value = pos[0] | (uint64_t)pos[1] << 8;
		return pos + EXPTRACE_SITE_BYTES;
	case SCHEMA_OP_SIGNED:
		pos = varint_get(pos, end, value);
		*value = (uint64_t)varint_zigzag(*value);
		return pos;
	default:
		return varint_get(pos, end, value);
	}
}

const uint8_t *cursor_args_mixed(const struct schema_event *event, const uint8_t *pos,
				 const uint8_t *end, const struct properties *properties,
				 struct exptrace_value *values, const char **bad)
{
	uint32_t i = event->variant, n = event->public.nargs;

	if (i && event->ops[0] == SCHEMA_OP_SIGNED)
		values[0].u64 = (uint64_t)varint_zigzag(values[0].u64);
	for (; i < n; i++) {
		struct exptrace_value *value = &values[i];

		if (event->ops[i] == SCHEMA_OP_STRING) {
			pos = cursor_string(pos, end, value);
			*bad = "with a bad string";
		} else {
			pos = get_arg(event->ops[i], pos, end, properties, &value->u64);
			value->str = NULL;
			*bad = "with a bad argument";
		}
		if (!pos)
			return NULL;
	}
	return pos;
}
