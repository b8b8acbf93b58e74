// SPDX-License-Identifier: GPL-2.0-only
/*
 * Report: durations of timers and works, by function.
 */
#include <string.h>

#include "report_trace.h"
#include "run.h"
#include "tap.h"

/* An event of a timer or a work, with its function's number. */
static void put_call(struct writer *w, uint64_t time, unsigned int type, unsigned int object,
		     unsigned int site)
{
	t_at(w, time, type, 1, object);
	w_site(w, site);
}

/* Two kernel functions and one of a module, numbered from @first in this generation. */
static void put_functions(struct writer *w, uint64_t gen, unsigned int first)
{
	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, t_base + T_CLOSING - 200);
	w_byte(w, EXPTRACE_WIRE_STRINGS);
	w_string_entry(w, first, "tick_\x1b");
	w_string_entry(w, first + 1, "tock");
	w_string_entry(w, first + 2, "clock");
	w_end(w);
	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, t_base + T_CLOSING - 200);
	w_byte(w, EXPTRACE_WIRE_STACKS);
	w_stack(w, first, 1);
	w_frame(w, 0x1000, first, 0, 0);
	w_stack(w, first + 1, 1);
	w_frame(w, 0x2000, first + 1, 0, 0);
	w_stack(w, first + 2, 1);
	w_frame(w, 0x3000, first + 1, first + 2, 0);
	w_stack(w, first + 3, 1);
	w_frame(w, 0x4000, 0, 0, 0);
	w_end(w);
}

/*
 * A timer of 200 ns, interrupted by an hrtimer of 50. A work of 1700 begins in generation 1 on one
 * CPU and ends in generation 2 on the other; meanwhile another thread has a work of 100.
 */
static void timers_and_works(struct writer *w)
{
	w_header(w);
	report_opening(w, 1);
	t_batch(w, 1, 0, EXPTRACE_CONTEXT_SOFTIRQ);
	put_call(w, 1000, TIMER_ENTRY, 7, 10);
	t_at(w, 1200, TIMER_EXIT, 1, 7);
	put_call(w, 1300, TIMER_ENTRY, 7, 0);
	t_at(w, 1310, TIMER_EXIT, 1, 7);
	t_at(w, 1320, TIMER_EXIT, 1, 7);
	put_call(w, 1400, TIMER_ENTRY, 7, 13);
	t_at(w, 1420, TIMER_EXIT, 1, 7);
	put_call(w, 1500, TIMER_ENTRY, 7, 11);
	t_at(w, 1600, TIMER_EXIT, 1, 8);
	w_end(w);
	t_batch(w, 1, 0, EXPTRACE_CONTEXT_HARDIRQ);
	put_call(w, 1050, HRTIMER_ENTRY, 7, 11);
	t_at(w, 1100, HRTIMER_EXIT, 1, 7);
	w_end(w);
	t_batch(w, 1, 0, EXPTRACE_CONTEXT_TASK);
	t_at(w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	put_call(w, T_CLOSING - 300, WORK_START, 9, 11);
	w_end(w);
	t_batch(w, 1, 1, EXPTRACE_CONTEXT_TASK);
	t_at(w, 10, EXPTRACE_EVENT_CURRENT, 1, 200);
	put_call(w, 2000, WORK_START, 9, 12);
	put_call(w, 2100, WORK_END, 9, 12);
	w_end(w);
	put_functions(w, 1, 10);
	t_closing(w, 1, 0);
	report_opening(w, 2);
	t_batch(w, 2, 1, EXPTRACE_CONTEXT_TASK);
	t_at(w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	put_call(w, 400, WORK_END, 9, 21);
	put_call(w, 500, WORK_START, 9, 21);
	put_call(w, 530, WORK_END, 9, 21);
	w_end(w);
	put_functions(w, 2, 20);
	t_closing(w, 2, 0);
}

static void test_functions(void)
{
	struct writer w = { 0 };

	timers_and_works(&w);
	ok(run_trace(&command_check, NULL, &w) == EXIT_OK, "the trace for this test is sound");
	ok(json(&w) == EXIT_OK &&
	   run_printed(",\"timers\":[{\"function\":\"tick_\\u001b\",\"count\":1,\"sum_ns\":200,"),
	   "timers are measured by function name");
	ok(run_printed("{\"function\":\"unknown\",\"count\":1,\"sum_ns\":10,") &&
	   run_printed("{\"function\":\"0x4000\",\"count\":1,\"sum_ns\":20,"),
	   "functions without a name are listed too");
	ok(run_printed(",\"hrtimers\":[{\"function\":\"tock\",\"count\":1,\"sum_ns\":50,"),
	   "an hrtimer within a timer is measured on its own");
	ok(run_printed(",\"works\":[{\"function\":\"tock\",\"count\":2,\"sum_ns\":1730,"),
	   "a work belongs to its thread, and its function is the same in the next generation");
	ok(run_printed("{\"function\":\"tock [clock]\",\"count\":1,\"sum_ns\":100,"),
	   "a module's function is separate from the kernel's of that name");
	ok(run_printed("],\"timers_not_begun\":2,\"hrtimers\":[") &&
	   run_printed("],\"hrtimers_not_begun\":0,\"works\":[") &&
	   run_printed("],\"works_not_begun\":0,\"regions\":["),
	   "ends without their beginning are counted");
	ok(run_trace(&command_report, NULL, &w) == EXIT_OK &&
	   run_printed("Works: time in their functions, sleeping included; longest total first\n") &&
	   run_printed("    1  |@                       |  tock [clock]\n") && run_printed("  tick_\\x1b\n") &&
	   run_printed("  2 ended without a beginning in the trace: not counted\n"),
	   "durations by function are shown as text too");
	ok(run_trace(&command_report, "-eworkqueue_execute_start", &w) == EXIT_OK &&
	   run_printed("Timers: there is no timer_expire_entry\n"),
	   "without events, the report says so");
	w_free(&w);
}

int main(void)
{
	test_functions();
	return tap_end();
}
