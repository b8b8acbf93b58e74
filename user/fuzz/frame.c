// SPDX-License-Identifier: GPL-2.0-only
/*
 * Splitting a trace into its batches, and joining them again.
 */
#include <string.h>

#include "frame.h"

size_t frame_get(const uint8_t *bytes, size_t size, uint64_t *number)
{
	size_t i;

	*number = 0;
	for (i = 0; i < size && i < EXPTRACE_VARINT_MAX; i++) {
		*number |= (uint64_t)(bytes[i] & 0x7f) << 7 * i;
		if (!(bytes[i] & 0x80))
			return i + 1;
	}
	return 0;
}

size_t frame_put(uint8_t *bytes, uint64_t number)
{
	size_t n = 0;

	for (; number >= 0x80; number >>= 7)
		bytes[n++] = (uint8_t)(number | 0x80);
	bytes[n++] = (uint8_t)number;
	return n;
}

/* Always in 10 bytes. */
static void put_length(uint8_t *bytes, uint64_t length)
{
	int i;

	for (i = 0; i < EXPTRACE_VARINT_MAX; i++, length >>= 7)
		bytes[i] = (uint8_t)((length & 0x7f) | (i < EXPTRACE_VARINT_MAX - 1 ? 0x80 : 0));
}

static void set_data(struct frame_piece *piece, const uint8_t *bytes, size_t size)
{
	piece->data = malloc(size + 1);
	if (!piece->data)
		abort();
	memcpy(piece->data, bytes, size);
	piece->size = size;
}

/* Reads a batch with its header. Returns its size; 0: no complete batch. */
static size_t get_batch(const uint8_t *bytes, size_t size, struct frame_piece *piece)
{
	uint64_t *const numbers[] = { &piece->generation, &piece->m, &piece->time };
	size_t pos = 1, n, i;
	uint64_t length;

	piece->experiment = -1;
	if (bytes[0] == EXPTRACE_WIRE_EXP_BATCH && size > 1)
		piece->experiment = bytes[pos++];
	else if (bytes[0] != EXPTRACE_WIRE_EVENT_BATCH)
		return 0;
	for (i = 0; i < 3; i++, pos += n) {
		n = frame_get(bytes + pos, size - pos, numbers[i]);
		if (!n)
			return 0;
	}
	n = frame_get(bytes + pos, size - pos, &length);
	pos += n;
	if (!n || length > size - pos)
		return 0;
	set_data(piece, bytes + pos, length);
	return pos + length;
}

bool frame_parse(struct frame *frame, const uint8_t *bytes, size_t size)
{
	size_t pos = EXPTRACE_HEADER_SIZE, n;

	frame->n = 0;
	if (size < EXPTRACE_HEADER_SIZE)
		return false;
	memcpy(frame->header, bytes, EXPTRACE_HEADER_SIZE);
	for (; pos < size && frame->n < FRAME_PIECES; pos += n) {
		struct frame_piece *piece = &frame->pieces[frame->n++];

		*piece = (struct frame_piece) { .kind = FRAME_BATCH };
		n = frame->n < FRAME_PIECES ? get_batch(bytes + pos, size - pos, piece) : 0;
		if (n)
			continue;
		if (bytes[pos] == EXPTRACE_WIRE_END_OF_GENERATION) {
			piece->kind = FRAME_END;
			n = 1;
			continue;
		}
		piece->kind = FRAME_OTHER;
		n = size - pos;
		set_data(piece, bytes + pos, n);
	}
	return true;
}

void frame_free(struct frame *frame)
{
	while (frame->n)
		free(frame->pieces[--frame->n].data);
}

static size_t put_header(uint8_t *bytes, const struct frame_piece *piece)
{
	size_t n = 0;

	bytes[n++] = piece->experiment < 0 ? EXPTRACE_WIRE_EVENT_BATCH : EXPTRACE_WIRE_EXP_BATCH;
	if (piece->experiment >= 0)
		bytes[n++] = (uint8_t)piece->experiment;
	n += frame_put(bytes + n, piece->generation);
	n += frame_put(bytes + n, piece->m);
	n += frame_put(bytes + n, piece->time);
	put_length(bytes + n, piece->size);
	return n + EXPTRACE_VARINT_MAX;
}

size_t frame_write(const struct frame *frame, uint8_t *bytes, size_t room)
{
	size_t pos = EXPTRACE_HEADER_SIZE, i;

	if (room < pos)
		return 0;
	memcpy(bytes, frame->header, pos);
	for (i = 0; i < frame->n; i++) {
		const struct frame_piece *piece = &frame->pieces[i];

		if (piece->size + EXPTRACE_BATCH_HEADER_MAX > room - pos)
			return 0;
		if (piece->kind == FRAME_END)
			bytes[pos++] = EXPTRACE_WIRE_END_OF_GENERATION;
		else if (piece->kind == FRAME_BATCH)
			pos += put_header(bytes + pos, piece);
		if (piece->size)
			memcpy(bytes + pos, piece->data, piece->size);
		pos += piece->size;
	}
	return pos;
}

void frame_insert(struct frame *frame, size_t at, const struct frame_piece *piece)
{
	struct frame_piece copy = *piece;

	if (frame->n == FRAME_PIECES)
		return;
	if (piece->data)
		set_data(&copy, piece->data, piece->size);
	memmove(&frame->pieces[at + 1], &frame->pieces[at], (frame->n - at) * sizeof(copy));
	frame->pieces[at] = copy;
	frame->n++;
}

void frame_remove(struct frame *frame, size_t at)
{
	free(frame->pieces[at].data);
	frame->n--;
	memmove(&frame->pieces[at], &frame->pieces[at + 1],
		(frame->n - at) * sizeof(frame->pieces[0]));
}
