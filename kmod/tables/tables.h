/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables: what stands around a generation's events so that it can be decoded
 * alone (invariant 10), written by writers that are bound to no CPU.
 */
#ifndef _EXPTRACE_TABLES_H
#define _EXPTRACE_TABLES_H

#include "writer.h"

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

/* At the beginning of generation @gen: sync, properties, schema. */
unsigned int exptrace_opening_batches(unsigned int batch_size);
int exptrace_write_opening(struct exptrace_table *table, unsigned long gen);

/* At its end, when no writer knows it any more: symbols, what is missing, ledger, syncs. */
unsigned int exptrace_closing_batches(u64 pool_size, unsigned int batch_size);
int exptrace_write_closing(unsigned long gen);

/**
 * struct exptrace_missing - what found no room in a generation's statedump
 * @tasks:	threads
 * @names:	names of interrupts and soft interrupts
 * @changes:	what has become of threads since it told them
 *
 * Lock: exptrace.control.
 */
struct exptrace_missing {
	unsigned long	tasks;
	unsigned long	names;
	unsigned long	changes;
};

/* By generation parity; exptrace.control. */
extern struct exptrace_missing exptrace_missing[2];

/* statedump.c */
void exptrace_write_statedump(struct exptrace_table *table, u64 gen);
void exptrace_amend_statedump(u64 gen);
void exptrace_told_by_event(u64 gen, pid_t pid);

/* ledger.c */
void exptrace_ledger_extent(struct exptrace_extent *extent);
int exptrace_write_ledger(struct exptrace_table *table, unsigned long gen);

#endif /* _EXPTRACE_TABLES_H */
