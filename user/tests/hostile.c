// SPDX-License-Identifier: GPL-2.0-only
/*
 * Traces of any size that are made to be slow to read, or to take much memory.
 *
 * Each repeats one thing that is rare in real traces, as often as its size allows.
 */
#include "hostile.h"
#include "hostile_parts.h"

uint64_t h_now, h_gen;

void h_sync(struct writer *w)
{
	h_now += 1000;
	w_sync(w, h_gen, h_now, FREQUENCY, h_now);
}

void h_begin_generation(struct writer *w, uint64_t step)
{
	h_gen += step;
	h_sync(w);
}

void h_end_generation(struct writer *w)
{
	h_sync(w);
	w_end_of_generation(w);
}

void h_begin_batch(struct writer *w, uint64_t m)
{
	w_begin(w, STANDARD_BATCH, h_gen, m, h_now);
}

void h_next_batch(struct writer *w, uint64_t m)
{
	if (w->size - w->batch < BATCH_FULL)
		return;
	w_end(w);
	h_begin_batch(w, m);
}

void h_begin_table(struct writer *w, unsigned int type)
{
	h_begin_batch(w, EXPTRACE_M_NONE);
	w_byte(w, type);
}

void h_next_table(struct writer *w, unsigned int type)
{
	if (w->size - w->batch < BATCH_FULL)
		return;
	w_end(w);
	h_begin_table(w, type);
}

void h_begin_schema(struct writer *w, unsigned int experiment, unsigned int type,
		     const char *group, const char *name, unsigned int nargs)
{
	h_begin_table(w, EXPTRACE_WIRE_SCHEMA);
	w_schema_event(w, experiment, type, 1, group, name, nargs);
}

void h_event(struct writer *w, unsigned int type)
{
	w_event(w, type, 1);
	h_now++;
}

void h_first_generation(struct writer *w)
{
	h_begin_generation(w, 1);
	w_schema(w, h_gen, h_now);
	w_properties(w, h_gen, h_now, "stream");
}

void h_empty_generations(struct writer *w, size_t size, uint64_t step)
{
	while (w->size < size) {
		h_begin_generation(w, step);
		h_end_generation(w);
	}
}

void h_switch(struct writer *w, uint64_t pid)
{
	h_event(w, EXPTRACE_EVENT_SCHED_SWITCH + EXPTRACE_TASK_R);
	w_number(w, pid);
}

void h_task_new(struct writer *w, uint64_t pid, uint64_t start)
{
	h_event(w, EXPTRACE_EVENT_TASK_NEW);
	w_number(w, pid);
	w_number(w, pid);
	w_number(w, 1);
	w_number(w, start);
	w_number(w, 0);
	w_string(w, "");
}

const struct hostile hostiles[] = {
	{ "generations", hostile_generations },
	{ "generations with gaps", hostile_gaps },
	{ "ids far from each other", hostile_pids },
	{ "threads", hostile_threads },
	{ "threads that had one id", hostile_one_id },
	{ "properties", hostile_properties },
	{ "known switches", hostile_known_switches },
	{ "writers", hostile_writers },
	{ "allocating writers", hostile_allocating_writers },
	{ "batches", hostile_batches },
	{ "strings", hostile_strings },
	{ "stacks", hostile_stacks },
	{ "descriptions", hostile_descriptions },
	{ "arguments", hostile_arguments },
	{ "regions", hostile_regions },
	{ "damages", hostile_damages },
	{ "high CPUs", hostile_high_cpus },
	{ "high CPUs and gaps", hostile_high_cpus_and_gaps },
	{ "experiments", hostile_experiments },
	{ "unrecorded frees", hostile_unrecorded },
	{ "objects", hostile_objects },
	{ "ledger entries", hostile_ledger },
	{ "Syncs", hostile_syncs },
	{ "interrupts", hostile_interrupts },
	{ "pairs", hostile_pairs },
	{ "mixed pairs", hostile_mixed_pairs },
	{ "alike names", hostile_alike_names },
	{ 0 }
};

void hostile_write(const struct hostile *hostile, struct writer *w, size_t size)
{
	h_now = 1000;
	h_gen = 0;
	w_header(w);
	hostile->write(w, size);
}
