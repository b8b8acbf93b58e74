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
#include "cmd.h"
#include "site.h"
#include "stat.h"

#define NO_ARG	UINT32_MAX

struct object {
	uint64_t time;		/* of its latest event */
	uint64_t bytes;		/* 0: that was a free */
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
	bool is_alloc, is_free;
	uint32_t ptr, bytes, slack, site;
};

struct stat_alloc {
	struct index object_index;
	struct object *objects;
	size_t objects_room;
	bool forgotten;		/* there were others, and what became of them is not known */
	struct sites now;	/* of the generation at hand, by number */
	struct sites all;	/* of those before it, by address */
	struct layout *layouts;	/* by the description's index */
	size_t nlayouts;
	uint64_t nallocs, nfrees, bytes, slack;
};

void stat_alloc_forget(struct stat_alloc *alloc)
{
	alloc->forgotten |= alloc->object_index.n > 0;
	index_clear(&alloc->object_index);
	if (alloc->objects_room)
		memset(alloc->objects, 0, alloc->objects_room * sizeof(*alloc->objects));
}

struct stat_alloc *stat_alloc_new(void)
{
	return calloc(1, sizeof(struct stat_alloc));
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

/* Adds up a site of the generation at hand, by its address; all that have none are one. */
static bool take_site(struct stat_alloc *alloc, const struct exptrace_trace *trace,
		      const struct site *site)
{
	const struct exptrace_frame *frame = site_frame(trace, site->number);
	struct site *sum = get_site(&alloc->all, frame ? frame->address : 0, !frame);
	char text[SITE_TEXT];

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

bool stat_alloc_end_generation(struct stat_alloc *alloc, const struct exptrace_trace *trace)
{
	struct sites *now = &alloc->now;
	bool done = true;
	size_t i;

	for (i = 0; done && i < now->index.n; i++)
		done = take_site(alloc, trace, &now->list[i]);
	index_clear(&now->index);
	if (now->room)
		memset(now->list, 0, now->room * sizeof(*now->list));
	return done;
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
	return strcmp(x->name, y->name);
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
	printf("  still there at the end%s: %llu objects, %llu bytes with slack\n",
	       alloc->forgotten ? ", of those since nothing is missing" : "",
	       (unsigned long long)nlive, (unsigned long long)live);
}

void stat_alloc_print(struct stat_alloc *alloc, unsigned int max)
{
	struct sites *sites = &alloc->all;
	size_t i, n = sites->index.n;

	if (!alloc->nallocs && !alloc->nfrees)
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
