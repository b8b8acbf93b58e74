// SPDX-License-Identifier: GPL-2.0-only
/*
 * Traces made to be slow, or to take much memory, of any size.
 *
 * Each has as many as its size allows of one thing of which there are few in honest traces.
 */
#include <stdio.h>
#include <string.h>

#include "hostile.h"

#define M(cpu, context)	(4 * (uint64_t)(cpu) + EXPTRACE_CONTEXT_##context)
#define FREQUENCY	1000000000ULL
#define BATCH_FULL	60000
#define ALLOC		EXPTRACE_EXPERIMENT_ALLOCFREE
/* A type that the schemas below describe. */
#define OWN		200

static uint64_t now, gen;

static void sync(struct writer *w)
{
	now += 1000;
	w_sync(w, gen, now, FREQUENCY, now);
}

static void begin_generation(struct writer *w, uint64_t step)
{
	gen += step;
	sync(w);
}

static void end_generation(struct writer *w)
{
	sync(w);
	w_end_of_generation(w);
}

static void batch(struct writer *w, uint64_t m)
{
	w_begin(w, STANDARD_BATCH, gen, m, now);
}

/* Where the batch is full, another one of the same writer. */
static void next_batch(struct writer *w, uint64_t m)
{
	if (w->size - w->batch < BATCH_FULL)
		return;
	w_end(w);
	batch(w, m);
}

static void table(struct writer *w, unsigned int type)
{
	batch(w, EXPTRACE_M_NONE);
	w_byte(w, type);
}

/* Where the batch of a table is full, another one. */
static void next_table(struct writer *w, unsigned int type)
{
	if (w->size - w->batch < BATCH_FULL)
		return;
	w_end(w);
	table(w, type);
}

/* A schema of one event, whose @nargs arguments follow, up to w_end(). */
static void describe(struct writer *w, unsigned int experiment, unsigned int type,
		     const char *group, const char *name, unsigned int nargs)
{
	table(w, EXPTRACE_WIRE_SCHEMA);
	w_schema_event(w, experiment, type, 1, group, name, nargs);
}

static void event(struct writer *w, unsigned int type)
{
	w_event(w, type, 1);
	now++;
}

static void first_generation(struct writer *w)
{
	begin_generation(w, 1);
	w_schema(w, gen, now);
	w_properties(w, gen, now, "stream");
}

/* Generations that have nothing but a beginning and an end. */
static void empty_generations(struct writer *w, size_t size, uint64_t step)
{
	while (w->size < size) {
		begin_generation(w, step);
		end_generation(w);
	}
}

static void generations(struct writer *w, size_t size)
{
	empty_generations(w, size, 1);
}

static void switch_to(struct writer *w, uint64_t pid)
{
	event(w, EXPTRACE_EVENT_SCHED_SWITCH + EXPTRACE_TASK_R);
	w_number(w, pid);
}

static void switches(struct writer *w, size_t size, uint64_t step)
{
	uint64_t pid;

	batch(w, M(0, TASK));
	for (pid = step; w->size < size; pid += step) {
		next_batch(w, M(0, TASK));
		switch_to(w, pid % (1 << 24));
	}
	w_end(w);
}

static void gaps(struct writer *w, size_t size)
{
	first_generation(w);
	switches(w, size / 2, 1);
	end_generation(w);
	empty_generations(w, size, 2);
}

static void pids(struct writer *w, size_t size)
{
	first_generation(w);
	switches(w, size, 1024 + 1);
	end_generation(w);
}

static void task_new(struct writer *w, uint64_t pid, uint64_t start)
{
	event(w, EXPTRACE_EVENT_TASK_NEW);
	w_number(w, pid);
	w_number(w, pid);
	w_number(w, 1);
	w_number(w, start);
	w_number(w, 0);
	w_string(w, "");
}

static void threads(struct writer *w, size_t size)
{
	uint64_t i;

	first_generation(w);
	batch(w, M(0, TASK));
	for (i = 2; w->size < size; i++) {
		next_batch(w, M(0, TASK));
		task_new(w, i, i);
	}
	w_end(w);
	end_generation(w);
}

