/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small sound trace of two CPUs, two experiments, and task and hardirq context.
 */
#ifndef EXPTRACE_TEST_SAMPLE_H
#define EXPTRACE_TEST_SAMPLE_H

#include <stdbool.h>

#include "writer.h"

#define SAMPLE_EVENTS	9	/* recorded events per generation */
#define SAMPLE_ALL	14	/* state events included */
#define SAMPLE_LOST	2	/* lost events per generation */

#define SAMPLE_M(cpu, context)	(4 * (cpu) + EXPTRACE_CONTEXT_##context)

/* The call sites that allocate and free. */
enum { SAMPLE_SITE_MALLOC = 5, SAMPLE_SITE_FREE = 0x123, SAMPLE_SITE_BARE = 0xabc };

/* The faults of a generation; none if all are 0. */
struct sample_faults {
	int attempted, recorded, lost;	/* added to the ledger's figures */
	bool no_opening, no_closing, no_schema, no_end, no_entry, no_symbols;
	bool time_back, delta_0, bad_type;
	unsigned int reason;	/* why events were lost */
	const char *mode;	/* the property "mode"; NULL: left out */
};

/* The parts of a generation, in the order of the stream. */
void sample_opening(struct writer *w, uint64_t gen, const struct sample_faults *faults);
void sample_batches(struct writer *w, uint64_t gen, const struct sample_faults *faults);
void sample_closing(struct writer *w, uint64_t gen, const struct sample_faults *faults);

/* All three parts. */
void sample_generation(struct writer *w, uint64_t gen, const struct sample_faults *faults);

/* A header and generations 1 to @n. */
void sample_trace(struct writer *w, unsigned int n);

/* The tick at which a generation begins. A tick is half a nanosecond. */
static inline uint64_t sample_start(uint64_t gen)
{
	return gen * 1000000;
}

#endif /* EXPTRACE_TEST_SAMPLE_H */
