/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ledger of a generation: attempted, recorded and lost events.
 */
#ifndef EXPTRACE_LIB_LEDGER_H
#define EXPTRACE_LIB_LEDGER_H

#include <libexptrace.h>

#include "table.h"

struct ledger {
	struct exptrace_ledger_entry *entries;
	size_t nentries;
	size_t room;
};

void ledger_reset(struct ledger *ledger);

/* Reads the ledger batch at @offset. Returns 0 or -ENOMEM; damage is stored in @table. */
int ledger_read(struct ledger *ledger, struct table *table, uint64_t offset);

void ledger_uninit(struct ledger *ledger);

#endif /* EXPTRACE_LIB_LEDGER_H */
