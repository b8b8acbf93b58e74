// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Parsing a batch that lies in memory: its header, its size and what it holds.
 */
#include <errno.h>

#include "batch.h"
#include "varint.h"

/* Reads the length, a number padded to 10 bytes. Returns its end; NULL if bad or incomplete. */
static const uint8_t *get_length(const uint8_t *pos, const uint8_t *end, uint64_t *length)
{
	if (end - pos < EXPTRACE_VARINT_MAX)
		return NULL;
	end = pos + EXPTRACE_VARINT_MAX;
	pos = varint_get_long(pos, end, length);
	return pos == end ? pos : NULL;
}

const uint8_t *batch_parse_header(struct exptrace_batch *batch, const uint8_t *pos, const uint8_t *end)
{
	uint64_t length;

	batch->experimental = *pos++ == EXPTRACE_WIRE_EXP_BATCH;
	batch->experiment = 0;
	if (batch->experimental) {
		if (pos == end)
			return NULL;
		batch->experiment = *pos++;
	}
	pos = varint_get_long(pos, end, &batch->generation);
	if (pos)
		pos = varint_get_long(pos, end, &batch->m);
	if (pos)
		pos = varint_get_long(pos, end, &batch->time);
	if (pos)
		pos = get_length(pos, end, &length);
	if (pos)
		batch->length = length > EXPTRACE_BATCH_MAX ? EXPTRACE_BATCH_MAX + 1 : length;
	return pos;
}

static enum exptrace_batch_kind standard_kind(uint8_t type)
{
	switch (type) {
	case EXPTRACE_WIRE_SYNC:
		return EXPTRACE_BATCH_SYNC;
	case EXPTRACE_WIRE_SCHEMA:
		return EXPTRACE_BATCH_SCHEMA;
	case EXPTRACE_WIRE_LEDGER:
		return EXPTRACE_BATCH_LEDGER;
	case EXPTRACE_WIRE_PROPERTIES:
		return EXPTRACE_BATCH_PROPERTIES;
	case EXPTRACE_WIRE_STACKS:
		return EXPTRACE_BATCH_STACKS;
	case EXPTRACE_WIRE_STRINGS:
		return EXPTRACE_BATCH_STRINGS;
	default:
		return EXPTRACE_BATCH_EVENTS;
	}
}

enum exptrace_batch_kind batch_kind(const struct exptrace_batch *batch)
{
	if (!batch->length)
		return EXPTRACE_BATCH_OTHER;
	if (!batch->experimental)
		return standard_kind(batch->data[0]);
	switch (batch->data[0]) {
	case EXPTRACE_CONTENT_EVENTS:
		return EXPTRACE_BATCH_EVENTS;
	case EXPTRACE_CONTENT_DATA:
		return EXPTRACE_BATCH_DATA;
	default:
		return EXPTRACE_BATCH_OTHER;
	}
}

int batch_parse(struct exptrace_batch *batch, const uint8_t *pos, const uint8_t *end)
{
	size_t have = (size_t)(end - pos);
	size_t head = have < EXPTRACE_BATCH_HEADER_MAX ? have : EXPTRACE_BATCH_HEADER_MAX;

	if (!head)
		return 0;
	if (!batch_begins(*pos))
		return -EBADMSG;
	batch->data = batch_parse_header(batch, pos, pos + head);
	if (!batch->data)
		return head < EXPTRACE_BATCH_HEADER_MAX ? 0 : -EBADMSG;
	batch->size = (size_t)(batch->data - pos) + batch->length;
	if (batch->size > EXPTRACE_BATCH_MAX)
		return -EBADMSG;
	if (batch->size > have)
		return 0;
	batch->kind = batch_kind(batch);
	return 1;
}
