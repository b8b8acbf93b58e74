// SPDX-License-Identifier: GPL-2.0-only
/*
 * exptrace cut: copies complete generations, byte for byte, after a header.
 *
 * A generation is written only after its end mark was read, so the output is sound even if
 * the input is not: a generation that is damaged between batches is left out. The contents
 * of batches are not looked at.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "notes.h"
#include "range.h"
#include "outfile.h"
#include "stream.h"

#define RANGES_SHOWN	8

/* Consecutive generations */
struct numbers {
	uint64_t first, last;
};

struct cut {
	struct exptrace_trace *trace;
	const char *path;	/* the file to write */
	struct outfile file;
	struct numbers wanted;
	struct range range;

	/* the current generation; its bytes are kept until its end mark is read */
	bool inside;		/* a batch was read, but no end mark yet */
	bool partial;		/* its beginning is missing */
	uint8_t *bytes;
	size_t used, room;

	/* the complete generations in the trace */
	struct numbers there[RANGES_SHOWN];
	uint64_t ranges;	/* may be more than RANGES_SHOWN */
	uint64_t generation;	/* the last that began */

	struct stream out;	/* the output */
	bool begun;		/* its file is open */
	bool alone;		/* its only generation lacks its beginning */
	uint64_t recording;	/* of what was written */
};

static bool is_wanted_generation(const struct cut *cut)
{
	return cut->generation >= cut->wanted.first && cut->generation <= cut->wanted.last;
}

static void cut_keep(struct cut *cut, const uint8_t *bytes, size_t n)
{
	if (n > cut->room - cut->used) {
		size_t room = 2 * (cut->used + n);

		cut->bytes = grow_memory(cut->bytes, room, 1, "keeping a generation");
		cut->room = room;
	}
	memcpy(cut->bytes + cut->used, bytes, n);
	cut->used += n;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The same if the trace is several files. */
static int check_not_part(const struct cut *cut, const struct stat *out)
{
	const char *path;
	struct stat in;
	size_t i;

	for (i = 0; (path = exptrace_file_at(cut->trace, i)); i++)
		if (!stat(path, &in) && is_same_file(&in, out))
			return problem("%s: a file of the trace itself", cut->file.name);
	return EXIT_OK;
}

/* Refuse to replace or overwrite the trace that is read. */
static int check_not_trace(const struct cut *cut)
{
	const struct outfile *file = &cut->file;
	struct stat in, out;

	if (exptrace_file_at(cut->trace, 0)) {
		if (file->in_place ? fstat(file->fd, &out) : stat(file->path, &out))
			return EXIT_OK;
		return check_not_part(cut, &out);
	}
	if (fstat(exptrace_fd(cut->trace), &in) || !S_ISREG(in.st_mode))
		return EXIT_OK;
	if (file->in_place ? fstat(file->fd, &out) : stat(file->path, &out))
		return EXIT_OK;
	return is_same_file(&in, &out) ? problem("%s: the trace itself", file->name) : EXIT_OK;
}

/* A signal ends cut at once and removes an incomplete file. */
static const char *unfinished;

static void cut_on_signal(int number)
{
	if (unfinished)
		unlink(unfinished);
	signal(number, SIG_DFL);
	raise(number);
}

static void remove_if_interrupted(const struct outfile *file)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	size_t i;

	unfinished = file->temporary;
	for (i = 0; unfinished && i < sizeof(signals) / sizeof(signals[0]); i++)
		if (signal(signals[i], cut_on_signal) == SIG_IGN)
			signal(signals[i], SIG_IGN);
}

/* Open the file only to write something: a cut that finds nothing must not change it. */
static int open_out(struct cut *cut)
{
	struct outfile *file = &cut->file;
	struct stat out;

	if (outfile_find(file, cut->path) || check_not_trace(cut) || outfile_create(file, 0666))
		return EXIT_PROBLEM;
	remove_if_interrupted(file);
	cut->out.fd = file->fd;
	cut->out.regular = !fstat(file->fd, &out) && S_ISREG(out.st_mode);
	cut->begun = true;
	return EXIT_OK;
}

/* Write what is kept: a header, a generation, or both. */
static int write_kept(struct cut *cut)
{
	if (!cut->begun && open_out(cut))
		return EXIT_PROBLEM;
	return stream_write(&cut->out, cut->bytes, cut->used) ? EXIT_OK : EXIT_PROBLEM;
}

/* Write the generation that is kept, with a header before the first one. */
static int write_generation(struct cut *cut)
{
	struct stream *out = &cut->out;

	if (write_kept(cut))
		return EXIT_PROBLEM;
	if (!out->complete++)
		out->first = cut->generation;
	cut->recording = exptrace_recording(cut->trace);
	out->last = cut->generation;
	cut->alone = cut->partial && out->complete == 1;
	return EXIT_OK;
}

