/* SPDX-License-Identifier: GPL-2.0-only */
/* Count the events of the whole machine by BPF programs, independently of exptrace. */
#ifndef EXPTRACE_SELFTEST_OBSERVE_H
#define EXPTRACE_SELFTEST_OBSERVE_H

#include <stdint.h>

#include "observer.h"

/* Events of experiments 0 and 1 are counted. */
#define OBSERVED_EXPERIMENTS	2

/* Machines with more CPUs are not observed. */
#define OBSERVED_CPUS		64

/*
 * Counts since the observer began: events by CPU, and how often a program was not run, on any CPU.
 */
struct observation {
	uint64_t n[OBSERVED_EXPERIMENTS][OBSERVED_CPUS];
	uint64_t missed[OBSERVED_EXPERIMENTS];
};

struct observer;

/* Why events cannot be counted on this kernel, or NULL. */
const char *observer_missing(void);
/* Begin to count; NULL with errno set on error. */
struct observer *observer_open(void);
/* Each number was right at some moment during the call. Fails only if BPF does: 0 or -errno. */
int observer_read(const struct observer *observer, struct observation *seen);
/* Does nothing with NULL. */
void observer_close(struct observer *observer);

#endif
