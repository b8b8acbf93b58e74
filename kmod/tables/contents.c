// SPDX-License-Identifier: GPL-2.0-only
/*
 * The opening and closing tables of a generation: Syncs, properties and the schema.
 */
#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/utsname.h>

#include "clock.h"
#include "experiment.h"
#include "filter/filter.h"
#include "flush.h"
#include "intern.h"
#include "probes/probes.h"
#include "span/span.h"
#include "tables.h"

/* Limits on a property's value, and on a key or a name in the schema. */
#define VALUE_CHARS	(__NEW_UTS_LEN + 1)
#define NAME_CHARS	EXPTRACE_NAME_CHARS

/* Limit on the filter's description, with the zero: all properties fit into a small batch. */
#define FILTER_CHARS	1024

#define SYNC_MAX	(2 + 5 * EXPTRACE_VARINT_MAX)

static int write_sync(struct exptrace_table *table, const struct exptrace_clock_snapshot *at)
{
	int err;

	exptrace_table_begin(table, EXPTRACE_WIRE_SYNC);
	err = exptrace_table_entry(table, SYNC_MAX);
	if (err)
		return err;
	exptrace_byte(&table->w, EXPTRACE_WIRE_FREQUENCY);
	exptrace_number(&table->w, exptrace_clock_frequency());
	exptrace_byte(&table->w, EXPTRACE_WIRE_CLOCK_SNAPSHOT);
	exptrace_number(&table->w, at->ticks - table->slot.last);
	exptrace_number(&table->w, at->mono);
	exptrace_number(&table->w, at->wall.tv_sec);
	exptrace_number(&table->w, at->wall.tv_nsec);
	return 0;
}

#define PROPERTY_MAX	(1 + 2 * EXPTRACE_VARINT_MAX + NAME_CHARS + VALUE_CHARS)
/* The filter's description may be longer. */
#define FILTER_MAX	(1 + 2 * EXPTRACE_VARINT_MAX + NAME_CHARS + FILTER_CHARS)

static int write_property(struct exptrace_table *table, const char *key, const char *value)
{
	int err;

	err = exptrace_table_entry(table, PROPERTY_MAX);
	if (err)
		return err;
	exptrace_byte(&table->w, EXPTRACE_WIRE_PROPERTY);
	exptrace_table_text(table, key);
	exptrace_table_text(table, value);
	return 0;
}

static int write_number_property(struct exptrace_table *table, const char *key,
				 const char *format, unsigned long value)
{
	char text[24];

	snprintf(text, sizeof(text), format, value);
	return write_property(table, key, text);
}

/* The online CPUs, like "0-3,8"; truncated if too long. */
static int write_online(struct exptrace_table *table)
{
	char text[VALUE_CHARS];

	scnprintf(text, sizeof(text), "%*pbl", cpumask_pr_args(cpu_online_mask));
	return write_property(table, "online", text);
}

/* Modules can't get the boot id; whoever starts a recording may pass it. */
static int write_boot_id(struct exptrace_table *table)
{
	char text[UUID_STRING_LEN + 1];

	if (uuid_is_null(&exptrace.boot_id))
		return 0;
	snprintf(text, sizeof(text), "%pUb", &exptrace.boot_id);
	return write_property(table, "boot_id", text);
}

static int write_host(struct exptrace_table *table)
{
	const struct new_utsname *uts = &init_uts_ns.name;

	return write_property(table, "release", uts->release) ?:
	       write_property(table, "version", uts->version) ?:
	       write_property(table, "machine", uts->machine) ?:
	       write_property(table, "nodename", uts->nodename) ?:
	       write_boot_id(table);
}

static const char *mode_name(void)
{
	return exptrace_pool.mode == EXPTRACE_MODE_FLIGHT ? "flight" : "stream";
}

/* Describe the filter, if any. */
static int write_filter(struct exptrace_table *table)
{
	char text[FILTER_CHARS];
	size_t len = exptrace_filter_describe(text, sizeof(text));
	int err;

	if (!len)
		return 0;
	err = exptrace_table_entry(table, FILTER_MAX - FILTER_CHARS + len);
	if (err)
		return err;
	exptrace_byte(&table->w, EXPTRACE_WIRE_PROPERTY);
	exptrace_table_text(table, "filter");
	exptrace_table_text(table, text);
	return 0;
}

/*
 * If not all switches of threads are attempted, nobody can tell which thread runs between them.
 * So say which ones are. Written at the beginning and at the end of generation @gen, since
 * switches may be turned on or off in between.
 */
static int write_known_switches(struct exptrace_table *table, unsigned long gen)
{
	char which[VALUE_CHARS] = "";

	if (exptrace_switches_are_on(gen) && !exptrace_filter_limits_switches(which, sizeof(which)))
		return 0;
	return write_property(table, "known_switches", which);
}

