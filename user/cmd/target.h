/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command that is recorded.
 */
#ifndef EXPTRACE_TARGET_H
#define EXPTRACE_TARGET_H

#include <stdbool.h>
#include <sys/types.h>

struct target {
	pid_t pid;		/* 0: there is none */
	int go;			/* a pipe: it waits for a byte from it */
	int report;		/* a pipe: it tells why it cannot be run */
	bool done;
	int exit_code;		/* as a shell has it */
};

/*
 * Looks for the program as execvp() will: 0, or the exit code where it cannot be run
 * (reported). So a slip of the pen is found before anything is done for it.
 */
int target_find(char **argv);

/*
 * Makes the process, which waits; if @to_stderr, what the command prints goes there, as
 * standard output is the trace's. Returns an exit code; problems are reported.
 */
int target_prepare(struct target *target, char **argv, bool to_stderr);

/* Lets it run. Returns 0, or its exit code where it cannot be run (reported). */
int target_start(struct target *target, char **argv);

/* Ends one that was prepared and not started, if there is one. */
void target_abandon(struct target *target);

/* Notices its end, if it has come. */
void target_reap(struct target *target);

/* Waits for its end, whatever comes. */
void target_wait(struct target *target);

#endif /* EXPTRACE_TARGET_H */
