/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the decoder share (see stream.h). */
#ifndef EXPTRACE_SELFTEST_STREAM_PARSE_H
#define EXPTRACE_SELFTEST_STREAM_PARSE_H

#include "stream.h"

struct cursor {
	const uint8_t *p, *end;
	bool bad;
	uint64_t object[64];	/* what addresses in the batch are near to */
	uint64_t user_address, user_code;
};

uint8_t cursor_byte(struct cursor *c);
uint64_t cursor_number(struct cursor *c);

/* A string, NUL-terminated by the copy; the caller frees it. NULL if it is bad. */
char *cursor_string(struct cursor *c);
void cursor_name(struct cursor *c, char out[STREAM_NAME]);

uint64_t unzigzag(uint64_t v);

/* Set @s->error, if nothing has yet: -1. */
int stream_fail(struct stream *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Room for one more in an array of @nr. */
void *stream_grow(void *array, size_t nr, size_t size);

int stream_parse_sync(struct stream *s, struct stream_generation *g, const struct stream_batch *b);
int stream_parse_schema(struct stream *s, struct stream_generation *g, const struct stream_batch *b);
int stream_parse_places(struct stream *s, struct stream_generation *g, const struct stream_batch *b);
int stream_parse_properties(struct stream *s, struct stream_generation *g, const struct stream_batch *b);
int stream_parse_ledger(struct stream *s, struct stream_generation *g, const struct stream_batch *b);
int stream_parse_events(struct stream *s, struct stream_generation *g, const struct stream_batch *b);

/* Gives the generation's events the places in the code that they name. */
int stream_resolve_places(struct stream *s, const struct stream_generation *g);
void stream_forget_places(struct stream *s);

void stream_free_strings(struct stream_event *e);

#endif
