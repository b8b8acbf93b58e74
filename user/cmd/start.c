// SPDX-License-Identifier: GPL-2.0-only
/*
 * exptrace start: begins a recording that goes on after this program has ended.
 */
#include <fcntl.h>
#include <stdio.h>

#include "cmd.h"
#include "explain.h"
#include "selection.h"
#include "settings.h"

/* A filter that an earlier command set stays in force. Tell the user. */
static void note_filter(const struct settings *settings, struct exptrace_device *device)
{
	if (!settings->filter.given)
		filter_print(stderr, "exptrace: note: a filter is set and stays in force (--no-filter "
			     "removes it): ", device);
}

/* The same for stacks, which cost much more than the events themselves. */
static void note_stacks(const struct settings *settings, struct exptrace_device *device)
{
	const uint32_t both = EXPTRACE_EVENT_F_ENABLED | EXPTRACE_EVENT_F_STACK;
	struct exptrace_event event;
	unsigned int i, n = 0;

	if (settings->stacks || settings->no_stacks)
		return;
	for (i = 0; !exptrace_device_event(device, i, &event); i++)
		n += (event.flags & both) == both;
	if (n)
		problem("note: %u of the events that are on have stacks, as before "
			"(--no-stacks removes them; see 'exptrace list')", n);
}

static void print_started(struct exptrace_device *device)
{
	struct exptrace_info info = { 0 };

	exptrace_device_info(device, &info);
	fprintf(stderr, "exptrace: recording in %s mode, %.4g MiB; 'exptrace stop' ends it\n",
		info.mode == EXPTRACE_MODE_FLIGHT ? "flight" : "stream",
		(double)info.pool_size / (1 << 20));
}

static int start_device(struct settings *settings, struct exptrace_device *device)
{
	struct filter *filter = &settings->filter;
	struct selection selection = { 0 };
	int err;

	if (settings->what && selection_set(&selection, device, &settings->events))
		return EXIT_PROBLEM;
	if ((settings->stacks || settings->no_stacks) &&
	    selection_set_stacks(&selection, device, &settings->stacked))
		return EXIT_PROBLEM;
	if (filter->given && filter_set(filter, device)) {
		selection_restore(&selection, device);
		return EXIT_PROBLEM;
	}
	err = exptrace_device_start(device, &settings->start);
	if (err) {
		filter_restore(filter, device);
		selection_restore(&selection, device);
		return explain_start(device, &settings->start, err);
	}
	filter_forget(filter);
	selection_forget(&selection);
	note_filter(settings, device);
	note_stacks(settings, device);
	print_started(device);
	return EXIT_OK;
}

enum { OPT_NO_FILTER = OPT_OTHERS, OPT_NO_STACKS };

static const struct option options[] = {
	SETTINGS_OPTIONS,
	{ "no-filter",	no_argument,	NULL, OPT_NO_FILTER },
	{ "no-stacks",	no_argument,	NULL, OPT_NO_STACKS },
	{ "help",	no_argument,	NULL, 'h' },
	{ 0 }
};

static int start_parse(struct settings *settings, int argc, char **argv)
{
	int c;

	while ((c = next_option(&command_start, argc, argv, ":h" SETTINGS_LETTERS, options)) >= 0)
		if (!settings_option(settings, c))
			return bad_value(&command_start, argv, settings_wanted(c));
		else if (c == OPT_NO_FILTER)
			settings->filter.given = true;
		else if (c == OPT_NO_STACKS) {
			settings->stacks = NULL;
			settings->no_stacks = true;
		}
	return c;
}

static int run_start(int argc, char **argv)
{
	struct settings settings = { .start = EXPTRACE_START_INIT };
	struct exptrace_device *device;
	int ret = start_parse(&settings, argc, argv);

	if (ret == OPTION_HELP_SHOWN)
		return EXIT_OK;
	if (ret != -1)
		return EXIT_USAGE;
	if (!no_operand(&command_start, argc, argv))
		return EXIT_USAGE;
	ret = settings_parse(&command_start, &settings);
	if (!ret)
		ret = open_device(O_WRONLY, &device);
	if (!ret) {
		ret = start_device(&settings, device);
		exptrace_device_close(device);
	}
	settings_uninit(&settings);
	return ret;
}

const struct command command_start = {
	.name = "start",
	.purpose = "Starts a recording that goes on until 'exptrace stop'",
	.synopsis = "[-e WHAT] [--stacks WHAT] [--flight] [--quota EXP=PERCENT[,...]]\n"
		    "                      [--pool MIB] [--batch KIB] [--period MS] [--discard]\n"
		    "                      [-p PID[,...]] [--tid TID[,...]] [--children] [--cgroup DIR]\n"
		    "                      [--cpu LIST] [--min-duration WHAT=TIME[,...]] [--no-filter]\n"
		    "                      [--no-stacks]",
	.help =
	"  -e, --events WHAT   what to record (default: the events that are on): events, groups,\n"
	"                      experiments, a group's events ('sched:sched_*'), system calls\n"
	"                      (syscalls:openat); +a,-b\n"
	SETTINGS_HELP
	"      --no-filter     remove the filter\n"
	"      --no-stacks     record no stacks\n"
	"\n"
	"Without such an option, filter and stacks stay as they are.\n"
	"'exptrace snapshot' reads a flight recorder, 'cat /dev/exptrace' a stream.\n",
	.run = run_start,
};
