/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bytes of a trace: read from a source into chunks, or already in memory.
 *
 * Files are read, not mapped: a file that shrinks while it is mapped kills the reader, and copying
 * costs only a few percent.
 */
#ifndef EXPTRACE_LIB_INPUT_H
#define EXPTRACE_LIB_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source.h"

#define INPUT_CHUNK	(256 * 1024)

struct chunk;

struct input {
	struct source *source;	/* owned; NULL: in memory, between pos - offset and end */
	bool hold;		/* bytes read stay at their addresses until input_release() */
	bool eof;
	bool hole;		/* bytes are missing behind those that are available, */
	bool cut_off;		/* or all that follow are */
	struct chunk *current;
	struct chunk *held;	/* full chunks that are still in use */
	struct chunk *spare;
	const uint8_t *pos;	/* the unread bytes of the current chunk */
	const uint8_t *end;
	uint64_t offset;	/* of pos in the stream */

	/* from input_keep() until the kept bytes were read again after input_rewind() */
	bool keep;
	uint8_t *kept;		/* unless the source can seek */
	size_t nkept, kept_room, replayed;
};

static inline size_t input_available(const struct input *input)
{
	return (size_t)(input->end - input->pos);
}

/* Reads from memory, which the caller still owns. */
void input_init_memory(struct input *input, const uint8_t *bytes, size_t n);

/*
 * Reads until @n contiguous bytes (at most INPUT_CHUNK) are available, or the end of the file is
 * reached. Returns 0 or a negative errno; -EBADMSG: bytes are missing here (input_cross_hole()); -ENODATA: the
 * file is cut off here.
 */
int input_fill(struct input *input, size_t n);

/* Drops the available bytes, and goes on behind the missing ones. */
void input_cross_hole(struct input *input);

/* Skips @n bytes, which must be available. */
void input_consume(struct input *input, size_t n);

/*
 * Goes to an offset of the stream. The source must be able to seek, or the trace be in memory.
 * Bytes that were read are not valid any more, held or not. Returns 0 or a negative errno.
 */
int input_seek(struct input *input, uint64_t offset);

/*
 * Reads up to @n bytes at @offset, fewer only at the end, and does not move. The same condition.
 * Returns their number or a negative errno.
 */
ssize_t input_read_at(const struct input *input, uint64_t offset, uint8_t *to, size_t n);

/* Makes another input of the same stream. The same condition. Returns 0 or a negative errno. */
int input_clone(const struct input *input, struct input *clone);

/* Can input_seek() work? */
static inline bool input_can_seek(const struct input *input)
{
	return !input->source || source_can_seek(input->source);
}

/* Ends the hold on all consumed bytes. */
void input_release(struct input *input);

/*
 * Goes back to the beginning of the stream. Without input_keep() this works only while one chunk
 * holds everything that was read, or for a trace in memory.
 */
void input_rewind(struct input *input);

/*
 * Keeps everything from the stream's beginning until input_rewind(); a source that can seek is read
 * again instead. Call it before more than one chunk was read. Returns 0 or -ENOMEM.
 */
int input_keep(struct input *input);

void input_uninit(struct input *input);

#endif /* EXPTRACE_LIB_INPUT_H */
