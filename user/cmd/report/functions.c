// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the functions of timers and of works took, by their names.
 *
 * A timer's function runs to its end where it was called: in one context of a CPU. A
 * work's runs in one thread, and may sleep. The numbers of functions are those of a
 * generation, so what begins is named at once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/index.h"
#include "../cmd.h"
#include "../pids.h"
#include "report.h"
#include "../site.h"

/* A call that goes on. */
struct call {
	uint32_t epoch;		/* valid in this one */
	uint64_t object;	/* the timer or the work */
	uint64_t since;		/* nanoseconds */
	struct report_named *function;
};

enum { FAMILY_TIMER, FAMILY_HRTIMER, FAMILY_WORK, NR_FAMILIES };

/* A context of a CPU. */
struct place {
	struct call calls[FAMILY_WORK];
};

struct report_functions {
	struct report_named_list families[NR_FAMILIES];
	struct index place_index;	/* CPU, context to its place in places */
	struct place *places;
	size_t places_room;
	struct pids threads;	/* struct call */
	uint32_t epoch;
};

static const struct {
	const char *title;
	const char *key;	/* of JSON */
	const char *none;
} about[NR_FAMILIES] = {
	{ "Timers: the time in their functions", "timers",
	  "Timers: there is no timer_expire_entry" },
	{ "High-resolution timers: the time in their functions", "hrtimers",
	  "High-resolution timers: there is no hrtimer_expire_entry" },
	{ "Works: the time in their functions, sleeping included", "works",
	  "Works: there is no workqueue_execute_start" },
};

struct report_functions *report_functions_new(void)
{
	struct report_functions *functions = need_memory(calloc(1, sizeof(*functions)), "beginning the report");

	functions->threads.size = sizeof(struct call);
	functions->epoch = 1;
	return functions;
}

void report_functions_free(struct report_functions *functions)
{
	size_t i;

	if (!functions)
		return;
	for (i = 0; i < NR_FAMILIES; i++)
		report_named_uninit(&functions->families[i]);
	index_uninit(&functions->place_index);
	free(functions->places);
	pids_uninit(&functions->threads);
	free(functions);
}

void report_functions_forget(struct report_functions *functions)
{
	functions->epoch++;
}

/* A function begins where its symbol does, so that needs no offset. */
static void name_site(const struct exptrace_trace *trace, uint64_t site, char text[SITE_TEXT])
{
	const struct exptrace_frame *frame = site_frame(trace, site);

	if (!frame || !frame->function || frame->offset)
		site_text(trace, site, text);
	else if (frame->module)
		snprintf(text, SITE_TEXT, "%s [%s]", frame->function, frame->module);
	else
		snprintf(text, SITE_TEXT, "%s", frame->function);
}

/* Several functions may have the same name; and at an address, there may be others later. */
static struct report_named *find_function(struct report_named_list *family,
					  const struct exptrace_trace *trace, uint64_t site)
{
	const struct exptrace_frame *frame = site_frame(trace, site);
	char name[SITE_TEXT];

	name_site(trace, site, name);
	return report_named_get(family, frame ? frame->address : 0, name, strlen(name));
}

static struct call *call_at(struct report_functions *functions, unsigned int family,
			    const struct report_view *view, const struct exptrace_record *record)
{
	int64_t i;

	if (family == FAMILY_WORK)
		return pids_get(&functions->threads, report_thread(view, (uint64_t)record->pid));
	i = index_get(&functions->place_index, record->cpu, record->context);
	if (i < 0)
		out_of_memory("adding up functions");
	functions->places = report_reach(functions->places, (size_t)i, &functions->places_room,
					 sizeof(*functions->places));
	return &functions->places[i].calls[family];
}

static void begin(struct report_functions *functions, unsigned int family,
		  const struct report_view *view, const struct event_role *role,
		  const struct exptrace_record *record)
{
	struct call *call = call_at(functions, family, view, record);

	if (!call)
		return;
	*call = (struct call) {
		.epoch = functions->epoch,
		.object = record->args[role->args[0]].u64,
		.since = record->ns,
		.function = find_function(&functions->families[family], view->trace,
					  record->args[role->args[1]].u64),
	};
}

static void end(struct report_functions *functions, unsigned int family,
		const struct report_view *view, const struct event_role *role,
		const struct exptrace_record *record)
{
	struct call *call = call_at(functions, family, view, record);
	uint64_t object = record->args[role->args[0]].u64;

	if (!call || call->epoch != functions->epoch || call->object != object ||
	    record->ns < call->since) {
		functions->families[family].unmatched++;
		return;
	}
	call->epoch = 0;
	histogram_add(&call->function->histogram, record->ns - call->since, record->ns,
		      record->cpu);
}

void report_functions_event(struct report_functions *functions, const struct report_view *view,
			    const struct event_role *role, const struct exptrace_record *record)
{
	switch (role->kind) {
	case ROLE_TIMER_ENTRY:
		begin(functions, FAMILY_TIMER, view, role, record);
		break;
	case ROLE_TIMER_EXIT:
		end(functions, FAMILY_TIMER, view, role, record);
		break;
	case ROLE_HRTIMER_ENTRY:
		begin(functions, FAMILY_HRTIMER, view, role, record);
		break;
	case ROLE_HRTIMER_EXIT:
		end(functions, FAMILY_HRTIMER, view, role, record);
		break;
	case ROLE_WORK_START:
		begin(functions, FAMILY_WORK, view, role, record);
		break;
	case ROLE_WORK_END:
		end(functions, FAMILY_WORK, view, role, record);
		break;
	}
}

/* Those that did not end come last. */
static void print_family(struct report_named_list *family, unsigned int which,
			 const struct report_view *view)
{
	if (family->index.n)
		report_named_print(family, about[which].title, "function", view->lines,
				   view->lines);
	else
		printf("\n%s\n", about[which].none);
}

void report_functions_print(struct report_functions *functions, const struct report_view *view)
{
	unsigned int i;

	for (i = 0; i < NR_FAMILIES; i++)
		print_family(&functions->families[i], i, view);
}

static void json_family(struct report_named_list *family, unsigned int which,
			struct output *output)
{
	report_named_json(family, about[which].key, "function", output);
	output_text(output, ",\"");
	output_text(output, about[which].key);
	report_json_number(output, "_not_begun\":", family->unmatched);
}

void report_functions_json(struct report_functions *functions, struct output *output)
{
	unsigned int i;

	for (i = 0; i < NR_FAMILIES; i++)
		json_family(&functions->families[i], i, output);
}
