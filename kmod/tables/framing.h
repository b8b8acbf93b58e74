/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What all tables share: written by writers that are bound to no CPU.
 */
#ifndef _EXPTRACE_FRAMING_H
#define _EXPTRACE_FRAMING_H

#include "writer.h"

/* Most bytes with which a table begins, or goes on in another batch. */
#define EXPTRACE_HEAD_MAX	(EXPTRACE_BATCH_HEADER_MAX + 1)

/**
 * struct exptrace_table - tables that are being written, one after the other
 * @w:		their writer
 * @slot:	what that works on
 * @kind:	the byte with which each batch of the present one begins, 0 for events
 * @fresh:	nothing of the present one is written yet
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
 * struct exptrace_extent - how much tables can be
 * @tables:	how many
 * @size:	bytes of all their entries
 * @entry:	bytes of the largest
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
