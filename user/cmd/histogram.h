/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long something took: count, sum, minimum, maximum and where it was, and the
 * distribution.
 *
 * Buckets are an eighth of a power of two wide, so a quantile is known to 6 %. They are
 * there from the shortest to the longest: most things differ by a few powers of two.
 */
#ifndef EXPTRACE_HISTOGRAM_H
#define EXPTRACE_HISTOGRAM_H

#include <stdint.h>

#include "output.h"

#define HISTOGRAM_SUB_BITS	3
#define HISTOGRAM_SUB		(1 << HISTOGRAM_SUB_BITS)
#define HISTOGRAM_OCTAVES	64
#define HISTOGRAM_BUCKETS	((HISTOGRAM_OCTAVES - HISTOGRAM_SUB_BITS + 1) * HISTOGRAM_SUB)

struct histogram {
	uint64_t count;
	uint64_t sum;		/* nanoseconds, as all that follows */
	uint64_t min;
	uint64_t max;
	uint64_t max_at;	/* CLOCK_MONOTONIC, when it ended */
	uint64_t max_cpu;
	uint32_t *buckets;	/* from @first on, @n of them */
	uint16_t first, n;	/* multiples of HISTOGRAM_SUB */
};

/* Something took @ns, until @at, on @cpu. One of zeros is empty. Ends without memory. */
void histogram_add(struct histogram *histogram, uint64_t ns, uint64_t at, uint64_t cpu);

/* As if what is in @from were added to @to: of two as long, the first is the longest. */
void histogram_merge(struct histogram *to, const struct histogram *from);

void histogram_uninit(struct histogram *histogram);

/* What @percent of all are not above; 0 if there are none. */
uint64_t histogram_quantile(const struct histogram *histogram, unsigned int percent);

/*
 * "count avg p50 p99 max" in microseconds, and where the maximum was; the heading of
 * these columns.
 */
void histogram_print_row(const struct histogram *histogram);
extern const char histogram_heading[];

/* A line for each power of two. */
void histogram_print(const struct histogram *histogram);

/*
 * The distribution in one word: a character for each power of two from 1 us on, darker for
 * more; the heading of it. A short one has a character for each power of four.
 */
void histogram_print_word(const struct histogram *histogram);
extern const char histogram_word_heading[];
void histogram_print_short_word(const struct histogram *histogram);
extern const char histogram_short_word_heading[];

/* The row, the word, and the end of the line. */
void histogram_print_line(const struct histogram *histogram);

/* The members of a JSON object behind @key (see json.h), and its closing brace. */
void histogram_json(struct output *output, const char *key, const struct histogram *histogram);

#endif /* EXPTRACE_HISTOGRAM_H */
