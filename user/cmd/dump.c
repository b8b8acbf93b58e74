// SPDX-License-Identifier: GPL-2.0-only
/*
 * exptrace dump: the events of a trace, one per line, in order of time.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "format.h"
#include "interrupt.h"
#include "notes.h"
#include "range.h"
#include "what.h"

struct dump {
	struct exptrace_trace *trace;
	struct output *output;
	struct format format;
	struct what what;
	struct range range;
	uint64_t max;		/* lines */
	bool json;
	enum format_time time;
};

/* Is there a reason to read on? Words have to be checked even if no line is wanted. */
static bool wants_events(const struct dump *dump)
{
	return (dump->max || (dump->what.selection && !dump->what.checked)) &&
	       !dump->output->error;
}

static void dump_event(struct dump *dump, const struct exptrace_record *record)
{
	if (!dump->max || !range_has(&dump->range, dump->trace, record) ||
	    !what_selects(&dump->what, dump->trace, record))
		return;
	if (dump->json)
		format_json(dump->output, dump->trace, record, dump->time == FORMAT_WALL);
	else
		format_text(&dump->format, record);
	dump->max--;
}

/*
 * Prints until damage, the end, the limit, a signal, or a write error. Returns the error of the
 * trace.
 */
static int dump_events(void *arg)
{
	const struct exptrace_record *record;
	struct dump *dump = arg;
	int ret = 0;

	while (!interrupted && wants_events(dump) &&
	       (ret = exptrace_next_event(dump->trace, &record)) == 1) {
		ret = 0;
		if (!what_check_trace(&dump->what, dump->trace))
			break;
		dump_event(dump, record);
	}
	/* the message comes after the events, and not at all if they cannot be written */
	return ret < 0 && output_flush(dump->output) ? 0 : ret;
}

/* Shows what was read before waiting for more. */
static bool before_waiting(void *arg)
{
	struct dump *dump = arg;

	return !output_flush(dump->output) && !interrupted;
}

static int dump_run(struct dump *dump)
{
	int ret = range_begin(&dump->range, &command_dump, dump->trace), err;
	bool damaged;

	if (ret)
		return ret;
	damaged = read_all(dump->trace, dump_events, dump);
	err = output_flush(dump->output);

	if (err)
		return write_problem(NULL, err);
	if (interrupted)
		return EXIT_PROBLEM;
	/* not checked yet if there was no event */
	if (!what_check_trace(&dump->what, dump->trace))
		return EXIT_PROBLEM;
	note_reading(dump->trace);
	note_times(dump->trace);
	note_names(dump->trace);
	range_note(&dump->range);
	if (dump->max)
		note_recording(dump->trace);
	return damaged ? EXIT_PROBLEM : EXIT_OK;
}

enum { OPT_JSON = 256, OPT_ALL, OPT_RAW_TIME, OPT_WALL_TIME };

static const struct option options[] = {
	{ "events",	required_argument,	NULL, 'e' },
	{ "lines",	required_argument,	NULL, 'n' },
	{ "json",	no_argument,		NULL, OPT_JSON },
	{ "all",	no_argument,		NULL, OPT_ALL },
	{ "raw-time",	no_argument,		NULL, OPT_RAW_TIME },
	{ "wall-time",	no_argument,		NULL, OPT_WALL_TIME },
	RANGE_OPTIONS,
	{ "help",	no_argument,		NULL, 'h' },
	{ 0 }
};

static int dump_parse(struct dump *dump, int argc, char **argv)
{
	int c;

	while ((c = next_option(&command_dump, argc, argv, ":e:n:h", options)) >= 0) {
		if (c == 'e') {
			if (what_parse(&command_dump, &dump->what, "--events", optarg))
				return OPTION_BAD;
		} else if (c == 'n' && !parse_number(optarg, 0, UINT64_MAX, &dump->max))
			return bad_value(&command_dump, argv, "a number of lines, 0 to 18446744073709551615");
		else if (c == OPT_JSON)
			dump->json = true;
		else if (c == OPT_ALL)
			dump->what.state = WHAT_STATE_SELECTED;
		else if (c == OPT_RAW_TIME)
			dump->time = FORMAT_RAW;
		else if (c == OPT_WALL_TIME)
			dump->time = FORMAT_WALL;
		else if ((c == OPT_FROM || c == OPT_TO) && !range_option(&dump->range, c))
			return bad_value(&command_dump, argv, RANGE_WANTED);
	}
	return c;
}

static int dump_file(struct dump *dump, int argc, char **argv)
{
	int ret = open_trace(&command_dump, argc, argv, &dump->trace);

	if (ret)
		return ret;
	output_init(dump->output, STDOUT_FILENO);
	exptrace_on_wait(dump->trace, before_waiting, dump);
	interrupt_catch();
	message_pending(dump->output);
	format_init(&dump->format, dump->output, dump->trace, dump->time);
	ret = dump_run(dump);
	message_pending(NULL);
	format_uninit(&dump->format);
	exptrace_close(dump->trace);
	return ret;
}

static int run_dump(int argc, char **argv)
{
	static struct output output;	/* too large for a stack that cannot grow: that would end without a message */
	struct dump dump = {
		.output = &output, .max = UINT64_MAX, .what.state = WHAT_STATE_HIDDEN,
	};
	int ret = dump_parse(&dump, argc, argv);

	if (ret == -1)
		ret = dump_file(&dump, argc, argv);
	else
		ret = ret == OPTION_HELP_SHOWN ? EXIT_OK : EXIT_USAGE;
	what_uninit(&dump.what);
	return ret;
}

const struct command command_dump = {
	.name = "dump",
	.purpose = "Prints the events of a trace in the order of time",
	.synopsis = "[-e WHAT] [-n N] [--json] [--all] [--raw-time|--wall-time]\n"
		    "                     " RANGE_SYNOPSIS " FILE...|DIRECTORY|-",
	.help =
	"  -e, --events WHAT  only these: events, groups, experiments, a group's events\n"
	"                     ('sched:sched_*'), system calls (syscalls:openat); +a,-b\n"
	"  -n, --lines N      stop after N events\n"
	"      --json         a JSON object a line\n"
	"      --all          state events too (who runs, which tasks exist)\n"
	"      --raw-time     ticks instead of seconds\n"
	"      --wall-time    date and time (CLOCK_REALTIME, UTC) instead of seconds\n"
	RANGE_HELP("only events from TIME on, and before TIME")
	"\n"
	"A line: comm-pid [cpu] context seconds.nanoseconds: name: arguments\n"
	"Context: . task, s softirq, h hardirq, n NMI. Time: CLOCK_MONOTONIC.\n",
	.run = run_dump,
};
