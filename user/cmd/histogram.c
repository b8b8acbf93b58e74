// SPDX-License-Identifier: GPL-2.0-only
/*
 * Durations: count, sum, minimum, maximum with its time and CPU, and the distribution.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "histogram.h"
#include "json.h"

#define BAR_WIDTH	40
#define MARKS		8
#define NSEC_PER_USEC	1e3
#define NSEC_PER_SEC	1e9
#define WORD		24
/* 2^10 ns: the first character of a word is for all below 2 us */
#define WORD_OCTAVE	10

static unsigned int bucket_of(uint64_t ns)
{
	unsigned int octave;

	if (ns < HISTOGRAM_SUB)
		return (unsigned int)ns;
	octave = 63 - (unsigned int)__builtin_clzll(ns);
	return (octave - HISTOGRAM_SUB_BITS + 1) * HISTOGRAM_SUB +
	       ((ns >> (octave - HISTOGRAM_SUB_BITS)) & (HISTOGRAM_SUB - 1));
}

/* The smallest value of a bucket; for the one after the last, modulo 2^64. */
static uint64_t bucket_start(unsigned int bucket)
{
	unsigned int shift;

	if (bucket < HISTOGRAM_SUB)
		return bucket;
	shift = bucket / HISTOGRAM_SUB - 1;
	return (uint64_t)(HISTOGRAM_SUB + bucket % HISTOGRAM_SUB) << shift;
}

/* Makes room for the buckets from @first on and before @end: multiples of HISTOGRAM_SUB. */
static void grow_buckets(struct histogram *histogram, unsigned int first, unsigned int end)
{
	uint32_t *buckets;

	if (histogram->n && histogram->first < first)
		first = histogram->first;
	if (histogram->n && histogram->first + histogram->n > (int)end)
		end = histogram->first + histogram->n;
	buckets = need_memory(calloc(end - first, sizeof(*buckets)), "adding up times");
	if (histogram->n)
		memcpy(buckets + histogram->first - first, histogram->buckets,
		       histogram->n * sizeof(*buckets));
	free(histogram->buckets);
	histogram->buckets = buckets;
	histogram->first = (uint16_t)first;
	histogram->n = (uint16_t)(end - first);
}

void histogram_add(struct histogram *histogram, uint64_t ns, uint64_t at, uint64_t cpu)
{
	unsigned int bucket = bucket_of(ns), first = bucket / HISTOGRAM_SUB * HISTOGRAM_SUB;

	if (bucket - histogram->first >= histogram->n)
		grow_buckets(histogram, first, first + HISTOGRAM_SUB);
	histogram->buckets[bucket - histogram->first]++;
	if (!histogram->count || ns < histogram->min)
		histogram->min = ns;
	if (!histogram->count++ || ns > histogram->max) {
		histogram->max = ns;
		histogram->max_at = at;
		histogram->max_cpu = cpu;
	}
	histogram->sum += ns;
}

void histogram_merge(struct histogram *to, const struct histogram *from)
{
	unsigned int i;

	if (!from->count)
		return;
	if (!to->count || from->min < to->min)
		to->min = from->min;
	if (!to->count || from->max > to->max ||
	    (from->max == to->max && from->max_at < to->max_at)) {
		to->max = from->max;
		to->max_at = from->max_at;
		to->max_cpu = from->max_cpu;
	}
	to->count += from->count;
	to->sum += from->sum;
	grow_buckets(to, from->first, from->first + from->n);
	for (i = 0; i < from->n; i++)
		to->buckets[from->first - to->first + i] += from->buckets[i];
}

void histogram_uninit(struct histogram *histogram)
{
	free(histogram->buckets);
}

uint64_t histogram_quantile(const struct histogram *histogram, unsigned int percent)
{
	uint64_t rank = (histogram->count * percent + 99) / 100, seen = 0, start, middle;
	unsigned int i;

	for (i = 0; i < histogram->n && rank; i++) {
		seen += histogram->buckets[i];
		if (seen < rank)
			continue;
		start = bucket_start(histogram->first + i);
		middle = start + (bucket_start(histogram->first + i + 1) - start) / 2;
		return middle < histogram->max ? middle : histogram->max;
	}
	return 0;
}

const char histogram_heading[] =
	"     count     avg us     p50 us     p99 us     max us     max at s  CPU";

void histogram_print_row(const struct histogram *histogram)
{
	double count = histogram->count ? (double)histogram->count : 1;

	printf("%10" PRIu64 " %10.1f %10.1f %10.1f %10.1f %12.6f %4" PRIu64, histogram->count,
	       (double)histogram->sum / count / NSEC_PER_USEC,
	       (double)histogram_quantile(histogram, 50) / NSEC_PER_USEC,
	       (double)histogram_quantile(histogram, 99) / NSEC_PER_USEC,
	       (double)histogram->max / NSEC_PER_USEC,
	       (double)histogram->max_at / NSEC_PER_SEC, histogram->max_cpu);
}

