/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables: written before and after a generation's events, so that it can be decoded alone
 * (invariant 10).
 */
#ifndef _EXPTRACE_TABLES_H
#define _EXPTRACE_TABLES_H

#include "arrival.h"
#include "changes.h"
#include "framing.h"
#include "retire.h"
#include "size.h"
#include "symbols.h"

/* contents.c: the opening tables, Sync, properties and schema. */
unsigned int exptrace_opening_batches(unsigned int batch_size);
int exptrace_write_opening(struct exptrace_table *table, unsigned long gen);

/* The closing tables, once no writer is left: symbols, missing data, ledger, Syncs. */
unsigned int exptrace_closing_batches(u64 pool_size, unsigned int batch_size);
int exptrace_write_closing(unsigned long gen);

/**
 * struct exptrace_missing - what a generation's statedump had no room for
 * @tasks:	threads
 * @names:	names of interrupts and soft interrupts
 * @changes:	changes of threads since they were dumped
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
void exptrace_skip_in_dump(u64 gen, pid_t pid);

/* ledger.c */
void exptrace_ledger_extent(struct exptrace_extent *extent);
int exptrace_write_ledger(struct exptrace_table *table, unsigned long gen);

#endif /* _EXPTRACE_TABLES_H */
