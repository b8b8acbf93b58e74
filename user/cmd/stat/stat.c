// SPDX-License-Identifier: GPL-2.0-only
/*
 * exptrace stat: what is in a trace, added up in one walk over its batches.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <exptrace/events.h>

#include "../../common/array.h"
#include "../../common/hash.h"
#include "../../common/index.h"
#include "../cmd.h"
#include "../interrupt.h"
#include "../notes.h"
#include "stat.h"

#define EXPERIMENTS	256
#define TASKS_SHOWN	15
#define SITES_SHOWN	10
/* reasons beyond those that this program knows are counted together */
#define REASONS		(EXPTRACE_NR_LOST + 1)

struct sum {
	uint64_t count;
	uint64_t bytes;
};

/* What is added up of a description, and what it means. */
struct event_sum {
	struct sum sum;
	struct event_role role;
};

struct loss_sum {
	uint64_t attempted;
	uint64_t recorded;
	uint64_t lost[REASONS];
};

struct stat {
	struct exptrace_trace *trace;
	struct stat_sched *sched;
	struct stat_alloc *alloc;
	uint64_t generations, batches;
	uint64_t generation;
	bool ended;		/* the one at hand; or none is */
	bool goes_on;
	struct exptrace_sync last;
	struct exptrace_sync since;	/* the first one after which nothing is missing */
	/* the ticks of the events of the generation at hand lie between these */
	uint64_t low, high;
	/* nanoseconds of CLOCK_MONOTONIC */
	bool has_time;
	uint64_t first_ns, last_ns;
	uint64_t until_ns;	/* of the last generation */
	double covered_ns;	/* by generations, those that overlap counted once */
	struct sum total;
	struct sum batch;	/* at hand */
	uint32_t cpu;		/* its, as stat_cpu() has it */
	struct event_sum *events;	/* by the description's index */
	size_t nevents, events_room;
	struct sum cpus[STAT_CPUS + 1];
	struct loss_sum losses[EXPERIMENTS];
};

/* Makes ready for all descriptions that were seen so far. */
static void reserve_events(struct stat *stat)
{
	const struct exptrace_schema_event *event;

	while ((event = exptrace_schema_at(stat->trace, stat->nevents))) {
		if (array_reach(&stat->events, stat->nevents, &stat->events_room,
				sizeof(*stat->events)))
			out_of_memory("reading the schema");
		stat->events[stat->nevents++].role = event_role_decide(event);
	}
}

static void add(struct sum *sum, uint64_t count, uint64_t bytes)
{
	sum->count += count;
	sum->bytes += bytes;
}

/* What an event tells beyond its existence. */
static inline void take_role(struct stat *stat, const struct exptrace_record *record,
				const struct event_role *role)
{
	if (role->kind != ROLE_NOTHING)
		stat_sched_event(stat->sched, stat->cpu, role->kind,
				 record->args[role->args[0]].u64, record->ticks);
	else if (record->event->experiment &&
		 !stat_alloc_event(stat->alloc, record->event, record->args, record->ticks))
		out_of_memory("adding up allocations");
}

static void take_event(void *arg, const struct exptrace_record *record)
{
	struct stat *stat = arg;
	struct event_sum *event = &stat->events[record->event->index];

	add(&event->sum, 1, record->size);
	if (!EXPTRACE_EVENT_IS_STATE(record->type))
		add(&stat->batch, 1, record->size);
	if (record->ticks > stat->high)
		stat->high = record->ticks;
	take_role(stat, record, &event->role);
}

/*
 * Adds up the events of the batch at hand. Returns 0 or a negative errno, of which
 * exptrace_error() tells.
 */
