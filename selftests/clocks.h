/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Check the times of a recording against other clocks; for the tests of suspend and of an unstable
 * TSC.
 */
#ifndef EXPTRACE_SELFTEST_CLOCKS_H
#define EXPTRACE_SELFTEST_CLOCKS_H

#include "recording.h"

/*
 * Maximum error of a time, in nanoseconds: the error of a generation's frequency over its length,
 * plus the time between two clock readings. In these tests the clocks stop for much longer.
 */
#define SLACK_NS	1000000ULL

static inline const struct stream_generation *generation_of(const struct stream *stream, uint64_t number)
{
	size_t i;

	for (i = 0; i < stream->nr_generations; i++)
		if (stream->generations[i].number == number)
			return &stream->generations[i];
	return NULL;
}

/* Do the generation's ticks, at the frequency it reports, pass as CLOCK_MONOTONIC does? */
static inline bool clock_is_even(const struct stream_generation *g)
{
	uint64_t mono = g->close.mono - g->open.mono;
	uint64_t ticks = (uint64_t)((double)(g->close.time - g->open.time) * 1e9 / (double)g->open.frequency);
	uint64_t off = mono > ticks ? mono - ticks : ticks - mono;

	if (off <= SLACK_NS + mono / 1000)
		return true;
	fprintf(stderr, "# generation %llu: CLOCK_MONOTONIC went on by %llu ns, ticks by %llu ns\n",
		(unsigned long long)g->number, (unsigned long long)mono, (unsigned long long)ticks);
	return false;
}

/* Write a marker that contains its own time: 0 or -errno. */
static inline int mark_time(int fd)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)now_ns());

	return write(fd, text, n) == n ? 0 : -errno;
}

/*
 * Is each marker's time in the trace the one it contains, or later by at most @late_ns? Returns the
 * number of markers, or -1. Generations that report an unstable clock are not checked.
 */
static inline int markers_are_in_time(const struct stream *stream, uint64_t late_ns)
{
	const struct stream_generation *g;
	size_t i;
	int n = 0;

	for (i = 0; i < stream->nr_events; i++) {
		const struct stream_event *e = &stream->events[i];
		uint64_t written, ns;

		if (e->experiment || e->type != EXPTRACE_EVENT_MARKER)
			continue;
		g = generation_of(stream, e->generation);
		n++;
		if (g->clock_unstable)
			continue;
		written = strtoull(e->arg[0].string, NULL, 10);
		ns = (uint64_t)stream_ns(g, e->time);
		if (ns + SLACK_NS >= written && ns <= written + late_ns)
			continue;
		fprintf(stderr, "# a marker of %llu ns is at %llu ns in generation %llu\n", (unsigned long long)written,
			(unsigned long long)ns, (unsigned long long)g->number);
		return -1;
	}
	return n;
}

#endif
