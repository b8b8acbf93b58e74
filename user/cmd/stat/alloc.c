// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that was allocated, what is still allocated at the end, and by which call sites.
 *
 * The batches are not merged by time, so the free of an object may be seen before its allocation.
 * Only the latest event of each address counts in the end.
 *
 * An object given to kfree_rcu() is freed later, and some kernels have no event for that. Other
 * reasons for which the number may be wrong are printed beside it (alloc_doubts.c).
 */
#include <stdlib.h>
#include <string.h>

#include "../cmd.h"
#include "alloc.h"

#define NO_ARG	UINT32_MAX

/* ZERO_SIZE_PTR, from kmalloc(0): not an object. No identifier has this value. */
#define ZERO_SIZE	16

/* Above this size kmalloc() allocates pages: two pages on most machines. */
#define LARGE		8192

/* Free addresses are dropped when there are this many, and whenever the number has doubled. */
#define TIDY_MIN	65536

size_t stat_alloc_objects_max = 1 << 23;

void stat_alloc_forget(struct stat_alloc *alloc)
{
	alloc_doubts_clear(&alloc->doubts);
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

void stat_alloc_free(struct stat_alloc *alloc)
{
	if (!alloc)
		return;
	index_uninit(&alloc->object_index);
	alloc_sites_uninit(&alloc->now);
	alloc_sites_uninit(&alloc->all);
	alloc_doubts_clear(&alloc->doubts);
	free(alloc->objects);
	free(alloc->layouts);
	free(alloc);
}

static uint32_t find_alloc_arg(const struct exptrace_schema_event *event, const char *name)
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
		.ptr = find_alloc_arg(event, "ptr"),
		.bytes = find_alloc_arg(event, "bytes_req"),
		.slack = find_alloc_arg(event, "slack"),
		.site = find_alloc_arg(event, "call_site"),
	};

	if (layout.bytes == NO_ARG)
		layout.bytes = find_alloc_arg(event, "bytes");
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
	reach_memory(&alloc->layouts, event->index, &alloc->layouts_room, sizeof(*alloc->layouts),
		     ALLOC_DOING);
	if (!alloc->layouts[event->index].known)
		alloc->layouts[event->index] = make_layout(event);
	return &alloc->layouts[event->index];
}

static void note_object(struct stat_alloc *alloc, uint64_t ptr, uint64_t time, uint64_t bytes)
{
	struct object *object;
	int64_t i;

	if (alloc->object_index.n >= stat_alloc_objects_max &&
	    index_find(&alloc->object_index, ptr, 0) < 0) {
		alloc->doubts.unfollowed += bytes && bytes != GIVEN;
		return;
	}
	i = index_get(&alloc->object_index, ptr, 0);
	if (i < 0)
		out_of_memory(ALLOC_DOING);
	reach_memory(&alloc->objects, (size_t)i, &alloc->objects_room, sizeof(*alloc->objects),
		     ALLOC_DOING);
	object = &alloc->objects[i];
	if (time >= object->time)
		*object = (struct object) { .ptr = ptr, .time = time, .bytes = bytes };
}

/*
 * Drops objects that were freed before the current generation began, at @began. Generations overlap
 * a little, but no event of a later generation is older than the beginning of this one.
 */
static void tidy(struct stat_alloc *alloc, uint64_t began)
{
	size_t i, n = alloc->object_index.n, kept = 0;
	struct object *objects = alloc->objects;

	index_clear(&alloc->object_index);
	for (i = 0; i < n; i++) {
		if (!objects[i].bytes && objects[i].time < began)
			continue;
		if (index_get(&alloc->object_index, objects[i].ptr, 0) < 0)
			out_of_memory(ALLOC_DOING);
		objects[kept++] = objects[i];
	}
	memset(objects + kept, 0, (n - kept) * sizeof(*objects));
	alloc->tidy_at = 2 * kept;
}

static bool needs_tidying(const struct stat_alloc *alloc)
{
	size_t n = alloc->object_index.n;

	return n >= TIDY_MIN && (n >= alloc->tidy_at || n >= stat_alloc_objects_max);
}

void stat_alloc_end_generation(struct stat_alloc *alloc, const struct exptrace_trace *trace,
			       bool whole)
{
	const struct exptrace_sync *first = exptrace_sync_at(trace, 0);

	alloc_doubts_note(alloc, trace, whole);
	/*
	 * an allocation whose second event comes in the next generation stays with its first site
	 */
	alloc->latest.site = NO_SITE;
	alloc_sites_end_generation(alloc, trace);
	alloc->generation++;
	if (first && needs_tidying(alloc))
		tidy(alloc, first->ticks);
}

/*
 * Some kernels (6.12 and 7.3, not 6.1) have two events for a large kmalloc() whose size is not a
 * compile-time constant: the first by kmalloc() itself, the second by its caller. They follow
 * each other in the same context, with nothing between them.
 */
static bool is_second_event(const struct latest *first, const struct latest *second)
{
	return second->bytes > LARGE && first->ptr == second->ptr &&
	       first->bytes == second->bytes && first->ticks < second->ticks &&
	       first->site != second->site;
}

/* Counts an allocation, or moves it to the site of the second event. */
static void count_alloc(struct stat_alloc *alloc, const struct latest *now, uint64_t slack)
{
	struct latest before = alloc->latest;

	alloc->latest = *now;
	if (is_second_event(&before, now)) {
		alloc->latest = (struct latest) { 0 };
		if (now->ptr)
			alloc_sites_move(alloc, before.site, now->site, now->bytes);
		return;
	}
	if (!now->ptr) {
		alloc->nfailed++;
		return;
	}
	alloc->nallocs++;
	alloc->bytes += now->bytes;
	alloc->slack += slack;
	if (now->site != NO_SITE)
		alloc_sites_add(alloc, now->site, now->bytes);
}

static void take_alloc(struct stat_alloc *alloc, const struct layout *layout,
		       const struct exptrace_value *args, uint64_t ticks)
{
	uint64_t slack = layout->slack == NO_ARG ? 0 : args[layout->slack].u64;
	struct latest now = {
		.ptr = args[layout->ptr].u64,
		.bytes = args[layout->bytes].u64,
		.ticks = ticks,
		.site = layout->site == NO_ARG ? NO_SITE : args[layout->site].u64,
	};

	count_alloc(alloc, &now, slack);
	if (now.ptr)
		note_object(alloc, now.ptr, ticks, now.bytes + slack);
}

static void take_free(struct stat_alloc *alloc, bool given, uint64_t ptr, uint64_t ticks)
{
	if (!ptr || ptr == ZERO_SIZE)
		return;
	if (given)
		alloc->ngiven++;
	else
		alloc->nfrees++;
	note_object(alloc, ptr, ticks, given ? GIVEN : 0);
}

void stat_alloc_event(struct stat_alloc *alloc, const struct exptrace_schema_event *event,
		      const struct exptrace_value *args, uint64_t ticks)
{
	const struct layout *layout = get_layout(alloc, event);

	if (!layout->is_alloc && !layout->is_free && !layout->is_given)
		return;
	alloc->experiments[event->experiment] = true;
	alloc->generations[event->experiment] = alloc->generation;
	alloc->nevents++;
	if (layout->is_alloc) {
		take_alloc(alloc, layout, args, ticks);
		return;
	}
	alloc->latest = (struct latest) { 0 };
	take_free(alloc, layout->is_given, args[layout->ptr].u64, ticks);
}
