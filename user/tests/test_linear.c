// SPDX-License-Identifier: GPL-2.0-only
/*
 * A command's time grows linearly with the size of traces that are made to be slow. With quadratic
 * growth each of these would take minutes; the limit is far above the present time.
 */
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"
#include "sample.h"
#include "tap.h"

/* Sanitizers change the time: with them, smaller traces are only read. */
#ifdef __SANITIZE_ADDRESS__
#define SECONDS		60
#define MANY		50000
#define GENERATIONS	6000
#else
#define SECONDS		6
#define MANY		500000
#define GENERATIONS	60000
#endif
#define FREQUENCY	1000000000ULL
#define BATCH_FULL	60000
#define ALLOC		EXPTRACE_EXPERIMENT_ALLOCFREE

struct trace_case {
	const char *name;
	const struct command *command;
	void (*write)(struct writer *w);
};

static uint64_t now;

static void open_generation(struct writer *w, uint64_t gen)
{
	now += 1000;
	w_sync(w, gen, now, FREQUENCY, now);
}

static void close_generation(struct writer *w, uint64_t gen)
{
	now += 1000;
	w_sync(w, gen, now, FREQUENCY, now);
	w_end_of_generation(w);
}

/* Begins the CPU's next batch at the current time if the present one is full. */
static void next_batch(struct writer *w, int experiment, unsigned int cpu)
{
	if (w->size - w->batch < BATCH_FULL)
		return;
	w_end(w);
	w_begin(w, experiment, 1, SAMPLE_M(cpu, TASK), now);
}

/* Empty generations with numbers @step apart. */
static void write_empty(struct writer *w, unsigned int step)
{
	unsigned int i;

	for (i = 1; i <= GENERATIONS; i++) {
		open_generation(w, 1 + i * step);
		close_generation(w, 1 + i * step);
	}
}

static void write_first(struct writer *w, int experiment, unsigned int cpu)
{
	open_generation(w, 1);
	w_schema(w, 1, now);
	w_begin(w, experiment, 1, SAMPLE_M(cpu, TASK), now);
}

/* Many strings in one generation, then a batch of strings in each further one. */
static void many_strings(struct writer *w)
{
	unsigned int i;

	open_generation(w, 1);
	w_schema(w, 1, now);
	for (i = 0; i < MANY; i++) {
		if (i % 5000 == 0) {
			if (i)
				w_end(w);
			w_begin(w, STANDARD_BATCH, 1, EXPTRACE_M_NONE, now);
			w_byte(w, EXPTRACE_WIRE_STRINGS);
		}
		w_string_entry(w, i + 1, "x");
	}
	w_end(w);
	close_generation(w, 1);
	for (i = 2; i <= GENERATIONS; i++) {
		open_generation(w, i);
		w_begin(w, STANDARD_BATCH, i, EXPTRACE_M_NONE, now);
		w_byte(w, EXPTRACE_WIRE_STRINGS);
		w_string_entry(w, 1, "y");
		w_end(w);
		close_generation(w, i);
	}
}

static void write_thread(struct writer *w, uint64_t pid, uint64_t start)
{
	next_batch(w, STANDARD_BATCH, 0);
	w_event(w, EXPTRACE_EVENT_TASK_NEW, 1);
	now++;
	w_number(w, pid);
	w_number(w, pid);
	w_number(w, 1);
	w_number(w, start);
	w_number(w, 0);
	w_string(w, "x");
}

static void write_switch(struct writer *w, uint64_t pid, unsigned int cpu)
{
	next_batch(w, STANDARD_BATCH, cpu);
	w_event(w, EXPTRACE_EVENT_SCHED_SWITCH + EXPTRACE_TASK_R, 1);
	now++;
	w_number(w, pid);
}

/* Many threads had one id, which is looked up at a time before all of them. */
static void one_id(struct writer *w)
{
	unsigned int i;

	write_first(w, STANDARD_BATCH, 1);
	for (i = 0; i < MANY; i++)
		write_switch(w, 5, 1);
	w_end(w);
	w_begin(w, STANDARD_BATCH, 1, SAMPLE_M(0, TASK), now);
	for (i = 0; i < MANY; i++)
		write_thread(w, 5, 100 + i);
	w_end(w);
	close_generation(w, 1);
}

