// SPDX-License-Identifier: GPL-2.0-only
/*
 * exptrace check: verifies that a trace is sound and that its ledger adds up.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "cmd.h"
#include "notes.h"
#include "range.h"

#define PROBLEMS_SHOWN	100

/* Printed at once, because a signal may end the command. */
void check_problem(struct check *check, uint64_t offset, const char *format, ...)
{
	const char *file = exptrace_locate(check->trace, offset, &offset);
	va_list args;

	if (++check->problems > PROBLEMS_SHOWN)
		return;
	printf("generation %llu: ", (unsigned long long)check->generation);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf(" (offset %llu", (unsigned long long)offset);
	if (file) {
		printf(" of ");
		print_name(file, 0);
	}
	printf(")\n");
	flush_stdout();
}

/*
 * Count and print a problem that the library found; its message names the generation and
 * the offset. Returns whether the walk can go on.
 */
static bool damage_problem(struct check *check, int err)
{
	char text[RECOVER_TEXT];
	int ret = recover(check->trace, err, text);
	bool damage = ret >= 0 || ret == -EBADMSG || ret == -ENODATA;

	check->broken = true;
	/* not a trace, or not read: nothing was checked */
	if (!damage || (ret != 1 && exptrace_version(check->trace) <= 0)) {
		check->failed = true;
		trace_problem("%s", text);
		return false;
	}
	if (++check->problems > PROBLEMS_SHOWN)
		return ret == 1;
	print_name(text, 0);
	putchar('\n');
	flush_stdout();
	return ret == 1;
}

void check_reach(void *array, size_t i, size_t *room, size_t size)
{
	char **bytes = array;
	size_t n = *room ? 2 * *room : 64;

	if (i < *room)
		return;
	*bytes = grow_memory(*bytes, n, size, "checking a generation");
	memset(*bytes + *room * size, 0, (n - *room) * size);
	*room = n;
}

/* A generation must begin with a Sync, unless an earlier reader took its beginning. */
static void check_first_batch(struct check *check, const struct exptrace_batch *batch)
{
	if (batch->kind == EXPTRACE_BATCH_SYNC)
		return;
	check->partial = check->generations == 1 || check->other_recording;
	if (!check->partial)
		check_problem(check, batch->offset, "it does not begin with a Sync");
	else if (!check->allow_partial_first)
		check_problem(check, batch->offset,
			      "no opening Sync: an earlier reader took its beginning (--allow-partial-first accepts that)");
}

static void check_begin_generation(struct check *check, const struct exptrace_batch *batch)
{
	uint64_t before = check->generation;

	check->generation = batch->generation;
	check->missing = 0;
	check->other_recording = exptrace_recording(check->trace) != check->recording;
	check->recording = exptrace_recording(check->trace);
	if (check->generations && !check->other_recording && batch->generation > before + 1) {
		check->missing = batch->generation - before - 1;
		check->missing_offset = batch->offset;
	}
	check->generations++;
	check->inside = true;
	check->partial = false;
	check->broken = false;
	check->nsyncs = 0;
	index_clear(&check->writer_index);
	index_clear(&check->count_index);
	check_first_batch(check, batch);
}

/* Returns the batch's writer's last time in this generation. */
static uint64_t *writer_time(struct check *check, const struct exptrace_batch *batch)
{
	uint32_t n = check->writer_index.n;
	int64_t i = index_get(&check->writer_index, batch->experiment, batch->m);

	if (i < 0)
		out_of_memory("checking the times of writers");
	check_reach(&check->writers, (size_t)i, &check->writers_room, sizeof(*check->writers));
	if (i == n)
		check->writers[i].time = 0;
	return &check->writers[i].time;
}

static void check_batch_time(struct check *check, const struct exptrace_batch *batch)
{
	uint64_t *time = writer_time(check, batch);

	if (batch->time < *time)
		check_problem(check, batch->offset,
			      "experiment %u, cpu %lld: time goes back: expected at least %llu, found %llu",
			      batch->experiment, (long long)batch->cpu, (unsigned long long)*time,
			      (unsigned long long)batch->time);
	if (batch->time > *time)
		*time = batch->time;
}

/* @err: why the walk over a batch's events stopped before its end */
static void check_batch_error(struct check *check, const struct exptrace_batch *batch, int err)
{
	if (err == -ENOENT && check->partial)
		check->broken = true;	/* the schema was in the missing part */
	else if (err == -ENOENT)
		check_problem(check, batch->offset, "experiment %u: events without a schema",
			      batch->experiment);
	else
		damage_problem(check, err);
}

static void check_events(struct check *check, const struct exptrace_batch *batch)
{
	const struct exptrace_record *record;
	uint64_t time = batch->time, found = 0;
	int ret;

	while ((ret = exptrace_next_in_batch(check->trace, &record)) == 1) {
		if (record->ticks == time)
			check_problem(check, record->offset,
				      "experiment %u, cpu %lld: an event with a delta of 0",
				      batch->experiment, (long long)batch->cpu);
		time = record->ticks;
		found += !EXPTRACE_EVENT_IS_STATE(record->type);
	}
	if (ret < 0)
		check_batch_error(check, batch, ret);
	if (batch->kind == EXPTRACE_BATCH_EVENTS)
		*writer_time(check, batch) = time;
	check->events += found;
	check_count_events(check, batch->experiment, batch->cpu, found);
}

