// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ticks to nanoseconds, against values that were computed by hand.
 */
#include <string.h>

#include "../lib/clock.h"
#include "tap.h"
#include "writer.h"

static struct clock clk;

static bool take_sync(uint64_t time, uint64_t dt, uint64_t frequency, uint64_t mono)
{
	struct writer w = { 0 };
	struct table table;

	w_byte(&w, EXPTRACE_WIRE_FREQUENCY);
	w_number(&w, frequency);
	w_byte(&w, EXPTRACE_WIRE_CLOCK_SNAPSHOT);
	w_number(&w, dt);
	w_number(&w, mono);
	w_number(&w, 0);
	w_number(&w, 0);
	table = (struct table) { .pos = w.data, .end = w.data + w.size };
	clock_read(&clk, &table, time);
	w_free(&w);
	return !table.bad;
}

int main(void)
{
	is(clock_ns(&clk, 12345), 12345, "without any Sync, ticks are nanoseconds");

	take_sync(990, 10, 250000000, 5000);
	is(clock_ns(&clk, 1000), 5000, "a Sync holds at its time plus dt");
	is(clock_ns(&clk, 1003), 5012, "with one Sync, the frequency counts");
	is(clock_ns(&clk, 999), 4996, "also before it");
	is(clock_ns(&clk, 1), 5000 - 999 * 4, "and far before it");

	take_sync(4000, 0, 250000000, 6500);
	is(clock_ns(&clk, 1000), 5000, "with two Syncs, the first is met exactly");
	is(clock_ns(&clk, 4000), 6500, "and the last");
	is(clock_ns(&clk, 2000), 5500, "between them is a straight line");
	is(clock_ns(&clk, 2001), 5501, "rounded to the nearest nanosecond");
	is(clock_ns(&clk, 5000), 7000, "which goes on beyond the last Sync");

	clock_reset(&clk);
	is(clock_ns(&clk, 2000), 5500, "a generation without a Sync uses the clock before it");
	take_sync(0, 0, 2100000000, 1000000000);
	take_sync(2100000000ULL * 3600, 0, 2100000000, 1000000000ULL * 3601 + 7);
	is(clock_ns(&clk, 2100000000ULL * 3600), 3601000000007ULL, "an hour is exact at its end");
	is(clock_ns(&clk, 2100000000ULL * 1800), 1801000000004ULL, "and in its middle");
	ok(clock_ns(&clk, UINT64_MAX) - 8784163845640676326ULL < 4,
	   "even after 278 years, precision is of a few nanoseconds");

	clock_reset(&clk);
	take_sync(1ULL << 63, 0, 1, UINT64_MAX - 5);
	is(clock_ns(&clk, (1ULL << 63) + 1), UINT64_MAX, "times beyond 64 bits saturate");
	is(clock_ns(&clk, 0), 0, "and do not go below 0");

	clock_reset(&clk);
	take_sync(100, 0, 1000000000, 100);
	take_sync(100, 0, 1000000000, 100);
	is(clock_ns(&clk, 150), 150, "two Syncs at one tick do not divide by zero");

	ok(!take_sync(100, 0, 0, 100), "a frequency of 0 is damage");
	ok(!take_sync(UINT64_MAX, 1, 1, 100), "a time that overflows is damage");
	return tap_end();
}
