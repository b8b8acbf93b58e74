// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes new traces from existing ones. Most remain readable: their batches are changed and framed
 * again. Some are changed without regard to the framing.
 */
#include <string.h>

#include "frame.h"

#define ROOM	(128 * 1024)

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2,
				 size_t size2, uint8_t *out, size_t max_size, unsigned int seed);

static uint64_t state;

static void begin(unsigned int seed)
{
	state = seed * 0x9e3779b97f4a7c15ULL | 1;
}

static uint64_t draw(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 11) % below;
}

/* Mostly small numbers, so that ids match; sometimes one that makes something overflow. */
static uint64_t draw_number(void)
{
	static const uint64_t edges[] = {
		0x7f, 0x80, 0xff, 0x3fff, 0xffff, 0xfffff, 1 << 24, 0x7fffffff, 0x80000000,
		0xc0000000, 0xffffffff, 1ULL << 53, INT64_MAX, 1ULL << 63, UINT64_MAX - 1, UINT64_MAX,
	};

	if (draw(4))
		return draw(8);
	if (draw(2))
		return draw(1024);
	return edges[draw(sizeof(edges) / sizeof(edges[0]))] - draw(2);
}

/* Changes the data of a batch by @fn. */
static void change_data(struct frame_piece *piece, size_t (*fn)(uint8_t *data, size_t size))
{
	static uint8_t data[ROOM];

	if (!piece->size || piece->size > ROOM / 2)
		return;
	memcpy(data, piece->data, piece->size);
	piece->size = fn(data, piece->size);
	free(piece->data);
	piece->data = malloc(piece->size + 1);
	if (!piece->data)
		abort();
	memcpy(piece->data, data, piece->size);
}

static size_t change_bytes(uint8_t *data, size_t size)
{
	return LLVMFuzzerMutate(data, size, size + 1024);
}

/* Replaces a number by another one of any size. */
static size_t change_number(uint8_t *data, size_t size)
{
	size_t at = draw(size), old, new;
	uint8_t bytes[EXPTRACE_VARINT_MAX];
	uint64_t number;

	old = frame_get(data + at, size - at, &number);
	if (!old)
		return size;
	number = draw(2) ? draw_number() : number + draw(16) - 8;
	new = frame_put(bytes, number);
	memmove(data + at + new, data + at + old, size - at - old);
	memcpy(data + at, bytes, new);
	return size - old + new;
}

/* Duplicates some bytes: an event, an entry of a table. */
static size_t repeat_bytes(uint8_t *data, size_t size)
{
	size_t len = draw(size < 64 ? size : 64) + 1, from = draw(size - len + 1), to = draw(size + 1);
	size_t times = draw(4) ? 1 : draw(32) + 1;
	uint8_t bytes[64];

	memcpy(bytes, data + from, len);
	memmove(data + to + len * times, data + to, size - to);
	for (size_t i = 0; i < times; i++)
		memcpy(data + to + i * len, bytes, len);
	return size + len * times;
}

static size_t drop_bytes(uint8_t *data, size_t size)
{
	size_t len = draw(size < 64 ? size : 64), from = draw(size - len + 1);

	memmove(data + from, data + from + len, size - from - len);
	return size - len;
}

static void change_header(struct frame_piece *piece)
{
	switch (draw(4)) {
	case 0:
		piece->generation = draw(2) ? piece->generation + draw(3) - 1 : draw_number();
		break;
	case 1:
		piece->m = draw(3) ? draw(16) : draw(2) ? EXPTRACE_M_NONE : draw_number();
		break;
	case 2:
		piece->time = draw(2) ? piece->time + draw(2000) - 1000 : draw_number();
		break;
	default:
		piece->experiment = (int)draw(4) - 1;
	}
}

/* Renumbers generations by their end marks, sometimes with deviations. */
static void renumber(struct frame *frame)
{
	uint64_t generation = draw(4) ? 1 : draw_number();
	size_t i;

	for (i = 0; i < frame->n; i++) {
		frame->pieces[i].generation = generation;
		if (frame->pieces[i].kind == FRAME_END)
			generation += draw(8) ? 1 : draw(4);
	}
}

static void change_piece(struct frame_piece *piece)
{
	switch (draw(8)) {
	case 0:
		change_header(piece);
		break;
	case 1:
		change_data(piece, repeat_bytes);
		break;
	case 2:
		change_data(piece, drop_bytes);
		break;
	case 3:
	case 4:
		change_data(piece, change_number);
		break;
	default:
		change_data(piece, change_bytes);
	}
}

static void change_order(struct frame *frame)
{
	size_t from = draw(frame->n), to = draw(frame->n);
	struct frame_piece piece = frame->pieces[from];

	switch (draw(4)) {
	case 0:
		frame_remove(frame, from);
		break;
	case 1:
		frame->pieces[from] = frame->pieces[to];
		frame->pieces[to] = piece;
		break;
	case 2:
		frame_insert(frame, to, &(struct frame_piece) { .kind = FRAME_END });
		break;
	default:
		frame_insert(frame, to, &frame->pieces[from]);
	}
}

static void change_frame(struct frame *frame)
{
	unsigned int times = (unsigned int)draw(3) + 1;

	while (times-- && frame->n) {
		switch (draw(16)) {
		case 0:
			frame->header[10] = (uint8_t)('1' + draw(2));
			break;
		case 1:
			frame->header[FUZZ_CHOICE] = 0;
			break;
		case 2:
		case 3:
			change_order(frame);
			break;
		case 4:
			renumber(frame);
			break;
		default:
			change_piece(&frame->pieces[draw(frame->n)]);
		}
	}
	/* running all commands takes long */
	if (!frame->header[FUZZ_CHOICE])
		frame->header[FUZZ_CHOICE] = (uint8_t)(1 + draw(255));
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	static struct frame frame;
	static uint8_t bytes[ROOM];
	size_t n = 0;

	begin(seed);
	if (draw(8) && frame_parse(&frame, data, size)) {
		change_frame(&frame);
		n = frame_write(&frame, bytes, sizeof(bytes));
	}
	frame_free(&frame);
	if (!n || n > max_size)
		return LLVMFuzzerMutate(data, size, max_size);
	memcpy(data, bytes, n);
	return n;
}

/* Inserts batches of the second trace among those of the first. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2,
				 size_t size2, uint8_t *out, size_t max_size, unsigned int seed)
{
	static struct frame to, from;
	unsigned int times;
	size_t n = 0;

	begin(seed);
	if (frame_parse(&to, data1, size1) && frame_parse(&from, data2, size2) && from.n) {
		for (times = (unsigned int)draw(4) + 1; times; times--)
			frame_insert(&to, draw(to.n + 1), &from.pieces[draw(from.n)]);
		if (draw(4))
			renumber(&to);
		n = frame_write(&to, out, max_size);
	}
	frame_free(&to);
	frame_free(&from);
	return n;
}
