/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SIGINT, SIGTERM and SIGHUP in the commands that read a trace: show what was read so far.
 *
 * On the first signal a command stops reading, shows what it has, and ends by that signal.
 * It ends after INTERRUPT_SECONDS in any case, because the reader of its output may have
 * stopped. A second signal ends it at once.
 */
#ifndef EXPTRACE_INTERRUPT_H
#define EXPTRACE_INTERRUPT_H

#include <signal.h>

#define INTERRUPT_SECONDS	5

/* The signal that came; 0: none */
extern volatile sig_atomic_t interrupted;

/* Install the handlers. Signals that are ignored, as nohup(1) ignores SIGHUP, stay ignored. */
void interrupt_catch(void);

/* At the end of the program: if a signal came, end by it. */
void interrupt_end(void);

#endif /* EXPTRACE_INTERRUPT_H */
