// SPDX-License-Identifier: GPL-2.0-only
/*
 * What every table of exptrace report needs to know: the generation, its CPUs, its threads.
 */
#include <stdlib.h>

#include "../cmd.h"
#include "report.h"

/* The thread that has a pid, as of the last change of threads. */
struct id {
	uint64_t changes;	/* exptrace_comm_changes() + 1; 0: not looked up yet */
	uint64_t thread;
};

void report_view_init(struct report_view *view, struct exptrace_trace *trace)
{
	view->trace = trace;
	view->ids = need_memory(calloc(1, sizeof(*view->ids)), "beginning the report");
	view->ids->size = sizeof(struct id);
	coverage_init(&view->coverage, trace);
}

void report_view_uninit(struct report_view *view)
{
	if (view->ids)
		pids_uninit(view->ids);
	free(view->ids);
	cpus_uninit(&view->online);
}

void report_view_begin(struct report_view *view, const struct exptrace_generation *generation)
{
	const char *online = exptrace_property(view->trace, "online");

	coverage_begin(&view->coverage, generation);
	view->has_online = online;
	if (online && cpus_read(&view->online, online))
		out_of_memory("reading which CPUs are online");
}

uint64_t report_thread(const struct report_view *view, uint64_t pid)
{
	uint64_t changes = exptrace_comm_changes(view->trace) + 1;
	struct id *id = pids_get(view->ids, pid);
	int64_t thread;

	if (!id)
		return UINT64_MAX;
	if (id->changes != changes) {
		thread = exptrace_thread(view->trace, (int64_t)pid);
		if (thread < 0)
			out_of_memory("telling threads apart");
		*id = (struct id) { changes, (uint64_t)thread };
	}
	return id->thread;
}
