/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Traces for the tests of the report.
 */
#ifndef EXPTRACE_TEST_REPORT_TRACE_H
#define EXPTRACE_TEST_REPORT_TRACE_H

#include "run.h"
#include "timeline.h"

/* Event types of the trace's own schema, which need not be in the catalogue. */
enum {
	IRQ_ENTRY = 137, IRQ_EXIT, SOFTIRQ_ENTRY, SOFTIRQ_EXIT, SYS_ENTER, SYS_EXIT, WAKING,
	REGION_BEGIN, REGION_END, SYS_CALL, TIMER_ENTRY, TIMER_EXIT, HRTIMER_ENTRY, HRTIMER_EXIT,
	WORK_START, WORK_END, EXEC, EXEC_STATE,
};

/* The opening tables of a generation, with the schema of these events, and threads 100 to 300. */
void report_opening(struct writer *w, uint64_t gen);

/*
 * CPU 0: 100 sleeps at 1000, is woken by an interrupt of CPU 1 at 2500, runs at 3000, and
 * wakes 200 at 4000. CPU 1: 200 runs at 5000, is preempted by 300 at 6000, runs at 9000.
 */
void two_tasks(struct writer *w, uint64_t gen);

/*
 * A task is woken in generation 1, which loses @lost_before events, and runs in generation @to.
 * Each generation between them loses @lost events.
 */
void woken_and_run(struct writer *w, uint64_t to, uint64_t lost, uint64_t lost_before);

static inline int json(const struct writer *w)
{
	return run_trace(&command_report, "--json", w);
}

#endif /* EXPTRACE_TEST_REPORT_TRACE_H */
