// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls the tables of exptrace report in turn.
 */
#include <stdlib.h>

#include "../cmd.h"
#include "report.h"

#define REPORT_TABLE_POINTER(name)	&report_##name,

static const struct report_table *const tables_all[] = { REPORT_TABLES(REPORT_TABLE_POINTER) };

#define NR_TABLES	(sizeof(tables_all) / sizeof(tables_all[0]))

struct report_tables {
	void *states[NR_TABLES];
	/* For each role, the places of the tables that get its events. */
	struct {
		unsigned int n;
		uint8_t tables[NR_TABLES];
	} takers[NR_ROLES];
};

static void tables_add_takers(struct report_tables *tables, size_t table)
{
	unsigned int role;

	for (role = 0; role < NR_ROLES; role++)
		if (tables_all[table]->roles & ROLE_BIT(role))
			tables->takers[role].tables[tables->takers[role].n++] = (uint8_t)table;
}

struct report_tables *report_tables_create(void)
{
	struct report_tables *tables = need_memory(calloc(1, sizeof(*tables)), "beginning the report");
	size_t i;

	for (i = 0; i < NR_TABLES; i++) {
		tables->states[i] = tables_all[i]->create();
		tables_add_takers(tables, i);
	}
	return tables;
}

void report_tables_destroy(struct report_tables *tables)
{
	size_t i;

	if (!tables)
		return;
	for (i = 0; i < NR_TABLES; i++)
		tables_all[i]->destroy(tables->states[i]);
	free(tables);
}

void report_tables_event(struct report_tables *tables, const struct report_view *view,
			 const struct event_role *role, const struct exptrace_record *record)
{
	struct report_event event = { record, role, NOT_WOKEN };
	unsigned int i, table;

	for (i = 0; i < tables->takers[role->kind].n; i++) {
		table = tables->takers[role->kind].tables[i];
		tables_all[table]->event(tables->states[table], view, &event);
	}
}

void report_tables_forget(struct report_tables *tables, uint64_t ns, bool limited)
{
	size_t i;

	for (i = 0; i < NR_TABLES; i++)
		tables_all[i]->forget(tables->states[i], ns, limited);
}

void report_tables_print(struct report_tables *tables, const struct report_view *view)
{
	size_t i;

	for (i = 0; i < NR_TABLES; i++)
		tables_all[i]->print(tables->states[i], view);
}

void report_tables_json(struct report_tables *tables, const struct report_view *view,
			struct output *output)
{
	size_t i;

	for (i = 0; i < NR_TABLES; i++)
		tables_all[i]->json(tables->states[i], view, output);
}
