/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of exptrace check while it walks over the batches.
 */
#ifndef EXPTRACE_CHECK_H
#define EXPTRACE_CHECK_H

#include <libexptrace.h>

#include "../common/index.h"
#include "range.h"

struct check_writer {
	uint64_t time;		/* of its last event or batch */
};

struct check_count {
	uint64_t experiment, cpu;
	uint64_t found;		/* recorded events in batches */
	bool has_entry;		/* in the ledger */
};

struct check {
	struct range range;
	struct exptrace_trace *trace;
	bool allow_partial_first;
	bool failed;		/* the trace could not be read to its end */
	uint64_t problems;
	uint64_t generations, batches, events, lost;
	uint64_t given_up;	/* generations that a flight recorder evicted */
	uint64_t missing_tasks;	/* threads for which a statedump had no room, */
	uint64_t missing_names;	/* and names */
	uint64_t short_dumps;	/* generations with such a statedump */
	uint64_t unknown_sites;	/* call sites for which the recorder's table had no room, */
	uint64_t unknown_stacks;	/* and stacks */
	uint64_t reasons[EXPTRACE_NR_LOST + 1];	/* lost events by reason; last: unknown reasons */

	/* the current generation */
	bool inside;		/* a batch was read, but no end mark yet */
	bool partial;		/* its beginning is missing */
	uint64_t recording;
	bool other_recording;	/* the previous one is of another recording */
	bool broken;		/* a problem makes its ledger meaningless */
	uint64_t generation;
	uint64_t missing;	/* number of generations missing before it */
	uint64_t missing_offset;	/* where they are missing */
	unsigned int nsyncs;
	enum exptrace_batch_kind last_kind;
	struct index writer_index;	/* (experiment, m) */
	struct check_writer *writers;
	size_t writers_room;
	struct index count_index;	/* (experiment, cpu) */
	struct check_count *counts;
	size_t counts_room;
};

/* Count a problem and print it with the generation and the offset. */
__attribute__((format(printf, 3, 4)))
void check_problem(struct check *check, uint64_t offset, const char *format, ...);

/* check_ledger.c: count events, and compare the counts with the generation's ledger. */
void check_count_events(struct check *check, uint8_t experiment, uint64_t cpu, uint64_t n);
void check_ledger(struct check *check, uint64_t offset);

/* Make room for element @i of an array; new elements are zero. Exits if out of memory. */
void check_reach(void *array, size_t i, size_t *room, size_t size);

#endif /* EXPTRACE_CHECK_H */
