// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that was requested, what of it is still there, and who asked for it.
 *
 * The batches are not merged by time, so an object's free may be seen before
 * its allocation. Only the latest event of each address counts in the end.
 *
 * An object that is given to kfree_rcu() is freed later, and some kernels do not tell of that.
 * What else the trace cannot know is told beside the number.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/index.h"
#include "../cmd.h"
#include "../site.h"
#include "stat.h"

#define NO_ARG	UINT32_MAX

/* In the place of an object's bytes: it was given to kfree_rcu(). */
#define GIVEN	UINT64_MAX

/* What kmalloc(0) returns, and kfree() gets back: nothing. No identifier is so. */
#define ZERO_SIZE	16

struct object {
	uint64_t ptr;
	uint64_t time;		/* of its latest event */
	uint64_t bytes;		/* 0: that was a free */
};

/* Beyond this the kernel's kmalloc() takes pages; two of them on most machines. */
#define LARGE		8192

/* In the place of a site: the event has none. */
#define NO_SITE	UINT64_MAX

/* More than there are events of frees, and longer than all their names. */
#define UNRECORDED_NAMES	16
#define UNRECORDED_MAX	255

/* From so many addresses on, and whenever there are twice as many, those that are free are dropped. */
#define TIDY_MIN	65536

size_t stat_alloc_objects_max = 1 << 23;

/* An allocation, if the last event was one; else all 0. */
struct latest {
	uint64_t ptr, bytes, ticks, site;
};

/* Why some of the objects that seem to be there may be not, or the other way round. */
struct doubts {
	char *unrecorded;	/* events of frees, with commas; NULL: none */
	unsigned int nunrecorded;
	bool others;		/* more of them than there is room for */
	uint64_t unfollowed;	/* allocations for which there was no room */
	uint64_t lost;		/* events */
	bool filtered;
	bool cut_off;
	bool ids;
};

struct site {
	char *name;		/* NULL: not known yet */
	uint64_t number;	/* of the generation at hand */
	uint64_t count;
	uint64_t bytes;
};

struct sites {
	struct index index;
	struct site *list;
	size_t room;
};

struct layout {
	bool known;
	bool is_alloc, is_free, is_given;
	uint32_t ptr, bytes, slack, site;
};

struct stat_alloc {
	struct index object_index;
	struct object *objects;
	size_t objects_room;
	size_t tidy_at;		/* when there are so many of them */
	bool forgotten;		/* there were others, and what became of them is not known */
	struct sites now;	/* of the generation at hand, by number */
	struct sites all;	/* of those before it, by address */
	struct layout *layouts;	/* by the description's index */
	size_t nlayouts;
	uint64_t nallocs, nfailed, nfrees, ngiven, bytes, slack;
	struct doubts doubts;	/* about the objects that are not forgotten */
	bool experiments[UINT8_MAX + 1];	/* that have such events, */
	uint64_t generations[UINT8_MAX + 1];	/* last in this one, */
	uint64_t generation;	/* counted by those that are over */
	uint64_t nevents;	/* of the generation at hand */
	struct latest latest;
};

static void doubts_clear(struct doubts *doubts)
{
	free(doubts->unrecorded);
	*doubts = (struct doubts) { 0 };
}

void stat_alloc_forget(struct stat_alloc *alloc)
{
	doubts_clear(&alloc->doubts);
	alloc->forgotten |= alloc->object_index.n > 0;
	alloc->latest = (struct latest) { 0 };
	if (alloc->object_index.n)
		memset(alloc->objects, 0, alloc->object_index.n * sizeof(*alloc->objects));
	index_clear(&alloc->object_index);
}

struct stat_alloc *stat_alloc_new(void)
{
	return need_memory(calloc(1, sizeof(struct stat_alloc)), "beginning to add up");
}

static void sites_free(struct sites *sites)
{
	size_t i;

	for (i = 0; i < sites->room; i++)
		free(sites->list[i].name);
	free(sites->list);
	index_uninit(&sites->index);
}

