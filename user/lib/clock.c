// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The clock of a generation: converts ticks to nanoseconds by linear interpolation between Syncs.
 */
#include <errno.h>
#include <stdlib.h>

#include "../common/array.h"
#include "clock.h"

#define NSEC_PER_SEC	1000000000ULL

__extension__ typedef unsigned __int128 u128;

/* Keeps the lines of the previous generation until the first Sync of this one. */
void clock_reset(struct clock *clock)
{
	clock->nsyncs = 0;
}

void clock_uninit(struct clock *clock)
{
	free(clock->syncs);
	free(clock->lines);
}

/*
 * mult / 2^shift = ns / ticks, as precise as 63 bits allow. Rounded up, so that a value halfway
 * between two nanoseconds is not rounded down.
 */
static void set_slope(struct clock_line *line, uint64_t ns, uint64_t ticks)
{
	u128 mult = 0;

	for (line->shift = 63; line->shift > 1; line->shift--) {
		mult = (((u128)ns << line->shift) + ticks - 1) / ticks;
		if (!(mult >> 63))
			break;
	}
	line->mult = mult >> 63 ? INT64_MAX : (uint64_t)mult;
}

/* Makes line @i the current one. */
static void take_line(struct clock *clock, size_t i)
{
	clock->line = clock->lines[i];
	clock->first = i ? clock->line.base_ticks : 0;
	clock->last = i + 1 < clock->nlines ? clock->lines[i + 1].base_ticks - 1 : UINT64_MAX;
}

/*
 * Adds the line that begins at @sync. This defines the slope of the previous line; the new line has
 * the same slope until the next Sync.
 */
static void add_line(struct clock *clock, const struct exptrace_sync *sync)
{
	struct clock_line *before = clock->nlines ? &clock->lines[clock->nlines - 1] : NULL;
	struct clock_line line = { .base_ticks = sync->ticks, .base_ns = sync->mono_ns };

	if (before) {
		if (line.base_ticks <= before->base_ticks || line.base_ns <= before->base_ns)
			return;
		set_slope(before, line.base_ns - before->base_ns,
			  line.base_ticks - before->base_ticks);
		line.mult = before->mult;
		line.shift = before->shift;
	} else {
		set_slope(&line, NSEC_PER_SEC, sync->frequency);
	}
	clock->lines[clock->nlines++] = line;
	take_line(clock, clock->nlines - 1);
}

static int add_sync(struct clock *clock, const struct exptrace_sync *sync)
{
	if (!clock->nsyncs)
		clock->nlines = 0;
	if (array_reach(&clock->syncs, clock->nsyncs, &clock->syncs_room, sizeof(*clock->syncs)) ||
	    array_reach(&clock->lines, clock->nlines, &clock->lines_room, sizeof(*clock->lines)))
		return -ENOMEM;
	clock->syncs[clock->nsyncs++] = *sync;
	add_line(clock, sync);
	return 0;
}

int clock_read(struct clock *clock, struct table *table, uint64_t time)
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
	return table->bad ? 0 : add_sync(clock, &sync);
}

/* Makes the last line that begins at or before @ticks the current one, or else the first one. */
static void seek_line(struct clock *clock, uint64_t ticks)
{
	size_t low = 0, high = clock->nlines;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (clock->lines[middle].base_ticks <= ticks)
			low = middle;
		else
			high = middle;
	}
	take_line(clock, low);
}

static uint64_t line_scale(const struct clock_line *line, uint64_t ticks)
{
	u128 half = (u128)1 << (line->shift - 1);
	u128 ns = ((u128)ticks * line->mult + half) >> line->shift;

	return ns > UINT64_MAX ? UINT64_MAX : (uint64_t)ns;
}

uint64_t clock_ns(struct clock *clock, uint64_t ticks)
{
	const struct clock_line *line = &clock->line;
	uint64_t ns;

	if (!line->mult)
		return ticks;
	if (ticks < clock->first || ticks > clock->last)
		seek_line(clock, ticks);
	if (ticks < line->base_ticks) {
		ns = line_scale(line, line->base_ticks - ticks);
		return ns > line->base_ns ? 0 : line->base_ns - ns;
	}
	ns = line->base_ns + line_scale(line, ticks - line->base_ticks);
	return ns < line->base_ns ? UINT64_MAX : ns;
}
