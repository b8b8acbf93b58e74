/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Splitting a trace into its batches, and joining them again.
 *
 * Written from docs/wire-format.md alone, without code of the library, so as not to share its
 * faults.
 */
#ifndef EXPTRACE_FUZZ_FRAME_H
#define EXPTRACE_FUZZ_FRAME_H

#include "fuzz.h"

#define FRAME_PIECES	512	/* the rest is one piece */

enum frame_kind {
	FRAME_BATCH,	/* of either wire type; frame_write() creates the header */
	FRAME_END,	/* the end of a generation */
	FRAME_OTHER,	/* any other bytes */
};

struct frame_piece {
	enum frame_kind kind;
	int experiment;		/* -1: wire type 1 */
	uint64_t generation, m, time;
	uint8_t *data;		/* owned by the piece */
	size_t size;
};

struct frame {
	uint8_t header[EXPTRACE_HEADER_SIZE];
	struct frame_piece pieces[FRAME_PIECES];
	size_t n;
};

/* Splits bytes into pieces. Returns false without a header. Keeps bytes that are not a batch. */
bool frame_parse(struct frame *frame, const uint8_t *bytes, size_t size);
void frame_free(struct frame *frame);

/* Joins the pieces. Returns the size; 0: larger than @room. */
size_t frame_write(const struct frame *frame, uint8_t *bytes, size_t room);

/* Inserts a copy of the piece at @at, if there is room. */
void frame_insert(struct frame *frame, size_t at, const struct frame_piece *piece);
void frame_remove(struct frame *frame, size_t at);

/* Decode and encode a number. Return its size; 0: invalid. */
size_t frame_get(const uint8_t *bytes, size_t size, uint64_t *number);
size_t frame_put(uint8_t *bytes, uint64_t number);

#endif /* EXPTRACE_FUZZ_FRAME_H */
