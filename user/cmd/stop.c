// SPDX-License-Identifier: GPL-2.0-only
/*
 * exptrace stop: ends a recording.
 */
#include "cmd.h"
#include "control.h"

static int run_stop(int argc, char **argv)
{
	return control_run(&command_stop, argc, argv, exptrace_device_stop);
}

const struct command command_stop = {
	.name = "stop",
	.purpose = "Stops recording; what was recorded stays until it is read",
	.synopsis = "",
	.help = "Read it with 'exptrace snapshot -o FILE', or with 'cat /dev/exptrace > FILE',\n"
		"which also removes it.\n",
	.run = run_stop,
};
