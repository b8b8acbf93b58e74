// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long the functions of timers and works ran, by name.
 *
 * A timer's function runs to completion in one context of a CPU. A work's function runs in one
 * thread and may sleep. Numbers of functions are valid within a generation, so names are looked
 * up at the beginning of a call.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/index.h"
#include "../cmd.h"
#include "../json.h"
#include "../pids.h"
#include "../site.h"
#include "named.h"
#include "report.h"

/* A call in progress. */
struct call {
	uint32_t epoch;		/* in which the call is valid */
	uint64_t object;	/* the timer or the work */
	uint64_t since;		/* nanoseconds */
	struct named_row *function;
};

enum { FAMILY_TIMER, FAMILY_HRTIMER, FAMILY_WORK, NR_FAMILIES };

/* A context of a CPU. */
struct place {
	struct call calls[FAMILY_WORK];
};

struct functions {
	struct named_list families[NR_FAMILIES];
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
	{ "Timers: time in their functions", "timers",
	  "Timers: there is no timer_expire_entry" },
	{ "High-resolution timers: time in their functions", "hrtimers",
	  "High-resolution timers: there is no hrtimer_expire_entry" },
	{ "Works: time in their functions, sleeping included", "works",
	  "Works: there is no workqueue_execute_start" },
};

static void *functions_create(void)
{
	struct functions *functions = need_memory(calloc(1, sizeof(*functions)), "beginning the report");

	functions->threads.size = sizeof(struct call);
	functions->epoch = 1;
	return functions;
}

static void functions_destroy(void *state)
{
	struct functions *functions = state;
	size_t i;

	for (i = 0; i < NR_FAMILIES; i++)
		named_uninit(&functions->families[i]);
	index_uninit(&functions->place_index);
	free(functions->places);
	pids_uninit(&functions->threads);
	free(functions);
}

static void functions_forget(void *state, uint64_t ns, bool limited)
{
	struct functions *functions = state;

	(void)ns;
	(void)limited;
	functions->epoch++;
}

/* A function starts at its symbol, so the name needs no offset. */
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

/* Functions may share a name, and another function may come to an address later. */
static struct named_row *find_function(struct named_list *family,
				       const struct exptrace_trace *trace, uint64_t site)
{
	const struct exptrace_frame *frame = site_frame(trace, site);
	char name[SITE_TEXT];

	name_site(trace, site, name);
	return named_get(family, frame ? frame->address : 0, name, strlen(name));
}

static struct call *get_call(struct functions *functions, unsigned int family,
			     const struct report_view *view, const struct exptrace_record *record)
{
	int64_t i;

	if (family == FAMILY_WORK)
		return pids_get(&functions->threads, report_thread(view, (uint64_t)record->pid));
	i = index_get(&functions->place_index, record->cpu, record->context);
	if (i < 0)
		out_of_memory("adding up functions");
	reach_memory(&functions->places, (size_t)i, &functions->places_room,
		     sizeof(*functions->places), "adding up functions");
	return &functions->places[i].calls[family];
}

static void function_begin(struct functions *functions, unsigned int family,
			   const struct report_view *view, const struct report_event *event)
{
	struct call *call = get_call(functions, family, view, event->record);

	if (!call)
		return;
	*call = (struct call) {
		.epoch = functions->epoch,
		.object = report_arg(event, 0),
		.since = event->record->ns,
		.function = find_function(&functions->families[family], view->trace,
					  report_arg(event, 1)),
	};
}

static void function_end(struct functions *functions, unsigned int family,
			 const struct report_view *view, const struct report_event *event)
{
	const struct exptrace_record *record = event->record;
	struct call *call = get_call(functions, family, view, record);

	if (!call || call->epoch != functions->epoch || call->object != report_arg(event, 0) ||
	    record->ns < call->since) {
		functions->families[family].unmatched++;
		return;
	}
	call->epoch = 0;
	histogram_add(&call->function->histogram, record->ns - call->since, record->ns,
		      record->cpu);
}

static void functions_event(void *state, const struct report_view *view, struct report_event *event)
{
	struct functions *functions = state;

	switch (event->role->kind) {
	case ROLE_TIMER_ENTRY:
		function_begin(functions, FAMILY_TIMER, view, event);
		break;
	case ROLE_TIMER_EXIT:
		function_end(functions, FAMILY_TIMER, view, event);
		break;
	case ROLE_HRTIMER_ENTRY:
		function_begin(functions, FAMILY_HRTIMER, view, event);
		break;
	case ROLE_HRTIMER_EXIT:
		function_end(functions, FAMILY_HRTIMER, view, event);
		break;
	case ROLE_WORK_START:
		function_begin(functions, FAMILY_WORK, view, event);
		break;
	case ROLE_WORK_END:
		function_end(functions, FAMILY_WORK, view, event);
		break;
	}
}

/* Functions without a completed call are sorted last. */
static void function_print_family(struct named_list *family, unsigned int which,
				  const struct report_view *view)
{
	if (family->index.n)
		named_print(family, about[which].title, "function", view->lines,
				   view->lines);
	else
		printf("\n%s\n", about[which].none);
}

static void functions_print(void *state, const struct report_view *view)
{
	struct functions *functions = state;
	unsigned int i;

	for (i = 0; i < NR_FAMILIES; i++)
		function_print_family(&functions->families[i], i, view);
}

static void function_json_family(struct named_list *family, unsigned int which,
				 struct output *output)
{
	named_json(family, about[which].key, "function", output);
	json_key(output, about[which].key);
	json_number(output, "_not_begun\":", family->unmatched);
}

static void functions_json(void *state, const struct report_view *view, struct output *output)
{
	struct functions *functions = state;
	unsigned int i;

	(void)view;
	for (i = 0; i < NR_FAMILIES; i++)
		function_json_family(&functions->families[i], i, output);
}

const struct report_table report_functions = {
	.roles = ROLE_BIT(ROLE_TIMER_ENTRY) |
		 ROLE_BIT(ROLE_TIMER_EXIT) |
		 ROLE_BIT(ROLE_HRTIMER_ENTRY) |
		 ROLE_BIT(ROLE_HRTIMER_EXIT) |
		 ROLE_BIT(ROLE_WORK_START) |
		 ROLE_BIT(ROLE_WORK_END),
	.create = functions_create,
	.destroy = functions_destroy,
	.event = functions_event,
	.forget = functions_forget,
	.print = functions_print,
	.json = functions_json,
};
