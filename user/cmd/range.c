// SPDX-License-Identifier: GPL-2.0-only
/*
 * --from and --to: which part of a trace a subcommand reads.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "range.h"
#include "text.h"

#define NSEC_PER_SEC	UINT64_C(1000000000)
/* A generation may have events of a little before its opening Sync: as in exptrace_seek_time() */
#define MARGIN_NS	10000000ULL

bool range_option(struct range *range, int option)
{
	return moment_parse(optarg, option == OPT_FROM ? &range->from : &range->to);
}

static bool has_wall(const struct range *range)
{
	return range->from.kind == MOMENT_WALL || range->to.kind == MOMENT_WALL;
}

/* The range of the trace in both clocks, for messages; "" if it is not known. */
static void describe_trace(struct exptrace_trace *trace, char *text, size_t size)
{
	int64_t n = exptrace_index_size(trace);
	const struct exptrace_index_entry *entry = n > 0 ? exptrace_index_at(trace, 0) : NULL;
	char begin[TEXT_WALL], end[TEXT_WALL];
	uint64_t ns, wall;

	*text = 0;
	if (!entry || entry->begin_ns == EXPTRACE_TIME_UNKNOWN)
		return;
	ns = entry->begin_ns;
	wall = entry->begin_wall_ns;
	entry = exptrace_index_at(trace, (size_t)n - 1);
	if (!entry || entry->end_ns == EXPTRACE_TIME_UNKNOWN)
		return;
	*text_wall(begin, wall) = 0;
	*text_wall(end, entry->end_wall_ns) = 0;
	snprintf(text, size, "; it is from %" PRIu64 ".%09" PRIu64 " to %" PRIu64 ".%09" PRIu64
		 " (%s to %s)", ns / NSEC_PER_SEC, ns % NSEC_PER_SEC,
		 entry->end_ns / NSEC_PER_SEC, entry->end_ns % NSEC_PER_SEC, begin, end);
}

static int nothing_there(struct exptrace_trace *trace)
{
	char where[200];

	describe_trace(trace, where, sizeof(where));
	return trace_problem("nothing was recorded from --from to --to%s", where);
}

/* Does CLOCK_MONOTONIC start again within the trace? */
static bool has_boots(struct exptrace_trace *trace, int64_t n)
{
	uint64_t before = 0;
	int64_t i;

	for (i = 0; i < n; i++) {
		const struct exptrace_index_entry *entry = exptrace_index_at(trace, (size_t)i);

		if (!entry || entry->begin_ns == EXPTRACE_TIME_UNKNOWN)
			continue;
		if (entry->begin_ns < before)
			return true;
		before = entry->begin_ns;
	}
	return false;
}

/* Replaces a distance from the end by a time. Returns an exit code. */
static int resolve_back(struct moment *moment, struct exptrace_trace *trace, int64_t n)
{
	const struct exptrace_index_entry *last = n > 0 ? exptrace_index_at(trace, (size_t)n - 1) : NULL;
	bool wall = has_boots(trace, n);
	uint64_t end, begin;

	if (moment->kind != MOMENT_BACK)
		return EXIT_OK;
	begin = last ? (wall ? last->begin_wall_ns : last->begin_ns) : EXPTRACE_TIME_UNKNOWN;
	end = last ? (wall ? last->end_wall_ns : last->end_ns) : EXPTRACE_TIME_UNKNOWN;
	/* cut off: its last Sync is the opening one */
	if (end == EXPTRACE_TIME_UNKNOWN)
		end = begin;
	if (end == EXPTRACE_TIME_UNKNOWN)
		return trace_problem("its end has no time: -SECONDS cannot be counted back from it");
	moment->kind = wall ? MOMENT_WALL : MOMENT_MONOTONIC;
	moment->ns = moment->ns < end ? end - moment->ns : 0;
	return EXIT_OK;
}

static uint64_t begin_of(const struct exptrace_index_entry *entry, const struct moment *moment)
{
	return moment->kind == MOMENT_WALL ? entry->begin_wall_ns : entry->begin_ns;
}

/* May the generation have events before --to? */
static bool is_before_end(const struct range *range, const struct exptrace_index_entry *entry)
{
	uint64_t begin = begin_of(entry, &range->to);

	return !range->to.kind || begin == EXPTRACE_TIME_UNKNOWN ||
	       begin < range->to.ns || begin - range->to.ns < MARGIN_NS;
}