/* More than adjtimex(2), a wrong frequency, or the time between two readings can explain */
#define MOST_OFF_NS	10e6
#define MOST_OFF	0.12

/*
 * If only one of the recorder's clock and CLOCK_MONOTONIC advances, all times are
 * stretched. A suspend that the recorder did not notice has that effect.
 */
static void check_clock(struct check *check, const struct exptrace_batch *batch,
			const struct exptrace_sync *before, const struct exptrace_sync *last)
{
	double mono = (double)(last->mono_ns - before->mono_ns);
	double ticks = (double)(last->ticks - before->ticks) / (double)before->frequency * 1e9;
	double off = ticks > mono ? ticks - mono : mono - ticks;

	if (off > MOST_OFF_NS + MOST_OFF * mono && !exptrace_clock_unstable(check->trace))
		check_problem(check, batch->offset,
			      "its clock went on by %.6f s, CLOCK_MONOTONIC by %.6f s",
			      ticks / 1e9, mono / 1e9);
}

static void check_sync(struct check *check, const struct exptrace_batch *batch)
{
	size_t n = exptrace_syncs(check->trace);
	const struct exptrace_sync *before, *last;

	check->nsyncs++;
	if (check->nsyncs == 1 && exptrace_set_back(check->trace) && !check->other_recording)
		check_problem(check, batch->offset,
			      "CLOCK_MONOTONIC is earlier than in the generation before");
	if (batch->m != EXPTRACE_M_NONE)
		check_problem(check, batch->offset, "a Sync of a writer that is bound to a CPU");
	last = exptrace_sync_at(check->trace, n - 1);
	before = n > 1 ? exptrace_sync_at(check->trace, n - 2) : last;
	if (!last)
		return;
	if (last->ticks < before->ticks || last->mono_ns < before->mono_ns)
		check_problem(check, batch->offset, "the clock goes back between its Syncs");
	else
		check_clock(check, batch, before, last);
}

static void check_batch(struct check *check, const struct exptrace_batch *batch)
{
	check->batches++;
	/* damage may have destroyed the end mark */
	if (!check->inside || batch->generation != check->generation)
		check_begin_generation(check, batch);
	/* Syncs are not ordered with other batches */
	if (batch->kind != EXPTRACE_BATCH_SYNC)
		check_batch_time(check, batch);
	if (!batch->length)
		check_problem(check, batch->offset, "an empty batch");
	if (batch->experimental && !batch->experiment)
		check_problem(check, batch->offset, "an experimental batch of experiment 0");
	if (batch->kind == EXPTRACE_BATCH_SYNC)
		check_sync(check, batch);
	check_events(check, batch);
	check->last_kind = batch->kind;
}

/*
 * A flight recorder evicts whole generations. Whether the trace comes from one is known
 * only from the properties, which follow later in the generation.
 */
static void check_missing(struct check *check)
{
	const char *mode = exptrace_property(check->trace, "mode");

	if (!check->missing)
		return;
	if (mode && !strcmp(mode, "flight"))
		check->given_up += check->missing;
	else
		check_problem(check, check->missing_offset,
			      "%llu generations before it are missing, and it was not recorded in flight mode",
			      (unsigned long long)check->missing);
	check->missing = 0;
}

static uint64_t check_number_property(const struct check *check, const char *key)
{
	const char *value = exptrace_property(check->trace, key);

	return value ? strtoull(value, NULL, 10) : 0;
}

/* Count what the statedump had no room for, which is not a fault of the trace. */
static void count_missing_state(struct check *check)
{
	uint64_t tasks = check_number_property(check, "missing_tasks");
	uint64_t names = check_number_property(check, "missing_names");

	check->missing_tasks += tasks;
	check->missing_names += names;
	check->short_dumps += tasks || names;
}

static void check_end_generation(struct check *check, const struct exptrace_batch *mark)
{
	check->inside = false;
	check_missing(check);
	count_missing_state(check);
	if (exptrace_other_boot(check->trace) && !check->other_recording)
		check_problem(check, mark->offset, "it is of another boot than the one before");
	if (check->last_kind != EXPTRACE_BATCH_SYNC || check->nsyncs < (check->partial ? 1 : 2))
		check_problem(check, mark->offset, "it does not end with a closing Sync");
	check->unknown_sites += check_number_property(check, "unknown_sites");
	check->unknown_stacks += check_number_property(check, "unknown_stacks");
	if (!check->broken)
		check_ledger(check, mark->offset);
}

