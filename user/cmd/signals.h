/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Signal dispositions: those at the start of the program, for the command that it runs.
 */
#ifndef EXPTRACE_SIGNALS_H
#define EXPTRACE_SIGNALS_H

#include <stdbool.h>

/*
 * Call this before anything changes a disposition. Afterwards, exceeding the file size limit
 * (ulimit -f) is an error of write(2) instead of ending the program, and SIGALRM is unblocked.
 */
void signals_begin(void);

/* Is the signal ignored, as nohup(1) ignores SIGHUP? */
bool signals_ignored(int number);

/* In a child, before it executes another program: restore the mask and the dispositions. */
void signals_restore(void);

#endif /* EXPTRACE_SIGNALS_H */
