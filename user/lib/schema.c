// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The schema, compiled into a table of decoders by (experiment, type).
 *
 * Every generation repeats the schema. Descriptions with the same bytes are found by hash and
 * reused, so that they stay valid as long as the trace, and a new generation costs a few
 * comparisons.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../common/array.h"
#include "../common/hash.h"
#include "schema.h"
#include "varint.h"

struct role {
	const char *event;
	const char *pid_arg;
	const char *comm_arg;
	enum schema_role role;
	bool selected;
};

static const struct role roles[] = {
	{ "current", "pid", NULL, SCHEMA_ROLE_CURRENT, false },
	{ "sched_switch", "next_pid", NULL, SCHEMA_ROLE_SWITCH, false },
	{ "stack", "stack", NULL, SCHEMA_ROLE_STACK, false },
	{ "task", "pid", "comm", SCHEMA_ROLE_TASK, false },
	{ "task_new", "pid", "comm", SCHEMA_ROLE_BEGIN, false },
	{ "task_exec", "pid", "comm", SCHEMA_ROLE_NAME, false },
	{ "task_name", "pid", "comm", SCHEMA_ROLE_RENAME, false },
	{ "sched_process_fork", "child_pid", "child_comm", SCHEMA_ROLE_BEGIN, true },
	{ "sched_process_exec", "pid", "comm", SCHEMA_ROLE_NAME, true },
	{ "task_rename", "pid", "newcomm", SCHEMA_ROLE_RENAME, true },
	{ "name", "number", "name", SCHEMA_ROLE_LABEL, false },
};

static bool kind_is_string(uint64_t kind)
{
	return kind == EXPTRACE_KIND_STRING || kind >= 128;
}

static uint8_t kind_op(uint32_t kind)
{
	if (kind_is_string(kind))
		return SCHEMA_OP_STRING;
	switch (kind) {
	case EXPTRACE_KIND_INT:
		return SCHEMA_OP_SIGNED;
	case EXPTRACE_KIND_SITE:
		return SCHEMA_OP_SITE;
	case EXPTRACE_KIND_DATA_ADDRESS:
		return SCHEMA_OP_DATA;
	case EXPTRACE_KIND_USER_ADDRESS:
		return SCHEMA_OP_USER_ADDRESS;
	case EXPTRACE_KIND_USER_CODE:
		return SCHEMA_OP_USER_CODE;
	default:
		return SCHEMA_OP_NUMBER;
	}
}

static bool op_is_relative(uint8_t op)
{
	return op == SCHEMA_OP_DATA || op == SCHEMA_OP_USER_ADDRESS || op == SCHEMA_OP_USER_CODE;
}

void schema_reset(struct schema *schema)
{
	unsigned int i;

	for (i = 0; i < SCHEMA_EXPERIMENTS; i++) {
		struct schema_experiment *e = &schema->experiments[i];

		if (e->known && e->types)
			memset(e->types, 0, SCHEMA_TYPES * sizeof(*e->types));
		e->known = false;
	}
	schema->seen = false;
	schema->had_changes = schema->has_changes;
	schema->has_changes = false;
}

static uint32_t find_arg(const struct exptrace_schema_event *event, const char *name, bool string)
{
	uint32_t i;

	for (i = 0; name && i < event->nargs; i++)
		if (!strcmp(event->args[i].name, name) &&
		    kind_is_string(event->args[i].kind) == string)
			return i;
	return SCHEMA_NO_ARG;
}

static void event_set_role(struct schema_event *event)
{
	const struct exptrace_schema_event *public = &event->public;
	size_t i;

	for (i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		const struct role *role = &roles[i];

		if (strcmp(public->name, role->event))
			continue;
		event->pid_arg = find_arg(public, role->pid_arg, false);
		event->comm_arg = find_arg(public, role->comm_arg, true);
		event->kind_arg = find_arg(public, "kind", false);
		event->start_arg = find_arg(public, "start", false);
		event->selected = role->selected;
		if (event->pid_arg != SCHEMA_NO_ARG &&
		    (!role->comm_arg || event->comm_arg != SCHEMA_NO_ARG) &&
		    (role->role != SCHEMA_ROLE_LABEL || event->kind_arg != SCHEMA_NO_ARG))
			event->role = role->role;
	}
}

/* Copies a string of the table to *@text and advances that. Returns the copy. */
static const char *copy_string(struct table *table, char **text)
{
	size_t len;
	const char *string = table_string(table, &len);
	char *copy = *text;

	memcpy(copy, string, len);
	copy[len] = 0;
	*text += len + 1;
	return copy;
}

/* Validates a description. Returns its number of arguments. */
static uint64_t event_scan(struct table *table)
{
	uint64_t experiment, type, ntypes, nargs, i;
	size_t len;

	experiment = table_number(table);
	type = table_number(table);
	ntypes = table_number(table);
	table_string(table, &len);
	table_string(table, &len);
	nargs = table_number(table);
	if (experiment >= SCHEMA_EXPERIMENTS)
		table_bad(table, "describes an event of an experiment beyond 255");
	if (type >= SCHEMA_TYPES || !ntypes || ntypes > SCHEMA_TYPES - type)
		table_bad(table, "describes an event with types beyond 255");
	if (ntypes > 1 && !nargs)
		table_bad(table, "describes an event with variants but no argument");
	for (i = 0; i < nargs && !table->bad; i++) {
		if (kind_is_string(table_number(table)) && i == 0 && ntypes > 1)
			table_bad(table, "describes an event whose variant is a string");
		table_string(table, &len);
	}
	return nargs;
}