void stat_alloc_free(struct stat_alloc *alloc)
{
	if (!alloc)
		return;
	index_uninit(&alloc->object_index);
	sites_free(&alloc->now);
	sites_free(&alloc->all);
	doubts_clear(&alloc->doubts);
	free(alloc->objects);
	free(alloc->layouts);
	free(alloc);
}

static uint32_t find_arg(const struct exptrace_schema_event *event, const char *name)
{
	uint32_t i;

	for (i = 0; i < event->nargs; i++)
		if (!strcmp(event->args[i].name, name))
			return i;
	return NO_ARG;
}

static struct layout make_layout(const struct exptrace_schema_event *event)
{
	struct layout layout = {
		.known = true,
		.ptr = find_arg(event, "ptr"),
		.bytes = find_arg(event, "bytes_req"),
		.slack = find_arg(event, "slack"),
		.site = find_arg(event, "call_site"),
	};

	if (layout.bytes == NO_ARG)
		layout.bytes = find_arg(event, "bytes");
	if (strcmp(event->group, "alloc") || layout.ptr == NO_ARG)
		return layout;
	layout.is_given = !strcmp(event->name, "kfree_rcu");
	layout.is_free = !layout.is_given && strstr(event->name, "free");
	layout.is_alloc = !strstr(event->name, "free") && layout.bytes != NO_ARG;
	return layout;
}

static const struct layout *get_layout(struct stat_alloc *alloc,
				       const struct exptrace_schema_event *event)
{
	if (event->index >= alloc->nlayouts) {
		size_t n = 2 * (size_t)event->index + 64;
		struct layout *layouts = realloc(alloc->layouts, n * sizeof(*layouts));

		if (!layouts)
			return NULL;
		memset(layouts + alloc->nlayouts, 0, (n - alloc->nlayouts) * sizeof(*layouts));
		alloc->layouts = layouts;
		alloc->nlayouts = n;
	}
	if (!alloc->layouts[event->index].known)
		alloc->layouts[event->index] = make_layout(event);
	return &alloc->layouts[event->index];
}

/* Makes room for element @i; new elements are zero. NULL without memory. */
static void *reach(void *array, size_t i, size_t *room, size_t size)
{
	size_t n = *room ? 2 * *room : 1024;

	if (i < *room)
		return array;
	array = realloc(array, n * size);
	if (array) {
		memset((char *)array + *room * size, 0, (n - *room) * size);
		*room = n;
	}
	return array;
}

static bool note_object(struct stat_alloc *alloc, uint64_t ptr, uint64_t time, uint64_t bytes)
{
	struct object *objects;
	int64_t i;

	if (alloc->object_index.n >= stat_alloc_objects_max &&
	    index_find(&alloc->object_index, ptr, 0) < 0) {
		alloc->doubts.unfollowed += bytes && bytes != GIVEN;
		return true;
	}
	i = index_get(&alloc->object_index, ptr, 0);
	if (i < 0)
		return false;
	objects = reach(alloc->objects, (size_t)i, &alloc->objects_room, sizeof(*objects));
	if (!objects)
		return false;
	alloc->objects = objects;
	if (time >= objects[i].time)
		objects[i] = (struct object) { .ptr = ptr, .time = time, .bytes = bytes };
	return true;
}

/*
 * Drops what was free before the generation at hand began: generations overlap a little, but no
 * event of a later one is older than that. False without memory.
 */
static bool tidy(struct stat_alloc *alloc, uint64_t began)
{
	size_t i, n = alloc->object_index.n, kept = 0;
	struct object *objects = alloc->objects;

	index_clear(&alloc->object_index);
	for (i = 0; i < n; i++) {
		if (!objects[i].bytes && objects[i].time < began)
			continue;
		if (index_get(&alloc->object_index, objects[i].ptr, 0) < 0)
			return false;
		objects[kept++] = objects[i];
	}
	memset(objects + kept, 0, (n - kept) * sizeof(*objects));
	alloc->tidy_at = 2 * kept;
	return true;
}

