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

#define OUTPUT_SIZE	(64 * 1024)
/* What may be added between two calls of output_reserve(). */
#define OUTPUT_RESERVE	(2 * 1024)

struct output {
	int fd;
	int error;		/* a negative errno */
	size_t used;
	char buffer[OUTPUT_SIZE];
};

void output_init(struct output *output, int fd);

/* Writes what is buffered. 0 or the negative errno of the first failure. */
int output_flush(struct output *output);

static inline void output_reserve(struct output *output)
{
	if (OUTPUT_SIZE - output->used < OUTPUT_RESERVE)
		output_flush(output);
}

static inline void output_char(struct output *output, char c)
{
	output_reserve(output);
	output->buffer[output->used++] = c;
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
void output_spaces(struct output *output, size_t n);

/* Foreign text: what is not printable ASCII (and \) becomes \xNN. */
void output_foreign(struct output *output, const char *bytes, size_t n);

/* The same as a JSON string, with quotes; bytes beyond ASCII as Latin-1. */
void output_json_string(struct output *output, const char *bytes, size_t n);

#endif /* EXPTRACE_OUTPUT_H */
