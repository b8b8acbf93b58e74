/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interface of the benchmark's loops for the other benchmark modules.
 */
#ifndef _BENCH_EVENTS_H
#define _BENCH_EVENTS_H

#include <linux/types.h>

/*
 * Makes the workload "direct" call @write, or nothing if NULL. @write calls the probe for an
 * event with two integers as the tracepoint would. The former function has returned
 * everywhere when this returns. May sleep.
 */
void bench_set_direct(void (*write)(u32 i));

/* The integers of event @i, the same as the tracepoint's. */
static inline u32 bench_first(u32 i)
{
	return i & 0x3fff;
}

#define BENCH_SECOND	4096

#endif /* _BENCH_EVENTS_H */