static void note_generation(struct cut *cut)
{
	uint64_t n = cut->ranges;

	if (n && n <= RANGES_SHOWN && cut->there[n - 1].last + 1 == cut->generation) {
		cut->there[n - 1].last = cut->generation;
		return;
	}
	if (n < RANGES_SHOWN)
		cut->there[n] = (struct numbers) { cut->generation, cut->generation };
	cut->ranges++;
}

/* The header states the format version of the generations. */
static void keep_header(struct cut *cut)
{
	uint8_t header[EXPTRACE_HEADER_SIZE] = EXPTRACE_HEADER_MAGIC;
	int version = exptrace_version(cut->trace);

	/* version 0: the trace's header is damaged */
	header[strlen(EXPTRACE_HEADER_MAGIC) - 1] =
		(uint8_t)('0' + (version ? version : EXPTRACE_WIRE_VERSION));
	cut_keep(cut, header, sizeof(header));
}

static void cut_begin_generation(struct cut *cut, const struct exptrace_batch *batch)
{
	cut->inside = true;
	cut->generation = batch->generation;
	cut->partial = batch->kind != EXPTRACE_BATCH_SYNC;
	cut->used = 0;
	if (!cut->out.complete)
		keep_header(cut);
}

static void cut_batch(struct cut *cut, const struct exptrace_batch *batch)
{
	if (!cut->inside)
		cut_begin_generation(cut, batch);
	/* the batch's header lies before its data */
	if (is_wanted_generation(cut))
		cut_keep(cut, batch->data - (batch->size - batch->length), batch->size);
}

static int cut_mark(struct cut *cut)
{
	static const uint8_t byte = EXPTRACE_WIRE_END_OF_GENERATION;

	cut->inside = false;
	note_generation(cut);
	if (!is_wanted_generation(cut))
		return EXIT_OK;
	cut_keep(cut, &byte, 1);
	return write_generation(cut);
}

/* Nothing wanted can follow. If nothing was found yet, read on, to report what there is. */
static bool is_done(const struct cut *cut)
{
	return !cut->inside && cut->out.complete && cut->generation >= cut->wanted.last;
}

/* A trace has one recording: the numbers of its generations increase. */
static bool is_other_recording(const struct cut *cut)
{
	if (!cut->out.complete || exptrace_recording(cut->trace) == cut->recording)
		return false;
	trace_problem("what follows generation %" PRIu64 " is of another recording, and is not copied; "
		      "cut its files on their own", cut->out.last);
	return true;
}

static int cut_walk(struct cut *cut)
{
	const struct exptrace_batch *batch;
	int ret, code = EXIT_OK;

	while (!is_done(cut)) {
		ret = exptrace_next_frame(cut->trace, &batch);
		if (!ret)
			break;
		if (ret < 0) {
			code = EXIT_PROBLEM;
			cut->inside = false;
			if (!go_on(cut->trace, ret))
				break;
			continue;
		}
		if (is_other_recording(cut))
			return EXIT_PROBLEM;
		if (batch->kind != EXPTRACE_BATCH_END)
			cut_batch(cut, batch);
		else if (cut_mark(cut))
			return EXIT_PROBLEM;
	}
	return code;
}

/* "1 to 3, 7, 9 to 12" */
static void list_ranges(const struct cut *cut, char *text, size_t size)
{
	size_t i, n = 0;

	*text = 0;
	for (i = 0; i < cut->ranges && i < RANGES_SHOWN; i++) {
		const struct numbers *range = &cut->there[i];

		n += (size_t)snprintf(text + n, size - n, "%s%" PRIu64, i ? ", " : "", range->first);
		if (range->last != range->first)
			n += (size_t)snprintf(text + n, size - n, " to %" PRIu64, range->last);
	}
	if (cut->ranges > RANGES_SHOWN)
		snprintf(text + n, size - n, ", ...");
}

static int report_nothing(const struct cut *cut)
{
	char there[RANGES_SHOWN * 48 + 8];

	if (!cut->ranges)
		return trace_problem("there is no whole generation");
	list_ranges(cut, there, sizeof(there));
	if (cut->wanted.first == cut->wanted.last)
		return trace_problem("there is no generation %" PRIu64 "; there are %s",
			       cut->wanted.first, there);
	return trace_problem("there are no generations from %" PRIu64 " to %" PRIu64 "; there are %s",
		       cut->wanted.first, cut->wanted.last, there);
}

static void report_written(const struct cut *cut)
{
	const struct stream *out = &cut->out;

	problem("%" PRIu64 " generation%s, %" PRIu64 " to %" PRIu64 ", %" PRIu64 " bytes to %s",
		out->complete, out->complete == 1 ? "" : "s", out->first, out->last, out->bytes,
		outfile_present_name(&cut->file));
	if (cut->alone)
		trace_note("generation %" PRIu64 " lacks its beginning, which an earlier reader "
			"took; without the one after it, it cannot be shown", out->first);
}

