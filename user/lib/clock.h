/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The generation's clock: ticks to nanoseconds, on the line through its Syncs.
 */
#ifndef EXPTRACE_LIB_CLOCK_H
#define EXPTRACE_LIB_CLOCK_H

#include <libexptrace.h>

#include "table.h"

struct clock {
	unsigned int nsyncs;
	struct exptrace_sync first;
	struct exptrace_sync last;
	/* The line: ns = base_ns + (ticks - base_ticks) * mult / 2^shift */
	uint64_t base_ticks;
	uint64_t base_ns;
	uint64_t mult;		/* 0: no line, ticks are nanoseconds */
	unsigned int shift;
};

/* A new generation: no Sync yet; the old line serves until one comes. */
void clock_reset(struct clock *clock);

/* Takes in a Sync batch whose base is @time. */
void clock_read(struct clock *clock, struct table *table, uint64_t time);

uint64_t clock_ns(const struct clock *clock, uint64_t ticks);

#endif /* EXPTRACE_LIB_CLOCK_H */
