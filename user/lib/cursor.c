// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Decoding the events of one batch: the parts outside of the inner loop.
 */
#include <string.h>

#include "cursor.h"
#include "varint.h"

void cursor_init(struct cursor *cursor, struct cursor_addrs *addrs,
		 const struct exptrace_batch *batch, const struct schema_event **types)
{
	if (addrs)
		memset(addrs, 0, sizeof(*addrs));
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

/* Reads the upper bits of an object, behind its first two bytes. Returns the end, or NULL. */
static const uint8_t *get_far_object(const uint8_t *pos, const uint8_t *end, uint64_t *page)
{
	uint64_t high;

	if (end - pos < EXPTRACE_OBJECT_BYTES - EXPTRACE_OBJECT_NEAR_BYTES)
		return NULL;
	high = pos[2];
	*page = (uint64_t)(pos[0] | pos[1] << 8);
	pos += EXPTRACE_OBJECT_BYTES - EXPTRACE_OBJECT_NEAR_BYTES;
	if (high == EXPTRACE_OBJECT_LONG >> 32) {
		pos = varint_get(pos, end, &high);
		if (high > UINT64_MAX >> 31)
			return NULL;
	}
	*page |= high << 16;
	return pos;
}

/* Reads an object's address. Returns its end, or NULL. */
static const uint8_t *get_object(const uint8_t *pos, const uint8_t *end, struct cursor_addrs *addrs,
				 const struct properties *properties, uint64_t *address)
{
	unsigned int low;
	uint64_t *page;

	if (end - pos < EXPTRACE_OBJECT_NEAR_BYTES)
		return NULL;
	low = pos[0] | (unsigned int)pos[1] << 8;
	pos += EXPTRACE_OBJECT_NEAR_BYTES;
	page = &addrs->object[(low & (EXPTRACE_OBJECT_FAR - 1)) >> EXPTRACE_OBJECT_PAGE_BITS];
	if (low & EXPTRACE_OBJECT_FAR) {
		pos = get_far_object(pos, end, page);
		low -= EXPTRACE_OBJECT_FAR;
	}
	*address = properties->data_base +
		   varint_rol64(*page << EXPTRACE_OBJECT_NEAR_BITS | low, 3);
	return pos;
}

/* Reads a user address and stores it in @last, too. Returns its end, or NULL. */
static const uint8_t *get_user_address(const uint8_t *pos, const uint8_t *end, uint64_t *last,
				       uint64_t *address)
{
	uint64_t distance;

	pos = varint_get(pos, end, &distance);
	*last += (uint64_t)varint_zigzag(distance);
	*address = *last;
	return pos;
}

/* Reads an argument that is not a string. Returns its end, or NULL. */
static const uint8_t *get_arg(uint8_t op, const uint8_t *pos, const uint8_t *end,
			      struct cursor_addrs *addrs, const struct properties *properties,
			      uint64_t *value)
{
	switch (op) {
	case SCHEMA_OP_DATA:
		return get_object(pos, end, addrs, properties, value);
	case SCHEMA_OP_USER_ADDRESS:
		return get_user_address(pos, end, &addrs->user[0], value);
	case SCHEMA_OP_USER_CODE:
		return get_user_address(pos, end, &addrs->user[1], value);
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
				 const uint8_t *end, struct cursor_addrs *addrs,
				 const struct properties *properties,
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
			pos = get_arg(event->ops[i], pos, end, addrs, properties, &value->u64);
			value->str = NULL;
			*bad = "with a bad argument";
		}
		if (!pos)
			return NULL;
	}
	return pos;
}
