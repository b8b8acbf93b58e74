/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The subcommands that make one call on the device: stop, advance, trigger.
 */
#ifndef EXPTRACE_CONTROL_H
#define EXPTRACE_CONTROL_H

#include <libexptrace.h>

struct command;

/*
 * Parses the command line, which has no operands, and calls @call with the device, which returns 0
 * or a negative errno. Returns an exit code; problems are reported.
 */
int control_run(const struct command *command, int argc, char **argv,
		int (*call)(struct exptrace_device *device));

#endif /* EXPTRACE_CONTROL_H */
