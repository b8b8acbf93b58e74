/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * --from and --to: which part of a trace a subcommand reads.
 *
 * In a file, only that part is read, and what is needed to find it. A pipe is read from its
 * beginning on.
 */
#ifndef EXPTRACE_RANGE_H
#define EXPTRACE_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#include <libexptrace.h>

struct command;

/* Options of a subcommand that has a range. */
enum { OPT_FROM = 1000, OPT_TO };

#define RANGE_OPTIONS						\
	{ "from",	required_argument,	NULL, OPT_FROM },	\
	{ "to",		required_argument,	NULL, OPT_TO }
#define RANGE_SYNOPSIS	"[--from TIME] [--to TIME]"
#define RANGE_HELP(what)						\
	"      --from TIME, --to TIME\n"					\
	"                     " what "\n"					\
	"                     TIME: seconds of CLOCK_MONOTONIC (1234.5), a date and time\n"	\
	"                     (2026-12-01T07:05:00Z), or back from the end (-10s)\n"
#define RANGE_WANTED	"a TIME: seconds (1234.5), RFC 3339 (2026-12-01T07:05:00Z), or back from the end (-10s)"

/* How a time was given. */
enum moment_kind {
	MOMENT_NONE,
	MOMENT_MONOTONIC,
	MOMENT_WALL,
	MOMENT_BACK,		/* before the end of the trace */
};

struct moment {
	enum moment_kind kind;
	uint64_t ns;
};

struct range {
	struct moment from, to;	/* from is inclusive, to is not */
	bool whole;		/* extend it to whole generations */
	uint64_t generations;	/* how many it has, by the index; 0: unknown */
	uint64_t first, last;	/* their numbers */
	uint64_t untimed;	/* events that were left out because their time is not known */
};

/* Parses a TIME. Returns false if @text is anything else. */
bool moment_parse(const char *text, struct moment *moment);

/* Takes the value of OPT_FROM or OPT_TO, in optarg. Returns false if it is bad. */
bool range_option(struct range *range, int option);

/* Was a range given? */
static inline bool range_is_given(const struct range *range)
{
	return range->from.kind || range->to.kind;
}

/*
 * Checks the range, and makes @trace begin with the first generation that it needs and end behind
 * the last one. To be called before the trace is read. Returns an exit code; reports problems.
 */
int range_begin(struct range *range, const struct command *command,
		struct exptrace_trace *trace);

/* Is an event of the current generation, at @ns, in the range? */
bool range_has_time(struct range *range, const struct exptrace_trace *trace, uint64_t ns);

static inline bool range_has(struct range *range, const struct exptrace_trace *trace,
			     const struct exptrace_record *record)
{
	return !range_is_given(range) || range_has_time(range, trace, record->ns);
}

/* Notes what was left out, or that the range was extended. To be called at the end. */
void range_note(const struct range *range);

#endif /* EXPTRACE_RANGE_H */
