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
};

struct report_tables *report_tables_create(void)
{
	struct report_tables *tables = need_memory(calloc(1, sizeof(*tables)), "beginning the report");
	size_t i;

	for (i = 0; i < NR_TABLES; i++)
		tables->states[i] = tables_all[i]->create();
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
	size_t i;

	for (i = 0; i < NR_TABLES; i++)
		if (tables_all[i]->roles & ROLE_BIT(role->kind))
			tables_all[i]->event(tables->states[i], view, &event);
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
