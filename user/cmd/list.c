// SPDX-License-Identifier: GPL-2.0-only
/*
 * exptrace list: the events of the running module, whether they are on, and whether with stacks.
 */
#include <fcntl.h>
#include <stdio.h>

#include "cmd.h"
#include "explain.h"
#include "selection.h"
#include "what.h"

static const char *event_state(const struct exptrace_event *event)
{
	if (!(event->flags & EXPTRACE_EVENT_F_AVAILABLE))
		return "missing";
	return event->flags & EXPTRACE_EVENT_F_ENABLED ? "on" : "off";
}

static void list_event(const struct exptrace_event *event)
{
	const char *experiment = exptrace_device_experiment(event->experiment);

	print_name(experiment ? experiment : "?", 12);
	putchar(' ');
	print_name(event->group, 14);
	putchar(' ');
	print_name(event->name, 28);
	printf(" %s%s\n", event_state(event),
	       event->flags & EXPTRACE_EVENT_F_STACK ? " stack" : "");
}

static int list_events(struct exptrace_device *device, const struct what *what)
{
	struct selection events = { 0 };
	int ret = selection_check(&events, device, what);
	size_t i;

	for (i = 0; !ret && i < events.n; i++)
		if (!what->selection || what_selects_event(what, &events.events[i], true))
			list_event(&events.events[i]);
	selection_forget(&events);
	return ret;
}

static int list_device(const struct what *what)
{
	struct exptrace_device *device;
	int ret = exptrace_device_open(NULL, O_WRONLY, &device);

	if (ret)
		return explain_open(ret);
	ret = list_events(device, what);
	exptrace_device_close(device);
	return ret;
}

static const struct option options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ 0 }
};

static int run_list(int argc, char **argv)
{
	struct what what = { 0 };
	int ret = next_option(&command_list, argc, argv, ":h", options);

	if (ret == OPTION_HELP_SHOWN)
		return EXIT_OK;
	if (ret != -1)
		return EXIT_USAGE;
	if (optind < argc - 1)
		return usage_error(&command_list, "%s: one WHAT only (has the shell expanded a *?)",
				   argv[optind + 1]);
	ret = optind < argc ? what_parse(&command_list, &what, "WHAT", argv[optind]) : EXIT_OK;
	if (!ret)
		ret = list_device(&what);
	what_uninit(&what);
	return ret;
}

const struct command command_list = {
	.name = "list",
	.purpose = "Lists the events that the loaded module can record",
	.synopsis = "[WHAT]",
	.help =
	"WHAT: only these, in words as for record -e: sched, 'sched:*_exit'; list -- -sched: all others.\n"
	"A line: experiment, group, name, and on, off or missing in this kernel; behind that\n"
	"stack, if the event is recorded with the kernel's stack when it is on.\n",
	.run = run_list,
};
