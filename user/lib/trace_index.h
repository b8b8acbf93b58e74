/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The index of a trace: where each generation is, and when it was.
 *
 * It is made by walking the headers of the batches, as far as somebody asks.
 */
#ifndef EXPTRACE_LIB_TRACE_INDEX_H
#define EXPTRACE_LIB_TRACE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libexptrace.h>

struct exptrace_trace;

struct trace_index {
	struct exptrace_index_entry *entries;
	size_t n, room;
	bool begun;		/* the header was read */
	bool complete;		/* the walk is at the end */
	uint64_t next;		/* where it goes on */
	/* by clock: until when an event of this generation, or of one before, may be; once complete */
	uint64_t *reach[2];
};

/* Walks until there are more than @i entries, or to the end. Returns 0 or a negative errno. */
int trace_index_extend(struct exptrace_trace *trace, size_t i);

/* Computes reach, once the walk is complete. Returns 0 or -ENOMEM. */
int trace_index_reach(struct trace_index *index);

void trace_index_uninit(struct trace_index *index);

#endif /* EXPTRACE_LIB_TRACE_INDEX_H */
