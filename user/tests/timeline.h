/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Traces in which a tick is a nanosecond and times count from the generation's beginning.
 */
#ifndef EXPTRACE_TEST_TIMELINE_H
#define EXPTRACE_TEST_TIMELINE_H

#include "writer.h"

#define T_SECOND	1000000000ULL
/* The time at which a generation ends. */
#define T_CLOSING	(T_SECOND - 1000)

extern uint64_t t_base;		/* tick at which the current generation begins */
extern uint64_t t_early;	/* ticks by which a generation overlaps the one before */

/* The first Sync. Like a recorder, leaves no time between successive generations. */
void t_begin(struct writer *w, uint64_t gen);
/* The first Sync and the standard schema. */
void t_opening(struct writer *w, uint64_t gen);
/* A property in a batch of its own, at the beginning. */
void t_property(struct writer *w, uint64_t gen, const char *key, const char *value);
/* The ledger of CPUs 0 and 1, by which CPU 0 lost @lost events, and the last Sync. */
void t_closing(struct writer *w, uint64_t gen, uint64_t lost);

/* Begins a batch of CPU 0 or 1; w_end() ends it. */
void t_batch(struct writer *w, uint64_t gen, unsigned int cpu, unsigned int context);
/* An event at @time, with @n unsigned ints; other arguments may follow. */
void t_at(struct writer *w, uint64_t time, unsigned int type, unsigned int n, ...);
void t_switch(struct writer *w, uint64_t time, unsigned int state, unsigned int pid);
void t_wake(struct writer *w, uint64_t time, unsigned int pid);

#endif /* EXPTRACE_TEST_TIMELINE_H */
