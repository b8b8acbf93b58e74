// SPDX-License-Identifier: GPL-2.0-only
/*
 * What exptrace stat has added up of the whole trace, of its events and of its CPUs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <exptrace/events.h>

#include "../../common/hash.h"
#include "../../common/index.h"
#include "../cmd.h"
#include "../print.h"
#include "stat.h"

static double ratio(double a, double b)
{
	return b > 0 ? a / b : 0;
}

/* Events per second; "-" if the time is not known. */
static void print_rate(const char *before, int width, int decimals, uint64_t count, double seconds)
{
	if (seconds > 0)
		printf("%s%*.*f", before, width, decimals, (double)count / seconds);
	else
		printf("%s%*s", before, width, "-");
}

static const char *property(const struct stat *stat, const char *key)
{
	const char *value = exptrace_property(stat->trace, key);

	return value ? value : "?";
}

static void print_property(const struct stat *stat, const char *key, const char *behind)
{
	print_name(property(stat, key), 0);
	printf("%s", behind);
}

/* The sum over reasons: attempted minus recorded underflows if a ledger does not add up. */
static uint64_t losses_count(const struct stat_losses *sum)
{
	uint64_t lost = 0;
	unsigned int i;

	for (i = 0; i < STAT_REASONS; i++)
		lost += sum->lost[i];
	return lost;
}

/* Which results are uncertain because events are missing. */
static void print_uncertain(const struct stat *stat)
{
	const struct stat_losses *standard = &stat->losses[EXPTRACE_EXPERIMENT_STANDARD];
	const struct stat_losses *alloc = &stat->losses[EXPTRACE_EXPERIMENT_ALLOCFREE];
	const struct exptrace_account *account = exptrace_account(stat->trace);

	if (losses_count(standard) || (standard->attempted && account->unread))
		printf("Uncertain:   times of tasks: the lost events may include switches\n");
	if (losses_count(alloc) || (alloc->attempted && account->unread))
		printf("Uncertain:   what is still allocated: such events were lost\n");
}

static void print_duration(const struct stat *stat)
{
	double seconds = (double)(stat->last_ns - stat->first_ns) / 1e9;

	if (stat->has_time)
		printf("Duration:    %.6f s\n", seconds);
	else
		printf("Duration:    unknown: there is no Sync\n");
	print_gaps(stat->trace);
	if (stat->covered_ns < (double)(stat->last_ns - stat->first_ns) || exptrace_account(stat->trace)->set_backs)
		printf("Covered:     %.6f s of it\n", stat->covered_ns / 1e9);
}

static void print_generations(const struct stat *stat)
{
	const struct exptrace_account *account = exptrace_account(stat->trace);

	printf("Generations: %llu", (unsigned long long)account->generations);
	if (account->missing)
		printf(" (and %llu missing between them)", (unsigned long long)account->missing);
	if (account->partial)
		printf(", the first without its beginning");
	if (account->cut_off)
		printf(", %llu without an end", (unsigned long long)account->cut_off);
	putchar('\n');
	print_unread(stat->trace);
}

void stat_print_head(const struct stat *stat, double seconds)
{
	uint64_t bytes = exptrace_offset(stat->trace) - stat->begin;
	const struct exptrace_times *times = exptrace_times(stat->trace);

	printf("Kernel:      ");
	print_property(stat, "release", " ");
	print_property(stat, "machine", " on ");
	print_property(stat, "nodename", "\n");
	if (exptrace_property(stat->trace, "boot_id"))
		print_line("Boot:", property(stat, "boot_id"));
	printf("Clock:       ");
	print_property(stat, "clock", ", addresses: ");
	print_property(stat, "addresses", "\n");
	if (times->unstable)
		printf("Uncertain:   the times of %llu generations, whose clock was found to be unstable\n",
		       (unsigned long long)times->unstable);
	if (exptrace_property(stat->trace, "mode"))
		print_line("Mode:", property(stat, "mode"));
	if (exptrace_property(stat->trace, "filter"))
		print_line("Filter:", property(stat, "filter"));
	print_uncertain(stat);
	print_duration(stat);
	print_generations(stat);
	printf("Batches:     %llu\n", (unsigned long long)stat->batches);
	printf("Bytes:       %llu\n", (unsigned long long)bytes);
	printf("Events:      %llu", (unsigned long long)stat->total.count);
	print_rate(", ", 0, 0, stat->total.count, seconds);
	printf("/s, %.2f bytes each with all tables, %.2f without\n",
	       ratio((double)bytes, (double)stat->total.count),
	       ratio((double)stat->total.bytes, (double)stat->total.count));
}

