/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names of numbers, for example of interrupts, by the kind of number.
 */
#ifndef EXPTRACE_LIB_NAMES_H
#define EXPTRACE_LIB_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "../common/index.h"

/* Scope of a name: everywhere, from the generation's beginning, or the rest of one batch. */
struct names_scope {
	uint64_t writer;	/* m plus 1; 0: everywhere */
	uint64_t batch;		/* offset of the writer's batch */
};

struct name {
	char *text;
	uint64_t batch;		/* as in struct names_scope */
};

struct names {
	struct index index;	/* (kind and writer, number) to index into list */
	struct name *list;
	size_t room;
	uint64_t kinds;		/* bit kind % 64: names of this kind may exist */
};

/* Sets the name of @number, of this kind (enum exptrace_kind). Returns 0 or -ENOMEM. */
int names_set(struct names *names, struct names_scope scope, uint64_t kind, uint64_t number,
	      const char *text, size_t len);

/* Returns the name in this scope; NULL if unknown. */
const char *names_get(const struct names *names, struct names_scope scope, uint64_t kind,
		      uint64_t number);

void names_uninit(struct names *names);

#endif /* EXPTRACE_LIB_NAMES_H */
