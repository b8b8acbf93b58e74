// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Learning about threads and names from events: now, after the event, or at the generation's end.
 *
 * Batches of different CPUs are not in time order, but the records about a thread, which come from
 * several CPUs, must be applied in time order. So they are collected until all of them are there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../common/array.h"
#include "trace.h"

static void learn_fill(struct exptrace_trace *trace, const struct schema_event *event,
		       uint64_t ticks, struct learn_record *record)
{
	const struct exptrace_value *values = trace->values, *comm = &values[event->comm_arg];
	size_t len = comm->len < TASKS_COMM_MAX ? comm->len : TASKS_COMM_MAX - 1;

	record->pid = values[event->pid_arg].u64;
	record->start = event->start_arg == SCHEMA_NO_ARG ? 0 : values[event->start_arg].u64;
	record->ticks = ticks;
	record->role = event->role;
	/* a state event has already recorded its beginning */
	if (event->role == SCHEMA_ROLE_BEGIN && event->selected && trace->schema.has_changes)
		record->role = SCHEMA_ROLE_NAME;
	record->len = (uint8_t)len;
	memcpy(record->comm, comm->str, len);
}

static int learn_apply(struct exptrace_trace *trace, const struct learn_record *record)
{
	const struct task_news news = {
		.pid = record->pid, .start = record->start, .ticks = record->ticks,
		.ns = clock_ns(&trace->clock, record->ticks), .len = record->len, .comm = record->comm,
	};

	switch (record->role) {
	case SCHEMA_ROLE_TASK:
		return tasks_exists(&trace->tasks, &news);
	case SCHEMA_ROLE_BEGIN:
		return tasks_begin(&trace->tasks, &news);
	default:
		return tasks_name(&trace->tasks, &news);
	}
}

static uint64_t learn_beginning(const struct exptrace_trace *trace)
{
	return trace->clock.nsyncs ? trace->clock.syncs[0].ticks : 0;
}

int learn_task(struct exptrace_trace *trace, const struct schema_event *event)
{
	struct learn_record record;

	learn_fill(trace, event, learn_beginning(trace), &record);
	return learn_apply(trace, &record);
}

int learn_event(struct exptrace_trace *trace, const struct schema_event *event, uint64_t ticks)
{
	struct learn *learn = &trace->learn;
	struct learn_record record;

	if (event->role == SCHEMA_ROLE_RENAME) {
		learn_fill(trace, event, ticks, &learn->after);
		learn->has_after = true;
	} else if (event->role == SCHEMA_ROLE_BEGIN || event->role == SCHEMA_ROLE_NAME) {
		learn_fill(trace, event, ticks, &record);
		return learn_apply(trace, &record);
	}
	return 0;
}

int learn_after(struct exptrace_trace *trace)
{
	struct learn *learn = &trace->learn;

	if (!learn->has_after)
		return 0;
	learn->has_after = false;
	return learn_apply(trace, &learn->after);
}

int learn_later(struct exptrace_trace *trace, const struct schema_event *event, uint64_t ticks)
{
	struct learn *learn = &trace->learn;

	if (array_reach(&learn->list, learn->n, &learn->room, sizeof(*learn->list)))
		return -ENOMEM;
	if (event->role == SCHEMA_ROLE_TASK)
		ticks = learn_beginning(trace);
	learn_fill(trace, event, ticks, &learn->list[learn->n]);
	learn->list[learn->n].order = (uint32_t)learn->n;
	learn->n++;
	return 0;
}

/* The statedump sorts first. */
static int learn_by_time(const void *a, const void *b)
{
	const struct learn_record *x = a, *y = b;
	bool x_first = x->role == SCHEMA_ROLE_TASK, y_first = y->role == SCHEMA_ROLE_TASK;

	if (x_first != y_first)
		return x_first ? -1 : 1;
	if (x->ticks != y->ticks)
		return x->ticks < y->ticks ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

int learn_all(struct exptrace_trace *trace)
{
	struct learn *learn = &trace->learn;
	int err = 0;
	size_t i;

	if (!learn->n)
		return 0;
	qsort(learn->list, learn->n, sizeof(*learn->list), learn_by_time);
	for (i = 0; i < learn->n && !err; i++)
		err = learn_apply(trace, &learn->list[i]);
	learn->n = 0;
	return err;
}

struct names_scope trace_scope(const struct exptrace_trace *trace)
{
	const struct exptrace_record *record = &trace->record;

	if (record->context == EXPTRACE_CONTEXT_NONE)
		return (struct names_scope) { 0 };
	return (struct names_scope) {
		.writer = record->cpu * EXPTRACE_NR_CONTEXTS + record->context + 1,
		.batch = trace->record_batch,
	};
}

int trace_learn_label(struct exptrace_trace *trace, const struct schema_event *event,
		      struct names_scope scope)
{
	const struct exptrace_value *name = &trace->values[event->comm_arg];

	return names_set(&trace->names, scope, trace->values[event->kind_arg].u64,
			 trace->values[event->pid_arg].u64, name->str, name->len);
}

int trace_learn(struct exptrace_trace *trace, const struct schema_event *event, uint64_t time)
{
	if (event->role == SCHEMA_ROLE_LABEL)
		return trace_learn_label(trace, event, trace_scope(trace));
	return learn_later(trace, event, time);
}

void learn_uninit(struct learn *learn)
{
	free(learn->list);
}
