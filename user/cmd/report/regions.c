// SPDX-License-Identifier: GPL-2.0-only
/*
 * The regions that programs mark: from marker_begin to marker_end of a thread.
 *
 * An end belongs to the thread's last open region of that name.
 */
#include <stdlib.h>
#include <string.h>

#include "../cmd.h"
#include "../json.h"
#include "../pids.h"
#include "named.h"
#include "report.h"

/* Most open regions of a thread; the oldest makes room for a new one. */
#define OPEN_MAX_REGIONS	256

struct open_region {
	struct named_row *region;
	uint64_t since;		/* nanoseconds */
};

struct thread {
	uint32_t epoch;		/* in which the open regions are valid */
	uint32_t n;
	struct open_region *open;	/* the last is the innermost */
	size_t room;
};

struct regions {
	struct named_list list;
	struct pids threads;
	uint32_t epoch;
	uint64_t nopen;
};

static void *regions_create(void)
{
	struct regions *regions = need_memory(calloc(1, sizeof(*regions)), "beginning the report");

	regions->threads.size = sizeof(struct thread);
	regions->epoch = 1;
	return regions;
}

static void regions_destroy(void *state)
{
	struct regions *regions = state;
	struct thread *thread;
	uint64_t place, number;

	for (place = 0; (thread = pids_at(&regions->threads, place, &number)); place++)
		free(thread->open);
	pids_uninit(&regions->threads);
	named_uninit(&regions->list);
	free(regions);
}

static struct thread *get_thread(struct regions *regions, const struct report_view *view,
				 int64_t pid)
{
	struct thread *thread = pids_get(&regions->threads, report_thread(view, (uint64_t)pid));

	if (thread && thread->epoch != regions->epoch) {
		thread->epoch = regions->epoch;
		thread->n = 0;
	}
	return thread;
}

static void remove_open(struct regions *regions, struct thread *thread, uint32_t i)
{
	memmove(&thread->open[i], &thread->open[i + 1],
		(thread->n - i - 1) * sizeof(*thread->open));
	thread->n--;
	regions->nopen--;
}

static void region_begin(struct regions *regions, struct thread *thread,
			 struct named_row *region, uint64_t ns)
{
	if (thread->n == OPEN_MAX_REGIONS) {
		remove_open(regions, thread, 0);
		regions->list.unended++;
	}
	reach_memory(&thread->open, thread->n, &thread->room, sizeof(*thread->open),
		     "adding up regions");
	thread->open[thread->n++] = (struct open_region) { region, ns };
	regions->nopen++;
}

static void region_end(struct regions *regions, struct thread *thread,
		       struct named_row *region, const struct exptrace_record *record)
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
	/* generations overlap a little, so time may go back */
	time = record->ns > since ? record->ns - since : 0;
	histogram_add(&region->histogram, time, record->ns, record->cpu);
}

static void regions_event(void *state, const struct report_view *view, struct report_event *event)
{
	struct regions *regions = state;
	const struct exptrace_record *record = event->record;
	const struct exptrace_value *name = &record->args[event->role->args[0]];
	struct thread *thread = get_thread(regions, view, record->pid);
	struct named_row *region;

	if (!thread || !name->str)
		return;
	region = named_get(&regions->list, 0, name->str, name->len);
	if (event->role->kind == ROLE_MARKER_BEGIN)
		region_begin(regions, thread, region, record->ns);
	else
		region_end(regions, thread, region, record);
}

static void regions_forget(void *state, uint64_t ns, bool limited)
{
	struct regions *regions = state;

	(void)ns;
	(void)limited;
	regions->list.unended += regions->nopen;
	regions->nopen = 0;
	regions->epoch++;
}

static void regions_print(void *state, const struct report_view *view)
{
	struct regions *regions = state;
	if (regions->list.index.n)
		named_print(&regions->list,
				   "Regions: from marker_begin to marker_end of a thread", "name",
				   UINT64_MAX, view->lines);
}

static void regions_json(void *state, const struct report_view *view, struct output *output)
{
	struct regions *regions = state;

	(void)view;
	named_json(&regions->list, "regions", "name", output);
	json_number(output, ",\"regions_not_ended\":", regions->list.unended);
	json_number(output, ",\"regions_not_begun\":", regions->list.unmatched);
}

const struct report_table report_regions = {
	.roles = ROLE_BIT(ROLE_MARKER_BEGIN) |
		 ROLE_BIT(ROLE_MARKER_END),
	.create = regions_create,
	.destroy = regions_destroy,
	.event = regions_event,
	.forget = regions_forget,
	.print = regions_print,
	.json = regions_json,
};