/* Numbers of opening properties, without the filter, and of closing ones. */
#define NR_PROPERTIES		18
#define NR_LAST_PROPERTIES	7
#define NR_UNRECORDED		2

static int write_properties(struct exptrace_table *table, unsigned long gen,
			    const struct exptrace_clock_snapshot *at)
{
	exptrace_table_begin(table, EXPTRACE_WIRE_PROPERTIES);
	return write_number_property(table, "text_base", "0x%lx", exptrace.text_base) ?:
	       write_number_property(table, "data_base", "0x%lx", exptrace_writers.data_base) ?:
	       write_property(table, "addresses", exptrace.raw_addresses ? "raw" : "id") ?:
	       write_property(table, "clock", exptrace_clock_name()) ?:
	       write_number_property(table, "boottime_offset", "%lu", at->boot) ?:
	       write_number_property(table, "cpus", "%lu", num_possible_cpus()) ?:
	       write_online(table) ?:
	       write_number_property(table, "batch_size", "%lu", exptrace_pool.batch_size) ?:
	       write_number_property(table, "batches", "%lu", exptrace_pool.nr) ?:
	       write_property(table, "mode", mode_name()) ?:
	       write_number_property(table, "evicted_generations", "%lu",
				     READ_ONCE(exptrace_flush.evicted_generations)) ?:
	       write_number_property(table, "evicted_events", "%lu",
				     READ_ONCE(exptrace_flush.evicted_events)) ?:
	       write_host(table) ?: write_known_switches(table, gen) ?: write_filter(table);
}

static unsigned int nr_args(const struct exptrace_event_def *event)
{
	unsigned int nr = 0;

	while (event->args[nr].kind)
		nr++;
	return nr;
}

#define SCHEMA_EXPERIMENT_MAX	(1 + 3 * EXPTRACE_VARINT_MAX + NAME_CHARS)

/* Upper bound of the event's entry. */
static size_t schema_event_max(const struct exptrace_event_def *event)
{
	return 1 + 6 * EXPTRACE_VARINT_MAX + 2 * NAME_CHARS +
	       nr_args(event) * (2 * EXPTRACE_VARINT_MAX + NAME_CHARS);
}

static int write_schema_event(struct exptrace_table *table, unsigned int exp,
			      const struct exptrace_event_def *event)
{
	unsigned int i, nr = nr_args(event);
	int err;

	err = exptrace_table_entry(table, schema_event_max(event));
	if (err)
		return err;
	exptrace_byte(&table->w, EXPTRACE_WIRE_SCHEMA_EVENT);
	exptrace_number(&table->w, exp);
	exptrace_number(&table->w, event->type);
	exptrace_number(&table->w, event->ntypes);
	exptrace_table_text(table, event->group);
	exptrace_table_text(table, event->name);
	exptrace_number(&table->w, nr);
	for (i = 0; i < nr; i++) {
		exptrace_number(&table->w, event->args[i].kind);
		exptrace_table_text(table, event->args[i].name);
	}
	return 0;
}

static int write_schema_experiment(struct exptrace_table *table,
				   const struct exptrace_experiment *exp)
{
	unsigned int i;
	int err;

	err = exptrace_table_entry(table, SCHEMA_EXPERIMENT_MAX);
	if (err)
		return err;
	exptrace_byte(&table->w, EXPTRACE_WIRE_SCHEMA_EXPERIMENT);
	exptrace_number(&table->w, exp->id);
	exptrace_number(&table->w, exp->version);
	exptrace_table_text(table, exp->name);
	for (i = 0; !err && i < exp->nr_events; i++)
		err = write_schema_event(table, exp->id, &exp->events[i]);
	return err;
}

static int write_schema(struct exptrace_table *table)
{
	unsigned int i;
	int err = 0;

	exptrace_table_begin(table, EXPTRACE_WIRE_SCHEMA);
	for (i = 0; !err && i < EXPTRACE_NR_EXPERIMENTS; i++)
		if (exptrace_experiments[i])
			err = write_schema_experiment(table, exptrace_experiments[i]);
	return err;
}

static void schema_extent(struct exptrace_extent *extent)
{
	unsigned int i, j, nr = 0;

	extent->tables++;
	for (i = 0; i < EXPTRACE_NR_EXPERIMENTS; i++) {
		const struct exptrace_experiment *exp = exptrace_experiments[i];

		nr += !!exp;
		for (j = 0; exp && j < exp->nr_events; j++) {
			size_t size = schema_event_max(&exp->events[j]);

			extent->entry = max(extent->entry, size);
			extent->size += size;
		}
	}
	extent->size += nr * SCHEMA_EXPERIMENT_MAX;
}