static void stat_print_event(const struct stat *stat, const struct exptrace_schema_event *event,
			     const struct stat_sum *sum, double seconds)
{
	const char *experiment = exptrace_experiment_name(stat->trace, event->experiment);

	printf("  ");
	print_name(experiment ? experiment : "?", 12);
	putchar(' ');
	print_name(event->name, 22);
	printf(" %12llu %14llu %8.2f", (unsigned long long)sum->count,
	       (unsigned long long)sum->bytes,
	       ratio((double)sum->bytes, (double)sum->count));
	print_rate(" ", 14, 1, sum->count, seconds);
	putchar('\n');
}

/* The first description with the same experiment and name; NULL if it is this one. */
static struct stat_event *find_first(struct stat *stat, struct index *firsts, uint32_t *places,
				     const struct exptrace_schema_event *event)
{
	uint64_t hash = hash_bytes(event->name, strlen(event->name));
	int64_t i = index_get(firsts, hash, event->experiment);
	const struct exptrace_schema_event *first;

	if (i < 0)
		out_of_memory("sorting events");
	if (!places[i])
		places[i] = event->index + 1;
	first = exptrace_schema_at(stat->trace, places[i] - 1);
	return first == event || strcmp(first->name, event->name) ? NULL :
	       &stat->events[first->index];
}

/* An event with different descriptions in different generations gets one line. */
static void join_events(struct stat *stat)
{
	uint32_t *places = need_memory(calloc(stat->nevents + 1, sizeof(*places)),
				       "sorting events");
	struct index firsts = { 0 };
	struct stat_event *first;
	struct stat_sum *sum;
	size_t i;

	for (i = 0; i < stat->nevents; i++) {
		first = find_first(stat, &firsts, places, exptrace_schema_at(stat->trace, i));
		sum = &stat->events[i].sum;
		if (!first)
			continue;
		stat_add(&first->sum, sum->count, sum->bytes);
		*sum = (struct stat_sum) { 0 };
	}
	index_uninit(&firsts);
	free(places);
}

void stat_print_events(struct stat *stat, double seconds)
{
	const struct exptrace_schema_event *event;
	size_t i;

	printf("\n  %-12s %-22s %12s %14s %8s %14s\n", "experiment", "event", "count", "bytes",
	       "bytes/ev", "events/s");
	join_events(stat);
	for (i = 0; i < stat->nevents && (event = exptrace_schema_at(stat->trace, i)); i++)
		if (stat->events[i].sum.count)
			stat_print_event(stat, event, &stat->events[i].sum, seconds);
}

void stat_print_cpus(const struct stat *stat, double seconds)
{
	uint32_t i;

	printf("\n  %-6s %12s %14s %14s\n", "CPU", "events", "bytes", "events/s");
	for (i = 0; i <= STAT_CPUS; i++) {
		const struct stat_sum *sum = &stat->cpus[i];

		if (!sum->count)
			continue;
		printf(i < STAT_CPUS ? "  %-6u" : "  >%-5u", i < STAT_CPUS ? i : i - 1);
		printf(" %12llu %14llu", (unsigned long long)sum->count,
		       (unsigned long long)sum->bytes);
		print_rate(" ", 14, 1, sum->count, seconds);
		putchar('\n');
	}
}

static void print_loss(const struct stat *stat, unsigned int experiment)
{
	const char *name = exptrace_experiment_name(stat->trace, (uint8_t)experiment);
	const struct stat_losses *sum = &stat->losses[experiment];
	unsigned int i;

	if (!sum->attempted)
		return;
	printf("  ");
	print_name(name ? name : "?", 12);
	printf(" attempted %llu, recorded %llu, lost %llu", (unsigned long long)sum->attempted,
	       (unsigned long long)sum->recorded,
	       (unsigned long long)losses_count(sum));
	for (i = 0; i < STAT_REASONS; i++)
		if (sum->lost[i])
			printf("; %s: %llu", i < EXPTRACE_NR_LOST ? exptrace_lost_name(i) :
			       "other reasons", (unsigned long long)sum->lost[i]);
	putchar('\n');
}

void stat_print_losses(const struct stat *stat)
{
	unsigned int i;

	printf("\nLedger:\n");
	for (i = 0; i < STAT_EXPERIMENTS; i++)
		print_loss(stat, i);
}
