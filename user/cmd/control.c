// SPDX-License-Identifier: GPL-2.0-only
/*
 * The subcommands that make one call on the device: stop, advance, trigger.
 */
#include <fcntl.h>

#include "cmd.h"
#include "control.h"
#include "explain.h"

static const struct option options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ 0 }
};

int control_run(const struct command *command, int argc, char **argv,
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