unsigned int exptrace_opening_batches(unsigned int batch_size)
{
	struct exptrace_extent extent = {};

	exptrace_extent_add(&extent, 1, SYNC_MAX);
	exptrace_extent_add(&extent, NR_PROPERTIES, PROPERTY_MAX);
	exptrace_extent_add(&extent, 1, FILTER_MAX);
	schema_extent(&extent);
	return exptrace_extent_batches(&extent, batch_size);
}

/* The statedump may follow. The caller ends @table, also after an error. */
int exptrace_write_opening(struct exptrace_table *table, unsigned long gen)
{
	const struct exptrace_clock_snapshot *begin = exptrace_span_begin(gen);

	exptrace_tables_begin(table, gen, begin->ticks);
	return write_sync(table, begin) ?: write_properties(table, gen, begin) ?:
	       write_schema(table);
}

unsigned int exptrace_closing_batches(u64 pool_size, unsigned int batch_size)
{
	struct exptrace_extent extent = {};

	exptrace_symbols_extent(&extent, exptrace_sites_max(pool_size),
				exptrace_stack_words_max(pool_size));
	exptrace_extent_add(&extent, NR_LAST_PROPERTIES, PROPERTY_MAX);
	exptrace_extent_add(&extent, NR_UNRECORDED, PROPERTY_MAX);
	exptrace_ledger_extent(&extent);
	exptrace_extent_add(&extent, EXPTRACE_NR_BENDS + 1, SYNC_MAX + EXPTRACE_HEAD_MAX);
	return exptrace_extent_batches(&extent, batch_size);
}

/* Properties known only at the end; no table if all of them are zero. */
static int write_last_properties(struct exptrace_table *table, unsigned long gen, u64 missing_syncs)
{
	struct exptrace_missing missing = exptrace_missing[gen & 1];
	bool unstable = !exptrace_clock_is_sound();
	u64 changes = missing.changes + exptrace_changes_take_missing(gen);
	u64 sites, stacks;

	exptrace_intern_take_unknown(gen, &sites, &stacks);
	if (!missing.tasks && !missing.names && !changes && !sites && !stacks && !unstable &&
	    !missing_syncs)
		return 0;
	memset(&exptrace_missing[gen & 1], 0, sizeof(missing));
	WRITE_ONCE(exptrace.missing_changes, exptrace.missing_changes + changes);
	exptrace_table_begin(table, EXPTRACE_WIRE_PROPERTIES);
	return write_number_property(table, "missing_tasks", "%lu", missing.tasks) ?:
	       write_number_property(table, "missing_names", "%lu", missing.names) ?:
	       write_number_property(table, "missing_changes", "%lu", changes) ?:
	       write_number_property(table, "unknown_sites", "%lu", sites) ?:
	       write_number_property(table, "unknown_stacks", "%lu", stacks) ?:
	       write_number_property(table, "clock_unstable", "%lu", unstable) ?:
	       write_number_property(table, "missing_syncs", "%lu", missing_syncs);
}

/* The batch of a Sync has the time of the Sync, unlike those of other tables. */
static int write_last_syncs(struct exptrace_table *table, const struct exptrace_span *span)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < span->bends.nr; i++) {
		table->slot.last = span->bends.at[i].ticks;
		err = write_sync(table, &span->bends.at[i]);
	}
	table->slot.last = span->end.ticks;
	return err ?: write_sync(table, &span->end);
}

/* Without this property, all frees were recorded if any allocation was. */
static int write_unrecorded_frees(struct exptrace_table *table, unsigned long gen)
{
	char names[VALUE_CHARS];

	if (!exptrace_unrecorded_frees(gen, names, sizeof(names)))
		return 0;
	return write_property(table, "unrecorded_frees", names);
}

static int write_unrecorded(struct exptrace_table *table, unsigned long gen)
{
	exptrace_table_begin(table, EXPTRACE_WIRE_PROPERTIES);
	return write_known_switches(table, gen) ?: write_unrecorded_frees(table, gen);
}

int exptrace_write_closing(unsigned long gen)
{
	const struct exptrace_span *span = exptrace_span_end(gen);
	struct exptrace_table table;
	int err;

	exptrace_tables_begin(&table, gen, span->end.ticks);
	err = exptrace_write_symbols(&table, gen) ?:
	      write_last_properties(&table, gen, span->bends.missing) ?:
	      write_unrecorded(&table, gen) ?: exptrace_write_ledger(&table, gen) ?:
	      write_last_syncs(&table, span);
	exptrace_tables_end(&table);
	return err;
}
