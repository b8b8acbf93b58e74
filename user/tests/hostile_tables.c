// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hostile traces: many generations, batches and entries of tables.
 */
#include <stdio.h>
#include <string.h>

#include "hostile_parts.h"

void hostile_generations(struct writer *w, size_t size)
{
	h_empty_generations(w, size, 1);
}

/* For the name of a system call, the reader looks up the property "machine". */
void hostile_properties(struct writer *w, size_t size)
{
	unsigned int i;
	char key[16];

	h_begin_generation(w, 1);
	h_begin_schema(w, 0, OWN, "g", "sys_enter", 1);
	w_schema_arg(w, EXPTRACE_KIND_SYSCALL, "nr");
	w_end(w);
	h_begin_table(w, EXPTRACE_WIRE_PROPERTIES);
	for (i = 0; w->size < size / 2; i++) {
		h_next_table(w, EXPTRACE_WIRE_PROPERTIES);
		snprintf(key, sizeof(key), "%x", i);
		w_byte(w, EXPTRACE_WIRE_PROPERTY);
		w_string(w, key);
		w_string(w, "");
	}
	w_end(w);
	h_begin_batch(w, M(0, TASK));
	while (w->size < size) {
		h_next_batch(w, M(0, TASK));
		h_event(w, OWN);
		w_number(w, 3);
	}
	w_end(w);
	h_end_generation(w);
}

/* For each CPU, the reader looks up in the properties whether all switches are recorded. */
void hostile_known_switches(struct writer *w, size_t size)
{
	uint64_t cpu;

	h_first_generation(w);
	h_begin_table(w, EXPTRACE_WIRE_PROPERTIES);
	while (w->size < size / 2) {
		h_next_table(w, EXPTRACE_WIRE_PROPERTIES);
		w_byte(w, EXPTRACE_WIRE_PROPERTY);
		w_string(w, "known_switches");
		w_string(w, "0-4000000000");
	}
	w_end(w);
	for (cpu = 0; w->size < size; cpu++) {
		h_begin_batch(w, M(cpu, TASK));
		h_event(w, EXPTRACE_EVENT_CURRENT);
		w_number(w, 1);
		w_end(w);
	}
	h_end_generation(w);
}

void hostile_batches(struct writer *w, size_t size)
{
	h_first_generation(w);
	while (w->size < size) {
		h_begin_batch(w, M(0, TASK));
		h_event(w, EXPTRACE_EVENT_CURRENT);
		w_number(w, 1);
		w_end(w);
	}
	h_end_generation(w);
}

void hostile_strings(struct writer *w, size_t size)
{
	uint64_t i;

	h_first_generation(w);
	h_begin_table(w, EXPTRACE_WIRE_STRINGS);
	for (i = 1; w->size < size / 2; i++) {
		h_next_table(w, EXPTRACE_WIRE_STRINGS);
		w_string_entry(w, i, "");
	}
	w_end(w);
	h_end_generation(w);
	while (w->size < size) {
		h_begin_generation(w, 1);
		h_begin_table(w, EXPTRACE_WIRE_STRINGS);
		w_string_entry(w, 1, "");
		w_end(w);
		h_end_generation(w);
	}
}

void hostile_stacks(struct writer *w, size_t size)
{
	uint64_t i;

	h_first_generation(w);
	h_begin_table(w, EXPTRACE_WIRE_STACKS);
	for (i = 1; w->size < size; i++) {
		h_next_table(w, EXPTRACE_WIRE_STACKS);
		w_stack(w, i, 1);
		w_frame(w, 1, 0, 0, 0);
	}
	w_end(w);
	h_end_generation(w);
}

/* Each generation describes other events. */
void hostile_descriptions(struct writer *w, size_t size)
{
	unsigned int i;
	char name[24];

	while (w->size < size) {
		h_begin_generation(w, 1);
		h_begin_table(w, EXPTRACE_WIRE_SCHEMA);
		for (i = 64; i < 240; i++) {
			snprintf(name, sizeof(name), "%llx", (unsigned long long)h_gen * 256 + i);
			w_schema_event(w, 0, i, 1, "g", name, 0);
		}
		w_end(w);
		h_begin_batch(w, M(0, TASK));
		for (i = 64; i < 240; i++)
			h_event(w, i);
		w_end(w);
		h_end_generation(w);
	}
}

