// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reading the fields of a table batch; an error sticks.
 */
#include <exptrace/wire.h>

#include "table.h"
#include "varint.h"

void table_bad(struct table *table, const char *what)
{
	if (!table->bad)
		table->bad = what;
}

uint8_t table_byte(struct table *table)
{
	if (table->pos == table->end)
		table_bad(table, "ends too early");
	return table->bad ? 0 : *table->pos++;
}

uint64_t table_number(struct table *table)
{
	const uint8_t *next;
	uint64_t value;

	if (table->bad)
		return 0;
	next = varint_get(table->pos, table->end, &value);
	if (!next) {
		table_bad(table, "has a number that is cut off or too large");
		return 0;
	}
	table->pos = next;
	return value;
}

const char *table_string(struct table *table, size_t *len)
{
	uint64_t n = table_number(table);
	const char *string = (const char *)table->pos;

	if (n > EXPTRACE_STRING_MAX)
		table_bad(table, "has a string of more than 1024 bytes");
	else if (n > (uint64_t)(table->end - table->pos))
		table_bad(table, "has a string that is cut off");
	if (table->bad)
		n = 0;
	table->pos += n;
	*len = n;
	return string;
}

void table_expect(struct table *table, uint8_t byte, const char *what)
{
	const uint8_t *pos = table->pos;

	if (table_byte(table) == byte || table->bad)
		return;
	table->pos = pos;
	table_bad(table, what);
}
