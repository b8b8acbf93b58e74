/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers for writing hostile traces.
 */
#ifndef EXPTRACE_TEST_HOSTILE_PARTS_H
#define EXPTRACE_TEST_HOSTILE_PARTS_H

#include "writer.h"

#define M(cpu, context)	(4 * (uint64_t)(cpu) + EXPTRACE_CONTEXT_##context)
#define FREQUENCY	1000000000ULL
#define BATCH_FULL	60000
#define ALLOC		EXPTRACE_EXPERIMENT_ALLOCFREE
/* The event type that a trace's own schema describes. */
#define OWN		200

extern uint64_t h_now, h_gen;	/* the current tick and generation */

void h_sync(struct writer *w);
void h_begin_generation(struct writer *w, uint64_t step);
void h_end_generation(struct writer *w);
void h_begin_batch(struct writer *w, uint64_t m);
/* Begins the writer's next batch if the present one is full. */
void h_next_batch(struct writer *w, uint64_t m);
void h_begin_table(struct writer *w, unsigned int type);
/* Begins another batch of the table if the present one is full. */
void h_next_table(struct writer *w, unsigned int type);
/* Begins a schema of one event; the caller adds its @nargs arguments, then calls w_end(). */
void h_begin_schema(struct writer *w, unsigned int experiment, unsigned int type,
		    const char *group, const char *name, unsigned int nargs);
void h_event(struct writer *w, unsigned int type);
void h_first_generation(struct writer *w);
/* Writes empty generations with numbers @step apart. */
void h_empty_generations(struct writer *w, size_t size, uint64_t step);
void h_switch(struct writer *w, uint64_t pid);
void h_task_new(struct writer *w, uint64_t pid, uint64_t start);

/* The traces; see the list in hostile.c. */
void hostile_generations(struct writer *w, size_t size);
void hostile_gaps(struct writer *w, size_t size);
void hostile_pids(struct writer *w, size_t size);
void hostile_threads(struct writer *w, size_t size);
void hostile_one_id(struct writer *w, size_t size);
void hostile_properties(struct writer *w, size_t size);
void hostile_known_switches(struct writer *w, size_t size);
void hostile_writers(struct writer *w, size_t size);
void hostile_allocating_writers(struct writer *w, size_t size);
void hostile_batches(struct writer *w, size_t size);
void hostile_strings(struct writer *w, size_t size);
void hostile_stacks(struct writer *w, size_t size);
void hostile_descriptions(struct writer *w, size_t size);
void hostile_arguments(struct writer *w, size_t size);
void hostile_regions(struct writer *w, size_t size);
void hostile_damages(struct writer *w, size_t size);
void hostile_high_cpus(struct writer *w, size_t size);
void hostile_high_cpus_and_gaps(struct writer *w, size_t size);
void hostile_experiments(struct writer *w, size_t size);
void hostile_unrecorded(struct writer *w, size_t size);
void hostile_objects(struct writer *w, size_t size);
void hostile_ledger(struct writer *w, size_t size);
void hostile_syncs(struct writer *w, size_t size);
void hostile_interrupts(struct writer *w, size_t size);
void hostile_pairs(struct writer *w, size_t size);
void hostile_mixed_pairs(struct writer *w, size_t size);
void hostile_alike_names(struct writer *w, size_t size);

#endif /* EXPTRACE_TEST_HOSTILE_PARTS_H */
