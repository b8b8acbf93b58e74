// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The properties of a generation: keys and values, and what the library itself needs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <exptrace/wire.h>

#include "properties.h"

static void properties_clear(struct properties *properties)
{
	size_t i;

	for (i = 0; i < properties->n; i++) {
		free(properties->list[i].key);
		free(properties->list[i].value);
	}
	properties->n = 0;
	properties->stale = false;
}

void properties_reset(struct properties *properties)
{
	properties->stale = true;
	properties->text_base = 0;
	properties->data_base = 0;
	properties->has_boottime = false;
	properties->clock_unstable = false;
	properties->missing_changes = false;
}

static void properties_use(struct properties *properties, const struct property *property)
{
	if (!strcmp(property->key, "text_base"))
		properties->text_base = strtoull(property->value, NULL, 16);
	else if (!strcmp(property->key, "data_base"))
		properties->data_base = strtoull(property->value, NULL, 16);
	else if (!strcmp(property->key, "clock_unstable"))
		properties->clock_unstable |= strtoull(property->value, NULL, 10) != 0;
	else if (!strcmp(property->key, "missing_syncs"))
		properties->clock_unstable |= strtoull(property->value, NULL, 10) != 0;
	else if (!strcmp(property->key, "missing_changes"))
		properties->missing_changes = strtoull(property->value, NULL, 10);
	else if (!strcmp(property->key, "boottime_offset")) {
		properties->has_boottime = true;
		properties->boottime_offset = strtoull(property->value, NULL, 10);
	}
}

static int properties_add(struct properties *properties, struct property property)
{
	size_t n = properties->n;
	void *list = properties->list;

	/* grows at powers of two */
	if (!(n & (n - 1)))
		list = realloc(list, (n ? 2 * n : 1) * sizeof(property));
	if (!list || !property.key || !property.value) {
		properties->list = list ? list : properties->list;
		free(property.key);
		free(property.value);
		return -ENOMEM;
	}
	properties->list = list;
	properties->list[properties->n++] = property;
	properties_use(properties, &property);
	return 0;
}

static int read_property(struct properties *properties, struct table *table)
{
	const char *key, *value;
	size_t key_len, value_len;

	key = table_string(table, &key_len);
	value = table_string(table, &value_len);
	if (table->bad)
		return 0;
	return properties_add(properties, (struct property) {
		.key = strndup(key, key_len),
		.value = strndup(value, value_len),
	});
}

int properties_read(struct properties *properties, struct table *table)
{
	int err = 0;

	if (properties->stale)
		properties_clear(properties);
	while (!err && table_more(table)) {
		table_expect(table, EXPTRACE_WIRE_PROPERTY, "has an entry of unknown type");
		if (!table->bad)
			err = read_property(properties, table);
	}
	return err;
}

const char *properties_get(const struct properties *properties, const char *key)
{
	size_t i;

	for (i = 0; i < properties->n; i++)
		if (!strcmp(properties->list[i].key, key))
			return properties->list[i].value;
	return NULL;
}

/* Is @cpu in @list, as in "0-3,8"? */
static bool is_listed(const char *list, uint64_t cpu)
{
	while (*list) {
		char *end;
		uint64_t first = strtoull(list, &end, 10);
		uint64_t last = *end == '-' ? strtoull(end + 1, &end, 10) : first;

		if (end == list || cpu < first)
			return false;
		if (cpu <= last)
			return true;
		list = *end == ',' ? end + 1 : "";
	}
	return false;
}

/* It is told as of the beginning, and as of the end. */
static bool know_switches(const struct properties *properties, uint64_t cpu, bool chosen)
{
	size_t i;

	for (i = 0; i < properties->n; i++) {
		const struct property *property = &properties->list[i];

		if (!strcmp(property->key, "known_switches") && !is_listed(property->value, cpu) &&
		    !(chosen && !strcmp(property->value, "chosen")))
			return false;
	}
	return true;
}

bool properties_know_switches(const struct properties *properties, uint64_t cpu)
{
	return know_switches(properties, cpu, false);
}

bool properties_know_runs(const struct properties *properties, uint64_t cpu)
{
	return know_switches(properties, cpu, true);
}

void properties_uninit(struct properties *properties)
{
	properties_clear(properties);
	free(properties->list);
}
