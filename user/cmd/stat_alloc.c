// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that was requested, what of it is still there, and who asked for it.
 *
 * The batches are not merged by time, so an object's free may be seen before
 * its allocation. Only the latest event of each address counts in the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/index.h"
#include "stat.h"

#define NO_ARG	UINT32_MAX

struct object {
	uint64_t time;		/* of its latest event */
	uint64_t bytes;		/* 0: that was a free */
};

struct site {
	uint64_t address;
	uint64_t count;
	uint64_t bytes;
};

struct layout {
	bool known;
	bool is_alloc, is_free;
	uint32_t ptr, bytes, slack, site;
};

struct stat_alloc {
	struct index object_index, site_index;
	struct object *objects;
	size_t objects_room;
	struct site *sites;
	size_t sites_room;
	struct layout *layouts;	/* by the description's index */
	size_t nlayouts;
	uint64_t nallocs, nfrees, bytes, slack;
};

struct stat_alloc *stat_alloc_new(void)
{
	return calloc(1, sizeof(struct stat_alloc));
}

void stat_alloc_free(struct stat_alloc *alloc)
{
	if (!alloc)
		return;
	index_uninit(&alloc->object_index);
	index_uninit(&alloc->site_index);
	free(alloc->objects);
	free(alloc->sites);
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
	layout.is_free = strstr(event->name, "free");
	layout.is_alloc = !layout.is_free && layout.bytes != NO_ARG;
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
	int64_t i = index_get(&alloc->object_index, ptr, 0);
	struct object *objects;

	if (i < 0)
		return false;
	objects = reach(alloc->objects, (size_t)i, &alloc->objects_room, sizeof(*objects));
	if (!objects)
		return false;
	alloc->objects = objects;
	if (time >= objects[i].time)
		objects[i] = (struct object) { .time = time, .bytes = bytes };
	return true;
}

static bool note_site(struct stat_alloc *alloc, uint64_t address, uint64_t bytes)
{
	int64_t i = index_get(&alloc->site_index, address, 0);
	struct site *sites;

	if (i < 0)
		return false;
	sites = reach(alloc->sites, (size_t)i, &alloc->sites_room, sizeof(*sites));
	if (!sites)
		return false;
	alloc->sites = sites;
	sites[i].address = address;
	sites[i].count++;
	sites[i].bytes += bytes;
	return true;
}

bool stat_alloc_event(struct stat_alloc *alloc, const struct exptrace_schema_event *event,
		      const struct exptrace_value *args, uint64_t ticks)
{
	const struct layout *layout = get_layout(alloc, event);
	uint64_t bytes, slack;

	if (!layout)
		return false;
	if (layout->is_free) {
		alloc->nfrees++;
		return note_object(alloc, args[layout->ptr].u64, ticks, 0);
	}
	if (!layout->is_alloc)
		return true;
	bytes = args[layout->bytes].u64;
	slack = layout->slack == NO_ARG ? 0 : args[layout->slack].u64;
	alloc->nallocs++;
	alloc->bytes += bytes;
	alloc->slack += slack;
	if (layout->site != NO_ARG && !note_site(alloc, args[layout->site].u64, bytes))
		return false;
	return !args[layout->ptr].u64 ||
	       note_object(alloc, args[layout->ptr].u64, ticks, bytes + slack);
}

static int by_bytes(const void *a, const void *b)
{
	const struct site *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return x->address < y->address ? -1 : x->address > y->address;
}

static void print_totals(const struct stat_alloc *alloc)
{
	uint64_t live = 0, nlive = 0;
	size_t i;

	for (i = 0; i < alloc->object_index.n; i++) {
		live += alloc->objects[i].bytes;
		nlive += alloc->objects[i].bytes > 0;
	}
	printf("\nAllocations: %llu of %llu bytes (and %llu of slack), %llu frees\n",
	       (unsigned long long)alloc->nallocs, (unsigned long long)alloc->bytes,
	       (unsigned long long)alloc->slack, (unsigned long long)alloc->nfrees);
	printf("  still there at the end: %llu objects, %llu bytes with slack\n",
	       (unsigned long long)nlive, (unsigned long long)live);
}

void stat_alloc_print(struct stat_alloc *alloc, unsigned int max)
{
	size_t i, n = alloc->site_index.n;

	if (!alloc->nallocs && !alloc->nfrees)
		return;
	print_totals(alloc);
	if (!n)
		return;
	qsort(alloc->sites, n, sizeof(*alloc->sites), by_bytes);
	printf("  %-18s %12s %16s\n", "call site", "allocations", "bytes");
	for (i = 0; i < n && i < max; i++)
		printf("  0x%016llx %12llu %16llu\n", (unsigned long long)alloc->sites[i].address,
		       (unsigned long long)alloc->sites[i].count,
		       (unsigned long long)alloc->sites[i].bytes);
	/* the index no longer fits the sorted sites */
	index_clear(&alloc->site_index);
}
