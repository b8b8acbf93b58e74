/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Signals as they were when the program began, which a command that it runs is to have again.
 */
#ifndef EXPTRACE_SIGNALS_H
#define EXPTRACE_SIGNALS_H

#include <stdbool.h>

/*
 * Before any of them is changed. From then on, a file that is larger than the limit (ulimit -f) is
 * an error of write(2), and not the end of the program; and an alarm interrupts what lasts.
 */
void signals_begin(void);

/* nohup(1) wants a hangup to be ignored. */
bool signals_ignored(int number);

/* The caller's mask, and what it ignores: in a child, before it executes another program. */
void signals_restore(void);

#endif /* EXPTRACE_SIGNALS_H */
