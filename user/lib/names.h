/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The names of numbers, of interrupts for example, by the kind of number.
 */
#ifndef EXPTRACE_LIB_NAMES_H
#define EXPTRACE_LIB_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "../common/index.h"

/* Where a name holds: for all, from the generation's beginning on, or for the rest of a batch. */
struct names_scope {
	uint64_t writer;	/* its m plus 1, 0: all */
	uint64_t batch;		/* the writer's batch, by its offset */
};

struct name {
	char *text;
	uint64_t batch;		/* as in struct names_scope */
};

struct names {
	struct index index;	/* (kind and writer, number) to its place in list */
	struct name *list;
	size_t room;
	uint64_t kinds;		/* bit kind % 64: there may be names of it */
};

/* @number, of this kind (enum exptrace_kind), is called so. Returns 0 or -ENOMEM. */
int names_set(struct names *names, struct names_scope scope, uint64_t kind, uint64_t number,
	      const char *text, size_t len);

/* What it is called in a batch; NULL if it is not known. */
const char *names_get(const struct names *names, struct names_scope scope, uint64_t kind,
		      uint64_t number);

void names_uninit(struct names *names);

#endif /* EXPTRACE_LIB_NAMES_H */