static bool tidy_some(struct stat_alloc *alloc, const struct exptrace_trace *trace)
{
	size_t n = alloc->object_index.n;
	const struct exptrace_sync *first = exptrace_sync_at(trace, 0);

	if (!first || n < TIDY_MIN || (n < alloc->tidy_at && n < stat_alloc_objects_max))
		return true;
	return tidy(alloc, first->ticks);
}

/* The site of a key, made if it is not there; NULL without memory. */
static struct site *get_site(struct sites *sites, uint64_t a, uint64_t b)
{
	int64_t i = index_get(&sites->index, a, b);
	struct site *list;

	if (i < 0)
		return NULL;
	list = reach(sites->list, (size_t)i, &sites->room, sizeof(*list));
	if (!list)
		return NULL;
	sites->list = list;
	return &list[i];
}

static bool note_site(struct stat_alloc *alloc, uint64_t number, uint64_t bytes)
{
	struct site *site = get_site(&alloc->now, number, 0);

	if (!site)
		return false;
	site->number = number;
	site->count++;
	site->bytes += bytes;
	return true;
}

/* @number has the allocation that was counted for @from. NO_SITE keeps what it has. */
static bool move_site(struct stat_alloc *alloc, uint64_t from, uint64_t number, uint64_t bytes)
{
	struct site *site;

	if (from == NO_SITE)
		return true;
	site = get_site(&alloc->now, from, 0);
	if (!site)
		return false;
	site->count--;
	site->bytes -= bytes;
	return note_site(alloc, number, bytes);
}

