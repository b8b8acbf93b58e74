/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers and foreign bytes as text, written directly into a buffer.
 *
 * Each function returns the position after the text. The buffer needs room for the text, or for
 * more where a comment says so.
 */
#ifndef EXPTRACE_TEXT_H
#define EXPTRACE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define TEXT_NUMBER_MAX	20	/* digits of 2^64 - 1 */
#define TEXT_FOREIGN(n)	(4 * (size_t)(n))	/* most bytes that n foreign bytes become */

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

/*
 * Copies are made in pieces of this many bytes: source and destination need room for whole
 * pieces.
 */
#define TEXT_PIECE	32

/* A short text: one piece is copied without a branch or a call. */
static inline char *text_copy(char *pos, const char *text, size_t len)
{
	memcpy(pos, text, TEXT_PIECE);
	if (unlikely(len > TEXT_PIECE))
		memcpy(pos + TEXT_PIECE, text + TEXT_PIECE, len - TEXT_PIECE);
	return pos + len;
}

/* A text of any length. */
char *text_bytes(char *pos, const char *bytes, size_t n);

static inline char *text_put(char *pos, const char *text)
{
	size_t len = strlen(text);

	memcpy(pos, text, len);
	return pos + len;
}

extern const char text_pairs[];

/* Two digits. */
static inline char *text_pair(char *pos, unsigned int number)
{
	memcpy(pos, &text_pairs[2 * number], 2);
	return pos + 2;
}

/* The decimal digits of a number, at most TEXT_NUMBER_MAX. */
char *text_number(char *pos, uint64_t number);

/* The same, with a minus sign if negative. */
char *text_signed(char *pos, int64_t number);

/* The same, padded on the left to @width with @fill. */
char *text_padded(char *pos, uint64_t number, unsigned int width, char fill);

/* A CPU: three digits, or more. */
static inline char *text_cpu(char *pos, uint64_t cpu)
{
	unsigned int number = (unsigned int)cpu;

	if (unlikely(cpu >= 1000))
		return text_number(pos, cpu);
	*pos++ = (char)('0' + number / 100);
	return text_pair(pos, number % 100);
}

/* Exactly nine digits of a number below 10^9. */
char *text_nine(char *pos, uint32_t number);

/* The size of a wall-clock time as text, with a terminator. */
#define TEXT_WALL	32

/* CLOCK_REALTIME in nanoseconds since 1970, as in RFC 3339: "2026-12-01T07:05:00.123456789Z". */
char *text_wall(char *pos, uint64_t ns);

/* Hexadecimal digits, padded on the left to @width, at most 16, with 0. */
char *text_hex(char *pos, uint64_t number, unsigned int width);

/*
 * Text from a trace or a file name, with control bytes escaped. Only this function decides what
 * reaches a terminal: printable ASCII and, in a UTF-8 locale, characters that do not affect other
 * text. All other bytes, and \, become \xNN.
 */
char *text_foreign(char *pos, const char *bytes, size_t n);

/* Is the locale UTF-8? False until text_init() was called. */
extern bool text_utf8;
void text_init(void);

/*
 * How many of @n foreign bytes, at most @most (4 or more), can be converted without splitting a
 * character.
 */
size_t text_part(const char *bytes, size_t n, size_t most);

/* The width, in columns, of a text written by text_foreign(). */
size_t text_columns(const char *text, size_t n);

#endif /* EXPTRACE_TEXT_H */
