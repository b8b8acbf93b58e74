/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The schema, compiled into a table of decoders by (experiment, type).
 */
#ifndef EXPTRACE_LIB_SCHEMA_H
#define EXPTRACE_LIB_SCHEMA_H

#include <libexptrace.h>

#include "../common/index.h"
#include "table.h"

#define SCHEMA_EXPERIMENTS	256
#define SCHEMA_TYPES		256
#define SCHEMA_NO_ARG		UINT32_MAX

/* How an argument is decoded. */
enum schema_op {
	SCHEMA_OP_NUMBER,
	SCHEMA_OP_SIGNED,
	SCHEMA_OP_SITE,
	SCHEMA_OP_DATA,
	SCHEMA_OP_USER_ADDRESS,
	SCHEMA_OP_USER_CODE,
	SCHEMA_OP_STRING,
};

/* Events that the library itself interprets */
enum schema_role {
	SCHEMA_ROLE_NONE,
	SCHEMA_ROLE_CURRENT,	/* pid runs here */
	SCHEMA_ROLE_SWITCH,	/* pid runs here from now on */
	SCHEMA_ROLE_STACK,	/* the stack of the next event */
	SCHEMA_ROLE_TASK,	/* at the generation's beginning, the name of pid is comm */
	SCHEMA_ROLE_BEGIN,	/* pid begins with the name comm */
	SCHEMA_ROLE_NAME,	/* the name of pid is comm, before the event */
	SCHEMA_ROLE_RENAME,	/* the name of pid is comm, after the event */
	SCHEMA_ROLE_LABEL,	/* name of a number: see struct names_scope */
};

struct schema_event {
	struct exptrace_schema_event public;
	uint8_t role;
	uint8_t variant;	/* 1: args[0] is in the type */
	bool plain;		/* all arguments are SCHEMA_OP_NUMBER */
	bool has_relative;		/* some are addresses relative to earlier ones */
	bool selected;		/* not state, so it can be switched off */
	uint32_t pid_arg;	/* the pid; in a label, the number */
	uint32_t comm_arg;	/* the name */
	uint32_t kind_arg;	/* in a label, the kind of number */
	uint32_t start_arg;	/* when the thread began; SCHEMA_NO_ARG: missing */
	const uint8_t *ops;	/* enum schema_op of each argument */
	uint32_t raw_size;	/* its bytes in the schema, for comparison */
	uint8_t *raw;
};

struct schema_experiment {
	bool known;		/* in this generation's schema */
	uint64_t version;
	char *name;
	const struct schema_event **types;	/* SCHEMA_TYPES of them, or NULL */
};

struct schema {
	struct schema_experiment experiments[SCHEMA_EXPERIMENTS];
	struct index index;	/* hash and size of a description to index into events */
	struct schema_event **events;	/* by index */
	size_t nevents, room;
	uint32_t max_args;		/* of any event so far */
	bool seen;			/* in this generation */
	bool has_changes;		/* it records changes of threads as state */
	bool had_changes;		/* the previous one did */
};

/* Begins a new generation without known types. Keeps descriptions. */
void schema_reset(struct schema *schema);

/* Reads a schema batch. Returns 0 or -ENOMEM; damage is stored in @table. */
int schema_read(struct schema *schema, struct table *table);

void schema_uninit(struct schema *schema);

static inline const struct schema_event **schema_types(const struct schema *schema,
						       uint8_t experiment)
{
	const struct schema_experiment *e = &schema->experiments[experiment];

	return e->known ? e->types : NULL;
}

#endif /* EXPTRACE_LIB_SCHEMA_H */
