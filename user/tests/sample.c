// SPDX-License-Identifier: GPL-2.0-only
/*
 * A small sound trace of two CPUs, two experiments, and task and hardirq context.
 */
#include "sample.h"

#define FREQUENCY	2000000000ULL
#define CLOSING		900000

void sample_opening(struct writer *w, uint64_t gen, const struct sample_faults *faults)
{
	uint64_t start = sample_start(gen);
	/* a recorder leaves no time between generations */
	uint64_t begin = gen > 1 ? sample_start(gen - 1) + CLOSING : start;

	if (!faults->no_opening)
		w_sync(w, gen, begin, FREQUENCY, begin / 2);
	if (!faults->no_schema)
		w_schema(w, gen, start);
	w_properties(w, gen, start + 1, faults->mode);
}

static void put_statedump(struct writer *w, uint64_t gen)
{
	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, sample_start(gen) + 500);
	w_event(w, EXPTRACE_EVENT_TASK, 1);
	w_number(w, 100);
	w_number(w, 100);
	w_string(w, "make");
	w_bytes(w, "\1\0\xf0\1\1\5", 6);		/* S, CPU 0, priority 120, cgroup 1, start 5 */
	w_event(w, EXPTRACE_EVENT_TASK, 1);
	w_number(w, 200);
	w_number(w, 200);
	w_string(w, "bash");
	w_bytes(w, "\1\0\xf0\1\1\5", 6);
	w_end(w);
}

/* CPU 0: switches from make to the idle task and back. */
static void cpu0_task(struct writer *w, uint64_t gen, const struct sample_faults *faults)
{
	uint64_t start = sample_start(gen);

	w_begin(w, STANDARD_BATCH, gen, SAMPLE_M(0, TASK), start + 100);
	w_event(w, EXPTRACE_EVENT_CURRENT, 10);			/* 110 */
	w_number(w, 100);
	w_event(w, EXPTRACE_EVENT_SCHED_SWITCH + EXPTRACE_TASK_S,
		faults->delta_0 ? 0 : 10);			/* 120 */
	w_number(w, 0);
	w_event(w, EXPTRACE_EVENT_SCHED_SWITCH + EXPTRACE_TASK_R, 100);	/* 220 */
	w_number(w, 100);
	w_end(w);

	w_begin(w, STANDARD_BATCH, gen, SAMPLE_M(0, TASK), start + (faults->time_back ? 50 : 400));
	w_event(w, EXPTRACE_EVENT_CURRENT, 1);			/* 401 */
	w_number(w, 100);
	w_event(w, EXPTRACE_EVENT_SCHED_PROCESS_FORK, 9);	/* 410 */
	w_number(w, 100);
	w_number(w, 300);
	w_number(w, 300);
	w_string(w, "make");
	w_event(w, EXPTRACE_EVENT_TASK_RENAME, 10);		/* 420 */
	w_number(w, 100);
	w_string(w, "renamed");
	w_end(w);
}

/* CPU 0: an interrupt wakes make up while the idle task runs. */
static void cpu0_irq(struct writer *w, uint64_t gen)
{
	w_begin(w, STANDARD_BATCH, gen, SAMPLE_M(0, HARDIRQ), sample_start(gen) + 100);
	w_event(w, EXPTRACE_EVENT_SCHED_WAKEUP, 5);		/* 105 */
	w_number(w, 200);
	w_number(w, 1);
	w_event(w, EXPTRACE_EVENT_SCHED_WAKEUP, 95);		/* 200 */
	w_number(w, 100);
	w_number(w, 0);
	w_end(w);
}

/* CPU 1: bash allocates and frees. */
static void cpu1_alloc(struct writer *w, uint64_t gen, const struct sample_faults *faults)
{
	w_begin(w, EXPTRACE_EXPERIMENT_ALLOCFREE, gen, SAMPLE_M(1, TASK), sample_start(gen) + 100);
	w_event(w, EXPTRACE_EVENT_ALLOC_CURRENT, 1);		/* 101 */
	w_number(w, 200);
	w_event(w, EXPTRACE_EVENT_KMALLOC, 49);			/* 150 */
	w_object(w, 0x1000 >> 3);
	w_number(w, 100);
	w_number(w, 28);
	w_site(w, SAMPLE_SITE_MALLOC);
	w_event(w, faults->bad_type ? 79 : EXPTRACE_EVENT_KFREE, 100);	/* 250 */
	w_object(w, 0x1000 >> 3);
	w_site(w, SAMPLE_SITE_FREE);
	w_event(w, EXPTRACE_EVENT_KFREE, 50);			/* 300 */
	w_object(w, W_NULL);
	w_site(w, SAMPLE_SITE_BARE);
	w_end(w);
}

void sample_batches(struct writer *w, uint64_t gen, const struct sample_faults *faults)
{
	cpu1_alloc(w, gen, faults);
	cpu0_task(w, gen, faults);
	put_statedump(w, gen);
	cpu0_irq(w, gen);
}

/* Call sites in the kernel, in a module, and without a symbol. */
static void put_symbols(struct writer *w, uint64_t gen)
{
	uint64_t time = sample_start(gen) + CLOSING - 200;

	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, time);
	w_byte(w, EXPTRACE_WIRE_STRINGS);
	w_string_entry(w, 1, "alloc_thing");
	w_string_entry(w, 2, "free_thing");
	w_string_entry(w, 300, "things");
	w_end(w);
	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, time);
	w_byte(w, EXPTRACE_WIRE_STACKS);
	w_stack(w, SAMPLE_SITE_MALLOC, 1);
	w_frame(w, 0x1234, 1, 0, 0x34);
	w_stack(w, SAMPLE_SITE_FREE, 1);
	w_frame(w, -16, 2, 300, 0x1f0);
	w_stack(w, SAMPLE_SITE_BARE, 1);
	w_frame(w, 0x5678, 0, 0, 0);
	w_end(w);
}

void sample_closing(struct writer *w, uint64_t gen, const struct sample_faults *faults)
{
	uint64_t end = sample_start(gen) + CLOSING;

	if (!faults->no_symbols)
		put_symbols(w, gen);
	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, end - 100);
	w_byte(w, EXPTRACE_WIRE_LEDGER);
	w_ledger_entry(w, EXPTRACE_EXPERIMENT_STANDARD, 0,
		       (uint64_t)(6 + SAMPLE_LOST + faults->attempted),
		       (uint64_t)(6 + faults->recorded), faults->reason,
		       (uint64_t)(SAMPLE_LOST + faults->lost));
	if (!faults->no_entry)
		w_ledger_entry(w, EXPTRACE_EXPERIMENT_ALLOCFREE, 1, 3, 3, 0, 0);
	w_end(w);
	if (!faults->no_closing)
		w_sync(w, gen, end, FREQUENCY, end / 2);
	if (!faults->no_end)
		w_end_of_generation(w);
}

void sample_generation(struct writer *w, uint64_t gen, const struct sample_faults *faults)
{
	sample_opening(w, gen, faults);
	sample_batches(w, gen, faults);
	sample_closing(w, gen, faults);
}

void sample_trace(struct writer *w, unsigned int n)
{
	static const struct sample_faults none;
	unsigned int gen;

	w_header(w);
	for (gen = 1; gen <= n; gen++)
		sample_generation(w, gen, &none);
}