static int take_events(struct stat *stat, const struct exptrace_batch *batch)
{
	struct sum *sum = &stat->batch;
	int ret;

	reserve_events(stat);
	*sum = (struct sum) { 0 };
	stat->cpu = stat_cpu(batch->cpu);
	ret = exptrace_each_in_batch(stat->trace, take_event, stat);
	/* nothing that has a time, or it has no schema */
	if (batch->kind != EXPTRACE_BATCH_EVENTS || ret == -ENOENT)
		return 0;
	if (batch->time < stat->low)
		stat->low = batch->time;
	if (batch->time > stat->high)
		stat->high = batch->time;
	add(&stat->total, sum->count, sum->bytes);
	if (batch->cpu != EXPTRACE_CPU_NONE)
		add(&stat->cpus[stat->cpu], sum->count, sum->bytes);
	return ret;
}

static void take_sync(struct stat *stat)
{
	size_t n = exptrace_syncs(stat->trace);

	if (!n)
		return;
	if (!stat->goes_on)
		stat->since = *exptrace_sync_at(stat->trace, 0);
	stat->goes_on = true;
	stat->last = *exptrace_sync_at(stat->trace, n - 1);
}

/* 0: it is none */
static double distance(uint64_t from, uint64_t to)
{
	return to > from ? (double)(to - from) : 0;
}

/* After this, nothing that was going on is known any more. */
static void break_off(struct stat *stat)
{
	const struct exptrace_sync *first = &stat->since, *last = &stat->last;
	double ns = distance(first->mono_ns, last->mono_ns);
	double ticks = distance(first->ticks, last->ticks);

	if (!stat->goes_on)
		return;
	stat_sched_end(stat->sched, last->ticks,
		       ns > 0 && ticks > 0 ? ns / ticks : 1e9 / (double)first->frequency);
	stat->goes_on = false;
}

static void take_ledger(struct stat *stat)
{
	const struct exptrace_ledger_entry *entries;
	size_t n = exptrace_ledger(stat->trace, &entries), i, j;

	for (i = 0; i < n; i++) {
		struct loss_sum *sum;

		if (entries[i].experiment >= EXPERIMENTS)
			continue;
		sum = &stat->losses[entries[i].experiment];
		sum->attempted += entries[i].attempted;
		sum->recorded += entries[i].recorded;
		for (j = 0; j < entries[i].nlosses; j++) {
			uint64_t reason = entries[i].losses[j].reason;

			sum->lost[reason < REASONS ? reason : REASONS - 1] +=
				entries[i].losses[j].count;
		}
	}
}

static void take_generation(struct stat *stat, uint64_t generation)
{
	bool missing = stat->generations && generation != stat->generation + 1;
	bool broken = stat->generations && !stat->ended;

	if (missing || broken || exptrace_gap(stat->trace)) {
		break_off(stat);
		stat_alloc_forget(stat->alloc);
	}
	stat->generations++;
	stat->generation = generation;
	stat->ended = false;
	stat->low = UINT64_MAX;
	stat->high = 0;
}

/* The time of the generation at hand, by its Syncs or, where one is missing, by its events. */
static bool get_span(const struct stat *stat, const struct exptrace_generation *generation,
		     uint64_t *start, uint64_t *end)
{
	size_t n = exptrace_syncs(stat->trace);
	const struct exptrace_sync *first = exptrace_sync_at(stat->trace, 0);

	if (!n)
		return false;
	*start = first->mono_ns;
	*end = exptrace_sync_at(stat->trace, n - 1)->mono_ns;
	if (!generation->begins && stat->low != UINT64_MAX)
		*start = exptrace_ns(stat->trace, stat->low);
	if (n == 1 && generation->begins && stat->high > first->ticks)
		*end = exptrace_ns(stat->trace, stat->high);
	return *end >= *start;
}

static void add_span(struct stat *stat, uint64_t start, uint64_t end)
{
	if (!stat->has_time || start < stat->first_ns)
		stat->first_ns = start;
	if (!stat->has_time || end > stat->last_ns)
		stat->last_ns = end;
	/* by another clock, it overlaps with none before */
	if (stat->has_time && !exptrace_set_back(stat->trace) && start < stat->until_ns)
		start = stat->until_ns;
	stat->has_time = true;
	if (end <= start)
		return;
	stat->covered_ns += (double)(end - start);
	stat->until_ns = end;
}

