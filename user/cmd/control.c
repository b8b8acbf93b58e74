// SPDX-License-Identifier: GPL-2.0-only
/*
 * exptrace stop, advance, trigger: one call each.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "cmd.h"
#include "recorder.h"

static const struct option options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ 0 }
};

static int do_stop(struct exptrace_device *device)
{
	return exptrace_device_stop(device);
}

static int do_advance(struct exptrace_device *device)
{
	uint64_t generation;
	int err = exptrace_device_advance(device, &generation);

	if (!err)
		printf("%llu\n", (unsigned long long)generation);
	return err;
}

static int do_trigger(struct exptrace_device *device)
{
	return exptrace_device_trigger(device);
}

static int control(const struct command *command, int argc, char **argv,
		   int (*call)(struct exptrace_device *device))
{
	int ret = next_option(command, argc, argv, ":h", options);
	struct exptrace_device *device;
	int err;

	if (ret == OPTION_HELP_SHOWN)
		return EXIT_OK;
	if (ret != -1)
		return EXIT_USAGE;
	if (!no_operand(command, argc, argv))
		return EXIT_USAGE;
	if (open_device(O_WRONLY, &device))
		return EXIT_PROBLEM;
	err = call(device);
	exptrace_device_close(device);
	return err ? explain_control(err, command->name) : EXIT_OK;
}

static int run_stop(int argc, char **argv)
{
	return control(&command_stop, argc, argv, do_stop);
}

static int run_advance(int argc, char **argv)
{
	return control(&command_advance, argc, argv, do_advance);
}

static int run_trigger(int argc, char **argv)
{
	return control(&command_trigger, argc, argv, do_trigger);
}

const struct command command_stop = {
	.name = "stop",
	.purpose = "Stops recording; what was recorded stays until it is read",
	.synopsis = "",
	.help = "Read it with 'exptrace snapshot -o FILE', or with 'cat /dev/exptrace > FILE',\n"
		"which also takes it away.\n",
	.run = run_stop,
};

const struct command command_advance = {
	.name = "advance",
	.purpose = "Completes the present generation and prints its number",
	.synopsis = "",
	.help = "All events before this are then in generations up to that one.\n",
	.run = run_advance,
};

const struct command command_trigger = {
	.name = "trigger",
	.purpose = "Fires the trigger that 'exptrace snapshot --wait' waits for",
	.synopsis = "",
	.help = "Without such a program, nothing happens.\n",
	.run = run_trigger,
};
