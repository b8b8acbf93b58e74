// SPDX-License-Identifier: GPL-2.0-only
/*
 * What makes the number of objects that are still allocated uncertain.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cmd.h"
#include "alloc.h"

/* More than there are events that free, and longer than all their names. */
#define UNRECORDED_NAMES	16
#define UNRECORDED_MAX		255

/*
 * The filter of a recording that is limited to some system calls, and to nothing else, begins so.
 */
#define ONLY_CALLS	"only system calls"

void alloc_doubts_clear(struct alloc_doubts *doubts)
{
	free(doubts->unrecorded);
	*doubts = (struct alloc_doubts) { 0 };
}

static bool has_name(const char *names, const char *name, size_t len)
{
	while (names && *names) {
		size_t n = strcspn(names, ",");

		if (n == len && !memcmp(names, name, len))
			return true;
		names += n + (names[n] == ',');
	}
	return false;
}

static void add_unrecorded(struct alloc_doubts *doubts, const char *name, size_t len)
{
	size_t had = doubts->unrecorded ? strlen(doubts->unrecorded) : 0;
	char *all;

	if (had + len + 1 > UNRECORDED_MAX || doubts->nunrecorded == UNRECORDED_NAMES) {
		doubts->others = true;
		return;
	}
	all = grow_memory(doubts->unrecorded, had + len + 2, 1, ALLOC_DOING);
	doubts->unrecorded = all;
	doubts->nunrecorded++;
	sprintf(all + had, "%s%.*s", had ? "," : "", (int)len, name);
}

/* Adds those of @names that are not there yet. */
static void note_unrecorded(struct alloc_doubts *doubts, const char *names)
{
	while (*names && !doubts->others) {
		size_t len = strcspn(names, ",");

		if (!has_name(doubts->unrecorded, names, len))
			add_unrecorded(doubts, names, len);
		names += len + (names[len] == ',');
	}
}

static bool has_events(const struct stat_alloc *alloc, unsigned int experiment)
{
	return alloc->experiments[experiment] &&
	       alloc->generations[experiment] == alloc->generation;
}

/*
 * Did the recorder of the current generation know the events for bulk frees? Older ones did not.
 * Only experiments with events in the generation matter; there are no more of them than batches.
 */
static bool describes_bulk(const struct stat_alloc *alloc, const struct exptrace_trace *trace)
{
	const struct exptrace_schema_event *event;
	unsigned int i, type;

	for (i = 0; i <= UINT8_MAX; i++)
		for (type = 0; has_events(alloc, i) && type <= UINT8_MAX; type++) {
			event = exptrace_schema_event(trace, (uint8_t)i, (uint8_t)type);
			if (event && !strcmp(event->group, "alloc") &&
			    !strcmp(event->name, "kmem_cache_free_bulk"))
				return true;
		}
	return false;
}

static uint64_t alloc_lost(const struct stat_alloc *alloc, const struct exptrace_trace *trace)
{
	const struct exptrace_ledger_entry *entries;
	size_t n = exptrace_ledger(trace, &entries), i, j;
	uint64_t lost = 0;

	/* the sum over reasons, as in print.c */
	for (i = 0; i < n; i++)
		if (entries[i].experiment <= UINT8_MAX && alloc->experiments[entries[i].experiment])
			for (j = 0; j < entries[i].nlosses; j++)
				lost += entries[i].losses[j].count;
	return lost;
}

static bool property_is(const struct exptrace_trace *trace, const char *key, const char *value)
{
	const char *is = exptrace_property(trace, key);

	return is && !strcmp(is, value);
}

static bool has_filter(const struct exptrace_trace *trace)
{
	const char *filter = exptrace_property(trace, "filter");

	return filter && strncmp(filter, ONLY_CALLS, strlen(ONLY_CALLS));
}

void alloc_doubts_note(struct stat_alloc *alloc, const struct exptrace_trace *trace, bool whole)
{
	const char *unrecorded = exptrace_property(trace, "unrecorded_frees");
	struct alloc_doubts *doubts = &alloc->doubts;

	if (!alloc->nevents)
		return;
	alloc->nevents = 0;
	doubts->cut_off |= !whole;
	doubts->ids |= property_is(trace, "addresses", "id");
	doubts->filtered |= has_filter(trace);
	if (whole)
		doubts->lost += alloc_lost(alloc, trace);
	if (!describes_bulk(alloc, trace))
		unrecorded = "kmem_cache_free_bulk,kfree_rcu";
	if (unrecorded)
		note_unrecorded(doubts, unrecorded);
}
