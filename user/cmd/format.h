/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An event as a line of text, or as a JSON object.
 */
#ifndef EXPTRACE_FORMAT_H
#define EXPTRACE_FORMAT_H

#include <libexptrace.h>

#include "output.h"
#include "threads.h"

struct line;

/* How times are shown. */
enum format_time {
	FORMAT_MONOTONIC,
	FORMAT_WALL,		/* CLOCK_REALTIME as in RFC 3339 */
	FORMAT_RAW,		/* ticks */
};

/* The state for printing lines of text. */
struct format {
	struct output *output;
	const struct exptrace_trace *trace;
	enum format_time time;

	struct line *lines;	/* by index of the description */
	size_t nlines;
	struct threads threads;
	const struct thread *writer;	/* the thread of the current event */

	/* the second of the last event: its start, and " seconds." */
	uint64_t second;
	size_t second_len;
	char second_text[TEXT_PIECE];
};

void format_init(struct format *format, struct output *output,
		 const struct exptrace_trace *trace, enum format_time time);
void format_uninit(struct format *format);

/*
 * A line in the layout of perf script and trace-cmd report:
 * comm-pid [cpu] context seconds.nanoseconds: name: arguments
 */
void format_text(struct format *format, const struct exptrace_record *record);

/* A line with one JSON object. @wall: with the wall-clock time */
void format_json(struct output *output, const struct exptrace_trace *trace,
		 const struct exptrace_record *record, bool wall);

/* The letters of a task state: R, S, ... R+; NULL if unknown. */
const char *format_task_state(uint64_t state);

/* Does @name end with @suffix? */
bool format_has_suffix(const char *name, const char *suffix);

#endif /* EXPTRACE_FORMAT_H */
