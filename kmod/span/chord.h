/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Chords: CLOCK_MONOTONIC, drawn over the ticks of the events' clock, is a line with many
 * small bends. Chords decide which bends can be left out without making any time too
 * inaccurate.
 *
 * A chord begins at a point on the line and continues as long as it can pass all points
 * closely enough. Nothing here depends on the kernel.
 */
#ifndef _EXPTRACE_CHORD_H
#define _EXPTRACE_CHORD_H

#include <linux/types.h>

#ifndef __KERNEL__
#include <stdbool.h>
#endif

/**
 * struct exptrace_place - one moment in both clocks
 * @ticks:	the events' clock
 * @mono:	CLOCK_MONOTONIC, ns
 */
struct exptrace_place {
	__u64	ticks;
	__u64	mono;
};

/**
 * struct exptrace_slope - rate of one clock relative to the other, as a fraction
 * @ns:		difference in CLOCK_MONOTONIC
 * @ticks:	difference in the events' clock
 */
struct exptrace_slope {
	__s64	ns;
	__u64	ticks;
};

/**
 * struct exptrace_chord - all straight lines that are close enough to the points passed
 * @from:	common start of the lines
 * @least:	smallest slope
 * @most:	largest slope
 * @open:	no point was passed yet, so any slope will do
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

/* Can the chord end at @to? If so, it is close enough to all points it passed. */
static inline bool exptrace_chord_may_end(const struct exptrace_chord *chord,
					  const struct exptrace_place *to)
{
	struct exptrace_slope slope = exptrace_chord_slope(chord, to);

	return chord->open || (!exptrace_is_flatter(slope, chord->least) &&
			       !exptrace_is_flatter(chord->most, slope));
}

/* Require the chord to pass within @ns of @by, which is later than all earlier points. */
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