static void one_id(struct writer *w, size_t size)
{
	uint64_t i;

	first_generation(w);
	batch(w, M(1, TASK));
	while (w->size < size / 2) {
		next_batch(w, M(1, TASK));
		switch_to(w, 5);
	}
	w_end(w);
	batch(w, M(0, TASK));
	for (i = 2; w->size < size; i++) {
		next_batch(w, M(0, TASK));
		task_new(w, 5, i);
	}
	w_end(w);
	end_generation(w);
}

/* Properties, and calls, whose names depend on one of them. */
static void properties(struct writer *w, size_t size)
{
	unsigned int i;
	char key[16];

	begin_generation(w, 1);
	describe(w, 0, OWN, "g", "sys_enter", 1);
	w_schema_arg(w, EXPTRACE_KIND_SYSCALL, "nr");
	w_end(w);
	table(w, EXPTRACE_WIRE_PROPERTIES);
	for (i = 0; w->size < size / 2; i++) {
		next_table(w, EXPTRACE_WIRE_PROPERTIES);
		snprintf(key, sizeof(key), "%x", i);
		w_byte(w, EXPTRACE_WIRE_PROPERTY);
		w_string(w, key);
		w_string(w, "");
	}
	w_end(w);
	batch(w, M(0, TASK));
	while (w->size < size) {
		next_batch(w, M(0, TASK));
		event(w, OWN);
		w_number(w, 3);
	}
	w_end(w);
	end_generation(w);
}

/* Of each CPU, the properties are asked whether all its switches are there. */
static void known_switches(struct writer *w, size_t size)
{
	uint64_t cpu;

	first_generation(w);
	table(w, EXPTRACE_WIRE_PROPERTIES);
	while (w->size < size / 2) {
		next_table(w, EXPTRACE_WIRE_PROPERTIES);
		w_byte(w, EXPTRACE_WIRE_PROPERTY);
		w_string(w, "known_switches");
		w_string(w, "0-4000000000");
	}
	w_end(w);
	for (cpu = 0; w->size < size; cpu++) {
		batch(w, M(cpu, TASK));
		event(w, EXPTRACE_EVENT_CURRENT);
		w_number(w, 1);
		w_end(w);
	}
	end_generation(w);
}

/* Each writer names an interrupt. */
static void writers(struct writer *w, size_t size)
{
	uint64_t cpu;

	first_generation(w);
	for (cpu = 0; w->size < size; cpu++) {
		batch(w, M(cpu, HARDIRQ));
		event(w, EXPTRACE_EVENT_NAME);
		w_number(w, EXPTRACE_KIND_IRQ);
		w_number(w, 1);
		w_string(w, "");
		w_end(w);
	}
	end_generation(w);
}

static void kfree(struct writer *w, uint64_t object)
{
	event(w, EXPTRACE_EVENT_KFREE);
	w_object(w, object);
	w_site(w, 0);
}

/* What addresses are near to is kept for each. */
static void allocating_writers(struct writer *w, size_t size)
{
	uint64_t cpu;

	first_generation(w);
	for (cpu = 0; w->size < size; cpu++) {
		w_begin(w, ALLOC, gen, M(cpu, TASK), now);
		kfree(w, 0x1000);
		w_end(w);
	}
	end_generation(w);
}

static void batches(struct writer *w, size_t size)
{
	first_generation(w);
	while (w->size < size) {
		batch(w, M(0, TASK));
		event(w, EXPTRACE_EVENT_CURRENT);
		w_number(w, 1);
		w_end(w);
	}
	end_generation(w);
}

static void strings(struct writer *w, size_t size)
{
	uint64_t i;

	first_generation(w);
	table(w, EXPTRACE_WIRE_STRINGS);
	for (i = 1; w->size < size / 2; i++) {
		next_table(w, EXPTRACE_WIRE_STRINGS);
		w_string_entry(w, i, "");
	}
	w_end(w);
	end_generation(w);
	while (w->size < size) {
		begin_generation(w, 1);
		table(w, EXPTRACE_WIRE_STRINGS);
		w_string_entry(w, 1, "");
		w_end(w);
		end_generation(w);
	}
}

static void stacks(struct writer *w, size_t size)
{
	uint64_t i;

	first_generation(w);
	table(w, EXPTRACE_WIRE_STACKS);
	for (i = 1; w->size < size; i++) {
		next_table(w, EXPTRACE_WIRE_STACKS);
		w_stack(w, i, 1);
		w_frame(w, 1, 0, 0, 0);
	}
	w_end(w);
	end_generation(w);
}

