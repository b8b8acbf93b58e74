/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables: what stands around a generation's events so that it can be decoded
 * alone (invariant 10), written by writers that are bound to no CPU.
 */
#ifndef _EXPTRACE_TABLES_H
#define _EXPTRACE_TABLES_H

#include "writer.h"

/* At the beginning of generation @gen: sync, properties, schema. */
unsigned int exptrace_opening_batches(unsigned int batch_size);
int exptrace_write_opening(unsigned long gen);

/* At its end, when no writer knows it any more: symbols, what is missing, ledger, sync. */
unsigned int exptrace_closing_batches(u64 pool_size, unsigned int batch_size);
int exptrace_write_closing(unsigned long gen);

/**
 * struct exptrace_missing - what found no room in a generation's statedump
 * @tasks:	threads
 * @names:	names of interrupts and soft interrupts
 *
 * Lock: exptrace.control.
 */
struct exptrace_missing {
	unsigned long	tasks;
	unsigned long	names;
};

/* By generation parity; exptrace.control. */
extern struct exptrace_missing exptrace_missing[2];

/* statedump.c */
void exptrace_write_statedump(u64 gen);
void exptrace_amend_statedump(u64 gen);

/* ledger.c */
unsigned int exptrace_ledger_batches(unsigned int batch_size);
int exptrace_write_ledger(unsigned long gen);

/**
 * struct exptrace_table - a table that is being written
 * @w:		its writer
 * @slot:	what that works on
 * @kind:	the byte with which each of its batches begins
 */
struct exptrace_table {
	struct exptrace_writer	w;
	struct exptrace_slot	slot;
	u8			kind;
};

void exptrace_table_begin(struct exptrace_table *table, unsigned long gen, u8 kind);
int exptrace_table_entry(struct exptrace_table *table, size_t max);
void exptrace_table_text(struct exptrace_table *table, const char *s);
void exptrace_table_end(struct exptrace_table *table);

#endif /* _EXPTRACE_TABLES_H */
