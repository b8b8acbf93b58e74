// SPDX-License-Identifier: GPL-2.0-only
/*
 * The regions that programs mark: from marker_begin to marker_end of a thread.
 *
 * An end belongs to the last region of its name that the thread began and has not ended.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/index.h"
#include "pids.h"
#include "report.h"

#define NSEC_PER_MSEC	1e6

/* Open regions of a thread; those that began first are forgotten for newer ones. */
#define OPEN_MAX_REGIONS	256

struct open_region {
	uint32_t name;		/* its place in report_regions.list */
	uint64_t since;		/* nanoseconds */
};

struct thread {
	uint32_t epoch;		/* the regions are of this one; else there are none */
	uint32_t n;
	struct open_region *open;	/* the last is the innermost; made with the first */
};

/* What came of all regions of a name. */
struct region {
	char *name;
	size_t len;
	struct histogram histogram;
};

struct report_regions {
	struct index index;	/* a name's hash and length to its place in list */
	struct region **list;
	size_t room;
	struct pids threads;
	uint32_t epoch;
	uint64_t nopen;
	uint64_t unended;	/* beginnings without their end */
	uint64_t unmatched;	/* ends without their beginning */
};

struct report_regions *report_regions_new(void)
{
	struct report_regions *regions = calloc(1, sizeof(*regions));

	if (regions) {
		regions->threads.size = sizeof(struct thread);
		regions->epoch = 1;
	}
	return regions;
}

void report_regions_free(struct report_regions *regions)
{
	struct thread *thread;
	uint64_t pid;
	size_t i;

	if (!regions)
		return;
	for (pid = 0; (thread = pids_next(&regions->threads, &pid)); pid++)
		free(thread->open);
	pids_uninit(&regions->threads);
	for (i = 0; i < regions->index.n; i++) {
		histogram_uninit(&regions->list[i]->histogram);
		free(regions->list[i]->name);
		free(regions->list[i]);
	}
	free(regions->list);
	index_uninit(&regions->index);
	free(regions);
}

static struct region *new_region(const char *name, size_t len)
{
	struct region *region = calloc(1, sizeof(*region));

	if (region)
		region->name = malloc(len + 1);
	if (!region || !region->name)
		abort();
	memcpy(region->name, name, len);
	region->name[len] = '\0';
	region->len = len;
	return region;
}

/* The place of a name in the list; it is put there if it is new. */
static uint32_t find_name(struct report_regions *regions, const char *name, size_t len)
{
	uint64_t hash = report_hash(name, len);

	for (;; hash++) {
		uint32_t n = regions->index.n;
		int64_t i = index_get(&regions->index, hash, len);

		if (i < 0)
			abort();
		regions->list = report_reach(regions->list, (size_t)i, &regions->room,
					     sizeof(*regions->list));
		if (i == n)
			regions->list[i] = new_region(name, len);
		/* another name may have the same hash */
		if (!memcmp(regions->list[i]->name, name, len))
			return (uint32_t)i;
	}
}

static struct thread *get_thread(struct report_regions *regions, int64_t pid)
{
	struct thread *thread = pid < 0 ? NULL : pids_get(&regions->threads, (uint64_t)pid);

	if (thread && thread->epoch != regions->epoch) {
		thread->epoch = regions->epoch;
		thread->n = 0;
	}
	return thread;
}

static void remove_open(struct report_regions *regions, struct thread *thread, uint32_t i)
{
	memmove(&thread->open[i], &thread->open[i + 1],
		(thread->n - i - 1) * sizeof(*thread->open));
	thread->n--;
	regions->nopen--;
}

static void begin(struct report_regions *regions, struct thread *thread, uint32_t name,
		  uint64_t ns)
{
	if (!thread->open)
		thread->open = calloc(OPEN_MAX_REGIONS, sizeof(*thread->open));
	if (!thread->open)
		abort();
	if (thread->n == OPEN_MAX_REGIONS) {
		remove_open(regions, thread, 0);
		regions->unended++;
	}
	thread->open[thread->n++] = (struct open_region) { name, ns };
	regions->nopen++;
}

