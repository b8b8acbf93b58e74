/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The subcommands that make one call on the device: stop, advance, trigger.
 */
#ifndef EXPTRACE_CONTROL_H
#define EXPTRACE_CONTROL_H

#include <libexptrace.h>

struct command;

/*
 * Run a subcommand without operands: call @call, which returns 0 or a negative errno, with the
 * device. Returns an exit code; reports problems.
 */
int control_run(const struct command *command, int argc, char **argv,
		int (*call)(struct exptrace_device *device));

#endif /* EXPTRACE_CONTROL_H */
