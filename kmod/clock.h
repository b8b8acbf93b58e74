/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The events' clock: ticks, readable in any context.
 */
#ifndef _EXPTRACE_CLOCK_H
#define _EXPTRACE_CLOCK_H

#include <linux/jump_label.h>
#include <linux/ktime.h>

#include "exptrace.h"
#include "keep.h"
#include "tsc.h"

DECLARE_STATIC_KEY_FALSE(exptrace_clock_tsc);

u64 exptrace_clock_slow(unsigned long unused);

/* Current time in ticks: the shifted TSC where it is reliable, else CLOCK_MONOTONIC. */
static __always_inline u64 exptrace_clock(void)
{
#ifdef EXPTRACE_HAS_TSC
	if (static_branch_likely(&exptrace_clock_tsc)) {
		/* CPUs mask the shift count anyway, so this costs nothing. */
		return exptrace_tsc() >> (exptrace_writers.clock_shift & 63);
	}
#endif
	return EXPTRACE_CALL_KEEPING(exptrace_clock_slow, 0UL);
}

/**
 * struct exptrace_clock_snapshot - all clocks at one moment
 * @ticks:	exptrace_clock()
 * @mono:	CLOCK_MONOTONIC, ns
 * @wall:	CLOCK_REALTIME
 * @boot:	CLOCK_BOOTTIME - CLOCK_MONOTONIC, ns: the time spent in suspend since
 *		boot, as far as the kernel knew it at that moment
 */
struct exptrace_clock_snapshot {
	u64			ticks;
	u64			mono;
	struct timespec64	wall;
	u64			boot;
};

void exptrace_clock_select(void);
bool exptrace_clock_is_sound(void);
void exptrace_clock_check(void);
u64 exptrace_clock_frequency(void);
const char *exptrace_clock_name(void);
void exptrace_clock_snapshot(struct exptrace_clock_snapshot *snap);

#endif /* _EXPTRACE_CLOCK_H */