/* Adds up a site of the generation at hand, by its address; all that have none are one. */
static bool take_site(struct stat_alloc *alloc, const struct exptrace_trace *trace,
		      const struct site *site)
{
	const struct exptrace_frame *frame = site_frame(trace, site->number);
	char text[SITE_TEXT];
	struct site *sum;

	if (!site->count)	/* another one has its allocations */
		return true;
	sum = get_site(&alloc->all, frame ? frame->address : 0, !frame);
	if (!sum)
		return false;
	if (!sum->name) {
		site_text(trace, frame ? site->number : 0, text);
		sum->name = strdup(text);
	}
	sum->count += site->count;
	sum->bytes += site->bytes;
	return sum->name;
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

static bool add_unrecorded(struct doubts *doubts, const char *name, size_t len)
{
	size_t had = doubts->unrecorded ? strlen(doubts->unrecorded) : 0;
	char *all;

	if (had + len + 1 > UNRECORDED_MAX || doubts->nunrecorded == UNRECORDED_NAMES) {
		doubts->others = true;
		return true;
	}
	all = realloc(doubts->unrecorded, had + len + 2);
	if (!all)
		return false;
	doubts->unrecorded = all;
	doubts->nunrecorded++;
	sprintf(all + had, "%s%.*s", had ? "," : "", (int)len, name);
	return true;
}

/* Adds those of @names that are not there, if there may be any. False without memory. */
static bool note_unrecorded(struct doubts *doubts, const char *names)
{
	while (*names && !doubts->others) {
		size_t len = strcspn(names, ",");

		if (!has_name(doubts->unrecorded, names, len) &&
		    !add_unrecorded(doubts, names, len))
			return false;
		names += len + (names[len] == ',');
	}
	return true;
}

static bool has_events(const struct stat_alloc *alloc, unsigned int experiment)
{
	return alloc->experiments[experiment] &&
	       alloc->generations[experiment] == alloc->generation;
}

/*
 * Whether the recorder of the generation at hand knew what frees in bulk; older ones did not. Only
 * experiments with events in it are looked at, of which it has no more than batches.
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

static uint64_t count_lost(const struct stat_alloc *alloc, const struct exptrace_trace *trace)
{
	const struct exptrace_ledger_entry *entries;
	size_t n = exptrace_ledger(trace, &entries), i, j;
	uint64_t lost = 0;

	/* by reasons, as stat.c does */
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

/* How the filter of a recording begins that is limited to some system calls alone. */
#define ONLY_CALLS	"only system calls"

static bool has_filter(const struct exptrace_trace *trace)
{
	const char *filter = exptrace_property(trace, "filter");

	return filter && strncmp(filter, ONLY_CALLS, strlen(ONLY_CALLS));
}

/* What the generation at hand says; @whole: that is all. False without memory. */
static bool take_doubts(struct stat_alloc *alloc, const struct exptrace_trace *trace, bool whole)
{
	const char *unrecorded = exptrace_property(trace, "unrecorded_frees");
	struct doubts *doubts = &alloc->doubts;

	if (!alloc->nevents)
		return true;
	alloc->nevents = 0;
	doubts->cut_off |= !whole;
	doubts->ids |= property_is(trace, "addresses", "id");
	doubts->filtered |= has_filter(trace);
	if (whole)
		doubts->lost += count_lost(alloc, trace);
	if (!describes_bulk(alloc, trace))
		unrecorded = "kmem_cache_free_bulk,kfree_rcu";
	return !unrecorded || note_unrecorded(doubts, unrecorded);
}

bool stat_alloc_end_generation(struct stat_alloc *alloc, const struct exptrace_trace *trace,
			       bool whole)
{
	struct sites *now = &alloc->now;
	bool done = take_doubts(alloc, trace, whole);
	size_t i;

	/* where the second event of an allocation comes in the next one, the first one's site has it */
	alloc->latest.site = NO_SITE;
	for (i = 0; done && i < now->index.n; i++)
		done = take_site(alloc, trace, &now->list[i]);
	if (now->index.n)
		memset(now->list, 0, now->index.n * sizeof(*now->list));
	index_clear(&now->index);
	alloc->generation++;
	return done && tidy_some(alloc, trace);
}

/*
 * Where kmalloc() does not know the size when it is compiled, some kernels (6.12 and 7.3, not
 * 6.1) have two events of a large one: the first by kmalloc() itself, the second by its
 * caller. They follow each other in the same context, with nothing between them.
 */
static bool is_told_twice(const struct latest *first, const struct latest *second)
{
	return second->bytes > LARGE && first->ptr == second->ptr &&
	       first->bytes == second->bytes && first->ticks < second->ticks &&
	       first->site != second->site;
}

/* Counts an allocation, or moves it to the site of the second event. */
static bool count_alloc(struct stat_alloc *alloc, const struct latest *now, uint64_t slack)
{
	struct latest before = alloc->latest;

	alloc->latest = *now;
	if (is_told_twice(&before, now)) {
		alloc->latest = (struct latest) { 0 };
		return !now->ptr || move_site(alloc, before.site, now->site, now->bytes);
	}
	if (!now->ptr) {
		alloc->nfailed++;
		return true;
	}
	alloc->nallocs++;
	alloc->bytes += now->bytes;
	alloc->slack += slack;
	return now->site == NO_SITE || note_site(alloc, now->site, now->bytes);
}

static bool take_alloc(struct stat_alloc *alloc, const struct layout *layout,
		       const struct exptrace_value *args, uint64_t ticks)
{
	uint64_t slack = layout->slack == NO_ARG ? 0 : args[layout->slack].u64;
	struct latest now = {
		.ptr = args[layout->ptr].u64,
		.bytes = args[layout->bytes].u64,
		.ticks = ticks,
		.site = layout->site == NO_ARG ? NO_SITE : args[layout->site].u64,
	};

	return count_alloc(alloc, &now, slack) &&
	       (!now.ptr || note_object(alloc, now.ptr, ticks, now.bytes + slack));
}

static bool take_free(struct stat_alloc *alloc, bool given, uint64_t ptr, uint64_t ticks)
{
	if (!ptr || ptr == ZERO_SIZE)
		return true;
	if (given)
		alloc->ngiven++;
	else
		alloc->nfrees++;
	return note_object(alloc, ptr, ticks, given ? GIVEN : 0);
}

bool stat_alloc_event(struct stat_alloc *alloc, const struct exptrace_schema_event *event,
		      const struct exptrace_value *args, uint64_t ticks)
{
	const struct layout *layout = get_layout(alloc, event);

	if (!layout)
		return false;
	if (!layout->is_alloc && !layout->is_free && !layout->is_given)
		return true;
	alloc->experiments[event->experiment] = true;
	alloc->generations[event->experiment] = alloc->generation;
	alloc->nevents++;
	if (layout->is_alloc)
		return take_alloc(alloc, layout, args, ticks);
	alloc->latest = (struct latest) { 0 };
	return take_free(alloc, layout->is_given, args[layout->ptr].u64, ticks);
}

static int by_bytes(const void *a, const void *b)
{
	const struct site *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return strcmp(x->name, y->name);
}

/*
 * So many of @n objects share an identifier with another one, in the mean: identifiers are odd
 * numbers of 32 bits.
 */
static double sharing(double n)
{
	return n * n / 2 / (double)(UINT64_C(1) << 31);
}

static void print_doubts(const struct doubts *doubts, uint64_t nobjects)
{
	if (doubts->unrecorded || doubts->others) {
		printf("    may be fewer: ");
		print_name(doubts->unrecorded ? doubts->unrecorded : "", 0);
		printf("%s not recorded all the time\n", doubts->others ? " and others" : "");
	}
	if (doubts->filtered)
		printf("    may be fewer: the filter left out what others freed\n");
	if (doubts->unfollowed)
		printf("    may be more: %llu allocations not followed, for there were %zu already\n",
		       (unsigned long long)doubts->unfollowed, stat_alloc_objects_max);
	if (doubts->lost)
		printf("    may be wrong: %llu events lost\n", (unsigned long long)doubts->lost);
	if (doubts->cut_off)
		printf("    may be wrong: a generation is cut off or damaged\n");
	if (doubts->ids && sharing((double)nobjects) >= 0.5)
		printf("    may be wrong: some %.0f of the objects share an identifier\n",
		       sharing((double)nobjects));
}

static void print_live(const struct stat_alloc *alloc)
{
	uint64_t live = 0, nlive = 0, ngiven = 0;
	size_t i;

	for (i = 0; i < alloc->object_index.n; i++) {
		uint64_t bytes = alloc->objects[i].bytes;

		ngiven += bytes == GIVEN;
		nlive += bytes && bytes != GIVEN;
		live += bytes == GIVEN ? 0 : bytes;
	}
	printf("  still there at the end%s: %llu objects, %llu bytes with slack\n",
	       alloc->forgotten ? ", of those since nothing is missing" : "",
	       (unsigned long long)nlive, (unsigned long long)live);
	if (ngiven)
		printf("    and given to kfree_rcu, freed by now or not: %llu objects\n",
		       (unsigned long long)ngiven);
	printf("    without what was allocated before, or in bulk\n");
	print_doubts(&alloc->doubts, alloc->object_index.n);
}

static void print_totals(const struct stat_alloc *alloc)
{
	printf("\nAllocations: %llu of %llu bytes (and %llu of slack), %llu frees",
	       (unsigned long long)alloc->nallocs, (unsigned long long)alloc->bytes,
	       (unsigned long long)alloc->slack, (unsigned long long)alloc->nfrees);
	if (alloc->ngiven)
		printf(", %llu given to kfree_rcu", (unsigned long long)alloc->ngiven);
	if (alloc->nfailed)
		printf(", %llu failed", (unsigned long long)alloc->nfailed);
	putchar('\n');
	print_live(alloc);
}

void stat_alloc_print(struct stat_alloc *alloc, unsigned int max)
{
	struct sites *sites = &alloc->all;
	size_t i, n = sites->index.n;

	if (!alloc->nallocs && !alloc->nfrees && !alloc->ngiven && !alloc->nfailed)
		return;
	print_totals(alloc);
	if (!n)
		return;
	qsort(sites->list, n, sizeof(*sites->list), by_bytes);
	printf("  %12s %16s  %s\n", "allocations", "bytes", "call site");
	for (i = 0; i < n && i < max; i++) {
		printf("  %12llu %16llu  ", (unsigned long long)sites->list[i].count,
		       (unsigned long long)sites->list[i].bytes);
		print_name(sites->list[i].name, 0);
		putchar('\n');
	}
	/* the index no longer fits the sorted sites */
	index_clear(&sites->index);
}
