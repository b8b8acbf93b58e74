// SPDX-License-Identifier: GPL-2.0-only
/*
 * The regions that programs mark: from marker_begin to marker_end of a thread.
 *
 * An end belongs to the last region of its name that the thread began and has not ended.
 */
#include <stdlib.h>
#include <string.h>

#include "../cmd.h"
#include "../pids.h"
#include "report.h"

/* Open regions of a thread; those that began first are forgotten for newer ones. */
#define OPEN_MAX_REGIONS	256

struct open_region {
	struct report_named *region;
	uint64_t since;		/* nanoseconds */
};

struct thread {
	uint32_t epoch;		/* the regions are of this one; else there are none */
	uint32_t n;
	struct open_region *open;	/* the last is the innermost */
	size_t room;
};

struct report_regions {
	struct report_named_list list;
	struct pids threads;
	uint32_t epoch;
	uint64_t nopen;
};

struct report_regions *report_regions_new(void)
{
	struct report_regions *regions = need_memory(calloc(1, sizeof(*regions)), "beginning the report");

	regions->threads.size = sizeof(struct thread);
	regions->epoch = 1;
	return regions;
}

void report_regions_free(struct report_regions *regions)
{
	struct thread *thread;
	uint64_t place, number;

	if (!regions)
		return;
	for (place = 0; (thread = pids_at(&regions->threads, place, &number)); place++)
		free(thread->open);
	pids_uninit(&regions->threads);
	report_named_uninit(&regions->list);
	free(regions);
}

static struct thread *get_thread(struct report_regions *regions, const struct report_view *view,
				 int64_t pid)
{
	struct thread *thread = pids_get(&regions->threads, report_thread(view, (uint64_t)pid));

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

static void begin(struct report_regions *regions, struct thread *thread,
		  struct report_named *region, uint64_t ns)
{
	if (thread->n == OPEN_MAX_REGIONS) {
		remove_open(regions, thread, 0);
		regions->list.unended++;
	}
	thread->open = report_reach(thread->open, thread->n, &thread->room,
				    sizeof(*thread->open));
	thread->open[thread->n++] = (struct open_region) { region, ns };
	regions->nopen++;
}

static void end(struct report_regions *regions, struct thread *thread,
		struct report_named *region, const struct exptrace_record *record)
{
	uint32_t i = thread->n;
	uint64_t since, time;

	while (i && thread->open[i - 1].region != region)
		i--;
	if (!i) {
		regions->list.unmatched++;
		return;
	}
	since = thread->open[i - 1].since;
	remove_open(regions, thread, i - 1);
	/* around the beginning of a generation, times may go back a little */
	time = record->ns > since ? record->ns - since : 0;
	histogram_add(&region->histogram, time, record->ns, record->cpu);
}

void report_regions_event(struct report_regions *regions, const struct report_view *view,
			  const struct event_role *role, const struct exptrace_record *record)
{
	const struct exptrace_value *name = &record->args[role->args[0]];
	struct thread *thread = get_thread(regions, view, record->pid);
	struct report_named *region;

	if (!thread || !name->str)
		return;
	region = report_named_get(&regions->list, 0, name->str, name->len);
	if (role->kind == ROLE_MARKER_BEGIN)
		begin(regions, thread, region, record->ns);
	else
		end(regions, thread, region, record);
}

void report_regions_forget(struct report_regions *regions)
{
	regions->list.unended += regions->nopen;
	regions->nopen = 0;
	regions->epoch++;
}

void report_regions_print(struct report_regions *regions, const struct report_view *view)
{
	if (regions->list.index.n)
		report_named_print(&regions->list,
				   "Regions: from marker_begin to marker_end of a thread", "name",
				   UINT64_MAX, view->lines);
}

void report_regions_json(struct report_regions *regions, struct output *output)
{
	report_named_json(&regions->list, "regions", "name", output);
	report_json_number(output, ",\"regions_not_ended\":", regions->list.unended);
	report_json_number(output, ",\"regions_not_begun\":", regions->list.unmatched);
}
