/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The framing of tables, which are written by writers that are bound to no CPU.
 */
#ifndef _EXPTRACE_FRAMING_H
#define _EXPTRACE_FRAMING_H

#include "writer.h"

/* Limit on the bytes at the beginning of a table, or of its continuation in a new batch. */
#define EXPTRACE_HEAD_MAX	(EXPTRACE_BATCH_HEADER_MAX + 1)

/**
 * struct exptrace_table - state of writing tables, one after the other
 * @w:		their writer
 * @slot:	the slot of @w
 * @kind:	first byte of each batch of the current table, 0 for events
 * @fresh:	nothing of the current table is written yet
 */
struct exptrace_table {
	struct exptrace_writer	w;
	struct exptrace_slot	slot;
	u8			kind;
	bool			fresh;
};

void exptrace_tables_begin(struct exptrace_table *table, unsigned long gen, u64 ticks);
void exptrace_table_begin(struct exptrace_table *table, u8 kind);
void exptrace_table_events(struct exptrace_table *table);
bool exptrace_table_fits(const struct exptrace_table *table, size_t max);
int exptrace_table_entry(struct exptrace_table *table, size_t max);
void exptrace_table_text(struct exptrace_table *table, const char *s);
void exptrace_tables_end(struct exptrace_table *table);

/**
 * struct exptrace_extent - upper bound of the size of tables
 * @tables:	number of tables
 * @size:	bytes of all of their entries
 * @entry:	bytes of the largest entry
 */
struct exptrace_extent {
	unsigned int	tables;
	size_t		size;
	size_t		entry;
};

void exptrace_extent_add(struct exptrace_extent *extent, unsigned int nr, size_t entry);
unsigned int exptrace_extent_batches(const struct exptrace_extent *extent,
				     unsigned int batch_size);

#endif /* _EXPTRACE_FRAMING_H */
