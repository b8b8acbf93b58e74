/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command that record runs.
 */
#ifndef EXPTRACE_TARGET_H
#define EXPTRACE_TARGET_H

#include <stdbool.h>
#include <sys/types.h>

struct target {
	pid_t pid;		/* 0: no process */
	int go;			/* pipe: a byte lets the process execute the command */
	int report;		/* pipe: the errno if execvp(3) fails */
	bool done;		/* the process has ended */
	int exit_code;		/* as a shell reports it */
};

/*
 * Look for the program as execvp(3) does, to report a typing error before anything is set up.
 * Returns 0, or the exit code for a program that cannot be run (reported).
 */
int target_find(char **argv);

/*
 * Create the process, which waits for target_start(). With @to_stderr, the command's output
 * goes to standard error, because the trace uses standard output. Returns an exit code;
 * reports problems.
 */
int target_prepare(struct target *target, char **argv, bool to_stderr);

/* Run the command. Returns 0, or the exit code for a command that cannot be run (reported). */
int target_start(struct target *target, char **argv);

/* End a process that was prepared but not started, if there is one. */
void target_abandon(struct target *target);

/* Check for the end of the process, without waiting. */
void target_reap(struct target *target);

/* Wait for the end of the process; signals do not end the wait. */
void target_wait(struct target *target);

#endif /* EXPTRACE_TARGET_H */
