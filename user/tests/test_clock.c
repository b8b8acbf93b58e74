// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ticks to nanoseconds, compared with values computed by hand.
 */
#include <stdlib.h>
#include <string.h>

#include "../lib/clock.h"
#include "tap.h"
#include "writer.h"

static struct clock clk;

static bool add_sync(uint64_t time, uint64_t dt, uint64_t frequency, uint64_t mono)
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

/* Slopes of 4, 8 and 1 ns per tick. */
static void test_pieces(void)
{
	clock_reset(&clk);
	add_sync(1000, 0, 250000000, 5000);
	add_sync(2000, 0, 250000000, 9000);
	add_sync(3000, 0, 250000000, 17000);
	add_sync(4000, 0, 250000000, 18000);
	is(clk.nsyncs, 4, "a generation can have several Syncs");
	is(clock_ns(&clk, 1500), 7000, "between two Syncs, time is linear");
	is(clock_ns(&clk, 3999), 17999, "time is linear up to the last tick before a Sync");
	is(clock_ns(&clk, 3000), 17000, "the time of a Sync is exact");
	is(clock_ns(&clk, 2001), 9008, "earlier ticks can be converted after later ones");
	is(clock_ns(&clk, 2000), 9000, "a Sync before the last tick is exact");
	is(clock_ns(&clk, 1999), 8996,
	   "ticks before that Sync are converted by the slope before it");
	is(clock_ns(&clk, 900), 4600, "before the first Sync, the first slope is used");
	is(clock_ns(&clk, 4100), 18100, "after the last Sync, the last slope is used");

	add_sync(3500, 0, 250000000, 20000);
	add_sync(5000, 0, 250000000, 17999);
	is(clk.nsyncs, 6, "Syncs that go back are kept");
	is(clock_ns(&clk, 3600), 17600, "a Sync whose ticks go back is ignored");
	is(clock_ns(&clk, 4500), 18500, "a Sync whose clock goes back is ignored");
	add_sync(5000, 0, 250000000, 20000);
	is(clock_ns(&clk, 4500), 19000, "a later Sync in order is used");
}

/* More Syncs than any recorder writes; the slopes are 1 and 3 in turn. */
static void test_many(void)
{
	const unsigned int n = 100000;
	unsigned int i, wrong = 0;

	clock_reset(&clk);
	for (i = 0; i < n; i++)
		add_sync(1 + 1000ULL * i, 0, 1000000000, 1 + 2000ULL * i - (i & 1 ? 1000 : 0));
	for (i = 0; i + 1 < n; i++)
		wrong += clock_ns(&clk, 1 + 1000ULL * i + 500) != 1 + 2000ULL * i + 500;
	is(wrong, 0, "each of 100000 Syncs is used");
	for (i = n - 1; i > 7; i -= 7)
		wrong += clock_ns(&clk, 1 + 1000ULL * i) != 1 + 2000ULL * i - (i & 1 ? 1000 : 0);
	is(wrong, 0, "each of 100000 Syncs is used in descending order of ticks too");
}

int main(void)
{
	is(clock_ns(&clk, 12345), 12345, "without any Sync, ticks are nanoseconds");

	add_sync(990, 10, 250000000, 5000);
	is(clock_ns(&clk, 1000), 5000, "a Sync is valid at its time plus dt");
	is(clock_ns(&clk, 1003), 5012, "with one Sync, the slope is given by its frequency");
	is(clock_ns(&clk, 999), 4996, "the frequency is used before the Sync too");
	is(clock_ns(&clk, 1), 5000 - 999 * 4, "the frequency is used far before the Sync too");

	add_sync(4000, 0, 250000000, 6500);
	is(clock_ns(&clk, 1000), 5000, "with two Syncs, the time of the first is exact");
	is(clock_ns(&clk, 4000), 6500, "with two Syncs, the time of the last is exact");
	is(clock_ns(&clk, 2000), 5500, "with two Syncs, time is linear between them");
	is(clock_ns(&clk, 2001), 5501, "times are rounded to the nearest nanosecond");
	is(clock_ns(&clk, 5000), 7000, "with two Syncs, their slope is used beyond the last");

	clock_reset(&clk);
	is(clock_ns(&clk, 2000), 5500,
	   "a generation without a Sync uses the clock of the one before it");
	add_sync(0, 0, 2100000000, 1000000000);
	add_sync(2100000000ULL * 3600, 0, 2100000000, 1000000000ULL * 3601 + 7);
	is(clock_ns(&clk, 2100000000ULL * 3600), 3601000000007ULL, "the end of an hour is exact");
	is(clock_ns(&clk, 2100000000ULL * 1800), 1801000000004ULL,
	   "the middle of an hour is exact");
	ok(clock_ns(&clk, UINT64_MAX) - 8784163845640676326ULL < 4,
	   "times are within a few nanoseconds even after 278 years");

	clock_reset(&clk);
	add_sync(1ULL << 63, 0, 1, UINT64_MAX - 5);
	is(clock_ns(&clk, (1ULL << 63) + 1), UINT64_MAX, "times beyond 64 bits saturate");
	is(clock_ns(&clk, 0), 0, "times before 0 saturate");

	clock_reset(&clk);
	add_sync(100, 0, 1000000000, 100);
	add_sync(100, 0, 1000000000, 100);
	is(clock_ns(&clk, 150), 150, "two Syncs at one tick do not divide by zero");

	ok(!add_sync(100, 0, 0, 100), "a frequency of 0 is damage");
	ok(!add_sync(UINT64_MAX, 1, 1, 100), "a time that overflows is damage");
	test_pieces();
	test_many();
	clock_uninit(&clk);
	return tap_end();
}
