// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The ledger of a generation: attempted, recorded and lost events.
 */
#include <errno.h>
#include <stdlib.h>

#include "../common/array.h"
#include "api.h"
#include "ledger.h"

API const char *exptrace_lost_name(uint64_t reason)
{
	static const char *const names[] = {
		[EXPTRACE_LOST_POOL] = "pool was empty",
		[EXPTRACE_LOST_NESTED] = "nested in the writer",
		[EXPTRACE_LOST_CONTENDED] = "NMI found the lock taken",
		[EXPTRACE_LOST_OVERWRITTEN] = "overwritten by newer ones",
		[EXPTRACE_LOST_QUOTA] = "quota was used up",
		[EXPTRACE_LOST_BURST] = "too many at once",
	};

	_Static_assert(sizeof(names) / sizeof(names[0]) == EXPTRACE_NR_LOST,
		       "every reason has a name");
	return reason < EXPTRACE_NR_LOST ? names[reason] : NULL;
}

void ledger_reset(struct ledger *ledger)
{
	size_t i;

	for (i = 0; i < ledger->nentries; i++)
		free((void *)ledger->entries[i].losses);
	ledger->nentries = 0;
}

static struct exptrace_ledger_entry *ledger_add(struct ledger *ledger)
{
	if (array_reach(&ledger->entries, ledger->nentries, &ledger->room,
			sizeof(*ledger->entries)))
		return NULL;
	return &ledger->entries[ledger->nentries++];
}

static int read_losses(struct exptrace_ledger_entry *entry, struct table *table)
{
	uint64_t n = table_number(table);
	struct exptrace_loss *losses;
	uint64_t i;

	/* each takes at least two bytes */
	if (n > (uint64_t)(table->end - table->pos) / 2)
		table_bad(table, "has more reasons than bytes");
	if (table->bad || !n)
		return 0;
	losses = calloc(n, sizeof(*losses));
	if (!losses)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		losses[i].reason = table_number(table);
		losses[i].count = table_number(table);
	}
	entry->losses = losses;
	entry->nlosses = n;
	return 0;
}

static int read_entry(struct ledger *ledger, struct table *table, uint64_t offset)
{
	struct exptrace_ledger_entry entry = { .offset = offset };
	struct exptrace_ledger_entry *slot;
	int err;

	entry.experiment = table_number(table);
	entry.cpu = table_number(table);
	entry.attempted = table_number(table);
	entry.recorded = table_number(table);
	err = read_losses(&entry, table);
	slot = err || table->bad ? NULL : ledger_add(ledger);
	if (slot) {
		*slot = entry;
		return 0;
	}
	free((void *)entry.losses);
	return table->bad ? 0 : -ENOMEM;
}

int ledger_read(struct ledger *ledger, struct table *table, uint64_t offset)
{
	int err = 0;

	while (!err && table_more(table)) {
		table_expect(table, EXPTRACE_WIRE_LEDGER_ENTRY, "has an entry of unknown type");
		if (!table->bad)
			err = read_entry(ledger, table, offset);
	}
	return err;
}

void ledger_uninit(struct ledger *ledger)
{
	ledger_reset(ledger);
	free(ledger->entries);
}
