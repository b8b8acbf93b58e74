/* SPDX-License-Identifier: GPL-2.0-only */
/* Has the events of the whole machine counted by BPF programs, beside exptrace. */
#ifndef EXPTRACE_SELFTEST_OBSERVE_H
#define EXPTRACE_SELFTEST_OBSERVE_H

#include <stdint.h>

#include "observer.h"

/* Experiments whose events are counted: 0 and 1. */
#define OBSERVED_EXPERIMENTS	2

/* Machines with more are not observed. */
#define OBSERVED_CPUS		64

/* Since the observer began: what was counted on each CPU, and how often a program was not run, on whatever CPU. */
struct observation {
	uint64_t n[OBSERVED_EXPERIMENTS][OBSERVED_CPUS];
	uint64_t missed[OBSERVED_EXPERIMENTS];
};

struct observer;

/* Why the kernel cannot have events counted so, or NULL. */
const char *observer_missing(void);
/* Begins to count. NULL and errno if that fails. */
struct observer *observer_open(void);
/* All numbers are as they were at moments during this. Fails only if BPF does: 0 or -errno. */
int observer_read(const struct observer *observer, struct observation *seen);
/* NULL: does nothing. */
void observer_close(struct observer *observer);

#endif