/* A file system may report only at fsync(2) or close(2) that there is no room. */
static void close_out(struct cut *cut)
{
	struct stream *out = &cut->out;
	int err = 0;

	if (out->regular && fsync(out->fd) && errno != EINVAL)
		err = -errno;
	if (!err)
		err = outfile_close(&cut->file);
	if (err && !out->write_error)
		out->write_error = err;
}

/* An output that lacks a generation due to a write error does not replace an older file. */
static int place_out(struct cut *cut)
{
	struct outfile *file = &cut->file;

	unfinished = NULL;
	if (!cut->out.complete) {
		outfile_discard(file);
		return EXIT_OK;
	}
	if (cut->out.write_error && outfile_has_older(file))
		return EXIT_PROBLEM;
	return outfile_place(file, false);
}

/* Copy a trace that has only a header. */
static int cut_header(struct cut *cut)
{
	note_empty();
	keep_header(cut);
	return write_kept(cut);
}

static bool is_empty(const struct cut *cut)
{
	return !cut->ranges && !exptrace_account(cut->trace)->damages && cut->wanted.last == UINT64_MAX &&
	       !cut->wanted.first;
}

static int cut_run(struct cut *cut)
{
	int ret = range_begin(&cut->range, &command_cut, cut->trace);

	if (ret)
		return ret;
	ret = cut_walk(cut);
	if (!ret && is_empty(cut))
		ret = cut_header(cut);
	if (cut->begun)
		close_out(cut);
	if (cut->out.write_error)
		ret = write_problem(cut->file.name, cut->out.write_error);
	if (cut->begun && place_out(cut))
		ret = EXIT_PROBLEM;
	if (cut->out.complete)
		report_written(cut);
	else if (!cut->begun && exptrace_version(cut->trace) > 0 && !cut->file.name)
		ret = report_nothing(cut);
	return ret;
}

static bool parse_range(const char *text, struct numbers *range)
{
	const char *dash = strchr(text, '-');
	char first[32];

	if (!dash) {
		if (!parse_number(text, 0, UINT64_MAX, &range->first))
			return false;
		range->last = range->first;
		return true;
	}
	return (size_t)snprintf(first, sizeof(first), "%.*s", (int)(dash - text), text) <
	       sizeof(first) && parse_number(first, 0, UINT64_MAX, &range->first) &&
	       parse_number(dash + 1, range->first, UINT64_MAX, &range->last);
}

static const struct option options[] = {
	{ "generations",	required_argument,	NULL, 'g' },
	{ "output",		required_argument,	NULL, 'o' },
	RANGE_OPTIONS,
	{ "help",		no_argument,		NULL, 'h' },
	{ 0 }
};

static int cut_parse(struct cut *cut, int argc, char **argv)
{
	int c;

	while ((c = next_option(&command_cut, argc, argv, ":g:o:h", options)) >= 0) {
		if (c == 'g' && !parse_range(optarg, &cut->wanted))
			return bad_value(&command_cut, argv, "a range of generations");
		if (c == 'o')
			cut->path = optarg;
		if ((c == OPT_FROM || c == OPT_TO) && !range_option(&cut->range, c))
			return bad_value(&command_cut, argv, RANGE_WANTED);
	}
	if (c == -1 && !strcmp(cut->path, "-") && isatty(STDOUT_FILENO))
		return usage_error(&command_cut, "standard output: a terminal; -o FILE is missing");
	return c;
}

static int run_cut(int argc, char **argv)
{
	struct cut cut = { .wanted = { 0, UINT64_MAX }, .range.whole = true, .path = "-", .file.fd = -1 };
	int ret = cut_parse(&cut, argc, argv);

	if (ret == OPTION_HELP_SHOWN)
		return EXIT_OK;
	if (ret != -1)
		return EXIT_USAGE;
	ret = open_trace(&command_cut, argc, argv, &cut.trace);
	if (!ret)
		ret = cut_run(&cut);
	exptrace_close(cut.trace);
	outfile_uninit(&cut.file);
	free(cut.bytes);
	return ret;
}

const struct command command_cut = {
	.name = "cut",
	.purpose = "Copies complete generations of a trace",
	.synopsis = "[-g FIRST[-LAST]] " RANGE_SYNOPSIS " [-o FILE...|DIRECTORY|-] FILE...|DIRECTORY|-",
	.help =
	"  -g, --generations FIRST[-LAST]  the generations to copy (default: all)\n"
	"  -o, --output FILE               the file to write (default: standard output)\n"
	RANGE_HELP("only the generations that overlap this range")
	"\n"
	"The result is a trace. Generations that are cut off or damaged are left out, with a\n"
	"message.\n",
	.run = run_cut,
};
