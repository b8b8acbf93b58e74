// SPDX-License-Identifier: GPL-2.0-only
/*
 * exptrace dump: the events of a trace, a line each, in the order of time.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <exptrace/wire.h>

#include "cmd.h"
#include "format.h"
#include "notes.h"

struct dump {
	struct exptrace_trace *trace;
	struct output *output;
	struct format format;
	const char *what;	/* NULL: all events */
	uint64_t max;		/* lines */
	bool all;		/* state events too */
	bool json;
	bool raw_time;

	/* the system calls that what means; known with the trace's first event */
	bool calls_known;
	struct exptrace_syscall_tables calls;
	/* what a call that has no number goes by: rt_sigreturn's end has lost it */
	uint64_t without_number;

	/* per description, by index: 0 not known yet, 1 shown, 2 hidden */
	uint8_t *shown;
	size_t nshown;
};

enum { SHOWN_UNKNOWN, SHOWN_YES, SHOWN_NO };

static bool is_wanted(const struct dump *dump, const struct exptrace_schema_event *event)
{
	const char *experiment = exptrace_experiment_name(dump->trace, event->experiment);

	if (EXPTRACE_EVENT_IS_STATE(event->type) && !dump->all)
		return false;
	return !dump->what ||
	       exptrace_select(dump->what, experiment, event->group, event->name, true);
}

/* Decides once for each description. */
static bool is_shown(struct dump *dump, const struct exptrace_schema_event *event)
{
	if (event->index >= dump->nshown) {
		size_t n = 2 * (size_t)event->index + 64;

		dump->shown = realloc(dump->shown, n);
		if (!dump->shown)
			abort();
		memset(dump->shown + dump->nshown, SHOWN_UNKNOWN, n - dump->nshown);
		dump->nshown = n;
	}
	if (dump->shown[event->index] == SHOWN_UNKNOWN)
		dump->shown[event->index] = is_wanted(dump, event) ? SHOWN_YES : SHOWN_NO;
	return dump->shown[event->index] == SHOWN_YES;
}

static void learn_calls(struct dump *dump)
{
	const char *machine = exptrace_property(dump->trace, "machine");
	int nr = exptrace_syscall_number(machine, "rt_sigreturn", strlen("rt_sigreturn"));

	dump->without_number = nr < 0 ? EXPTRACE_SYSCALL_NONE : (uint64_t)nr;
	memset(&dump->calls, 0xff, sizeof(dump->calls));
	if (dump->what && exptrace_select_syscall_tables(dump->what, machine, true, &dump->calls))
		problem("note: a system call in '%s' is unknown", dump->what);
	dump->calls_known = true;
}

/* Whether it is of a system call that is not meant. */
static bool is_other_call(struct dump *dump, const struct exptrace_record *record)
{
	enum exptrace_syscall_table table;
	uint64_t nr;
	uint32_t i;

	if (!dump->what)
		return false;
	for (i = 0; i < record->event->nargs; i++)
		if (record->event->args[i].kind == EXPTRACE_KIND_SYSCALL)
			break;
	if (i == record->event->nargs)
		return false;
	if (!dump->calls_known)
		learn_calls(dump);
	nr = record->args[i].u64;
	if (nr == EXPTRACE_SYSCALL_NONE)
		nr = dump->without_number;
	table = exptrace_syscall_split(nr, &nr);
	if (nr >= EXPTRACE_MAX_SYSCALLS)
		nr = EXPTRACE_MAX_SYSCALLS - 1;
	return !(dump->calls.wanted[table][nr / 64] & 1ULL << nr % 64);
}

/* Prints until damage, the end, the limit, or an error of either side. Returns the trace's error. */
static int dump_events(struct dump *dump)
{
	const struct exptrace_record *record;
	int ret = 0;

	while (dump->max && !dump->output->error &&
	       (ret = exptrace_next_event(dump->trace, &record)) == 1) {
		if (!is_shown(dump, record->event) || is_other_call(dump, record))
			continue;
		if (dump->json)
			format_json(dump->output, dump->trace, record);
		else
			format_text(&dump->format, record);
		dump->max--;
		ret = 0;
	}
	return ret;
}

/* Prints all that can be read. Returns whether there was damage. */
static bool dump_all(struct dump *dump)
{
	bool damaged = false, more = true;
	int ret;

	while (more && (ret = dump_events(dump)) < 0) {
		/* the message comes behind the events */
		output_flush(dump->output);
		damaged = true;
		more = !dump->output->error && go_on(dump->trace, ret);
	}
	return damaged;
}

static int dump_run(struct dump *dump)
{
	bool damaged = dump_all(dump);
	int err = output_flush(dump->output);

	if (err == -EPIPE)
		return EXIT_OK;
	if (err)
		return problem("cannot write: %s", strerror(-err));
	note_reading(dump->trace);
	note_times(dump->trace);
	note_names(dump->trace);
	if (dump->max)
		note_recording(dump->trace);
	return damaged ? EXIT_PROBLEM : EXIT_OK;
}

enum { OPT_JSON = 256, OPT_ALL, OPT_RAW_TIME };

static const struct option options[] = {
	{ "events",	required_argument,	NULL, 'e' },
	{ "lines",	required_argument,	NULL, 'n' },
	{ "json",	no_argument,		NULL, OPT_JSON },
	{ "all",	no_argument,		NULL, OPT_ALL },
	{ "raw-time",	no_argument,		NULL, OPT_RAW_TIME },
	{ "help",	no_argument,		NULL, 'h' },
	{ 0 }
};

static int dump_parse(struct dump *dump, int argc, char **argv)
{
	int c;

	while ((c = next_option(&command_dump, argc, argv, ":e:n:h", options)) >= 0) {
		if (c == 'e')
			dump->what = optarg;
		else if (c == 'n' && !parse_number(optarg, 0, UINT64_MAX, &dump->max))
			return usage_error(&command_dump, "'%s' is no number of lines", optarg);
		else if (c == OPT_JSON)
			dump->json = true;
		else if (c == OPT_ALL)
			dump->all = true;
		else if (c == OPT_RAW_TIME)
			dump->raw_time = true;
	}
	return c;
}

static int run_dump(int argc, char **argv)
{
	struct output output;
	struct dump dump = { .output = &output, .max = UINT64_MAX };
	int ret = dump_parse(&dump, argc, argv);

	if (ret == OPTION_HELP_SHOWN)
		return EXIT_OK;
	if (ret != -1)
		return EXIT_USAGE;
	ret = open_trace(&command_dump, argc, argv, &dump.trace);
	if (ret)
		return ret;
	output_init(&output, STDOUT_FILENO);
	format_init(&dump.format, &output, dump.trace, dump.raw_time);
	ret = dump_run(&dump);
	format_uninit(&dump.format);
	exptrace_close(dump.trace);
	free(dump.shown);
	return ret;
}

const struct command command_dump = {
	.name = "dump",
	.purpose = "Prints the events of a trace in the order of time",
	.synopsis = "[-e WHAT] [-n N] [--json] [--all] [--raw-time] FILE|-",
	.help =
	"  -e, --events WHAT  only these: names of events, groups, experiments; +a,-b\n"
	"  -n, --lines N      stop after N events\n"
	"      --json         a JSON object a line\n"
	"      --all          state events too (who runs, which tasks exist)\n"
	"      --raw-time     ticks instead of seconds\n"
	"\n"
	"A line: comm-pid [cpu] context seconds.nanoseconds: name: arguments\n"
	"Context: . task, s softirq, h hardirq, n NMI. Time: CLOCK_MONOTONIC.\n",
	.run = run_dump,
};
