/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The clock of a generation: converts ticks to nanoseconds by linear interpolation between Syncs.
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
	/* the generation's Syncs, in stream order */
	struct exptrace_sync *syncs;
	size_t nsyncs, syncs_room;

	/*
	 * A line from each Sync that is later than all before it; other Syncs are ignored.
	 * Times before the first and after the last Sync are extrapolated.
	 */
	struct clock_line *lines;
	size_t nlines, lines_room;

	/* the current line, cached because times are mostly in order */
	struct clock_line line;
	uint64_t first, last;	/* the ticks for which it holds */
};

/* Begins a new generation. The old lines are used until the first Sync. */
void clock_reset(struct clock *clock);

/* Reads a Sync batch whose base time is @time. Returns 0 or -ENOMEM. */
int clock_read(struct clock *clock, struct table *table, uint64_t time);

uint64_t clock_ns(struct clock *clock, uint64_t ticks);

void clock_uninit(struct clock *clock);

#endif /* EXPTRACE_LIB_CLOCK_H */
