// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The generation's clock: ticks to nanoseconds, on the line through its Syncs.
 */
#include "clock.h"

#define NSEC_PER_SEC	1000000000ULL

__extension__ typedef unsigned __int128 u128;

void clock_reset(struct clock *clock)
{
	clock->nsyncs = 0;
}

/*
 * mult / 2^shift = ns / ticks, as precise as 63 bits allow; rounded up, so that
 * what lies in the middle of two nanoseconds is not taken for less.
 */
static void clock_set_slope(struct clock *clock, uint64_t ns, uint64_t ticks)
{
	u128 mult = 0;

	for (clock->shift = 63; clock->shift > 1; clock->shift--) {
		mult = (((u128)ns << clock->shift) + ticks - 1) / ticks;
		if (!(mult >> 63))
			break;
	}
	clock->mult = mult >> 63 ? INT64_MAX : (uint64_t)mult;
}

static void clock_set_line(struct clock *clock)
{
	const struct exptrace_sync *first = &clock->first, *last = &clock->last;

	clock->base_ticks = first->ticks;
	clock->base_ns = first->mono_ns;
	if (last->ticks > first->ticks && last->mono_ns > first->mono_ns)
		clock_set_slope(clock, last->mono_ns - first->mono_ns,
				last->ticks - first->ticks);
	else
		clock_set_slope(clock, NSEC_PER_SEC, first->frequency);
}

void clock_read(struct clock *clock, struct table *table, uint64_t time)
{
	struct exptrace_sync sync;

	table_expect(table, EXPTRACE_WIRE_FREQUENCY, "has no frequency");
	sync.frequency = table_number(table);
	table_expect(table, EXPTRACE_WIRE_CLOCK_SNAPSHOT, "has no clock snapshot");
	sync.ticks = time + table_number(table);
	sync.mono_ns = table_number(table);
	sync.wall_s = table_number(table);
	sync.wall_ns = table_number(table);
	if (!sync.frequency)
		table_bad(table, "has a frequency of 0");
	if (sync.ticks < time)
		table_bad(table, "has a time that overflows");
	if (table_more(table))
		table_bad(table, "goes on after its end");
	if (table->bad)
		return;
	if (!clock->nsyncs++)
		clock->first = sync;
	clock->last = sync;
	clock_set_line(clock);
}

static uint64_t clock_scale(const struct clock *clock, uint64_t ticks)
{
	u128 half = (u128)1 << (clock->shift - 1);
	u128 ns = ((u128)ticks * clock->mult + half) >> clock->shift;

	return ns > UINT64_MAX ? UINT64_MAX : (uint64_t)ns;
}

uint64_t clock_ns(const struct clock *clock, uint64_t ticks)
{
	uint64_t ns;

	if (!clock->mult)
		return ticks;
	if (ticks < clock->base_ticks) {
		ns = clock_scale(clock, clock->base_ticks - ticks);
		return ns > clock->base_ns ? 0 : clock->base_ns - ns;
	}
	ns = clock->base_ns + clock_scale(clock, ticks - clock->base_ticks);
	return ns < clock->base_ns ? UINT64_MAX : ns;
}