/* No other generation describes them. */
static void descriptions(struct writer *w, size_t size)
{
	unsigned int i;
	char name[24];

	while (w->size < size) {
		begin_generation(w, 1);
		table(w, EXPTRACE_WIRE_SCHEMA);
		for (i = 64; i < 240; i++) {
			snprintf(name, sizeof(name), "%llx", (unsigned long long)gen * 256 + i);
			w_schema_event(w, 0, i, 1, "g", name, 0);
		}
		w_end(w);
		batch(w, M(0, TASK));
		for (i = 64; i < 240; i++)
			event(w, i);
		w_end(w);
		end_generation(w);
	}
}

/* Each is looked for among all others, whether it has a name of its own. */
static void arguments(struct writer *w, size_t size)
{
	unsigned int i, n = BATCH_FULL / 6;
	char name[24];

	while (w->size < size) {
		begin_generation(w, 1);
		snprintf(name, sizeof(name), "%llx", (unsigned long long)gen);
		describe(w, 0, OWN, "g", name, n);
		for (i = 0; i < n; i++)
			w_schema_arg(w, EXPTRACE_KIND_PID, "pid");
		w_end(w);
		batch(w, M(0, TASK));
		event(w, OWN);
		for (i = 0; i < n; i++)
			w_number(w, 1);
		w_end(w);
		end_generation(w);
	}
}

/* Each in a thread of its own, which does not end it. */
static void regions(struct writer *w, size_t size)
{
	uint64_t pid;

	begin_generation(w, 1);
	table(w, EXPTRACE_WIRE_SCHEMA);
	w_schema_event(w, 0, EXPTRACE_EVENT_CURRENT, 1, "state", "current", 1);
	w_schema_arg(w, EXPTRACE_KIND_PID, "pid");
	w_schema_event(w, 0, EXPTRACE_EVENT_MARKER_BEGIN, 1, "marker", "marker_begin", 1);
	w_schema_arg(w, EXPTRACE_KIND_STRING, "name");
	w_end(w);
	batch(w, M(0, TASK));
	for (pid = 1; w->size < size; pid++) {
		next_batch(w, M(0, TASK));
		event(w, EXPTRACE_EVENT_CURRENT);
		w_number(w, pid);
		event(w, EXPTRACE_EVENT_MARKER_BEGIN);
		w_string(w, "");
	}
	w_end(w);
	end_generation(w);
}

/* A generation, and a byte that is none of the next one's. */
static void damages(struct writer *w, size_t size)
{
	while (w->size < size) {
		begin_generation(w, 1);
		describe(w, 0, OWN, "", "", 0);
		w_end(w);
		end_generation(w);
		w_byte(w, 0);
	}
}

/* On a CPU with a high number something happens; then, nothing. */
static void high_cpu(struct writer *w, size_t size, uint64_t step)
{
	while (w->size < size) {
		begin_generation(w, step);
		describe(w, 0, EXPTRACE_EVENT_CURRENT, "state", "current", 1);
		w_schema_arg(w, EXPTRACE_KIND_PID, "pid");
		w_end(w);
		batch(w, M(8191, TASK));
		event(w, EXPTRACE_EVENT_CURRENT);
		w_number(w, 1);
		w_end(w);
		table(w, EXPTRACE_WIRE_PROPERTIES);
		w_byte(w, EXPTRACE_WIRE_PROPERTY);
		w_string(w, "online");
		w_string(w, "0-9000");
		w_end(w);
		end_generation(w);
	}
}

static void high_cpus(struct writer *w, size_t size)
{
	high_cpu(w, size, 1);
}

static void high_cpus_and_gaps(struct writer *w, size_t size)
{
	high_cpu(w, size, 2);
}

static void describe_kfree(struct writer *w, unsigned int experiment)
{
	w_schema_event(w, experiment, OWN, 1, "alloc", "kfree", 1);
	w_schema_arg(w, EXPTRACE_KIND_UINT, "ptr");
}

static void free_in(struct writer *w, unsigned int experiment)
{
	w_begin(w, (int)experiment, gen, M(0, TASK), now);
	event(w, OWN);
	w_number(w, 1);
	w_end(w);
}

