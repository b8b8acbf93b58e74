// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hostile traces: many threads, writers, objects, regions and interrupts.
 */
#include "hostile_parts.h"

static void write_switches(struct writer *w, size_t size, uint64_t step)
{
	uint64_t pid;

	h_begin_batch(w, M(0, TASK));
	for (pid = step; w->size < size; pid += step) {
		h_next_batch(w, M(0, TASK));
		h_switch(w, pid % (1 << 24));
	}
	w_end(w);
}

void hostile_gaps(struct writer *w, size_t size)
{
	h_first_generation(w);
	write_switches(w, size / 2, 1);
	h_end_generation(w);
	h_empty_generations(w, size, 2);
}

void hostile_pids(struct writer *w, size_t size)
{
	h_first_generation(w);
	write_switches(w, size, 1024 + 1);
	h_end_generation(w);
}

void hostile_threads(struct writer *w, size_t size)
{
	uint64_t i;

	h_first_generation(w);
	h_begin_batch(w, M(0, TASK));
	for (i = 2; w->size < size; i++) {
		h_next_batch(w, M(0, TASK));
		h_task_new(w, i, i);
	}
	w_end(w);
	h_end_generation(w);
}

void hostile_one_id(struct writer *w, size_t size)
{
	uint64_t i;

	h_first_generation(w);
	h_begin_batch(w, M(1, TASK));
	while (w->size < size / 2) {
		h_next_batch(w, M(1, TASK));
		h_switch(w, 5);
	}
	w_end(w);
	h_begin_batch(w, M(0, TASK));
	for (i = 2; w->size < size; i++) {
		h_next_batch(w, M(0, TASK));
		h_task_new(w, 5, i);
	}
	w_end(w);
	h_end_generation(w);
}

/* Each writer has an event with the name of an interrupt. */
void hostile_writers(struct writer *w, size_t size)
{
	uint64_t cpu;

	h_first_generation(w);
	for (cpu = 0; w->size < size; cpu++) {
		h_begin_batch(w, M(cpu, HARDIRQ));
		h_event(w, EXPTRACE_EVENT_NAME);
		w_number(w, EXPTRACE_KIND_IRQ);
		w_number(w, 1);
		w_string(w, "");
		w_end(w);
	}
	h_end_generation(w);
}

static void put_kfree(struct writer *w, uint64_t object)
{
	h_event(w, EXPTRACE_EVENT_KFREE);
	w_object(w, object);
	w_site(w, 0);
}

/* The reader keeps delta-encoding state for each writer's addresses. */
void hostile_allocating_writers(struct writer *w, size_t size)
{
	uint64_t cpu;

	h_first_generation(w);
	for (cpu = 0; w->size < size; cpu++) {
		w_begin(w, ALLOC, h_gen, M(cpu, TASK), h_now);
		put_kfree(w, 0x1000);
		w_end(w);
	}
	h_end_generation(w);
}

/* Each region is in a thread of its own, and never ends. */
void hostile_regions(struct writer *w, size_t size)
{
	uint64_t pid;

	h_begin_generation(w, 1);
	h_begin_table(w, EXPTRACE_WIRE_SCHEMA);
	w_schema_event(w, 0, EXPTRACE_EVENT_CURRENT, 1, "state", "current", 1);
	w_schema_arg(w, EXPTRACE_KIND_PID, "pid");
	w_schema_event(w, 0, EXPTRACE_EVENT_MARKER_BEGIN, 1, "marker", "marker_begin", 1);
	w_schema_arg(w, EXPTRACE_KIND_STRING, "name");
	w_end(w);
	h_begin_batch(w, M(0, TASK));
	for (pid = 1; w->size < size; pid++) {
		h_next_batch(w, M(0, TASK));
		h_event(w, EXPTRACE_EVENT_CURRENT);
		w_number(w, pid);
		h_event(w, EXPTRACE_EVENT_MARKER_BEGIN);
		w_string(w, "");
	}
	w_end(w);
	h_end_generation(w);
}

void hostile_objects(struct writer *w, size_t size)
{
	uint64_t i;

	h_begin_generation(w, 1);
	h_begin_table(w, EXPTRACE_WIRE_SCHEMA);
	w_schema_event(w, ALLOC, OWN, 1, "alloc", "kmalloc", 2);
	w_schema_arg(w, EXPTRACE_KIND_UINT, "ptr");
	w_schema_arg(w, EXPTRACE_KIND_BYTES, "bytes");
	w_end(w);
	w_begin(w, ALLOC, h_gen, M(0, TASK), h_now);
	for (i = 1; w->size < size; i++) {
		if (w->size - w->batch >= BATCH_FULL) {
			w_end(w);
			w_begin(w, ALLOC, h_gen, M(0, TASK), h_now);
		}
		h_event(w, OWN);
		w_number(w, i);
		w_number(w, 8);
	}
	w_end(w);
	h_end_generation(w);
}

static void put_interrupt(struct writer *w, uint64_t number, uint64_t ticks)
{
	h_event(w, EXPTRACE_EVENT_IRQ_HANDLER_ENTRY);
	w_number(w, number);
	w_event(w, EXPTRACE_EVENT_IRQ_HANDLER_EXIT, ticks);
	h_now += ticks;
	w_number(w, number);
}

/* Each interrupt has a very short and a very long duration. */
void hostile_interrupts(struct writer *w, size_t size)
{
	uint64_t i, m = M(0, HARDIRQ);

	h_begin_generation(w, 1);
	h_begin_table(w, EXPTRACE_WIRE_SCHEMA);
	w_schema_event(w, 0, EXPTRACE_EVENT_IRQ_HANDLER_ENTRY, 1, "irq", "irq_handler_entry", 1);
	w_schema_arg(w, EXPTRACE_KIND_IRQ, "irq");
	w_schema_event(w, 0, EXPTRACE_EVENT_IRQ_HANDLER_EXIT, 1, "irq", "irq_handler_exit", 1);
	w_schema_arg(w, EXPTRACE_KIND_IRQ, "irq");
	w_end(w);
	h_begin_batch(w, m);
	for (i = 1; w->size < size; i++) {
		h_next_batch(w, m);
		put_interrupt(w, i, 1);
		put_interrupt(w, i, 1ULL << 38);
	}
	w_end(w);
	h_end_generation(w);
}

void hostile_pairs(struct writer *w, size_t size)
{
	uint64_t i;

	h_begin_generation(w, 1);
	h_begin_schema(w, 0, OWN, "sched", "sched_waking", 1);
	w_schema_arg(w, EXPTRACE_KIND_PID, "pid");
	w_end(w);
	h_begin_batch(w, M(0, HARDIRQ));
	for (i = 1; w->size < size; i++) {
		h_next_batch(w, M(0, HARDIRQ));
		h_event(w, OWN);
		w_number(w, i % (1 << 24));
	}
	w_end(w);
	h_end_generation(w);
}