/* Walk over the batches, and go on after damage. */
static void check_walk(struct check *check)
{
	const struct exptrace_batch *batch;
	int ret;

	for (;;) {
		ret = exptrace_next_batch(check->trace, &batch);
		if (ret == 0)
			return;
		if (ret < 0) {
			if (!damage_problem(check, ret))
				return;
		} else if (batch->kind == EXPTRACE_BATCH_END) {
			check_end_generation(check, batch);
		} else {
			check_batch(check, batch);
		}
	}
}

static void print_reasons(const struct check *check)
{
	const char *before = "lost: ";
	unsigned int i;

	for (i = 0; i <= EXPTRACE_NR_LOST; i++) {
		if (!check->reasons[i])
			continue;
		printf("%s%s %llu", before, i < EXPTRACE_NR_LOST ? exptrace_lost_name(i) :
		       "other reasons", (unsigned long long)check->reasons[i]);
		before = ", ";
	}
	if (check->lost)
		putchar('\n');
}

static void print_result(const struct check *check)
{
	const struct exptrace_times *times = exptrace_times(check->trace);

	print_reasons(check);
	if (check->given_up)
		printf("given up: %llu generations (flight mode)\n",
		       (unsigned long long)check->given_up);
	if (check->short_dumps)
		printf("no room in the statedumps of %llu generations for %llu threads, %llu names\n",
		       (unsigned long long)check->short_dumps,
		       (unsigned long long)check->missing_tasks,
		       (unsigned long long)check->missing_names);
	if (exptrace_nameless(check->trace))
		printf("uncertain: the names of threads in %llu generations, which lost changes of them\n",
		       (unsigned long long)exptrace_nameless(check->trace));
	if (check->unknown_sites)
		printf("unknown: a call site, %llu times; the recorder's table was full\n",
		       (unsigned long long)check->unknown_sites);
	if (check->unknown_stacks)
		printf("unknown: a stack, %llu times; the recorder's table was full\n",
		       (unsigned long long)check->unknown_stacks);
	if (times->gaps)
		printf("gaps: %llu times nothing was recorded between two generations, for %.6f s; "
		       "suspended: %.6f s\n", (unsigned long long)times->gaps,
		       (double)times->gap_ns / 1e9, (double)times->suspended_ns / 1e9);
	if (times->unstable)
		printf("uncertain: the times of %llu generations, whose clock was found to be unstable\n",
		       (unsigned long long)times->unstable);
	if (exptrace_version(check->trace) == 1)
		printf("approximate: all times, if the clock's rate changed within a generation: version 1 of the format does not record that\n");
	printf("%s: %llu generations, %llu batches, %llu events, %llu lost\n",
	       check->problems ? "FAILED" : "OK", (unsigned long long)check->generations,
	       (unsigned long long)check->batches, (unsigned long long)check->events,
	       (unsigned long long)check->lost);
}

static int check_run(struct check *check)
{
	int ret = range_begin(&check->range, &command_check, check->trace);

	if (ret)
		return ret;
	check_walk(check);
	check_missing(check);
	note_borrowed(check->trace);
	if (check->failed && !check->generations)
		return EXIT_PROBLEM;
	check->problems += check->failed;
	if (!check->generations && !check->problems)
		note_empty();
	if (check->problems > PROBLEMS_SHOWN)
		printf("... and %llu more\n",
		       (unsigned long long)(check->problems - PROBLEMS_SHOWN));
	print_result(check);
	range_note(&check->range);
	return check->problems ? EXIT_PROBLEM : EXIT_OK;
}

static void check_uninit(struct check *check)
{
	exptrace_close(check->trace);
	index_uninit(&check->writer_index);
	index_uninit(&check->count_index);
	free(check->writers);
	free(check->counts);
}

enum { OPT_PARTIAL = 256 };

static const struct option options[] = {
	{ "allow-partial-first",	no_argument,	NULL, OPT_PARTIAL },
	RANGE_OPTIONS,
	{ "help",			no_argument,	NULL, 'h' },
	{ 0 }
};

static int run_check(int argc, char **argv)
{
	struct check check = { .range.whole = true };
	int c, ret;

	while ((c = next_option(&command_check, argc, argv, ":h", options)) >= 0) {
		if (c != OPT_PARTIAL && !range_option(&check.range, c))
			return bad_value(&command_check, argv, RANGE_WANTED);
		check.allow_partial_first |= c == OPT_PARTIAL;
	}
	if (c == OPTION_HELP_SHOWN)
		return EXIT_OK;
	if (c != -1)
		return EXIT_USAGE;
	ret = open_trace(&command_check, argc, argv, &check.trace);
	if (!ret)
		ret = check_run(&check);
	check_uninit(&check);
	return ret;
}

const struct command command_check = {
	.name = "check",
	.purpose = "Verifies that a trace is sound and that its ledger adds up",
	.synopsis = "[--allow-partial-first] " RANGE_SYNOPSIS " FILE...|DIRECTORY|-",
	.help =
	"      --allow-partial-first  accept that an earlier reader took the beginning of\n"
	"                             the first generation\n"
	RANGE_HELP("only the generations that overlap this range")
	"\n"
	"Prints a line for each problem, then OK (exit code 0) or FAILED (1).\n",
	.run = run_check,
};
