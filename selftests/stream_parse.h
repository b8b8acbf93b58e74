/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of the decoder (see stream.h). */
#ifndef EXPTRACE_SELFTEST_STREAM_PARSE_H
#define EXPTRACE_SELFTEST_STREAM_PARSE_H

#include "stream.h"

struct cursor {
	const uint8_t *p, *end;
	bool bad;
	uint64_t object[64];	/* delta-encoding state for addresses, reset per batch */
	uint64_t user_address, user_code;
};

uint8_t cursor_byte(struct cursor *c);
uint64_t cursor_number(struct cursor *c);

/* A string with a NUL added; the caller frees it. NULL if it is invalid. */
char *cursor_string(struct cursor *c);
void cursor_name(struct cursor *c, char out[STREAM_NAME]);

uint64_t unzigzag(uint64_t v);

/* Set @s->error unless it is set already; returns -1. */
int stream_fail(struct stream *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Make room for one more element in an array of @nr. */
void *stream_grow(void *array, size_t nr, size_t size);

int stream_parse_sync(struct stream *s, struct stream_generation *g, const struct stream_batch *b);
int stream_parse_schema(struct stream *s, struct stream_generation *g, const struct stream_batch *b);
int stream_parse_places(struct stream *s, struct stream_generation *g, const struct stream_batch *b);
int stream_parse_properties(struct stream *s, struct stream_generation *g, const struct stream_batch *b);
int stream_parse_ledger(struct stream *s, struct stream_generation *g, const struct stream_batch *b);
int stream_parse_events(struct stream *s, struct stream_generation *g, const struct stream_batch *b);

/* Resolve the call sites and stacks that the generation's events refer to. */
int stream_resolve_places(struct stream *s, const struct stream_generation *g);
void stream_forget_places(struct stream *s);

void stream_free_strings(struct stream_event *e);

#endif
