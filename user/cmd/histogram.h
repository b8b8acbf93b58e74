/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Durations: count, sum, minimum, maximum with its time and CPU, and the distribution.
 *
 * Buckets are an eighth of a power of two wide, so a quantile is accurate to 6 %. Only the range
 * from the shortest to the longest has buckets: most durations differ by a few powers of two.
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
	uint64_t sum;		/* nanoseconds, as below */
	uint64_t min;
	uint64_t max;
	uint64_t max_at;	/* when it ended, CLOCK_MONOTONIC */
	uint64_t max_cpu;
	uint32_t *buckets;	/* @n buckets, from @first on */
	uint16_t first, n;	/* multiples of HISTOGRAM_SUB */
};

/*
 * Add a duration of @ns that ended at @at on @cpu. A zeroed struct is an empty histogram. Aborts
 * if out of memory.
 */
void histogram_add(struct histogram *histogram, uint64_t ns, uint64_t at, uint64_t cpu);

/* Add all durations in @from to @to. Of equal maxima, the earlier one is kept. */
void histogram_merge(struct histogram *to, const struct histogram *from);

void histogram_uninit(struct histogram *histogram);

/* The value that @percent of all durations do not exceed; 0 if there are none. */
uint64_t histogram_quantile(const struct histogram *histogram, unsigned int percent);

/*
 * Columns: count, avg, p50, p99, max in microseconds, time and CPU of the maximum; and their
 * heading.
 */
void histogram_print_row(const struct histogram *histogram);
extern const char histogram_heading[];

/* A line for each power of two. */
void histogram_print(const struct histogram *histogram);

/*
 * The distribution as one word: a character for each power of two from 1 us on, darker for more,
 * or for each power of four in the short form; and their headings.
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
