// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chords: a line with many bends is kept with fewer points, and stays close to the original.
 */
#include <stddef.h>

#include "span/chord.h"
#include "tap.h"

#define BENDS	20000
#define NEAR_NS	200

/* The points of a line, and those that are kept, both ends included. */
static struct exptrace_place line[BENDS], kept[BENDS];
static size_t nr_kept;

/* Chooses the points to keep, like the recorder. */
static void choose_points(void)
{
	struct exptrace_chord chord;
	size_t i;

	nr_kept = 0;
	kept[nr_kept++] = line[0];
	exptrace_chord_begin(&chord, &line[0]);
	for (i = 1; i < BENDS; i++) {
		if (!exptrace_chord_may_end(&chord, &line[i])) {
			kept[nr_kept++] = line[i - 1];
			exptrace_chord_begin(&chord, &line[i - 1]);
		}
		exptrace_chord_pass(&chord, &line[i], NEAR_NS);
	}
	kept[nr_kept++] = line[BENDS - 1];
}

/* The largest distance of a point from the kept line, in ns. */
static double farthest(void)
{
	double most = 0;
	size_t i, at = 0;

	for (i = 0; i < BENDS; i++) {
		double slope, off;

		while (at + 2 < nr_kept && kept[at + 1].ticks <= line[i].ticks)
			at++;
		slope = (double)(kept[at + 1].mono - kept[at].mono) /
			(double)(kept[at + 1].ticks - kept[at].ticks);
		off = (double)(line[i].mono - kept[at].mono) -
		      (double)(line[i].ticks - kept[at].ticks) * slope;
		most = off > most ? off : -off > most ? -off : most;
	}
	return most;
}

/* Points 500,000 ticks apart. @rate: ns per million ticks from point @i on. */
static void build_line(double (*rate)(size_t i))
{
	double mono = 5e9;
	size_t i;

	for (i = 0; i < BENDS; i++) {
		line[i] = (struct exptrace_place) { 1000000 + 500000 * i, (uint64_t)(mono + 0.5) };
		mono += rate(i) / 2;
	}
	choose_points();
}

static double straight(size_t i)
{
	(void)i;
	return 8e6;
}

/* The kernel adjusts its clock in steps of 0.1 ppm. */
static double dithered(size_t i)
{
	return i % 3 ? 8e6 : 8e6 + 1;
}

static double bent_once(size_t i)
{
	return i < BENDS / 2 ? 8e6 : 8e6 * 1.08;
}

/* ntpd slews an offset quickly at first, then more and more slowly. */
static double decaying(size_t i)
{
	double ppm = 500;

	for (i /= 250; i > 0; i--)
		ppm *= 0.98;
	return 8e6 * (1 + ppm / 1e6);
}

static double wild(size_t i)
{
	static uint64_t seed = 1;

	(void)i;
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return 8e6 * (0.9 + 0.2 * (double)(seed >> 40) / (1 << 24));
}

static void test_late(void)
{
	struct exptrace_place from = { 100, 100 }, same = { 100, 200 }, before = { 50, 300 };
	struct exptrace_chord chord;

	exptrace_chord_begin(&chord, &from);
	exptrace_chord_pass(&chord, &same, NEAR_NS);
	exptrace_chord_pass(&chord, &before, NEAR_NS);
	ok(chord.open, "a point not later than its beginning does not change a chord");
}

int main(void)
{
	build_line(straight);
	is(nr_kept, 2, "only the ends of a straight line are kept");
	build_line(dithered);
	is(nr_kept, 2, "only the ends of an almost straight line are kept");
	build_line(bent_once);
	ok(nr_kept == 3 && kept[1].ticks == line[BENDS / 2].ticks,
	   "a single bend is kept at its place");
	build_line(decaying);
	ok(nr_kept > 20 && nr_kept < BENDS / 100,
	   "few of many small bends are kept (%zu)", nr_kept);
	ok(farthest() <= NEAR_NS + 1,
	   "the small bends left out are close to the kept line (%.0f ns)", farthest());
	build_line(wild);
	ok(farthest() <= NEAR_NS + 1,
	   "the kept line is close even if every bend changes the rate by up to 20 %% (%.0f ns)",
	   farthest());
	test_late();
	return tap_end();
}
