// SPDX-License-Identifier: GPL-2.0-only
/*
 * exptrace stat: what is in a trace, added up in one walk over its batches.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <exptrace/events.h>

#include "../cmd.h"
#include "../interrupt.h"
#include "../notes.h"
#include "../range.h"
#include "stat.h"

#define TASKS_SHOWN	15
#define SITES_SHOWN	10

/* Makes room for all descriptions seen so far. */
static void reserve_events(struct stat *stat)
{
	const struct exptrace_schema_event *event;

	while ((event = exptrace_schema_at(stat->trace, stat->nevents))) {
		reach_memory(&stat->events, stat->nevents, &stat->events_room,
			     sizeof(*stat->events), "reading the schema");
		stat->events[stat->nevents++].role = event_role_decide(event);
	}
}

/* Passes the event to the part that needs its arguments. */
static inline void take_role(struct stat *stat, const struct exptrace_record *record,
			     const struct event_role *role)
{
	if (role->kind != ROLE_NOTHING)
		stat_sched_event(stat->sched, stat->cpu, role->kind,
				 record->args[role->args[0]].u64, record->ticks);
	else if (record->event->experiment)
		stat_alloc_event(stat->alloc, record->event, record->args, record->ticks);
}

static void stat_take_event(void *arg, const struct exptrace_record *record)
{
	struct stat *stat = arg;
	struct stat_event *event = &stat->events[record->event->index];

	stat_add(&event->sum, 1, record->size);
	if (!EXPTRACE_EVENT_IS_STATE(record->type))
		stat_add(&stat->batch, 1, record->size);
	if (record->ticks > stat->high)
		stat->high = record->ticks;
	take_role(stat, record, &event->role);
}

/* Adds up the events of the current batch. Returns 0 or a negative errno, see exptrace_error(). */
static int stat_take_events(struct stat *stat, const struct exptrace_batch *batch)
{
	struct stat_sum *sum = &stat->batch;
	int ret;

	reserve_events(stat);
	*sum = (struct stat_sum) { 0 };
	stat->cpu = stat_cpu(batch->cpu);
	ret = exptrace_each_in_batch(stat->trace, stat_take_event, stat);
	/* not a batch of events, or one without a schema */
	if (batch->kind != EXPTRACE_BATCH_EVENTS || ret == -ENOENT)
		return 0;
	if (batch->time < stat->low)
		stat->low = batch->time;
	if (batch->time > stat->high)
		stat->high = batch->time;
	stat_add(&stat->total, sum->count, sum->bytes);
	if (batch->cpu != EXPTRACE_CPU_NONE)
		stat_add(&stat->cpus[stat->cpu], sum->count, sum->bytes);
	return ret;
}

static void stat_take_sync(struct stat *stat)
{
	size_t n = exptrace_syncs(stat->trace);

	if (!n)
		return;
	if (!stat->goes_on)
		stat->since = *exptrace_sync_at(stat->trace, 0);
	stat->goes_on = true;
	stat->last = *exptrace_sync_at(stat->trace, n - 1);
}

/* 0 if @to is not after @from */
static double distance(uint64_t from, uint64_t to)
{
	return to > from ? (double)(to - from) : 0;
}

/* Ends what is known about running tasks: what follows is not contiguous. */
static void break_off(struct stat *stat)
{
	const struct exptrace_sync *first = &stat->since, *last = &stat->last;
	double ns = distance(first->mono_ns, last->mono_ns);
	double ticks = distance(first->ticks, last->ticks);

	if (!stat->goes_on)
		return;
	stat_sched_end(stat->sched, last->ticks,
		       ns > 0 && ticks > 0 ? ns / ticks : 1e9 / (double)first->frequency);
	stat->goes_on = false;
}

static void take_ledger(struct stat *stat)
{
	const struct exptrace_ledger_entry *entries;
	size_t n = exptrace_ledger(stat->trace, &entries), i, j;

	for (i = 0; i < n; i++) {
		struct stat_losses *sum;

		if (entries[i].experiment >= STAT_EXPERIMENTS)
			continue;
		sum = &stat->losses[entries[i].experiment];
		sum->attempted += entries[i].attempted;
		sum->recorded += entries[i].recorded;
		for (j = 0; j < entries[i].nlosses; j++) {
			uint64_t reason = entries[i].losses[j].reason;

			sum->lost[reason < STAT_REASONS ? reason : STAT_REASONS - 1] +=
				entries[i].losses[j].count;
		}
	}
}

static void take_generation(struct stat *stat, uint64_t generation)
{
	bool missing = stat->generations && generation != stat->generation + 1;
	bool broken = stat->generations && !stat->ended;

	if (missing || broken || exptrace_gap(stat->trace)) {
		break_off(stat);
		stat_alloc_forget(stat->alloc);
	}
	stat->generations++;
	stat->generation = generation;
	stat->ended = false;
	stat->low = UINT64_MAX;
	stat->high = 0;
}

