// SPDX-License-Identifier: GPL-2.0-only
/*
 * exptrace trigger: fires the trigger.
 */
#include "cmd.h"
#include "control.h"

static int run_trigger(int argc, char **argv)
{
	return control_run(&command_trigger, argc, argv, exptrace_device_trigger);
}

const struct command command_trigger = {
	.name = "trigger",
	.purpose = "Fires the trigger that 'exptrace snapshot --wait' waits for",
	.synopsis = "",
	.help = "Nothing happens if no program waits.\n",
	.run = run_trigger,
};
