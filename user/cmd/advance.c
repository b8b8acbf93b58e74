// SPDX-License-Identifier: GPL-2.0-only
/*
 * exptrace advance: begins a new generation.
 */
#include <stdio.h>

#include "cmd.h"
#include "control.h"

static int advance(struct exptrace_device *device)
{
	uint64_t generation;
	int err = exptrace_device_advance(device, &generation);

	if (!err)
		printf("%llu\n", (unsigned long long)generation);
	return err;
}

static int run_advance(int argc, char **argv)
{
	return control_run(&command_advance, argc, argv, advance);
}

const struct command command_advance = {
	.name = "advance",
	.purpose = "Completes the current generation and prints its number",
	.synopsis = "",
	.help = "All earlier events are then in generations up to that one.\n",
	.run = run_advance,
};
