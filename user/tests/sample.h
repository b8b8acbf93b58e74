/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small sound trace: two CPUs, two experiments, all contexts that matter.
 */
#ifndef EXPTRACE_TEST_SAMPLE_H
#define EXPTRACE_TEST_SAMPLE_H

#include <stdbool.h>

#include "writer.h"

#define SAMPLE_EVENTS	9	/* recorded events a generation */
#define SAMPLE_ALL	14	/* with state events */
#define SAMPLE_LOST	2	/* a generation */

#define SAMPLE_M(cpu, context)	(4 * (cpu) + EXPTRACE_CONTEXT_##context)

/* Where the sample allocates and frees. */
enum { SAMPLE_SITE_MALLOC = 5, SAMPLE_SITE_FREE = 0x123, SAMPLE_SITE_BARE = 0xabc };

/* Which faults a generation has; all 0: none. */
struct sample_faults {
	int attempted, recorded, lost;	/* added to the ledger's figures */
	bool no_opening, no_closing, no_schema, no_end, no_entry, no_symbols;
	bool time_back, delta_0, bad_type;
	unsigned int reason;	/* why events were lost */
	const char *mode;	/* as the properties have it */
};

/* The parts of a generation, in the order of the stream. */
void sample_opening(struct writer *w, uint64_t gen, const struct sample_faults *faults);
void sample_batches(struct writer *w, uint64_t gen, const struct sample_faults *faults);
void sample_closing(struct writer *w, uint64_t gen, const struct sample_faults *faults);

/* All three. */
void sample_generation(struct writer *w, uint64_t gen, const struct sample_faults *faults);

/* A header and generations 1 to @n. */
void sample_trace(struct writer *w, unsigned int n);

/* The tick at which a generation begins. A tick is half a nanosecond. */
static inline uint64_t sample_start(uint64_t gen)
{
	return gen * 1000000;
}

#endif /* EXPTRACE_TEST_SAMPLE_H */