/* Ends reading behind the last generation that begins before --to. Returns whether there is one. */
static bool set_stop(struct range *range, struct exptrace_trace *trace, uint64_t from, int64_t n)
{
	int64_t i;

	for (i = n; i--;) {
		const struct exptrace_index_entry *entry = exptrace_index_at(trace, (size_t)i);

		if (!entry || entry->offset < from)
			break;
		if (!range->generations && !is_before_end(range, entry))
			continue;
		if (!range->generations++) {
			/* all that follows the last one of the trace, even if it is damaged */
			if (i + 1 < n)
				exptrace_stop_at(trace, entry->offset + entry->size);
			range->last = entry->generation;
		}
		range->first = entry->generation;
	}
	return range->generations;
}

static int seek_from(const struct range *range, struct exptrace_trace *trace)
{
	int err;

	if (!range->from.kind)
		return EXIT_OK;
	err = exptrace_seek_time(trace, range->from.kind == MOMENT_WALL ? EXPTRACE_CLOCK_REALTIME :
				 EXPTRACE_CLOCK_MONOTONIC, range->from.ns);
	if (err == -ENOENT)
		return nothing_there(trace);
	return err ? trace_problem("--from: %s", exptrace_error(trace)) : EXIT_OK;
}

static bool is_wall_or_none(const struct moment *moment)
{
	return moment->kind == MOMENT_WALL || moment->kind == MOMENT_NONE;
}

/* Files of several recordings, whose generations have the same numbers, are read from the beginning. */
static int begin_recordings(const struct range *range)
{
	if (range->whole || !is_wall_or_none(&range->from) || !is_wall_or_none(&range->to))
		return trace_problem("the files are of several recordings, which cannot be searched "
				     "as one: name those of one recording%s", range->whole ? "" :
				     ", or give --from and --to in wall-clock time");
	return EXIT_OK;
}

/* A pipe is read from its beginning on. */
static int begin_pipe(const struct range *range)
{
	if (range->from.kind == MOMENT_BACK || range->to.kind == MOMENT_BACK)
		return trace_problem("a pipe has no end to count back from: write it to a file first");
	if (range->whole)
		return trace_problem("a pipe cannot be searched for --from and --to: write it to a file first");
	return EXIT_OK;
}

/* Where the generation begins that reading was set to */
static uint64_t position(const struct range *range, struct exptrace_trace *trace)
{
	return range->from.kind ? exptrace_offset(trace) : 0;
}

int range_begin(struct range *range, const struct command *command,
		struct exptrace_trace *trace)
{
	int64_t n;
	int ret;

	if (!range_is_given(range))
		return EXIT_OK;
	if (range->from.kind && range->from.kind == range->to.kind &&
	    (range->from.kind == MOMENT_BACK ? range->from.ns <= range->to.ns :
	     range->from.ns >= range->to.ns))
		return usage_error(command, "--from is not before --to");
	n = exptrace_index_size(trace);
	if (n == -ESPIPE)
		return exptrace_fd(trace) < 0 ? begin_recordings(range) : begin_pipe(range);
	/* reading reports what is wrong with it */
	if (n <= 0)
		return EXIT_OK;
	ret = resolve_back(&range->from, trace, n);
	if (!ret)
		ret = resolve_back(&range->to, trace, n);
	if (!ret && range->to.kind == MOMENT_MONOTONIC && has_boots(trace, n))
		ret = trace_problem("--to: the trace is of several boots, each with its own CLOCK_MONOTONIC: use wall-clock time");
	if (!ret)
		ret = seek_from(range, trace);
	if (ret)
		return ret;
	return set_stop(range, trace, position(range, trace), n) ? EXIT_OK : nothing_there(trace);
}

static bool is_inside(const struct range *range, const struct exptrace_trace *trace, uint64_t ns,
		      bool *known)
{
	uint64_t wall = has_wall(range) ? exptrace_wall_ns(trace, ns) : 0;
	uint64_t at_from = range->from.kind == MOMENT_WALL ? wall : ns;
	uint64_t at_to = range->to.kind == MOMENT_WALL ? wall : ns;

	*known = exptrace_syncs(trace) && (!has_wall(range) || wall);
	return (!range->from.kind || at_from >= range->from.ns) &&
	       (!range->to.kind || at_to < range->to.ns);
}

bool range_has_time(struct range *range, const struct exptrace_trace *trace, uint64_t ns)
{
	bool known, inside = is_inside(range, trace, ns, &known);

	range->untimed += !known;
	return known && inside;
}

void range_note(const struct range *range)
{
	if (range->untimed)
		trace_note("%" PRIu64 " events were left out: their generation has no Sync, so their time is not known",
			   range->untimed);
	if (range->whole && range->generations)
		trace_note("the range was extended to whole generations: %" PRIu64 " to %" PRIu64,
			   range->first, range->last);
}
