/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables: what stands around a generation's events so that it can be decoded
 * alone (invariant 10), written by writers that are bound to no CPU.
 */
#ifndef _EXPTRACE_TABLES_H
#define _EXPTRACE_TABLES_H

#include "arrival.h"
#include "changes.h"
#include "framing.h"
#include "retire.h"
#include "size.h"
#include "symbols.h"

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
