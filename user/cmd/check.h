/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What exptrace check knows while it walks over the batches.
 */
#ifndef EXPTRACE_CHECK_H
#define EXPTRACE_CHECK_H

#include <libexptrace.h>

#include "../common/index.h"

struct check_writer {
	uint64_t time;		/* of its last event or batch */
};

struct check_count {
	uint64_t experiment, cpu;
	uint64_t found;		/* recorded events in batches */
	bool has_entry;		/* the ledger has it */
};

struct check {
	struct exptrace_trace *trace;
	bool allow_partial_first;
	bool failed;		/* it could not be read to its end */
	uint64_t problems;
	uint64_t generations, batches, events, lost;
	uint64_t given_up;	/* generations that a flight recorder gave up */
	uint64_t missing_tasks;	/* threads without room in the statedumps */
	uint64_t missing_names;
	uint64_t short_dumps;	/* generations where that was */
	uint64_t unknown_sites;	/* places in the code for which its table had no room */
	uint64_t unknown_stacks;
	uint64_t reasons[EXPTRACE_NR_LOST + 1];	/* lost events; unknown ones in the last */

	/* the generation at hand */
	bool inside;		/* a batch came, and no end mark yet */
	bool partial;		/* its beginning is missing */
	bool broken;		/* a problem that makes its ledger meaningless */
	uint64_t generation;
	uint64_t missing;	/* generations that are not there before it */
	uint64_t missing_offset;
	unsigned int nsyncs;
	enum exptrace_batch_kind last_kind;
	struct index writer_index;	/* (experiment, m) */
	struct check_writer *writers;
	size_t writers_room;
	struct index count_index;	/* (experiment, cpu) */
	struct check_count *counts;
	size_t counts_room;
};

/* Prints a problem: the generation, what it is, the offset. */
__attribute__((format(printf, 3, 4)))
void check_problem(struct check *check, uint64_t offset, const char *format, ...);

/* check_ledger.c: counts events, and compares them with the generation's ledger. */
void check_count_events(struct check *check, uint8_t experiment, uint64_t cpu, uint64_t n);
void check_ledger(struct check *check, uint64_t offset);

/* Makes room for element @i of an array; new elements are zero. Ends without memory. */
void check_reach(void *array, size_t i, size_t *room, size_t size);

#endif /* EXPTRACE_CHECK_H */
