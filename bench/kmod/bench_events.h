/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the benchmark's loops call for others.
 */
#ifndef _BENCH_EVENTS_H
#define _BENCH_EVENTS_H

#include <linux/types.h>

/*
 * From now on the workload "direct" calls @write, which calls what writes an event with two
 * integers as the tracepoint would call it; NULL: nothing. On return nobody is in the former
 * one. May sleep.
 */
void bench_set_direct(void (*write)(u32 i));

/* The integers of event @i, also those of the tracepoint. */
static inline u32 bench_first(u32 i)
{
	return i & 0x3fff;
}

#define BENCH_SECOND	4096

#endif /* _BENCH_EVENTS_H */
