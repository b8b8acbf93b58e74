/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Chords: CLOCK_MONOTONIC, drawn over the ticks of the events' clock, is a line with many
 * small bends. Which of them can be left out, if no time is to be far off?
 *
 * A chord begins at a place on the line and goes on for as long as it can pass all places
 * near enough. Nothing here depends on the kernel.
 */
#ifndef _EXPTRACE_CHORD_H
#define _EXPTRACE_CHORD_H

#include <linux/types.h>

#ifndef __KERNEL__
#include <stdbool.h>
#endif

/**
 * struct exptrace_place - a moment by both clocks
 * @ticks:	the events' clock
 * @mono:	CLOCK_MONOTONIC, ns
 */
struct exptrace_place {
	__u64	ticks;
	__u64	mono;
};

/**
 * struct exptrace_slope - how fast one clock goes by the other
 * @ns:		of CLOCK_MONOTONIC
 * @ticks:	of the events' clock
 */
struct exptrace_slope {
	__s64	ns;
	__u64	ticks;
};

/**
 * struct exptrace_chord - all straight lines that are near enough to the places passed
 * @from:	where they begin
 * @least:	the flattest of them
 * @most:	the steepest
 * @open:	nothing was passed yet: any will do
 */
struct exptrace_chord {
	struct exptrace_place	from;
	struct exptrace_slope	least;
	struct exptrace_slope	most;
	bool			open;
};

static inline void exptrace_chord_begin(struct exptrace_chord *chord,
					const struct exptrace_place *from)
{
	*chord = (struct exptrace_chord) { .from = *from, .open = true };
}

static inline bool exptrace_is_flatter(struct exptrace_slope a, struct exptrace_slope b)
{
	return (__int128)a.ns * b.ticks < (__int128)b.ns * a.ticks;
}

static inline struct exptrace_slope exptrace_chord_slope(const struct exptrace_chord *chord,
							 const struct exptrace_place *to)
{
	return (struct exptrace_slope) {
		.ns = to->mono - chord->from.mono,
		.ticks = to->ticks - chord->from.ticks,
	};
}

/* Can it end at @to? Then it has been near enough to all that it passed. */
static inline bool exptrace_chord_may_end(const struct exptrace_chord *chord,
					  const struct exptrace_place *to)
{
	struct exptrace_slope slope = exptrace_chord_slope(chord, to);

	return chord->open || (!exptrace_is_flatter(slope, chord->least) &&
			       !exptrace_is_flatter(chord->most, slope));
}

/* From now on it must be within @ns of @by, which is later than all before. */
static inline void exptrace_chord_pass(struct exptrace_chord *chord,
				       const struct exptrace_place *by, __s64 ns)
{
	struct exptrace_slope least = exptrace_chord_slope(chord, by), most = least;

	if (by->ticks <= chord->from.ticks)
		return;
	least.ns -= ns;
	most.ns += ns;
	if (chord->open || exptrace_is_flatter(chord->least, least))
		chord->least = least;
	if (chord->open || exptrace_is_flatter(most, chord->most))
		chord->most = most;
	chord->open = false;
}

#endif /* _EXPTRACE_CHORD_H */
