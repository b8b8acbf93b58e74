// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chords: what is left out of a line with many bends is near to what is kept.
 */
#include <stddef.h>

#include "span/chord.h"
#include "tap.h"

#define BENDS	20000
#define NEAR_NS	200

/* A line, and what of it was kept; both ends are. */
static struct exptrace_place line[BENDS], kept[BENDS];
static size_t nr_kept;

/* As the recorder does it. */
static void draw(void)
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

/* How far from what is kept the farthest bend is, in ns. */
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

/* Bends 500,000 ticks apart; @rate: ns in a million ticks from the bend of that number on. */
static void build(double (*rate)(size_t i))
{
	double mono = 5e9;
	size_t i;

	for (i = 0; i < BENDS; i++) {
		line[i] = (struct exptrace_place) { 1000000 + 500000 * i, (uint64_t)(mono + 0.5) };
		mono += rate(i) / 2;
	}
	draw();
}

static double straight(size_t i)
{
	(void)i;
	return 8e6;
}

/* The kernel's own: a clock of 0.1 ppm steps. */
static double dithered(size_t i)
{
	return i % 3 ? 8e6 : 8e6 + 1;
}

static double bent_once(size_t i)
{
	return i < BENDS / 2 ? 8e6 : 8e6 * 1.08;
}

/* An offset that ntpd slews: fast at first, then less and less. */
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
	ok(chord.open, "what is not later than its beginning says nothing about a chord");
}

int main(void)
{
	build(straight);
	is(nr_kept, 2, "a straight line is its ends");
	build(dithered);
	is(nr_kept, 2, "so is one that leaves it by little");
	build(bent_once);
	ok(nr_kept == 3 && kept[1].ticks == line[BENDS / 2].ticks, "a bend is kept where it is");
	build(decaying);
	ok(nr_kept > 20 && nr_kept < BENDS / 100, "of many small ones few are kept (%zu)", nr_kept);
	ok(farthest() <= NEAR_NS + 1, "and the others are near (%.0f ns)", farthest());
	build(wild);
	ok(farthest() <= NEAR_NS + 1, "even if the rate changes by 20 %% every time (%.0f ns)",
	   farthest());
	test_late();
	return tap_end();
}
