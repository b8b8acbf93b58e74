/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of stat's table of allocations. Only the files alloc*.c include this.
 *
 * alloc.c takes the events and keeps the objects, alloc_sites.c the call sites, alloc_doubts.c what
 * makes the number of live objects uncertain; alloc_print.c prints them.
 */
#ifndef EXPTRACE_STAT_ALLOC_H
#define EXPTRACE_STAT_ALLOC_H

#include "../../common/index.h"
#include "stat.h"

#define ALLOC_DOING	"adding up allocations"

/* Instead of the bytes of an object: it was given to kfree_rcu(). */
#define GIVEN	UINT64_MAX

struct object {
	uint64_t ptr;
	uint64_t time;		/* of its latest event */
	uint64_t bytes;		/* 0: the latest event was a free */
};

/* Instead of a call site: the event has none. */
#define NO_SITE	UINT64_MAX

/* The last event, if it was an allocation; else all 0. */
struct latest {
	uint64_t ptr, bytes, ticks, site;
};

/* Why the objects that seem to be live may not all be live, or may not be all. */
struct alloc_doubts {
	char *unrecorded;	/* events that free and were not recorded, with commas, or NULL */
	unsigned int nunrecorded;
	bool others;		/* there are more of them than there is room for */
	uint64_t unfollowed;	/* allocations for which there was no room */
	uint64_t lost;		/* events */
	bool filtered;
	bool cut_off;
	bool ids;		/* addresses are identifiers, which objects may share */
};

struct alloc_site {
	char *name;		/* NULL: not known yet */
	uint64_t number;	/* in the current generation */
	uint64_t count;
	uint64_t bytes;
};

struct alloc_sites {
	struct index index;
	struct alloc_site *list;
	size_t room;
};

/* Which arguments of an event are of interest. */
struct layout {
	bool known;
	bool is_alloc, is_free, is_given;
	uint32_t ptr, bytes, slack, site;
};

struct stat_alloc {
	struct index object_index;
	struct object *objects;
	size_t objects_room;
	size_t tidy_at;		/* number of objects at which to tidy */
	bool forgotten;		/* earlier objects were given up: their fate is not known */
	struct alloc_sites now;	/* of the current generation, by number */
	struct alloc_sites all;	/* of the generations before it, by address */
	struct layout *layouts;	/* by index of the description */
	size_t layouts_room;
	uint64_t nallocs, nfailed, nfrees, ngiven, bytes, slack;
	struct alloc_doubts doubts;	/* about the objects that were not given up */
	bool experiments[UINT8_MAX + 1];	/* those that have such events, */
	uint64_t generations[UINT8_MAX + 1];	/* and the last generation in which they had */
	uint64_t generation;	/* number of generations that are over */
	uint64_t nevents;	/* in the current generation */
	struct latest latest;
};

void alloc_sites_add(struct stat_alloc *alloc, uint64_t number, uint64_t bytes);

/*
 * Gives the allocation that was counted for site @from to @number. If @from is NO_SITE, nothing
 * moves.
 */
void alloc_sites_move(struct stat_alloc *alloc, uint64_t from, uint64_t number, uint64_t bytes);

/* Adds the sites of the current generation to those of all, by address. */
void alloc_sites_end_generation(struct stat_alloc *alloc, const struct exptrace_trace *trace);
void alloc_sites_uninit(struct alloc_sites *sites);

/* Takes notice of what the current generation says. @whole: it is not cut off. */
void alloc_doubts_note(struct stat_alloc *alloc, const struct exptrace_trace *trace, bool whole);
void alloc_doubts_clear(struct alloc_doubts *doubts);

#endif /* EXPTRACE_STAT_ALLOC_H */
