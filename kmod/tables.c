// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sync, properties and schema, and what all tables share.
 */
#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/utsname.h>

#include "clock.h"
#include "experiment.h"
#include "filter.h"
#include "flush.h"
#include "intern.h"
#include "symbols.h"
#include "tables.h"

/* Most bytes of a property's value, and of a key or a name in the schema. */
#define VALUE_CHARS	(__NEW_UTS_LEN + 1)
#define NAME_CHARS	EXPTRACE_NAME_CHARS

/* With the zero, most of the filter's: with all the others it fits into a small batch. */
#define FILTER_CHARS	1024

void exptrace_table_begin(struct exptrace_table *table, unsigned long gen, u8 kind)
{
	memset(&table->slot, 0, sizeof(table->slot));
	table->kind = kind;
	exptrace_unbound_writer(&table->w, &table->slot, gen, EXPTRACE_EXPERIMENT_STANDARD,
				EXPTRACE_UNBOUND_TABLE);
}

/*
 * Makes room for an entry of @max bytes: a batch that follows on a full one begins
 * with the table's kind, too. -ENOBUFS if there is no batch.
 */
int exptrace_table_entry(struct exptrace_table *table, size_t max)
{
	struct exptrace_writer *w = &table->w;
	const struct exptrace_batch *before = w->slot->batch;

	w->slot->pos = before ? w->pos : NULL;
	if (!exptrace_ensure(w, max + 1))
		return -ENOBUFS;
	if (w->slot->batch != before)
		exptrace_byte(w, table->kind);
	return 0;
}

void exptrace_table_text(struct exptrace_table *table, const char *s)
{
	exptrace_string(&table->w, s, strlen(s));
}

void exptrace_table_end(struct exptrace_table *table)
{
	table->slot.pos = table->w.pos;
	exptrace_flush_slot(&table->slot);
}

static int write_sync(unsigned long gen)
{
	struct exptrace_clock_snapshot now;
	struct exptrace_table table;
	int err;

	exptrace_table_begin(&table, gen, EXPTRACE_WIRE_SYNC);
	err = exptrace_table_entry(&table, 2 + 5 * EXPTRACE_VARINT_MAX);
	if (err)
		return err;
	exptrace_clock_snapshot(&now);
	exptrace_byte(&table.w, EXPTRACE_WIRE_FREQUENCY);
	exptrace_number(&table.w, exptrace_clock_frequency());
	exptrace_byte(&table.w, EXPTRACE_WIRE_CLOCK_SNAPSHOT);
	exptrace_number(&table.w, now.ticks - table.slot.last);
	exptrace_number(&table.w, now.mono);
	exptrace_number(&table.w, now.wall.tv_sec);
	exptrace_number(&table.w, now.wall.tv_nsec);
	exptrace_table_end(&table);
	return 0;
}