/* All of it was read. */
static void end_generation(void *arg, const struct exptrace_generation *generation)
{
	struct stat *stat = arg;
	uint64_t start, end;

	stat->ended = generation->ends;
	take_ledger(stat);
	stat_sched_generation(stat->sched, stat->trace);
	if (!stat_alloc_end_generation(stat->alloc, stat->trace, generation->ends))
		out_of_memory("adding up allocations");
	if (get_span(stat, generation, &start, &end))
		add_span(stat, start, end);
}

static int take_batch(struct stat *stat, const struct exptrace_batch *batch)
{
	if (batch->kind == EXPTRACE_BATCH_END)
		return 0;
	stat->batches++;
	if (!stat->generations || batch->generation != stat->generation)
		take_generation(stat, batch->generation);
	if (batch->kind == EXPTRACE_BATCH_SYNC)
		take_sync(stat);
	return take_events(stat, batch);
}

/* Goes on behind damage. Returns whether there was any. */
static bool stat_walk(struct stat *stat)
{
	const struct exptrace_batch *batch;
	bool damaged = false;
	int ret;

	while (!interrupted && (ret = exptrace_next_batch(stat->trace, &batch))) {
		if (ret == 1)
			ret = take_batch(stat, batch);
		if (!ret)
			continue;
		if (ret == -EAGAIN)
			break;
		damaged = true;
		if (!go_on(stat->trace, ret))
			break;
	}
	break_off(stat);
	return damaged;
}

static double ratio(double a, double b)
{
	return b > 0 ? a / b : 0;
}

/* Events in a second; "-" if it is not known how long that was. */
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

/* By reasons, not attempted less recorded: a ledger that does not add up is no giant number. */
static uint64_t count_lost(const struct loss_sum *sum)
{
	uint64_t lost = 0;
	unsigned int i;

	for (i = 0; i < REASONS; i++)
		lost += sum->lost[i];
	return lost;
}

/* What cannot be known of what events tell together, if some are missing. */
static void print_uncertain(const struct stat *stat)
{
	const struct loss_sum *standard = &stat->losses[EXPTRACE_EXPERIMENT_STANDARD];
	const struct loss_sum *alloc = &stat->losses[EXPTRACE_EXPERIMENT_ALLOCFREE];
	const struct exptrace_account *account = exptrace_account(stat->trace);

	if (count_lost(standard) || (standard->attempted && account->unread))
		printf("Uncertain:   the times of tasks: switches may be among the events that were lost\n");
	if (count_lost(alloc) || (alloc->attempted && account->unread))
		printf("Uncertain:   what is still allocated: events of it were lost\n");
}

static void print_duration(const struct stat *stat)
{
	double seconds = (double)(stat->last_ns - stat->first_ns) / 1e9;

	if (stat->has_time)
		printf("Duration:    %.6f s\n", seconds);
	else
		printf("Duration:    not known: there is no Sync\n");
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
	if (account->damaged_bytes)
		printf("Damaged:     %llu bytes\n", (unsigned long long)account->damaged_bytes);
	if (account->unread)
		printf("Not read:    %llu events that the ledger counts\n",
		       (unsigned long long)account->unread);
}

