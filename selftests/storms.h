/* SPDX-License-Identifier: GPL-2.0-only */
/* Threads that disturb a recording (see chaos.c). */
#ifndef EXPTRACE_SELFTEST_STORMS_H
#define EXPTRACE_SELFTEST_STORMS_H

#include "support.h"

/* The descriptor that they all control the recorder with. */
extern int control;

/*
 * Storms that do not always run. Events are not switched while attempts are compared with the observer, because that takes
 * events away.
 */
extern bool switching, restarting, looking;

/* What came of the restarts: the first error, and the generations that were given up. */
extern volatile int restart_error;
extern uint64_t given_up;

/* How many there were. */
unsigned long count_restarts(void);

/* A recording of generations that each last a millisecond: 0 or -errno. */
int start(int mode);

/* STOP, and add to given_up: 0 or -errno. */
int end_recording(void);

/* 0 or -1. */
int begin_storms(void);

/* Returns the name of a storm that did nothing, or NULL. */
const char *end_storms(void);

#endif
