// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The tables of a generation: schema, clock, ledger, properties, stacks.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "trace.h"

/* Does the new generation follow the last one without anything missing in between? */
static bool generation_follows(const struct exptrace_trace *trace)
{
	return trace->batch.generation == trace->open_generation + 1 && !trace->abandoned &&
	       !trace->tasks.doubt && !trace->restarted;
}

/*
 * Forgets which thread has which id, until the trace says so again. Not for version 1, whose
 * records are too sparse to identify every thread again.
 */
static void break_tasks(struct exptrace_trace *trace, bool had_changes)
{
	if (had_changes)
		tasks_break(&trace->tasks);
}

static int generation_begin(struct exptrace_trace *trace)
{
	int err = learn_all(trace);	/* of a generation that was cut off */

	if (err)
		return trace_no_memory(trace, trace->batch.offset);
	trace->restarted = trace->recording != trace->open_recording;
	trace->open_recording = trace->recording;
	if (trace->restarted) {
		tasks_forget_times(&trace->tasks);
		names_uninit(&trace->names);
		trace->names = (struct names) { 0 };
	}
	if (!generation_follows(trace))
		break_tasks(trace, trace->schema.has_changes || trace->tasks.doubt ||
			    trace->restarted);
	trace->abandoned = false;
	trace->generations++;
	trace->open = true;
	trace->open_generation = trace->batch.generation;
	trace->has_opening_sync = trace->batch.kind == EXPTRACE_BATCH_SYNC;
	trace->gap = trace->set_back = false;
	trace->found = 0;
	trace->counts_found = true;
	trace->can_compare = false;
	clock_reset(&trace->clock);
	ledger_reset(&trace->ledger);
	stacks_reset(&trace->stacks);
	/* the first generation keeps the borrowed tables */
	if (trace->borrow.active && trace->borrow.recording == trace->recording &&
	    (trace->generations == 1 || trace->restarted))
		return 0;
	schema_reset(&trace->schema);
	properties_reset(&trace->properties);
	return 0;
}

/*
 * Consecutive generations overlap a little. If the previous one ended earlier, nothing was recorded
 * in between, for example because of a suspend. If it began later, it has another clock, that of
 * another boot.
 */
static void find_gap(struct exptrace_trace *trace)
{
	const struct ended *before = &trace->ended;
	uint64_t ns = trace->clock.syncs[0].mono_ns;

	trace->set_back = ns < before->began_ns;
	trace->account.set_backs += trace->set_back;
	if (!trace->set_back && (!before->known || before->ns >= ns))
		return;
	/* ticks may be smaller from now on although events are newer */
	tasks_forget_times(&trace->tasks);
	break_tasks(trace, trace->schema.had_changes);
	if (before->generation + 1 != trace->open_generation || trace->restarted)
		return;
	trace->gap = true;
	trace->times.gaps++;
	if (!trace->set_back)
		trace->times.gap_ns += ns - before->ns;
}

/* Joined traces may be from different boots. */
static void compare_boots(struct exptrace_trace *trace)
{
	const char *boot = trace->properties.stale ? NULL : exptrace_property(trace, "boot_id");

	trace->other_boot = boot && trace->boot[0] &&
			    strncmp(boot, trace->boot, sizeof(trace->boot) - 1);
	trace->account.other_boots += trace->other_boot;
	if (boot)
		snprintf(trace->boot, sizeof(trace->boot), "%s", boot);
}

/* Called at the end mark. */
static int generation_end(struct exptrace_trace *trace)
{
	const struct properties *properties = &trace->properties;
	const struct clock *clock = &trace->clock;
	struct ended *ended = &trace->ended;

	if (trace->gap && !trace->set_back && ended->has_boottime && properties->has_boottime &&
	    properties->boottime_offset > ended->boottime_offset)
		trace->times.suspended_ns += properties->boottime_offset - ended->boottime_offset;
	trace->times.unstable += properties->clock_unstable;
	compare_boots(trace);
	*ended = (struct ended) {
		.known = clock->nsyncs > trace->has_opening_sync,
		.generation = trace->open_generation,
		.ns = clock->nsyncs ? clock->syncs[clock->nsyncs - 1].mono_ns : 0,
		.began_ns = trace->has_opening_sync && clock->nsyncs ? clock->syncs[0].mono_ns : 0,
		.has_boottime = properties->has_boottime,
		.boottime_offset = properties->boottime_offset,
	};
	if (trace->properties.missing_changes && !trace->tasks.doubt)
		tasks_doubt(&trace->tasks);
	return learn_all(trace) ? trace_no_memory(trace, trace->batch.offset) : 0;
}

static uint64_t number_property(const struct exptrace_trace *trace, const char *key)
{
	const char *value = trace->properties.stale ? NULL : exptrace_property(trace, key);

	return value ? strtoull(value, NULL, 10) : 0;
}

static void account_ledger(struct exptrace_trace *trace)
{
	struct exptrace_account *account = &trace->account;
	size_t i, j;

	trace->recorded = 0;
	for (i = 0; i < trace->ledger.nentries; i++) {
		const struct exptrace_ledger_entry *entry = &trace->ledger.entries[i];

		trace->recorded += entry->recorded;
		for (j = 0; j < entry->nlosses; j++)
			account->lost += entry->losses[j].count;
	}
	account->recorded += trace->recorded;
}

