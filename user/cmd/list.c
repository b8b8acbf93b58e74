// SPDX-License-Identifier: GPL-2.0-only
/*
 * exptrace list: the events of the running module, whether they are on, and with stacks.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "recorder.h"

static const char *event_state(const struct exptrace_event *event)
{
	if (!(event->flags & EXPTRACE_EVENT_F_AVAILABLE))
		return "missing";
	return event->flags & EXPTRACE_EVENT_F_ENABLED ? "on" : "off";
}

static int list_events(struct exptrace_device *device)
{
	struct exptrace_event event;
	unsigned int i;
	int err;

	for (i = 0; !(err = exptrace_device_event(device, i, &event)); i++) {
		const char *experiment = exptrace_device_experiment(event.experiment);

		printf("%-12s %-14s %-28s %s%s\n", experiment ? experiment : "?", event.group,
		       event.name, event_state(&event),
		       event.flags & EXPTRACE_EVENT_F_STACK ? " stack" : "");
	}
	if (err != -ENOENT)
		return problem("cannot list the events: %s", strerror(-err));
	return EXIT_OK;
}

static const struct option options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ 0 }
};

static int run_list(int argc, char **argv)
{
	struct exptrace_device *device;
	int ret = next_option(&command_list, argc, argv, ":h", options);

	if (ret == OPTION_HELP_SHOWN)
		return EXIT_OK;
	if (ret != -1)
		return EXIT_USAGE;
	if (optind != argc)
		return usage_error(&command_list, "no operand is expected");
	ret = exptrace_device_open(NULL, O_WRONLY, &device);
	if (ret)
		return explain_open(ret);
	ret = list_events(device);
	exptrace_device_close(device);
	return ret;
}

const struct command command_list = {
	.name = "list",
	.purpose = "Lists the events that the loaded module can record",
	.synopsis = "",
	.help =
	"A line: experiment, group, name, and on, off or missing in this kernel; behind that\n"
	"stack, if the event is recorded with the kernel's stack when it is on.\n",
	.run = run_list,
};
