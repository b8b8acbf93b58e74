/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bends: changes of the rate of CLOCK_MONOTONIC relative to the events' clock.
 */
#ifndef _EXPTRACE_BEND_H
#define _EXPTRACE_BEND_H

#include "clock.h"

/* Maximum number of bends per generation, each recorded in a Sync. */
#define EXPTRACE_NR_BENDS	32

/**
 * struct exptrace_bends - bends of a generation
 * @first:	number of the first bend that can be in the generation
 * @nr:		number of entries in @at; set when the generation has ended
 * @missing:	number of older bends that newer ones replaced
 * @at:		the bends in order of time, between the opening and the closing Sync
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
