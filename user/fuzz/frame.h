/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A trace taken apart into its batches, and put together again.
 *
 * Made from docs/wire-format.md alone, not from the library, whose faults it would share.
 */
#ifndef EXPTRACE_FUZZ_FRAME_H
#define EXPTRACE_FUZZ_FRAME_H

#include "fuzz.h"

#define FRAME_PIECES	512	/* what is beyond is one piece */

enum frame_kind {
	FRAME_BATCH,	/* of either wire type; its header is made anew */
	FRAME_END,	/* the end of a generation */
	FRAME_OTHER,	/* bytes that are none of these */
};

struct frame_piece {
	enum frame_kind kind;
	int experiment;		/* -1: wire type 1 */
	uint64_t generation, m, time;
	uint8_t *data;		/* the piece's own */
	size_t size;
};

struct frame {
	uint8_t header[EXPTRACE_HEADER_SIZE];
	struct frame_piece pieces[FRAME_PIECES];
	size_t n;
};

/* Takes bytes apart; false: not even a header. What is no batch is kept as it is. */
bool frame_parse(struct frame *frame, const uint8_t *bytes, size_t size);
void frame_free(struct frame *frame);

/* Puts it together: returns the size; 0: it is larger than @room. */
size_t frame_write(const struct frame *frame, uint8_t *bytes, size_t room);

/* Moves a copy of the piece, or nothing if there is no room, to @at. */
void frame_insert(struct frame *frame, size_t at, const struct frame_piece *piece);
void frame_remove(struct frame *frame, size_t at);

/* A number in bytes; returns its size, or 0: there is none. */
size_t frame_get(const uint8_t *bytes, size_t size, uint64_t *number);
size_t frame_put(uint8_t *bytes, uint64_t number);

#endif /* EXPTRACE_FUZZ_FRAME_H */