/* The reader compares each argument's name with all others. */
void hostile_arguments(struct writer *w, size_t size)
{
	unsigned int i, n = BATCH_FULL / 6;
	char name[24];

	while (w->size < size) {
		h_begin_generation(w, 1);
		snprintf(name, sizeof(name), "%llx", (unsigned long long)h_gen);
		h_begin_schema(w, 0, OWN, "g", name, n);
		for (i = 0; i < n; i++)
			w_schema_arg(w, EXPTRACE_KIND_PID, "pid");
		w_end(w);
		h_begin_batch(w, M(0, TASK));
		h_event(w, OWN);
		for (i = 0; i < n; i++)
			w_number(w, 1);
		w_end(w);
		h_end_generation(w);
	}
}

/* A stray byte after each generation. */
void hostile_damages(struct writer *w, size_t size)
{
	while (w->size < size) {
		h_begin_generation(w, 1);
		h_begin_schema(w, 0, OWN, "", "", 0);
		w_end(w);
		h_end_generation(w);
		w_byte(w, 0);
	}
}

/* Generations with one event on a CPU with a high number. */
static void high_cpu(struct writer *w, size_t size, uint64_t step)
{
	while (w->size < size) {
		h_begin_generation(w, step);
		h_begin_schema(w, 0, EXPTRACE_EVENT_CURRENT, "state", "current", 1);
		w_schema_arg(w, EXPTRACE_KIND_PID, "pid");
		w_end(w);
		h_begin_batch(w, M(8191, TASK));
		h_event(w, EXPTRACE_EVENT_CURRENT);
		w_number(w, 1);
		w_end(w);
		h_begin_table(w, EXPTRACE_WIRE_PROPERTIES);
		w_byte(w, EXPTRACE_WIRE_PROPERTY);
		w_string(w, "online");
		w_string(w, "0-9000");
		w_end(w);
		h_end_generation(w);
	}
}

void hostile_high_cpus(struct writer *w, size_t size)
{
	high_cpu(w, size, 1);
}

void hostile_high_cpus_and_gaps(struct writer *w, size_t size)
{
	high_cpu(w, size, 2);
}

static void describe_kfree(struct writer *w, unsigned int experiment)
{
	w_schema_event(w, experiment, OWN, 1, "alloc", "kfree", 1);
	w_schema_arg(w, EXPTRACE_KIND_UINT, "ptr");
}

static void put_free(struct writer *w, unsigned int experiment)
{
	w_begin(w, (int)experiment, h_gen, M(0, TASK), h_now);
	h_event(w, OWN);
	w_number(w, 1);
	w_end(w);
}

/* All experiments have allocations in the first generation, only one has any afterwards. */
void hostile_experiments(struct writer *w, size_t size)
{
	unsigned int i;

	h_begin_generation(w, 1);
	h_begin_table(w, EXPTRACE_WIRE_SCHEMA);
	for (i = 1; i < 256; i++)
		describe_kfree(w, i);
	w_end(w);
	for (i = 1; i < 256; i++)
		put_free(w, i);
	h_end_generation(w);
	while (w->size < size) {
		h_begin_generation(w, 1);
		h_begin_table(w, EXPTRACE_WIRE_SCHEMA);
		describe_kfree(w, 1);
		w_end(w);
		put_free(w, 1);
		h_end_generation(w);
	}
}

/* Each generation has a long list of frees that are not recorded. */
void hostile_unrecorded(struct writer *w, size_t size)
{
	char names[1024];
	unsigned int i;

	for (i = 0; i + 2 < sizeof(names); i += 2)
		memcpy(names + i, (const char[]){ (char)('a' + i / 2 % 20), ',' }, 2);
	names[i] = 0;
	while (w->size < size) {
		h_begin_generation(w, 1);
		h_begin_table(w, EXPTRACE_WIRE_SCHEMA);
		describe_kfree(w, 1);
		w_schema_event(w, 1, OWN + 1, 1, "alloc", "kmem_cache_free_bulk", 0);
		w_end(w);
		put_free(w, 1);
		h_begin_table(w, EXPTRACE_WIRE_PROPERTIES);
		w_byte(w, EXPTRACE_WIRE_PROPERTY);
		w_string(w, "unrecorded_frees");
		w_string(w, names);
		w_end(w);
		h_end_generation(w);
	}
}

void hostile_ledger(struct writer *w, size_t size)
{
	unsigned int i;

	h_first_generation(w);
	h_begin_table(w, EXPTRACE_WIRE_LEDGER);
	for (i = 0; w->size < size; i++) {
		h_next_table(w, EXPTRACE_WIRE_LEDGER);
		w_ledger_entry(w, 2 + i % 100, i / 100, 1, 0, 0, 1);
	}
	w_end(w);
	h_end_generation(w);
}

void hostile_syncs(struct writer *w, size_t size)
{
	h_first_generation(w);
	while (w->size < size)
		h_sync(w);
	h_end_generation(w);
}
