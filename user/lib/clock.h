/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The generation's clock: ticks to nanoseconds, on the straight lines from Sync to Sync.
 */
#ifndef EXPTRACE_LIB_CLOCK_H
#define EXPTRACE_LIB_CLOCK_H

#include <libexptrace.h>

#include "table.h"

/* A straight line: ns = base_ns + (ticks - base_ticks) * mult / 2^shift */
struct clock_line {
	uint64_t base_ticks;
	uint64_t base_ns;
	uint64_t mult;		/* 0: no line, ticks are nanoseconds */
	unsigned int shift;
};

struct clock {
	/* the generation's Syncs, as they come */
	struct exptrace_sync *syncs;
	size_t nsyncs, syncs_room;

	/*
	 * A line from each of them that is later than all before; those that are not say
	 * nothing. Beyond the first and the last Sync the nearest line goes on.
	 */
	struct clock_line *lines;
	size_t nlines, lines_room;

	/* the one at hand: times come in order, mostly */
	struct clock_line line;
	uint64_t first, last;	/* the ticks for which it holds */
};

/* A new generation: no Sync yet; the old lines serve until one comes. */
void clock_reset(struct clock *clock);

/* Takes in a Sync batch whose base is @time: 0 or -ENOMEM. */
int clock_read(struct clock *clock, struct table *table, uint64_t time);

uint64_t clock_ns(struct clock *clock, uint64_t ticks);

void clock_uninit(struct clock *clock);

#endif /* EXPTRACE_LIB_CLOCK_H */
