/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Buffered text output, made for millions of lines a second.
 *
 * After an error nothing more is written; the error shows in output_flush().
 */
#ifndef EXPTRACE_OUTPUT_H
#define EXPTRACE_OUTPUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "text.h"

#define OUTPUT_SIZE	(64 * 1024)
/* What may be added between two calls of output_room(). */
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
 * The text goes on at @pos, up to where it was written without the functions below.
 * Returns where OUTPUT_RESERVE bytes have room.
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

/* A number, filled up on the left to @width with @fill. */
void output_number(struct output *output, uint64_t number, unsigned int width, char fill);
void output_signed(struct output *output, int64_t number);
void output_hex(struct output *output, uint64_t number, unsigned int width);

/* Foreign bytes, as text_foreign() has them. */
void output_foreign(struct output *output, const char *bytes, size_t n);

#endif /* EXPTRACE_OUTPUT_H */
