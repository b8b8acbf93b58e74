// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ticks to nanoseconds, against values that were computed by hand.
 */
#include <stdlib.h>
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
	if (clock_read(&clk, &table, time))
		abort();
	w_free(&w);
	return !table.bad;
}

/* Where the slopes are 4, 8 and 1 ns a tick. */
static void test_pieces(void)
{
	clock_reset(&clk);
	take_sync(1000, 0, 250000000, 5000);
	take_sync(2000, 0, 250000000, 9000);
	take_sync(3000, 0, 250000000, 17000);
	take_sync(4000, 0, 250000000, 18000);
	is(clk.nsyncs, 4, "a generation can have several Syncs");
	is(clock_ns(&clk, 1500), 7000, "between two of them is a straight line");
	is(clock_ns(&clk, 3999), 17999, "up to the last tick");
	is(clock_ns(&clk, 3000), 17000, "and each is met exactly");
	is(clock_ns(&clk, 2001), 9008, "also where times go back");
	is(clock_ns(&clk, 2000), 9000, "to the Sync itself");
	is(clock_ns(&clk, 1999), 8996, "and before it");
	is(clock_ns(&clk, 900), 4600, "before the first, the first line goes on");
	is(clock_ns(&clk, 4100), 18100, "after the last, the last one");

	take_sync(3500, 0, 250000000, 20000);
	take_sync(5000, 0, 250000000, 17999);
	is(clk.nsyncs, 6, "Syncs in no good order are there");
	is(clock_ns(&clk, 3600), 17600, "but say nothing");
	is(clock_ns(&clk, 4500), 18500, "neither does one later whose clock went back");
	take_sync(5000, 0, 250000000, 20000);
	is(clock_ns(&clk, 4500), 19000, "later generations in order do");
}

/* Many, as no recorder writes them: a staircase of slopes 1 and 3. */
static void test_many(void)
{
	const unsigned int n = 100000;
	unsigned int i, wrong = 0;

	clock_reset(&clk);
	for (i = 0; i < n; i++)
		take_sync(1 + 1000ULL * i, 0, 1000000000, 1 + 2000ULL * i - (i & 1 ? 1000 : 0));
	for (i = 0; i + 1 < n; i++)
		wrong += clock_ns(&clk, 1 + 1000ULL * i + 500) != 1 + 2000ULL * i + 500;
	is(wrong, 0, "of 100000 Syncs each counts");
	for (i = n - 1; i > 7; i -= 7)
		wrong += clock_ns(&clk, 1 + 1000ULL * i) != 1 + 2000ULL * i - (i & 1 ? 1000 : 0);
	is(wrong, 0, "in any order of times");
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
	test_pieces();
	test_many();
	clock_uninit(&clk);
	return tap_end();
}
