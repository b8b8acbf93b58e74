/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Buffered text output, for millions of lines per second.
 *
 * After an error nothing more is written; output_flush() returns the error.
 */
#ifndef EXPTRACE_OUTPUT_H
#define EXPTRACE_OUTPUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "text.h"

#define OUTPUT_SIZE	(64 * 1024)
/* How much may be added between two calls of output_room(). */
#define OUTPUT_RESERVE	(2 * 1024)

struct output {
	int fd;
	int error;		/* a negative errno */
	char *pos;		/* where the next byte goes */
	char buffer[OUTPUT_SIZE];
};

void output_init(struct output *output, int fd);

/* Writes what is buffered. 0 or the negative errno of the first failure. */
int output_flush(struct output *output);

/*
 * Continues at @pos, the end of text that was written directly into the buffer. Returns a
 * position with room for OUTPUT_RESERVE bytes.
 */
static inline char *output_room(struct output *output, char *pos)
{
	if (likely(output->buffer + OUTPUT_SIZE - pos >= OUTPUT_RESERVE))
		return pos;
	output->pos = pos;
	output_flush(output);
	return output->pos;
}

static inline void output_char(struct output *output, char c)
{
	char *pos = output_room(output, output->pos);

	*pos = c;
	output->pos = pos + 1;
}

void output_bytes(struct output *output, const char *bytes, size_t n);

static inline void output_text(struct output *output, const char *text)
{
	output_bytes(output, text, strlen(text));
}

/* A number, padded on the left to @width with @fill. */
void output_number(struct output *output, uint64_t number, unsigned int width, char fill);
void output_signed(struct output *output, int64_t number);
void output_hex(struct output *output, uint64_t number, unsigned int width);

/* Foreign bytes, escaped by text_foreign(). */
void output_foreign(struct output *output, const char *bytes, size_t n);

#endif /* EXPTRACE_OUTPUT_H */
