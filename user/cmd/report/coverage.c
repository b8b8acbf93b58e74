// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which generations count for exptrace report, and how much time they cover.
 */
#include <string.h>

#include "coverage.h"

static uint64_t coverage_lost(const struct exptrace_trace *trace)
{
	const struct exptrace_ledger_entry *entries;
	size_t n = exptrace_ledger(trace, &entries), i, j;
	uint64_t lost = 0;

	for (i = 0; i < n; i++)
		for (j = 0; !entries[i].experiment && j < entries[i].nlosses; j++)
			lost += entries[i].losses[j].count;
	return lost;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/*
 * Adds the time of the current generation up to @end_ns. Where generations overlap, the time counts
 * once: for the one that counts, if there is one.
 */
static void coverage_add_time(struct coverage *coverage, enum flaw flaw, uint64_t end_ns)
{
	uint64_t start = later(coverage->start_ns,
			       flaw ? coverage->seen_until : coverage->covered_until);

	if (end_ns <= start)
		return;
	coverage->sums[flaw].ns += (double)(end_ns - start);
	if (!flaw && coverage->flaw_before && start < coverage->seen_until)
		coverage->sums[coverage->flaw_before].ns -= (double)(coverage->seen_until - start);
	if (!flaw)
		coverage->covered_until = end_ns;
	coverage->seen_until = later(coverage->seen_until, end_ns);
}

void coverage_init(struct coverage *coverage, const struct exptrace_trace *trace)
{
	*coverage = (struct coverage) { .trace = trace, .flaw = FLAW_INCOMPLETE };
}

void coverage_end(struct coverage *coverage)
{
	if (!coverage->begun)
		return;
	coverage->sums[coverage->flaw].generations++;
	coverage_add_time(coverage, coverage->flaw, coverage->end_ns);
	coverage->flaw_before = coverage->flaw;
}

/* The ledger comes before the closing Sync, so with that Sync all of the ledger is there. */
static enum flaw find_flaw(const struct exptrace_trace *trace,
			   const struct exptrace_generation *generation)
{
	if (!generation->begins || !generation->ends || exptrace_syncs(trace) < 2)
		return FLAW_INCOMPLETE;
	if (coverage_lost(trace))
		return FLAW_LOST;
	return exptrace_clock_unstable(trace) ? FLAW_CLOCK : FLAW_NONE;
}

static bool is_limited(const struct exptrace_trace *trace)
{
	const char *known = exptrace_property(trace, "known_switches");

	return known && strcmp(known, "chosen");
}

bool coverage_breaks(const struct coverage *coverage,
		     const struct exptrace_generation *generation)
{
	const struct exptrace_trace *trace = coverage->trace;

	return coverage->begun && !coverage->flaw &&
	       (generation->number != coverage->generation + 1 || exptrace_gap(trace) ||
		find_flaw(trace, generation) || is_limited(trace) != coverage->limited);
}

/* The time of a Sync; 0 if it is missing. */
static uint64_t sync_ns(const struct exptrace_trace *trace, size_t index)
{
	const struct exptrace_sync *sync = exptrace_sync_at(trace, index);

	return sync ? sync->mono_ns : 0;
}

void coverage_begin(struct coverage *coverage, const struct exptrace_generation *generation)
{
	const struct exptrace_trace *trace = coverage->trace;
	size_t nsyncs = exptrace_syncs(trace);

	if (exptrace_set_back(trace))
		coverage->covered_until = coverage->seen_until = 0;
	coverage->begun = true;
	coverage->limited = is_limited(trace);
	coverage->flaw = find_flaw(trace, generation);
	coverage->has_end = !nsyncs || nsyncs > generation->begins;
	coverage->generation = generation->number;
	coverage->lost += coverage_lost(trace);
	coverage->start_ns = generation->begins ? sync_ns(trace, 0) : UINT64_MAX;
	coverage->end_ns = sync_ns(trace, nsyncs - 1);
}

void coverage_stretch(struct coverage *coverage, uint64_t ns)
{
	if (ns < coverage->start_ns)
		coverage->start_ns = ns;
	if (!coverage->has_end)
		coverage->end_ns = later(coverage->end_ns, ns);
}

void coverage_damage(struct coverage *coverage, uint64_t ns)
{
	coverage_add_time(coverage, FLAW_NONE, ns);
	coverage->start_ns = ns;
	coverage->flaw = FLAW_DAMAGED;
}
