/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bytes of a trace: read from a file, pipe or device into chunks, or in memory already.
 *
 * Files are read, not mapped: a file that shrinks under a mapping kills the
 * reader, and the copy costs a few percent only.
 */
#ifndef EXPTRACE_LIB_INPUT_H
#define EXPTRACE_LIB_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INPUT_CHUNK	(256 * 1024)

struct chunk;

/* See exptrace_on_wait(). */
typedef bool input_wait_fn(void *arg);

struct input {
	int fd;			/* -1: all is in memory, between pos - offset and end */
	bool own_fd;
	bool hold;		/* what was read stays where it is until input_release() */
	bool eof;
	struct chunk *current;
	struct chunk *held;	/* full chunks that are still referred to */
	struct chunk *spare;
	const uint8_t *pos;	/* the unread bytes of the current chunk */
	const uint8_t *end;
	uint64_t offset;	/* of pos in the stream */
	input_wait_fn *on_wait;	/* NULL: read(2) waits */
	void *on_wait_arg;

	/* input_keep() to input_rewind(), and until what was kept is read again */
	bool keep;
	int64_t start;		/* where the file can be sought to instead; else negative */
	uint8_t *kept;
	size_t nkept, kept_room, replayed;
};

static inline size_t input_available(const struct input *input)
{
	return (size_t)(input->end - input->pos);
}

/* Sets out at the beginning of bytes in memory, which stay the caller's. */
void input_init_memory(struct input *input, const uint8_t *bytes, size_t n);

/*
 * Reads until @n bytes (at most INPUT_CHUNK) are available in one piece, or the
 * end of the file is reached. Returns 0 or a negative errno.
 */
int input_fill(struct input *input, size_t n);

/* Moves on by @n bytes, which must be available. */
void input_consume(struct input *input, size_t n);

/* Ends the hold on all that was consumed. */
void input_release(struct input *input);

/*
 * Back to the beginning of the stream. Without input_keep() only as long as one chunk
 * holds all that was read, or where all is in memory.
 */
void input_rewind(struct input *input);

/*
 * From now on all is kept, from the stream's beginning, until input_rewind(); a file
 * that can be sought is read again instead. To be called before more than one chunk
 * was read. 0 or -ENOMEM.
 */
int input_keep(struct input *input);

void input_uninit(struct input *input);

#endif /* EXPTRACE_LIB_INPUT_H */
