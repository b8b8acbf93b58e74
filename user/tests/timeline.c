// SPDX-License-Identifier: GPL-2.0-only
/*
 * Traces in which a tick is a nanosecond and times count from the generation's beginning.
 */
#include <stdarg.h>

#include "timeline.h"

uint64_t t_base, t_early;
static uint64_t last, events[2];
static unsigned int cpu_at;

void t_begin(struct writer *w, uint64_t gen)
{
	uint64_t overlap = 0;

	if (gen > 1 && t_base == (gen - 1) * T_SECOND)
		overlap = T_SECOND - T_CLOSING + t_early;
	t_base = gen * T_SECOND;
	events[0] = events[1] = 0;
	w_sync(w, gen, t_base - overlap, T_SECOND, t_base - overlap);
}

void t_opening(struct writer *w, uint64_t gen)
{
	t_begin(w, gen);
	w_schema(w, gen, t_base);
}

void t_property(struct writer *w, uint64_t gen, const char *key, const char *value)
{
	w_property(w, gen, t_base, key, value);
}

void t_closing(struct writer *w, uint64_t gen, uint64_t lost)
{
	unsigned int cpu;

	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, t_base + T_CLOSING - 100);
	w_byte(w, EXPTRACE_WIRE_LEDGER);
	for (cpu = 0; cpu < 2; cpu++)
		w_ledger_entry(w, EXPTRACE_EXPERIMENT_STANDARD, cpu,
			       events[cpu] + (cpu ? 0 : lost), events[cpu], EXPTRACE_LOST_POOL,
			       cpu ? 0 : lost);
	w_end(w);
	w_sync(w, gen, t_base + T_CLOSING, T_SECOND, t_base + T_CLOSING);
	w_end_of_generation(w);
}

void t_batch(struct writer *w, uint64_t gen, unsigned int cpu, unsigned int context)
{
	w_begin(w, STANDARD_BATCH, gen, 4 * cpu + context, t_base);
	cpu_at = cpu;
	last = 0;
}

void t_at(struct writer *w, uint64_t time, unsigned int type, unsigned int n, ...)
{
	va_list args;

	w_event(w, type, time - last);
	last = time;
	va_start(args, n);
	while (n--)
		w_number(w, va_arg(args, unsigned int));
	va_end(args);
	events[cpu_at] += !EXPTRACE_EVENT_IS_STATE(type);
}

void t_switch(struct writer *w, uint64_t time, unsigned int state, unsigned int pid)
{
	t_at(w, time, EXPTRACE_EVENT_SCHED_SWITCH + state, 1, pid);
}

void t_wake(struct writer *w, uint64_t time, unsigned int pid)
{
	t_at(w, time, EXPTRACE_EVENT_SCHED_WAKEUP, 2, pid, 0);
}
