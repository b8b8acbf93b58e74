// SPDX-License-Identifier: GPL-2.0-only
/*
 * The frame around a batch's data.
 */
#include "batch.h"
#include "varint.h"

/* Writes a header to @p in @batch; its length is patched when it is sealed. */
void exptrace_batch_header(struct exptrace_batch *batch, u8 *p, unsigned int exp, u64 gen, u64 m,
			   u64 time)
{
	if (exp == EXPTRACE_EXPERIMENT_STANDARD) {
		*p++ = EXPTRACE_WIRE_EVENT_BATCH;
	} else {
		*p++ = EXPTRACE_WIRE_EXP_BATCH;
		*p++ = exp;
	}
	p = exptrace_put_varint(p, gen);
	p = exptrace_put_varint(p, m);
	p = exptrace_put_varint(p, time);
	p += EXPTRACE_VARINT_MAX;
	batch->start = p - batch->data;
}

/*
 * Patches the length: the data of @batch ends before @pos, when its slot has
 * recorded @recorded events. May be repeated.
 */
void exptrace_batch_seal(struct exptrace_batch *batch, const u8 *pos, u64 recorded)
{
	u8 *length = batch->data + batch->start - EXPTRACE_VARINT_MAX;

	batch->used = pos - batch->data;
	batch->events = recorded - batch->first;
	exptrace_put_padded_varint(length, batch->used - batch->start);
}

/* Is there nothing in @batch but what a new one begins with? */
bool exptrace_batch_is_bare(const struct exptrace_batch *batch, unsigned int exp, const u8 *pos)
{
	return pos - batch->data <= batch->start + (exp != EXPTRACE_EXPERIMENT_STANDARD);
}

/* Where the batch of the stream that begins at @start of @batch ends. */
static u32 end_of(const struct exptrace_batch *batch, u32 start)
{
	const u8 *p = batch->data + start;
	u64 length;

	p += *p == EXPTRACE_WIRE_EXP_BATCH ? 2 : 1;
	exptrace_get_varint(&p);
	exptrace_get_varint(&p);
	exptrace_get_varint(&p);
	length = exptrace_get_varint(&p);
	return p - batch->data + length;
}

/* Where the batch of the stream begins that the byte at @offset of @batch, sealed, is in. */
static u32 start_of(const struct exptrace_batch *batch, u32 offset)
{
	u32 start = batch->begin, end = end_of(batch, start);

	while (end <= offset) {
		start = end;
		end = end_of(batch, end);
	}
	return start;
}

/*
 * A reader has what is before @offset of @batch, and leaves: the next one begins with the
 * batch of the stream that it does not have whole.
 */
void exptrace_batch_rewind(struct exptrace_batch *batch, u32 offset)
{
	batch->begin = start_of(batch, offset);
}

/* Has a reader that has what is before @offset a part of a batch of the stream? */
bool exptrace_batch_is_cut(const struct exptrace_batch *batch, u32 offset)
{
	return start_of(batch, offset) != offset;
}
