/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Directories of segments of a trace, and what reading them delivers.
 */
#ifndef EXPTRACE_TEST_SEGMENTS_H
#define EXPTRACE_TEST_SEGMENTS_H

#include <stdbool.h>

#include <libexptrace.h>

#include "writer.h"

#define MESSAGES	4096

/* What reading delivered */
struct seen {
	char *text;		/* a line per event */
	size_t size, room;
	uint64_t events, damages, recordings, missing;
	uint64_t unread;	/* events that the ledger has and the trace has not */
	char messages[MESSAGES];	/* errors and notes, a line each */
};

extern struct seen seen;	/* by the last call that reads */
extern char *directory;		/* of the current test */

/* Reads to the end, also behind damage, and closes the trace. */
void read_trace(struct exptrace_trace *trace);

/* Return 0 or the error of opening, whose message is in seen.messages then. */
int read_files(const char *const *paths, size_t n);
int read_directory(void);

/* Creates an empty directory, and removes it with everything in it. */
void begin_directory(void);
void end_directory(void);

/* The path of a file in it; valid for the next 15 calls. */
const char *file_path(const char *name);
void put_file(const char *name, const uint8_t *bytes, size_t n);

/* A header and the bytes of @w from @from to @to. */
void put_segment(const char *name, const struct writer *w, size_t from, size_t to);

/*
 * Appends generations with a boot_id, after a header if there is none. @begins: NULL, or gets where
 * each one begins, and where the last one ends
 */
void write_boot(struct writer *w, const char *boot, uint64_t first, uint64_t last, size_t *begins);

/* Returns the offset behind the @n-th piece from @at on. */
size_t skip_pieces(const struct writer *w, size_t at, unsigned int n);

/* Returns the text of all events of the trace. The caller frees it. */
char *expected(const struct writer *w, size_t *size);

/* Was that text read? */
bool has_read(const char *text, size_t size);

/* Does a message contain both texts? */
bool has_named(const char *a, const char *b);

/* Counts events that were delivered more than once, without the help of the library. */
uint64_t count_twice(void);

#endif /* EXPTRACE_TEST_SEGMENTS_H */
