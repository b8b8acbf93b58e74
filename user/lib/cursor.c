// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The events of one batch, one after the other: what is not in the inner loop.
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

int cursor_bad(struct cursor *cursor, const char *bad)
{
	cursor->bad = bad;
	cursor->pos = cursor->end;
	return -EBADMSG;
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