/* The reader drops the times of many threads at each gap. */
static void many_threads(struct writer *w)
{
	unsigned int i;

	write_first(w, STANDARD_BATCH, 0);
	for (i = 0; i < MANY; i++)
		write_thread(w, i + 2, 100 + i);
	w_end(w);
	close_generation(w, 1);
	write_empty(w, 1);
}

static void many_switches(struct writer *w)
{
	unsigned int i;

	write_first(w, STANDARD_BATCH, 0);
	for (i = 0; i < MANY; i++)
		write_switch(w, i + 2, 0);
	w_end(w);
	close_generation(w, 1);
	write_empty(w, 2);
}

static void write_alloc(struct writer *w, uint64_t object)
{
	next_batch(w, ALLOC, 0);
	w_event(w, EXPTRACE_EVENT_KMALLOC, 1);
	now++;
	w_object(w, object);
	w_number(w, 8);
	w_number(w, 0);
	w_site(w, 1);
}

static void many_objects(struct writer *w)
{
	unsigned int i;

	write_first(w, ALLOC, 0);
	for (i = 0; i < MANY; i++)
		write_alloc(w, i + 1);
	w_end(w);
	close_generation(w, 1);
	write_empty(w, 2);
}

/* Each generation describes other events. */
static void many_descriptions(struct writer *w)
{
	unsigned int gen, i;
	char name[16];

	for (gen = 1; gen <= MANY / 1000; gen++) {
		open_generation(w, gen);
		w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, now);
		w_byte(w, EXPTRACE_WIRE_SCHEMA);
		for (i = 64; i < 240; i++) {
			snprintf(name, sizeof(name), "%x", gen * 256 + i);
			w_schema_event(w, 0, i, 1, "g", name, 0);
		}
		w_end(w);
		w_begin(w, STANDARD_BATCH, gen, SAMPLE_M(0, TASK), now);
		for (i = 64; i < 240; i++)
			w_event(w, i, 1);
		w_end(w);
		close_generation(w, gen);
	}
}

/* Inverse of an odd number modulo 2^64. */
static uint64_t inverse(uint64_t x)
{
	uint64_t y = x;
	int i;

	for (i = 0; i < 6; i++)
		y *= 2 - x * y;
	return y;
}

/* A key whose hash in common/index.c would have @hash's low bits if it had no seed. */
static uint64_t unhash(uint64_t hash)
{
	hash ^= hash >> 32;
	hash *= inverse(0x94d049bb133111ebULL);
	hash ^= hash >> 29 ^ hash >> 58;
	return hash * inverse(0xbf58476d1ce4e5b9ULL) - 0x9e3779b97f4a7c15ULL;
}

/* Interrupts whose numbers share a slot of the hash table. */
static void one_slot(struct writer *w)
{
	uint64_t i;

	write_first(w, STANDARD_BATCH, 0);
	for (i = 0; i < MANY / 4; i++)
		write_thread(w, unhash(i << 30), 0);
	w_end(w);
	close_generation(w, 1);
}

static const struct trace_case cases[] = {
	{ "strings of a generation before", &command_check, many_strings },
	{ "threads that had one id", &command_stat, one_id },
	{ "threads, and gaps", &command_check, many_threads },
	{ "tasks, and gaps: report", &command_report, many_switches },
	{ "tasks, and gaps: stat", &command_stat, many_switches },
	{ "objects, and gaps", &command_stat, many_objects },
	{ "descriptions of events", &command_stat, many_descriptions },
	{ "ids that share a slot", &command_check, one_slot },
};

static int run_limited(const struct trace_case *c, const struct writer *w)
{
	struct rlimit limit = { .rlim_cur = SECONDS, .rlim_max = SECONDS };
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		setrlimit(RLIMIT_CPU, &limit);
		run_trace(c->command, NULL, w);
		_exit(0);
	}
	return pid < 0 || waitpid(pid, &status, 0) != pid ? -1 : status;
}

int main(void)
{
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct writer w = { 0 };

		now = 1000;
		w_header(&w);
		cases[i].write(&w);
		ok(!run_limited(&cases[i], &w), "many %s take no longer than others", cases[i].name);
		w_free(&w);
	}
	return tap_end();
}
