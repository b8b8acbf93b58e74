// SPDX-License-Identifier: GPL-2.0-only
/*
 * The frame of a batch: its header and its length.
 */
#include "batch.h"
#include "varint.h"

/* Write a header at @p in @batch. exptrace_batch_seal() fills in the length. */
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
 * Fill in the length: the data of @batch ends before @pos, and its slot has recorded
 * @recorded events so far. May be called again after more data.
 */
void exptrace_batch_seal(struct exptrace_batch *batch, const u8 *pos, u64 recorded)
{
	u8 *length = batch->data + batch->start - EXPTRACE_VARINT_MAX;

	batch->used = pos - batch->data;
	batch->events = recorded - batch->first;
	exptrace_put_padded_varint(length, batch->used - batch->start);
}

/* Does @batch hold no more than a new batch does? */
bool exptrace_batch_is_bare(const struct exptrace_batch *batch, unsigned int exp, const u8 *pos)
{
	return pos - batch->data <= batch->start + (exp != EXPTRACE_EXPERIMENT_STANDARD);
}

/* End of the stream's batch that begins at @start of @batch. */
static u32 batch_end(const struct exptrace_batch *batch, u32 start)
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

/* Beginning of the stream's batch that contains the byte at @offset. @batch is sealed. */
static u32 batch_start(const struct exptrace_batch *batch, u32 offset)
{
	u32 start = batch->begin, end = batch_end(batch, start);

	while (end <= offset) {
		start = end;
		end = batch_end(batch, end);
	}
	return start;
}

/*
 * A reader that got the bytes before @offset leaves. Let the next reader begin with the first
 * batch of the stream that this one did not get whole.
 */
void exptrace_batch_rewind(struct exptrace_batch *batch, u32 offset)
{
	batch->begin = batch_start(batch, offset);
}

/* Does a reader that got the bytes before @offset hold part of a batch of the stream? */
bool exptrace_batch_is_cut(const struct exptrace_batch *batch, u32 offset)
{
	return batch_start(batch, offset) != offset;
}