static void account_generation(struct exptrace_trace *trace,
			       const struct exptrace_generation *generation)
{
	struct exptrace_account *account = &trace->account;

	if (account->generations && !trace->sought && generation->number > account->last + 1 &&
	    trace->open_recording == trace->counted_recording)
		account->missing += generation->number - account->last - 1;
	if (!account->generations++)
		account->first = generation->number;
	account->last = generation->number;
	trace->sought = false;
	trace->counted_recording = trace->open_recording;
	account->partial += !generation->begins;
	account->cut_off += !generation->ends;
	account->without_clock += !trace->clock.nsyncs;
	account_ledger(trace);
	account->missing_tasks += number_property(trace, "missing_tasks");
	account->missing_names += number_property(trace, "missing_names");
	account->unknown_sites += number_property(trace, "unknown_sites");
	account->unknown_stacks += number_property(trace, "unknown_stacks");
}

/* Calls the user's function. Queries that fail in it must not replace the trace's error. */
static void notify_generation(struct exptrace_trace *trace,
			    const struct exptrace_generation *generation)
{
	const char *error = trace->error;

	if (trace->on_generation)
		trace->on_generation(trace->on_generation_arg, generation);
	trace->error = error;
}

static void generation_close(struct exptrace_trace *trace, bool ends)
{
	struct exptrace_generation generation = {
		.number = trace->open_generation,
		.begins = trace->has_opening_sync,
		.ends = ends,
	};

	trace->open = false;
	/* the number of a single batch may be wrong */
	if (!trace->has_confirmed || trace->confirmed != generation.number)
		return;
	account_generation(trace, &generation);
	trace->can_compare = generation.begins && ends && trace->counts_found;
	notify_generation(trace, &generation);
}

void generation_abandon(struct exptrace_trace *trace)
{
	if (!trace->open)
		return;
	trace->abandoned = true;
	generation_close(trace, false);
}

void account_events(struct exptrace_trace *trace)
{
	if (trace->can_compare && trace->recorded > trace->found)
		trace->account.unread += trace->recorded - trace->found;
	/* a missing ledger is reported in another way */
	if (trace->can_compare && trace->ledger.nentries && trace->found > trace->recorded)
		trace->account.surplus += trace->found - trace->recorded;
	trace->can_compare = false;
}

void account_damage(struct exptrace_trace *trace, const struct exptrace_damage *damage)
{
	trace->account.damages++;
	trace->account.damaged_bytes += damage->end - damage->offset;
}

API void exptrace_on_generation(struct exptrace_trace *trace, exptrace_generation_fn *fn, void *arg)
{
	trace->on_generation = fn;
	trace->on_generation_arg = arg;
}

API const struct exptrace_account *exptrace_account(const struct exptrace_trace *trace)
{
	return &trace->account;
}

static const char *kind_name(enum exptrace_batch_kind kind)
{
	switch (kind) {
	case EXPTRACE_BATCH_SYNC:
		return "Sync";
	case EXPTRACE_BATCH_SCHEMA:
		return "schema";
	case EXPTRACE_BATCH_LEDGER:
		return "ledger";
	case EXPTRACE_BATCH_STRINGS:
		return "strings";
	case EXPTRACE_BATCH_STACKS:
		return "stacks";
	default:
		return "properties";
	}
}

static int table_take(struct exptrace_trace *trace)
{
	const struct exptrace_batch *batch = &trace->batch;
	struct table table = { .pos = batch->data + 1, .end = batch->data + batch->length };
	uint64_t offset;
	int err = 0;

	if (batch->kind == EXPTRACE_BATCH_SYNC) {
		err = clock_read(&trace->clock, &table, batch->time);
		if (trace->has_opening_sync && trace->clock.nsyncs == 1)
			find_gap(trace);
	} else if (batch->kind == EXPTRACE_BATCH_SCHEMA)
		err = schema_read(&trace->schema, &table);
	else if (batch->kind == EXPTRACE_BATCH_LEDGER)
		err = ledger_read(&trace->ledger, &table, batch->offset);
	else if (batch->kind == EXPTRACE_BATCH_STRINGS)
		err = stacks_read_strings(&trace->stacks, &table);
	else if (batch->kind == EXPTRACE_BATCH_STACKS)
		err = stacks_read(&trace->stacks, &table, trace->properties.text_base);
	else if (batch->kind == EXPTRACE_BATCH_PROPERTIES)
		err = properties_read(&trace->properties, &table);
	if (err)
		return trace_no_memory(trace, batch->offset);
	/* even a damaged schema was read up to the damage */
	err = trace_reserve_values(trace);
	if (err || !table.bad)
		return err;
	offset = batch->offset + batch->size - (table.end - table.pos);
	return trace_error(trace, -EBADMSG, offset, "%s of generation %llu %s",
			   kind_name(batch->kind), (unsigned long long)batch->generation,
			   table.bad);
}

static bool begins_generation(const struct exptrace_trace *trace)
{
	return !trace->open || trace->batch.generation != trace->open_generation;
}

int generation_take(struct exptrace_trace *trace)
{
	const struct exptrace_batch *batch = &trace->batch;
	int err = 0;

	if (batch->kind == EXPTRACE_BATCH_END) {
		if (trace->open) {
			err = generation_end(trace);
			generation_close(trace, true);
		}
		return err;
	}
	if (begins_generation(trace))
		err = generation_begin(trace);
	if (err)
		return err;
	switch (batch->kind) {
	case EXPTRACE_BATCH_SYNC:
	case EXPTRACE_BATCH_SCHEMA:
	case EXPTRACE_BATCH_LEDGER:
	case EXPTRACE_BATCH_PROPERTIES:
	case EXPTRACE_BATCH_STRINGS:
	case EXPTRACE_BATCH_STACKS:
		return table_take(trace);
	default:
		return 0;
	}
}