/* One allocation holds the description, its arguments, their ops, raw bytes and texts. */
static struct schema_event *event_alloc(size_t raw_size, size_t nargs)
{
	size_t size = sizeof(struct schema_event) + nargs * sizeof(struct exptrace_schema_arg) +
		      nargs + raw_size + raw_size + nargs + 2;

	return calloc(1, size);
}

/* Compiles the description in @raw, which event_scan() has validated. */
static struct schema_event *event_compile(const uint8_t *raw, size_t raw_size, uint64_t nargs)
{
	struct table table = { .pos = raw, .end = raw + raw_size };
	struct schema_event *event = event_alloc(raw_size, nargs);
	struct exptrace_schema_arg *args;
	uint8_t *ops;
	char *text;
	uint64_t i;

	if (!event)
		return NULL;
	args = (struct exptrace_schema_arg *)(event + 1);
	ops = (uint8_t *)(args + nargs);
	event->raw = ops + nargs;
	text = (char *)event->raw + raw_size;
	memcpy(event->raw, raw, raw_size);
	event->raw_size = raw_size;
	event->ops = ops;
	event->public.args = args;
	event->public.experiment = table_number(&table);
	event->public.type = table_number(&table);
	event->public.ntypes = table_number(&table);
	event->variant = event->public.ntypes > 1;
	event->public.group = copy_string(&table, &text);
	event->public.name = copy_string(&table, &text);
	event->public.nargs = table_number(&table);
	event->plain = true;
	for (i = 0; i < nargs; i++) {
		uint64_t kind = table_number(&table);

		args[i].kind = kind > UINT32_MAX ? UINT32_MAX : kind;
		args[i].name = copy_string(&table, &text);
		ops[i] = kind_op(args[i].kind);
		event->plain &= ops[i] == SCHEMA_OP_NUMBER;
		event->has_relative |= op_is_relative(ops[i]);
	}
	event_set_role(event);
	return event;
}

static int schema_add(struct schema *schema, struct schema_event *event)
{
	if (array_reach(&schema->events, schema->nevents, &schema->room, sizeof(*schema->events)))
		return -ENOMEM;
	event->public.index = schema->nevents;
	schema->events[schema->nevents++] = event;
	if (event->public.nargs > schema->max_args)
		schema->max_args = event->public.nargs;
	return 0;
}

/* Finds the description with these bytes, or adds it. */
static struct schema_event *schema_intern(struct schema *schema, const uint8_t *raw, size_t size,
					  uint64_t nargs)
{
	uint64_t hash = hash_bytes(raw, size);
	struct schema_event *event;
	int64_t i;

	/* descriptions with equal hashes use consecutive ones */
	while ((i = index_get(&schema->index, hash++, size)) >= 0 && (size_t)i < schema->nevents) {
		event = schema->events[i];
		if (event->raw_size == size && !memcmp(event->raw, raw, size))
			return event;
	}
	/* a larger i: an earlier allocation failed */
	event = i == (int64_t)schema->nevents ? event_compile(raw, size, nargs) : NULL;
	if (event && schema_add(schema, event)) {
		free(event);
		return NULL;
	}
	return event;
}

static int schema_set_types(struct schema *schema, const struct schema_event *event)
{
	struct schema_experiment *e = &schema->experiments[event->public.experiment];
	unsigned int i;

	if (!e->types)
		e->types = calloc(SCHEMA_TYPES, sizeof(*e->types));
	if (!e->types)
		return -ENOMEM;
	e->known = true;
	schema->has_changes |= event->role == SCHEMA_ROLE_BEGIN && !event->selected;
	for (i = 0; i < event->public.ntypes; i++)
		e->types[event->public.type + i] = event;
	return 0;
}

static int read_event(struct schema *schema, struct table *table)
{
	const uint8_t *raw = table->pos;
	uint64_t nargs = event_scan(table);
	struct schema_event *event;

	if (table->bad)
		return 0;
	event = schema_intern(schema, raw, table->pos - raw, nargs);
	if (!event)
		return -ENOMEM;
	return schema_set_types(schema, event);
}

static int read_experiment(struct schema *schema, struct table *table)
{
	uint64_t id = table_number(table);
	uint64_t version = table_number(table);
	struct schema_experiment *e;
	size_t len;
	const char *name = table_string(table, &len);

	if (id >= SCHEMA_EXPERIMENTS)
		table_bad(table, "describes an experiment beyond 255");
	if (table->bad)
		return 0;
	e = &schema->experiments[id];
	e->version = version;
	if (e->name && strlen(e->name) == len && !memcmp(e->name, name, len))
		return 0;
	free(e->name);
	e->name = strndup(name, len);
	return e->name ? 0 : -ENOMEM;
}

int schema_read(struct schema *schema, struct table *table)
{
	int err = 0;

	schema->seen = true;
	while (!err && table_more(table)) {
		uint8_t type = table_byte(table);

		if (type == EXPTRACE_WIRE_SCHEMA_EXPERIMENT)
			err = read_experiment(schema, table);
		else if (type == EXPTRACE_WIRE_SCHEMA_EVENT)
			err = read_event(schema, table);
		else
			table_bad(table, "has an entry of unknown type");
	}
	return err;
}

void schema_uninit(struct schema *schema)
{
	size_t i;

	for (i = 0; i < schema->nevents; i++)
		free(schema->events[i]);
	free(schema->events);
	index_uninit(&schema->index);
	for (i = 0; i < SCHEMA_EXPERIMENTS; i++) {
		free(schema->experiments[i].name);
		free(schema->experiments[i].types);
	}
}