/* The time of the current generation, by its Syncs or, where one is missing, by its events. */
static bool get_span(const struct stat *stat, const struct exptrace_generation *generation,
		     uint64_t *start, uint64_t *end)
{
	size_t n = exptrace_syncs(stat->trace);
	const struct exptrace_sync *first = exptrace_sync_at(stat->trace, 0);

	if (!n)
		return false;
	*start = first->mono_ns;
	*end = exptrace_sync_at(stat->trace, n - 1)->mono_ns;
	if (!generation->begins && stat->low != UINT64_MAX)
		*start = exptrace_ns(stat->trace, stat->low);
	if (n == 1 && generation->begins && stat->high > first->ticks)
		*end = exptrace_ns(stat->trace, stat->high);
	return *end >= *start;
}

static void stat_add_span(struct stat *stat, uint64_t start, uint64_t end)
{
	if (!stat->has_time || start < stat->first_ns)
		stat->first_ns = start;
	if (!stat->has_time || end > stat->last_ns)
		stat->last_ns = end;
	/* after a clock was set back, it overlaps with no earlier generation */
	if (stat->has_time && !exptrace_set_back(stat->trace) && start < stat->until_ns)
		start = stat->until_ns;
	stat->has_time = true;
	if (end <= start)
		return;
	stat->covered_ns += (double)(end - start);
	stat->until_ns = end;
}

/* To be called when all of the generation was read. */
static void end_generation(void *arg, const struct exptrace_generation *generation)
{
	struct stat *stat = arg;
	uint64_t start, end;

	stat->ended = generation->ends;
	take_ledger(stat);
	stat_sched_generation(stat->sched, stat->trace);
	stat_alloc_end_generation(stat->alloc, stat->trace, generation->ends);
	if (get_span(stat, generation, &start, &end))
		stat_add_span(stat, start, end);
}

static int take_batch(struct stat *stat, const struct exptrace_batch *batch)
{
	if (batch->kind == EXPTRACE_BATCH_END)
		return 0;
	stat->batches++;
	if (!stat->generations || batch->generation != stat->generation)
		take_generation(stat, batch->generation);
	if (batch->kind == EXPTRACE_BATCH_SYNC)
		stat_take_sync(stat);
	return stat_take_events(stat, batch);
}

static int take_batches(void *arg)
{
	const struct exptrace_batch *batch;
	struct stat *stat = arg;
	int ret = 0;

	while (!interrupted && (ret = exptrace_next_batch(stat->trace, &batch)) == 1) {
		ret = take_batch(stat, batch);
		if (ret)
			break;
	}
	return ret;
}

static int stat_run(struct stat *stat)
{
	int ret = range_begin(&stat->range, &command_stat, stat->trace);
	double seconds;
	bool damaged;

	if (ret)
		return ret;
	stat->begin = exptrace_offset(stat->trace);
	damaged = read_all(stat->trace, take_batches, stat);
	seconds = stat->covered_ns / 1e9;
	break_off(stat);
	if (stat->batches) {
		stat_print_head(stat, seconds);
		stat_print_events(stat, seconds);
		stat_print_cpus(stat, seconds);
		stat_print_losses(stat);
		stat_sched_print(stat->sched, stat->trace, seconds, TASKS_SHOWN);
		stat_alloc_print(stat->alloc, SITES_SHOWN);
	}
	note_interrupted();
	range_note(&stat->range);
	note_names(stat->trace);
	note_reading(stat->trace);
	return damaged ? EXIT_PROBLEM : EXIT_OK;
}

static const struct option options[] = {
	RANGE_OPTIONS,
	{ "help",	no_argument,		NULL, 'h' },
	{ 0 }
};

static int run_stat(int argc, char **argv)
{
	struct range range = { .whole = true };
	struct exptrace_trace *trace;
	struct stat *stat;
	int ret;

	while ((ret = next_option(&command_stat, argc, argv, ":h", options)) >= 0)
		if (!range_option(&range, ret))
			return bad_value(&command_stat, argv, RANGE_WANTED);
	if (ret == OPTION_HELP_SHOWN)
		return EXIT_OK;
	if (ret != -1)
		return EXIT_USAGE;
	ret = open_trace(&command_stat, argc, argv, &trace);
	if (ret)
		return ret;
	stat = need_memory(calloc(1, sizeof(*stat)), "beginning to add up");
	stat->trace = trace;
	stat->range = range;
	stat->sched = stat_sched_new();
	stat->alloc = stat_alloc_new();
	interrupt_catch();
	exptrace_on_generation(trace, end_generation, stat);
	ret = stat_run(stat);
	exptrace_close(stat->trace);
	stat_sched_free(stat->sched);
	stat_alloc_free(stat->alloc);
	free(stat->events);
	free(stat);
	return ret;
}

const struct command command_stat = {
	.name = "stat",
	.purpose = "Adds up what is in a trace",
	.synopsis = RANGE_SYNOPSIS " FILE...|DIRECTORY|-",
	.help =
	RANGE_HELP("only the generations that overlap this range")
	"\n"
	"Shows the kernel, the duration, the events by type and by CPU, what was lost and\n"
	"why, the busiest tasks, and who allocated memory.\n",
	.run = run_stat,
};