/* All experiments have had allocations; then one alone has them. */
static void experiments(struct writer *w, size_t size)
{
	unsigned int i;

	begin_generation(w, 1);
	table(w, EXPTRACE_WIRE_SCHEMA);
	for (i = 1; i < 256; i++)
		describe_kfree(w, i);
	w_end(w);
	for (i = 1; i < 256; i++)
		free_in(w, i);
	end_generation(w);
	while (w->size < size) {
		begin_generation(w, 1);
		table(w, EXPTRACE_WIRE_SCHEMA);
		describe_kfree(w, 1);
		w_end(w);
		free_in(w, 1);
		end_generation(w);
	}
}

/* What is not recorded is told over and over. */
static void unrecorded(struct writer *w, size_t size)
{
	char names[1024];
	unsigned int i;

	for (i = 0; i + 2 < sizeof(names); i += 2)
		memcpy(names + i, (const char[]){ (char)('a' + i / 2 % 20), ',' }, 2);
	names[i] = 0;
	while (w->size < size) {
		begin_generation(w, 1);
		table(w, EXPTRACE_WIRE_SCHEMA);
		describe_kfree(w, 1);
		w_schema_event(w, 1, OWN + 1, 1, "alloc", "kmem_cache_free_bulk", 0);
		w_end(w);
		free_in(w, 1);
		table(w, EXPTRACE_WIRE_PROPERTIES);
		w_byte(w, EXPTRACE_WIRE_PROPERTY);
		w_string(w, "unrecorded_frees");
		w_string(w, names);
		w_end(w);
		end_generation(w);
	}
}

static void objects(struct writer *w, size_t size)
{
	uint64_t i;

	begin_generation(w, 1);
	table(w, EXPTRACE_WIRE_SCHEMA);
	w_schema_event(w, ALLOC, OWN, 1, "alloc", "kmalloc", 2);
	w_schema_arg(w, EXPTRACE_KIND_UINT, "ptr");
	w_schema_arg(w, EXPTRACE_KIND_BYTES, "bytes");
	w_end(w);
	w_begin(w, ALLOC, gen, M(0, TASK), now);
	for (i = 1; w->size < size; i++) {
		if (w->size - w->batch >= BATCH_FULL) {
			w_end(w);
			w_begin(w, ALLOC, gen, M(0, TASK), now);
		}
		event(w, OWN);
		w_number(w, i);
		w_number(w, 8);
	}
	w_end(w);
	end_generation(w);
}

static void ledger(struct writer *w, size_t size)
{
	unsigned int i;

	first_generation(w);
	table(w, EXPTRACE_WIRE_LEDGER);
	for (i = 0; w->size < size; i++) {
		next_table(w, EXPTRACE_WIRE_LEDGER);
		w_ledger_entry(w, 2 + i % 100, i / 100, 1, 0, 0, 1);
	}
	w_end(w);
	end_generation(w);
}

static void syncs(struct writer *w, size_t size)
{
	first_generation(w);
	while (w->size < size)
		sync(w);
	end_generation(w);
}

static void interrupt(struct writer *w, uint64_t number, uint64_t ticks)
{
	event(w, EXPTRACE_EVENT_IRQ_HANDLER_ENTRY);
	w_number(w, number);
	w_event(w, EXPTRACE_EVENT_IRQ_HANDLER_EXIT, ticks);
	now += ticks;
	w_number(w, number);
}

/* Each takes a moment, and long. */
static void interrupts(struct writer *w, size_t size)
{
	uint64_t i, m = M(0, HARDIRQ);

	begin_generation(w, 1);
	table(w, EXPTRACE_WIRE_SCHEMA);
	w_schema_event(w, 0, EXPTRACE_EVENT_IRQ_HANDLER_ENTRY, 1, "irq", "irq_handler_entry", 1);
	w_schema_arg(w, EXPTRACE_KIND_IRQ, "irq");
	w_schema_event(w, 0, EXPTRACE_EVENT_IRQ_HANDLER_EXIT, 1, "irq", "irq_handler_exit", 1);
	w_schema_arg(w, EXPTRACE_KIND_IRQ, "irq");
	w_end(w);
	batch(w, m);
	for (i = 1; w->size < size; i++) {
		next_batch(w, m);
		interrupt(w, i, 1);
		interrupt(w, i, 1ULL << 38);
	}
	w_end(w);
	end_generation(w);
}

