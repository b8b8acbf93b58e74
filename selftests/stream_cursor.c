// SPDX-License-Identifier: GPL-2.0-only
/* Bytes, numbers and strings of a batch. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stream_parse.h"

int stream_fail(struct stream *s, const char *format, ...)
{
	va_list args;

	if (s->error[0])
		return -1;
	va_start(args, format);
	vsnprintf(s->error, sizeof(s->error), format, args);
	va_end(args);
	return -1;
}

void *stream_grow(void *array, size_t nr, size_t size)
{
	/* The array grows only at powers of two. */
	if (nr & (nr - 1))
		return array;
	array = realloc(array, (nr ? 2 * nr : 1) * size);
	if (!array)
		abort();
	return array;
}

uint8_t cursor_byte(struct cursor *c)
{
	if (c->p >= c->end) {
		c->bad = true;
		return 0;
	}
	return *c->p++;
}

uint64_t cursor_number(struct cursor *c)
{
	uint64_t value = 0;
	int shift;

	for (shift = 0; shift < 70; shift += 7) {
		uint8_t b = cursor_byte(c);

		if (c->bad || (shift == 63 && b > 1))
			break;
		value |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			return value;
	}
	c->bad = true;
	return 0;
}

uint64_t unzigzag(uint64_t v)
{
	return (v >> 1) ^ -(v & 1);
}

char *cursor_string(struct cursor *c)
{
	uint64_t len = cursor_number(c);
	char *copy;

	if (c->bad || len > EXPTRACE_STRING_MAX || len > (uint64_t)(c->end - c->p)) {
		c->bad = true;
		return NULL;
	}
	copy = malloc(len + 1);
	if (!copy)
		abort();
	memcpy(copy, c->p, len);
	copy[len] = '\0';
	c->p += len;
	return copy;
}

void cursor_name(struct cursor *c, char out[STREAM_NAME])
{
	char *s = cursor_string(c);

	if (!s || !s[0] || strlen(s) >= STREAM_NAME)
		c->bad = true;
	else
		strcpy(out, s);
	free(s);
}
