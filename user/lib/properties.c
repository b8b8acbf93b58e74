// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The properties of a generation: keys and values, and those that the library itself uses.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <exptrace/wire.h>

#include "../common/array.h"
#include "../common/hash.h"
#include "properties.h"

static void properties_clear(struct properties *properties)
{
	size_t i;

	for (i = 0; i < properties->n; i++) {
		free(properties->list[i].key);
		free(properties->list[i].value);
	}
	properties->n = 0;
	index_clear(&properties->index);
	properties->machine = NULL;
	properties->nknown = 0;
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

/* Comes at the generation's beginning and at its end. At the end, the last one is valid. */
static int use_known(struct properties *properties, const char *value)
{
	struct known_switches *known = &properties->known[properties->nknown > 0];

	properties->nknown += properties->nknown < 2;
	known->chosen = !strcmp(value, "chosen");
	return cpus_read(&known->cpus, value);
}

/* Properties that need no memory */
static void use_number(struct properties *properties, const struct property *property)
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

static int properties_use(struct properties *properties, const struct property *property)
{
	if (!strcmp(property->key, "known_switches"))
		return use_known(properties, property->value);
	if (!strcmp(property->key, "machine") && !properties->machine)
		properties->machine = property->value;
	use_number(properties, property);
	return 0;
}

/* Indexes the last property added. Of several with the same key, the first one is found. */
static int index_last(struct properties *properties)
{
	const char *key = properties->list[properties->n - 1].key;
	uint64_t hash = hash_bytes(key, strlen(key));
	uint32_t n = properties->index.n;
	int64_t i;

	if (array_reach(&properties->firsts, n, &properties->firsts_room,
			sizeof(*properties->firsts)))
		return -ENOMEM;
	for (;; hash++) {
		i = index_get(&properties->index, hash, 0);
		if (i < 0)
			return -ENOMEM;
		if (i == n)
			properties->firsts[i] = (uint32_t)properties->n - 1;
		/* another key may have the same hash */
		if (!strcmp(properties->list[properties->firsts[i]].key, key))
			return 0;
	}
}

static int properties_add(struct properties *properties, struct property property)
{
	if (!property.key || !property.value || properties->n == UINT32_MAX ||
	    array_reach(&properties->list, properties->n, &properties->room,
			sizeof(*properties->list))) {
		free(property.key);
		free(property.value);
		return -ENOMEM;
	}
	properties->list[properties->n++] = property;
	return index_last(properties) ? -ENOMEM : properties_use(properties, &property);
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
	uint64_t hash = hash_bytes(key, strlen(key));
	int64_t i;

	for (; (i = index_find(&properties->index, hash, 0)) >= 0; hash++) {
		const struct property *property = &properties->list[properties->firsts[i]];

		if (!strcmp(property->key, key))
			return property->value;
	}
	return NULL;
}

/* Only what is known both at the beginning and at the end is known. */
static bool know_switches(const struct properties *properties, uint64_t cpu, bool chosen)
{
	unsigned int i;

	for (i = 0; i < properties->nknown; i++) {
		const struct known_switches *known = &properties->known[i];

		if (!cpus_has(&known->cpus, cpu) && !(chosen && known->chosen))
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
	index_uninit(&properties->index);
	cpus_uninit(&properties->known[0].cpus);
	cpus_uninit(&properties->known[1].cpus);
	free(properties->firsts);
	free(properties->list);
}
