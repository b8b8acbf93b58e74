/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which runs of several files belong to one generation, and the order of generations.
 */
#ifndef EXPTRACE_LIB_FILES_GROUP_H
#define EXPTRACE_LIB_FILES_GROUP_H

#include "files.h"

/* A generation, and its runs: places in files_groups.sorted */
struct files_group {
	size_t first, n;
	uint64_t rank;		/* of its boot: when that was first seen, by CLOCK_REALTIME */
	uint64_t when;		/* the order in the boot */
	const struct files_run *base;	/* the run that represents it */
};

/* The generations, in the order in which they were recorded */
struct files_groups {
	struct files_runs *runs;
	const struct files_run **sorted;	/* runs by generation */
	struct files_group *list;
	size_t n;
};

static inline bool files_same_boot(const struct files_run *a, const struct files_run *b)
{
	return !a->boot || !b->boot || a->boot == b->boot;
}

static inline bool files_same_opening(const struct files_run *a, const struct files_run *b)
{
	if (!a->begins || !b->begins || a->generation != b->generation || a->ticks != b->ticks)
		return false;
	/* the contents of a Sync may be damaged */
	return a->boot && b->boot ? a->boot == b->boot :
	       a->first_ns == b->first_ns && a->first_wall_ns == b->first_wall_ns;
}

/* Groups the runs. Call files_groups_uninit() in any case. Returns 0 or -ENOMEM. */
int files_group(struct files_runs *runs, struct files_groups *groups);

void files_groups_uninit(struct files_groups *groups);

#endif /* EXPTRACE_LIB_FILES_GROUP_H */
