/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bends: where the rate of CLOCK_MONOTONIC by the events' clock changes.
 */
#ifndef _EXPTRACE_BEND_H
#define _EXPTRACE_BEND_H

#include "clock.h"

/* Most bends that a generation tells, each in a Sync. */
#define EXPTRACE_NR_BENDS	32

/**
 * struct exptrace_bends - those of a generation
 * @first:	the number of the first one that can be in it
 * @nr:		how many there are; when it has ended
 * @missing:	how many before those were given up for newer ones
 * @at:		where they are, in the order of time, between its opening and its closing Sync
 */
struct exptrace_bends {
	u64				first;
	unsigned int			nr;
	u64				missing;
	struct exptrace_clock_snapshot	at[EXPTRACE_NR_BENDS];
};

void exptrace_bends_first(struct exptrace_bends *bends);
void exptrace_bends_take(struct exptrace_bends *bends,
			 const struct exptrace_clock_snapshot *begin,
			 const struct exptrace_clock_snapshot *end);
bool exptrace_bends_are_many(void);

int exptrace_bends_begin(void);
void exptrace_bends_end(void);
void exptrace_bends_exit(void);

#endif /* _EXPTRACE_BEND_H */
