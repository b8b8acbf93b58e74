// SPDX-License-Identifier: GPL-2.0-only
/*
 * The framing of tables: their batches, and how many they need.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "framing.h"

/* Begin tables of generation @gen. Their batches get the time @ticks, or a little later. */
void exptrace_tables_begin(struct exptrace_table *table, unsigned long gen, u64 ticks)
{
	memset(table, 0, sizeof(*table));
	table->slot.last = ticks;
	exptrace_unbound_writer(&table->w, &table->slot, gen, EXPTRACE_EXPERIMENT_STANDARD,
				EXPTRACE_UNBOUND_TABLE);
}

/* Begin the next table: in batches of its own, which share memory with the one before. */
void exptrace_table_begin(struct exptrace_table *table, u8 kind)
{
	table->kind = kind;
	table->fresh = true;
}

/* Begin events in place of a table; they may not use the reserve. */
void exptrace_table_events(struct exptrace_table *table)
{
	exptrace_table_begin(table, 0);
	table->slot.context = EXPTRACE_UNBOUND;
	table->w.context = EXPTRACE_UNBOUND;
}

/* Does an entry of @max bytes certainly fit in the current batch? */
bool exptrace_table_fits(const struct exptrace_table *table, size_t max)
{
	return table->slot.batch && table->slot.end - table->w.pos >= max + 2 * EXPTRACE_HEAD_MAX;
}

/*
 * Make room for an entry of @max bytes. Each batch of a table begins with the table's kind.
 * Returns -ENOBUFS if there is no batch.
 */
int exptrace_table_entry(struct exptrace_table *table, size_t max)
{
	struct exptrace_writer *w = &table->w;
	const struct exptrace_batch *before = w->slot->batch;
	bool follows = before && table->fresh;

	w->slot->pos = before ? w->pos : NULL;
	if (!exptrace_ensure(w, max + (follows ? EXPTRACE_HEAD_MAX : 1)))
		return -ENOBUFS;
	if (w->slot->batch != before) {
		table->fresh = true;
	} else if (follows) {
		exptrace_append_batch(w->slot);
		w->pos = w->slot->pos;
	}
	if (table->fresh && table->kind)
		exptrace_byte(w, table->kind);
	table->fresh = false;
	return 0;
}

void exptrace_table_text(struct exptrace_table *table, const char *s)
{
	exptrace_string(&table->w, s, strlen(s));
}

void exptrace_tables_end(struct exptrace_table *table)
{
	table->slot.pos = table->w.pos;
	exptrace_flush_slot(&table->slot);
}

/* Add a table of @nr entries, of at most @entry bytes each. */
void exptrace_extent_add(struct exptrace_extent *extent, unsigned int nr, size_t entry)
{
	extent->tables++;
	extent->size += nr * entry;
	extent->entry = max(extent->entry, entry);
}

/* Batches needed for @extent. Each may leave less than an entry unused at its end. */
unsigned int exptrace_extent_batches(const struct exptrace_extent *extent,
				     unsigned int batch_size)
{
	return DIV_ROUND_UP(extent->size + extent->tables * EXPTRACE_HEAD_MAX,
			    batch_size - extent->entry - 2 * EXPTRACE_HEAD_MAX);
}
