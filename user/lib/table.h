/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading the fields of a table batch; an error sticks.
 */
#ifndef EXPTRACE_LIB_TABLE_H
#define EXPTRACE_LIB_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table {
	const uint8_t *pos;
	const uint8_t *end;
	const char *bad;	/* what is wrong at pos; NULL: nothing */
};

static inline bool table_more(const struct table *table)
{
	return !table->bad && table->pos < table->end;
}

/* After an error, these return 0 or the empty string. */
uint8_t table_byte(struct table *table);
uint64_t table_number(struct table *table);
const char *table_string(struct table *table, size_t *len);

/* Reads a byte that must be @byte. */
void table_expect(struct table *table, uint8_t byte, const char *what);

/* Stores an error unless there is one already. */
void table_bad(struct table *table, const char *what);

#endif /* EXPTRACE_LIB_TABLE_H */