static void end(struct report_regions *regions, struct thread *thread, uint32_t name,
		const struct exptrace_record *record)
{
	uint32_t i = thread->n;
	uint64_t since, time;

	while (i && thread->open[i - 1].name != name)
		i--;
	if (!i) {
		regions->unmatched++;
		return;
	}
	since = thread->open[i - 1].since;
	remove_open(regions, thread, i - 1);
	/* around the beginning of a generation, times may go back a little */
	time = record->ns > since ? record->ns - since : 0;
	histogram_add(&regions->list[name]->histogram, time, record->ns, record->cpu);
}

void report_regions_event(struct report_regions *regions, const struct meaning *meaning,
			  const struct exptrace_record *record)
{
	const struct exptrace_value *name = &record->args[meaning->args[0]];
	struct thread *thread = get_thread(regions, record->pid);

	if (!thread || !name->str)
		return;
	if (meaning->kind == MEANS_MARKER_BEGIN)
		begin(regions, thread, find_name(regions, name->str, name->len), record->ns);
	else
		end(regions, thread, find_name(regions, name->str, name->len), record);
}

void report_regions_forget(struct report_regions *regions)
{
	regions->unended += regions->nopen;
	regions->nopen = 0;
	regions->epoch++;
}

static int by_sum(const void *a, const void *b)
{
	const struct region *const *x = a, *const *y = b;

	if ((*x)->histogram.sum != (*y)->histogram.sum)
		return (*x)->histogram.sum < (*y)->histogram.sum ? 1 : -1;
	return strcmp((*x)->name, (*y)->name);
}

/* The index no longer fits. */
static void sort_regions(struct report_regions *regions)
{
	if (regions->index.n)
		qsort(regions->list, regions->index.n, sizeof(*regions->list), by_sum);
}

static void print_region(const struct region *region)
{
	printf("  %12.3f ", (double)region->histogram.sum / NSEC_PER_MSEC);
	histogram_print_row(&region->histogram);
	histogram_print_word(&region->histogram);
	printf("  ");
	report_print_foreign(region->name, region->len);
	putchar('\n');
}

void report_regions_print(struct report_regions *regions, const struct report_view *view)
{
	struct histogram all = { 0 };
	uint64_t lines = 0;
	size_t i;

	if (!regions->index.n)
		return;
	sort_regions(regions);
	printf("\nRegions: from marker_begin to marker_end of a thread; the longest in all first\n");
	printf("  %12s %s%s  %s\n", "ms in all", histogram_heading, histogram_word_heading,
	       "name");
	for (i = 0; i < regions->index.n && lines < view->lines; i++) {
		if (!regions->list[i]->histogram.count)
			continue;
		print_region(regions->list[i]);
		lines++;
	}
	for (i = 0; i < regions->index.n; i++)
		histogram_merge(&all, &regions->list[i]->histogram);
	putchar('\n');
	histogram_print(&all);
	histogram_uninit(&all);
	if (regions->unended)
		printf("  %" PRIu64 " had not ended when the trace, or what is known of it, ended: "
		       "not counted\n", regions->unended);
	if (regions->unmatched)
		printf("  %" PRIu64 " ended without their beginning in the trace: not counted\n",
		       regions->unmatched);
}

void report_regions_json(struct report_regions *regions, struct output *output)
{
	bool first = true;
	size_t i;

	sort_regions(regions);
	output_text(output, ",\"regions\":[");
	for (i = 0; i < regions->index.n; i++) {
		const struct region *region = regions->list[i];

		if (!region->histogram.count)
			continue;
		output_text(output, first ? "{\"name\":" : ",{\"name\":");
		output_json_string(output, region->name, region->len);
		output_char(output, ',');
		histogram_json(output, &region->histogram);
		output_char(output, '}');
		first = false;
	}
	report_json_number(output, "],\"regions_not_ended\":", regions->unended);
	report_json_number(output, ",\"regions_not_begun\":", regions->unmatched);
}
