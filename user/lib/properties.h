/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The properties of a generation: keys and values, and those that the library itself uses.
 */
#ifndef EXPTRACE_LIB_PROPERTIES_H
#define EXPTRACE_LIB_PROPERTIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../common/cpus.h"
#include "../common/index.h"
#include "table.h"

struct property {
	char *key;
	char *value;
};

/* CPUs on which all context switches were attempted */
struct known_switches {
	struct cpus cpus;
	bool chosen;		/* all switches to and from the threads that a filter selects */
};

struct properties {
	struct property *list;
	size_t n, room;
	struct index index;	/* hash of a key to index into firsts */
	uint32_t *firsts;	/* index into list of the first one with that key */
	size_t firsts_room;
	const char *machine;	/* cached for names of system calls; or NULL */
	struct known_switches known[2];	/* the first and the last one */
	unsigned int nknown;	/* how many of them came; if none, all switches are known */
	bool stale;		/* the list is from an earlier generation */
	uint64_t text_base;
	uint64_t data_base;
	bool has_boottime;
	uint64_t boottime_offset;
	bool missing_changes;	/* records about threads were lost */
	bool clock_unstable;
};

/* Begins a new generation. The list stays valid until the next properties batch. */
void properties_reset(struct properties *properties);

/* Reads a properties batch. Returns 0 or -ENOMEM; damage is stored in @table. */
int properties_read(struct properties *properties, struct table *table);

const char *properties_get(const struct properties *properties, const char *key);

/*
 * Were all context switches on @cpu attempted for the whole generation? If not, a thread seen to
 * run need not have run before or after. Call it when the whole generation was read.
 */
bool properties_know_switches(const struct properties *properties, uint64_t cpu);

/* The same, or all switches of the threads that a filter selects, so that their times are known */
bool properties_know_runs(const struct properties *properties, uint64_t cpu);

void properties_uninit(struct properties *properties);

#endif /* EXPTRACE_LIB_PROPERTIES_H */
