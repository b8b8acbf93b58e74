/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The properties of a generation: keys and values, and what the library itself needs.
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

/* Of which CPUs all switches of threads were attempted. */
struct known_switches {
	struct cpus cpus;
	bool chosen;		/* or all to and from the threads that a filter chose */
};

struct properties {
	struct property *list;
	size_t n, room;
	struct index index;	/* hash of a key to its place in firsts */
	uint32_t *firsts;	/* the place in list of the first one with that key */
	size_t firsts_room;
	const char *machine;	/* of the list, since each name of a call depends on it; or NULL */
	struct known_switches known[2];	/* the first one that is told, and the last one */
	unsigned int nknown;	/* which of them are told; what is not told is known */
	bool stale;		/* the list is that of an earlier generation */
	uint64_t text_base;
	uint64_t data_base;
	bool has_boottime;
	uint64_t boottime_offset;
	bool missing_changes;	/* what became of threads is not all told */
	bool clock_unstable;
};

/* A new generation: none of those kept apart; the list serves until the next one comes. */
void properties_reset(struct properties *properties);

/* Takes in a properties batch. 0 or -ENOMEM; damage is noted in @table. */
int properties_read(struct properties *properties, struct table *table);

const char *properties_get(const struct properties *properties, const char *key);

/*
 * Were all switches of threads on @cpu attempted, from the generation's beginning to its end? To
 * be asked when all of it was read. Else who is seen to run may have been away before, and after.
 */
bool properties_know_switches(const struct properties *properties, uint64_t cpu);

/* Or those to and from each thread that a filter chose, so that its times are known? */
bool properties_know_runs(const struct properties *properties, uint64_t cpu);

void properties_uninit(struct properties *properties);

#endif /* EXPTRACE_LIB_PROPERTIES_H */