static void print_head(const struct stat *stat, double seconds)
{
	uint64_t bytes = exptrace_offset(stat->trace);
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

static void print_event(const struct stat *stat, const struct exptrace_schema_event *event,
			const struct sum *sum, double seconds)
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

/* The first description with the same experiment and name; NULL: this one is. */
static struct event_sum *find_first(struct stat *stat, struct index *firsts, uint32_t *places,
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

/* What was described differently in different generations is one line. */
static void join_events(struct stat *stat)
{
	uint32_t *places = need_memory(calloc(stat->nevents + 1, sizeof(*places)),
				       "sorting events");
	struct index firsts = { 0 };
	struct event_sum *first;
	struct sum *sum;
	size_t i;

	for (i = 0; i < stat->nevents; i++) {
		first = find_first(stat, &firsts, places, exptrace_schema_at(stat->trace, i));
		sum = &stat->events[i].sum;
		if (!first)
			continue;
		add(&first->sum, sum->count, sum->bytes);
		*sum = (struct sum) { 0 };
	}
	index_uninit(&firsts);
	free(places);
}

static void print_events(struct stat *stat, double seconds)
{
	const struct exptrace_schema_event *event;
	size_t i;

	printf("\n  %-12s %-22s %12s %14s %8s %14s\n", "experiment", "event", "count", "bytes",
	       "bytes/ev", "events/s");
	join_events(stat);
	for (i = 0; i < stat->nevents && (event = exptrace_schema_at(stat->trace, i)); i++)
		if (stat->events[i].sum.count)
			print_event(stat, event, &stat->events[i].sum, seconds);
}

static void print_cpus(const struct stat *stat, double seconds)
{
	uint32_t i;

	printf("\n  %-6s %12s %14s %14s\n", "CPU", "events", "bytes", "events/s");
	for (i = 0; i <= STAT_CPUS; i++) {
		const struct sum *sum = &stat->cpus[i];

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
	const struct loss_sum *sum = &stat->losses[experiment];
	unsigned int i;

	if (!sum->attempted)
		return;
	printf("  ");
	print_name(name ? name : "?", 12);
	printf(" attempted %llu, recorded %llu, lost %llu", (unsigned long long)sum->attempted,
	       (unsigned long long)sum->recorded,
	       (unsigned long long)count_lost(sum));
	for (i = 0; i < REASONS; i++)
		if (sum->lost[i])
			printf("; %s: %llu", i < EXPTRACE_NR_LOST ? exptrace_lost_name(i) :
			       "other reasons", (unsigned long long)sum->lost[i]);
	putchar('\n');
}

static void print_losses(const struct stat *stat)
{
	unsigned int i;

	printf("\nLedger:\n");
	for (i = 0; i < EXPERIMENTS; i++)
		print_loss(stat, i);
}

static int stat_run(struct stat *stat)
{
	bool damaged = stat_walk(stat);
	double seconds = stat->covered_ns / 1e9;

	if (stat->batches) {
		print_head(stat, seconds);
		print_events(stat, seconds);
		print_cpus(stat, seconds);
		print_losses(stat);
		stat_sched_print(stat->sched, stat->trace, seconds, TASKS_SHOWN);
		stat_alloc_print(stat->alloc, SITES_SHOWN);
	}
	note_interrupted();
	note_names(stat->trace);
	note_reading(stat->trace);
	return damaged ? EXIT_PROBLEM : EXIT_OK;
}

static const struct option options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ 0 }
};

static int run_stat(int argc, char **argv)
{
	int ret = next_option(&command_stat, argc, argv, ":h", options);
	struct exptrace_trace *trace;
	struct stat *stat;

	if (ret == OPTION_HELP_SHOWN)
		return EXIT_OK;
	if (ret != -1)
		return EXIT_USAGE;
	ret = open_trace(&command_stat, argc, argv, &trace);
	if (ret)
		return ret;
	stat = need_memory(calloc(1, sizeof(*stat)), "beginning to add up");
	stat->trace = trace;
	stat->sched = stat_sched_new();
	stat->alloc = stat_alloc_new();
	interrupt_catch();
	exptrace_on_generation(trace, end_generation, stat);
	ret = stat_run(stat);
	exptrace_close(stat->trace);
	stat_sched_free(stat->sched);
	stat_alloc_free(stat->alloc);
	free(stat->events);
	free(stat);
	return ret;
}

const struct command command_stat = {
	.name = "stat",
	.purpose = "Adds up what is in a trace",
	.synopsis = "FILE|-",
	.help =
	"Shows the kernel, the duration, the events by type and by CPU, what was lost and\n"
	"why, the busiest tasks, and who allocated memory.\n",
	.run = run_stat,
};