static void pairs(struct writer *w, size_t size)
{
	uint64_t i;

	begin_generation(w, 1);
	describe(w, 0, OWN, "sched", "sched_waking", 1);
	w_schema_arg(w, EXPTRACE_KIND_PID, "pid");
	w_end(w);
	batch(w, M(0, HARDIRQ));
	for (i = 1; w->size < size; i++) {
		next_batch(w, M(0, HARDIRQ));
		event(w, OWN);
		w_number(w, i % (1 << 24));
	}
	w_end(w);
	end_generation(w);
}

/*
 * Pairs of a sum and a number that a hash mixes by exclusive or, whatever is added to the sum
 * before: 1024 sums whose products differ in their top bits, and for each 1024 numbers.
 */
static void mixed_pairs(struct writer *w, size_t size)
{
	uint64_t i, j, a, b;

	first_generation(w);
	batch(w, M(0, TASK));
	for (i = 0; i < 1024 && w->size < size; i++)
		for (j = 0; j < 1024; j++) {
			next_batch(w, M(0, TASK));
			a = i << 54;
			b = (j + i * (0xbf58476d1ce4e5b9ULL & 1023)) << 54;
			b ^= b >> 29;
			task_new(w, a, b + 1);
		}
	w_end(w);
	end_generation(w);
}

/* In each, both blocks lead FNV-1a from the same state to the same state. */
#define BLOCK	12

static const char blocks[][2][BLOCK + 1] = {
#include "fnv_blocks.h"
};

#define BLOCKS	(sizeof(blocks) / sizeof(blocks[0]))

static void alike_name(struct writer *w, unsigned int number)
{
	unsigned int i;

	w_number(w, BLOCKS * BLOCK);
	for (i = 0; i < BLOCKS; i++, number >>= 1)
		w_bytes(w, blocks[i][number & 1], BLOCK);
}

/* Names of regions that have the same FNV-1a. */
static void alike_names(struct writer *w, size_t size)
{
	unsigned int i;

	begin_generation(w, 1);
	table(w, EXPTRACE_WIRE_SCHEMA);
	w_schema_event(w, 0, EXPTRACE_EVENT_CURRENT, 1, "state", "current", 1);
	w_schema_arg(w, EXPTRACE_KIND_PID, "pid");
	w_schema_event(w, 0, OWN, 1, "marker", "marker_begin", 1);
	w_schema_arg(w, EXPTRACE_KIND_STRING, "name");
	w_end(w);
	batch(w, M(0, TASK));
	event(w, EXPTRACE_EVENT_CURRENT);
	w_number(w, 1);
	for (i = 0; w->size < size; i++) {
		if (w->size - w->batch >= BATCH_FULL) {
			next_batch(w, M(0, TASK));
			event(w, EXPTRACE_EVENT_CURRENT);
			w_number(w, 1);
		}
		event(w, OWN);
		alike_name(w, i);
	}
	w_end(w);
	end_generation(w);
}

const struct hostile hostiles[] = {
	{ "generations", generations },
	{ "generations with gaps", gaps },
	{ "ids far from each other", pids },
	{ "threads", threads },
	{ "threads that had one id", one_id },
	{ "properties", properties },
	{ "known switches", known_switches },
	{ "writers", writers },
	{ "allocating writers", allocating_writers },
	{ "batches", batches },
	{ "strings", strings },
	{ "stacks", stacks },
	{ "descriptions", descriptions },
	{ "arguments", arguments },
	{ "regions", regions },
	{ "damages", damages },
	{ "high CPUs", high_cpus },
	{ "high CPUs and gaps", high_cpus_and_gaps },
	{ "experiments", experiments },
	{ "unrecorded frees", unrecorded },
	{ "objects", objects },
	{ "ledger entries", ledger },
	{ "Syncs", syncs },
	{ "interrupts", interrupts },
	{ "pairs", pairs },
	{ "mixed pairs", mixed_pairs },
	{ "alike names", alike_names },
	{ 0 }
};

void hostile_write(const struct hostile *hostile, struct writer *w, size_t size)
{
	now = 1000;
	gen = 0;
	w_header(w);
	hostile->write(w, size);
}
