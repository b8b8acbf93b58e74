/* SPDX-License-Identifier: GPL-2.0-only */
/* Threads that disturb a recording (see chaos.c). */
#ifndef EXPTRACE_SELFTEST_STORMS_H
#define EXPTRACE_SELFTEST_STORMS_H

#include "support.h"

/* The descriptor with which all storms control the recorder. */
extern int control;

/*
 * Optional storms. Events are not switched while attempts are compared with the observer, because
 * events from before and after a switch would be missing in the recording.
 */
extern bool switching, restarting, looking;

/* Result of the restarts: the first error, and the number of evicted generations. */
extern volatile int restart_error;
extern uint64_t evicted;

/* Number of restarts in this round. */
unsigned long count_restarts(void);

/* Start a recording with generations of one millisecond: 0 or -errno. */
int start(int mode);

/* Stop, and add to evicted: 0 or -errno. */
int end_recording(void);

/* 0 or -1. */
int begin_storms(void);

/* Returns the name of a storm that did nothing, or NULL. */
const char *end_storms(void);

#endif
