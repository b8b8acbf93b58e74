/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which generations count for exptrace report, and how much time they cover.
 *
 * A generation that lost events of the standard stream is left out as a whole: the lost events
 * might lie between any two events, on any CPU, so no time between two events can be trusted.
 * The same holds for a generation of which a part is missing, and for one whose clock was found
 * to be unstable.
 */
#ifndef EXPTRACE_COVERAGE_H
#define EXPTRACE_COVERAGE_H

#include <libexptrace.h>

/* Why a generation does not count. */
enum flaw { FLAW_NONE, FLAW_LOST, FLAW_INCOMPLETE, FLAW_DAMAGED, FLAW_CLOCK, NR_FLAWS };

struct flaw_sum {
	uint64_t generations;
	double ns;
};

struct coverage {
	const struct exptrace_trace *trace;

	/* the current generation */
	bool begun;		/* there is one */
	enum flaw flaw;
	bool limited;		/* not all switches of threads are recorded */
	bool has_end;		/* its end is known from a Sync, else only from its events */
	uint64_t generation;
	uint64_t start_ns, end_ns;	/* CLOCK_MONOTONIC */

	enum flaw flaw_before;	/* of the generation before */
	uint64_t covered_until;	/* end of the last generation that counts */
	uint64_t seen_until;	/* end of the last generation */
	uint64_t lost;		/* events of the standard stream */
	struct flaw_sum sums[NR_FLAWS];
};

void coverage_init(struct coverage *coverage, const struct exptrace_trace *trace);

/* Adds up the current generation, if there is one. */
void coverage_end(struct coverage *coverage);

/* Does the current generation count, and @generation does not continue it? */
bool coverage_breaks(const struct coverage *coverage,
		     const struct exptrace_generation *generation);

/* Makes @generation the current one. Its ledger is loaded before its first event comes out. */
void coverage_begin(struct coverage *coverage, const struct exptrace_generation *generation);

/* Extends the current generation to @ns where a Sync is missing. */
void coverage_stretch(struct coverage *coverage, uint64_t ns);

/* From @ns on, the current generation does not count: what a writer did since is not known. */
void coverage_damage(struct coverage *coverage, uint64_t ns);

#endif /* EXPTRACE_COVERAGE_H */
