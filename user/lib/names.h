/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The names of numbers, of interrupts for example, by the kind of number.
 */
#ifndef EXPTRACE_LIB_NAMES_H
#define EXPTRACE_LIB_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "index.h"

struct names {
	struct index index;	/* (kind, number) to its place in list */
	char **list;
	size_t room;
	uint64_t kinds;		/* bit kind % 64: there may be names of it */
};

/* @number, of this kind (enum exptrace_kind), is called so. Returns 0 or -ENOMEM. */
int names_set(struct names *names, uint64_t kind, uint64_t number, const char *name, size_t len);

/* NULL if it is not known. */
const char *names_get(const struct names *names, uint64_t kind, uint64_t number);

void names_uninit(struct names *names);

#endif /* EXPTRACE_LIB_NAMES_H */