/* The number in [2^@octave, 2^(@octave + 1)) nanoseconds; octave 0 includes 0. */
static uint64_t octave_count(const struct histogram *histogram, unsigned int octave)
{
	unsigned int i = octave ? bucket_of(1ULL << octave) : 0;
	unsigned int end = octave + 1 < HISTOGRAM_OCTAVES ? bucket_of(2ULL << octave) :
			   HISTOGRAM_BUCKETS;
	uint64_t count = 0;

	if (i < histogram->first)
		i = histogram->first;
	for (; i < end && i < (unsigned int)histogram->first + histogram->n; i++)
		count += histogram->buckets[i - histogram->first];
	return count;
}

static void print_bound(uint64_t ns)
{
	if (ns < 1000)
		printf("%8" PRIu64 " ns", ns);
	else if (ns < 1000000)
		printf("%8.2f us", (double)ns / 1e3);
	else if (ns < 1000000000)
		printf("%8.2f ms", (double)ns / 1e6);
	else
		printf("%8.2f s ", (double)ns / 1e9);
}

static void print_octave(unsigned int octave, uint64_t count, uint64_t most)
{
	static const char bar[BAR_WIDTH + 1] = "########################################";
	unsigned int width = (unsigned int)((count * BAR_WIDTH + most - 1) / most);

	printf("  ");
	print_bound(octave ? 1ULL << octave : 0);
	printf(" to ");
	print_bound(octave < 63 ? 2ULL << octave : UINT64_MAX);
	printf(" %12" PRIu64 " |%-*.*s|\n", count, BAR_WIDTH, (int)width, bar);
}

void histogram_print(const struct histogram *histogram)
{
	unsigned int octave, first = HISTOGRAM_OCTAVES, last = 0;
	uint64_t most = 1, counts[HISTOGRAM_OCTAVES];

	for (octave = 0; octave < HISTOGRAM_OCTAVES; octave++) {
		counts[octave] = octave_count(histogram, octave);
		if (!counts[octave])
			continue;
		if (first == HISTOGRAM_OCTAVES)
			first = octave;
		last = octave;
		if (counts[octave] > most)
			most = counts[octave];
	}
	for (octave = first; octave <= last && octave < HISTOGRAM_OCTAVES; octave++)
		print_octave(octave, counts[octave], most);
}

/* @octaves: powers of two per character. */
static void print_word(const struct histogram *histogram, unsigned int octaves)
{
	static const char marks[MARKS + 1] = ".:-=+*#@";
	uint64_t counts[WORD] = { 0 }, most = 1;
	unsigned int octave, column, width = WORD / octaves;

	for (octave = 0; octave < HISTOGRAM_OCTAVES; octave++) {
		column = octave < WORD_OCTAVE ? 0 : (octave - WORD_OCTAVE) / octaves;
		if (column >= width)
			column = width - 1;
		counts[column] += octave_count(histogram, octave);
		if (counts[column] > most)
			most = counts[column];
	}
	printf("  |");
	for (column = 0; column < width; column++)
		putchar(counts[column] ? marks[(counts[column] * MARKS + most - 1) / most - 1] : ' ');
	putchar('|');
}

const char histogram_word_heading[] = "  |1us  32us 1ms  32ms 1s   |";
const char histogram_short_word_heading[] = "  |1us  1ms  1s|";

void histogram_print_word(const struct histogram *histogram)
{
	print_word(histogram, 1);
}

void histogram_print_line(const struct histogram *histogram)
{
	histogram_print_row(histogram);
	histogram_print_word(histogram);
	putchar('\n');
}

void histogram_print_short_word(const struct histogram *histogram)
{
	print_word(histogram, 2);
}

void histogram_json(struct output *output, const char *key, const struct histogram *histogram)
{
	unsigned int octave;
	bool first = true;

	output_text(output, key);
	json_number(output, "\"count\":", histogram->count);
	json_number(output, ",\"sum_ns\":", histogram->sum);
	json_number(output, ",\"p50_ns\":", histogram_quantile(histogram, 50));
	json_number(output, ",\"p99_ns\":", histogram_quantile(histogram, 99));
	json_number(output, ",\"min_ns\":", histogram->min);
	json_number(output, ",\"max_ns\":", histogram->max);
	json_number(output, ",\"max_at_ns\":", histogram->max_at);
	json_number(output, ",\"max_cpu\":", histogram->max_cpu);
	output_text(output, ",\"histogram\":[");
	for (octave = 0; octave < HISTOGRAM_OCTAVES; octave++) {
		uint64_t count = octave_count(histogram, octave);

		if (!count)
			continue;
		json_number(output, first ? "[" : ",[", octave ? 1ULL << octave : 0);
		json_number(output, ",", count);
		output_char(output, ']');
		first = false;
	}
	output_text(output, "]}");
}
