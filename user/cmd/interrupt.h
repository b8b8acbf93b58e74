/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SIGINT, SIGTERM and SIGHUP of the commands that read a trace: what was read is shown.
 *
 * After the first of them a command stops reading, shows what it has, and ends by that signal.
 * It has INTERRUPT_SECONDS for that: whoever is to take its output may have stopped. A
 * second signal ends it at once.
 */
#ifndef EXPTRACE_INTERRUPT_H
#define EXPTRACE_INTERRUPT_H

#include <signal.h>

#define INTERRUPT_SECONDS	5

/* The signal that came; 0: none has. */
extern volatile sig_atomic_t interrupted;

/* From now on. A signal that is ignored, as nohup(1) does it, stays so. */
void interrupt_catch(void);

/* All was shown: ends as the signal would have it, if one has come. */
void interrupt_end(void);

#endif /* EXPTRACE_INTERRUPT_H */