static int write_property(struct exptrace_table *table, const char *key, const char *value)
{
	int err;

	err = exptrace_table_entry(table, 1 + 2 * EXPTRACE_VARINT_MAX + NAME_CHARS + VALUE_CHARS);
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

/* The CPUs that run now, as "0-3,8"; cut where that is too long. */
static int write_online(struct exptrace_table *table)
{
	char text[VALUE_CHARS];

	scnprintf(text, sizeof(text), "%*pbl", cpumask_pr_args(cpu_online_mask));
	return write_property(table, "online", text);
}

/* Modules can't ask for it; who starts a recording may tell. */
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

/* What of the events is recorded, if not all. */
static int write_filter(struct exptrace_table *table)
{
	char text[FILTER_CHARS];
	size_t len = exptrace_filter_describe(text, sizeof(text));
	int err;

	if (!len)
		return 0;
	err = exptrace_table_entry(table, 1 + 2 * EXPTRACE_VARINT_MAX + NAME_CHARS + len);
	if (err)
		return err;
	exptrace_byte(&table->w, EXPTRACE_WIRE_PROPERTY);
	exptrace_table_text(table, "filter");
	exptrace_table_text(table, text);
	return 0;
}

static int write_properties(unsigned long gen)
{
	struct exptrace_table table;
	int err;

	exptrace_table_begin(&table, gen, EXPTRACE_WIRE_PROPERTIES);
	err = write_number_property(&table, "text_base", "0x%lx", exptrace.text_base) ?:
	      write_number_property(&table, "data_base", "0x%lx", exptrace.data_base) ?:
	      write_property(&table, "addresses", exptrace.raw_addresses ? "raw" : "id") ?:
	      write_property(&table, "clock", exptrace_clock_name()) ?:
	      write_number_property(&table, "cpus", "%lu", num_possible_cpus()) ?:
	      write_online(&table) ?:
	      write_number_property(&table, "batch_size", "%lu", exptrace_pool.batch_size) ?:
	      write_number_property(&table, "batches", "%lu", exptrace_pool.nr) ?:
	      write_property(&table, "mode", mode_name()) ?:
	      write_number_property(&table, "evicted_generations", "%lu",
				    READ_ONCE(exptrace_flush.evicted_generations)) ?:
	      write_number_property(&table, "evicted_events", "%lu",
				    READ_ONCE(exptrace_flush.evicted_events)) ?:
	      write_host(&table) ?: write_filter(&table);
	exptrace_table_end(&table);
	return err;
}

static unsigned int nr_args(const struct exptrace_event_def *event)
{
	unsigned int nr = 0;

	while (event->args[nr].kind)
		nr++;
	return nr;
}

/* Most bytes of the event's entry. */
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

	err = exptrace_table_entry(table, 1 + 3 * EXPTRACE_VARINT_MAX + NAME_CHARS);
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

static int write_schema(unsigned long gen)
{
	struct exptrace_table table;
	unsigned int i;
	int err = 0;

	exptrace_table_begin(&table, gen, EXPTRACE_WIRE_SCHEMA);
	for (i = 0; !err && i < EXPTRACE_NR_EXPERIMENTS; i++)
		if (exptrace_experiments[i])
			err = write_schema_experiment(&table, exptrace_experiments[i]);
	exptrace_table_end(&table);
	return err;
}

static unsigned int schema_batches(unsigned int batch_size)
{
	size_t room = batch_size - EXPTRACE_BATCH_HEADER_MAX, max = 0, sum = 0;
	unsigned int i, j;

	for (i = 0; i < EXPTRACE_NR_EXPERIMENTS; i++) {
		const struct exptrace_experiment *exp = exptrace_experiments[i];

		for (j = 0; exp && j < exp->nr_events; j++) {
			size_t size = schema_event_max(&exp->events[j]);

			max = max(max, size);
			sum += size;
		}
	}
	/* At the end of each batch less than the largest entry is left free. */
	return DIV_ROUND_UP(sum, room - min(max, room / 2)) + 1;
}

/* One batch each for sync and properties, and what the schema takes. */
unsigned int exptrace_opening_batches(unsigned int batch_size)
{
	return 2 + schema_batches(batch_size);
}

int exptrace_write_opening(unsigned long gen)
{
	return write_sync(gen) ?: write_properties(gen) ?: write_schema(gen);
}

/* Besides symbols and ledger, one batch each for sync and properties. */
unsigned int exptrace_closing_batches(u64 pool_size, unsigned int batch_size)
{
	return exptrace_symbols_batches(exptrace_sites_max(pool_size),
					exptrace_stack_words_max(pool_size), batch_size) +
	       exptrace_ledger_batches(batch_size) + 2;
}

/* What is known at a generation's end only; nothing if there is nothing to say. */
static int write_last_properties(unsigned long gen)
{
	struct exptrace_missing missing = exptrace_missing[gen & 1];
	struct exptrace_table table;
	u64 sites, stacks;
	int err;

	exptrace_intern_take_unknown(gen, &sites, &stacks);
	if (!missing.tasks && !missing.names && !sites && !stacks)
		return 0;
	memset(&exptrace_missing[gen & 1], 0, sizeof(missing));
	exptrace_table_begin(&table, gen, EXPTRACE_WIRE_PROPERTIES);
	err = write_number_property(&table, "missing_tasks", "%lu", missing.tasks) ?:
	      write_number_property(&table, "missing_names", "%lu", missing.names) ?:
	      write_number_property(&table, "unknown_sites", "%lu", sites) ?:
	      write_number_property(&table, "unknown_stacks", "%lu", stacks);
	exptrace_table_end(&table);
	return err;
}

int exptrace_write_closing(unsigned long gen)
{
	return exptrace_write_symbols(gen) ?: write_last_properties(gen) ?:
	       exptrace_write_ledger(gen) ?: write_sync(gen);
}
