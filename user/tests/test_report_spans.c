// SPDX-License-Identifier: GPL-2.0-only
/*
 * Report: durations of interrupts, system calls and regions.
 */
#include <string.h>

#include "report_trace.h"
#include "run.h"
#include "tap.h"

static void test_spans(void)
{
	struct writer w = { 0 };

	w_header(&w);
	report_opening(&w, 1);
	t_batch(&w, 1, 0, EXPTRACE_CONTEXT_HARDIRQ);
	t_at(&w, 1000, IRQ_ENTRY, 1, 24);
	t_at(&w, 1500, IRQ_EXIT, 2, 24, 0);
	t_at(&w, 1700, IRQ_EXIT, 2, 24, 0);
	w_end(&w);
	t_batch(&w, 1, 0, EXPTRACE_CONTEXT_SOFTIRQ);
	t_at(&w, 1600, SOFTIRQ_ENTRY, 1, 3);
	t_at(&w, 2600, SOFTIRQ_EXIT, 1, 3);
	w_end(&w);
	t_batch(&w, 1, 1, EXPTRACE_CONTEXT_SOFTIRQ);
	t_at(&w, 1700, SOFTIRQ_ENTRY, 1, 3);
	t_at(&w, 1800, SOFTIRQ_EXIT, 1, 3);
	w_end(&w);
	t_batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	t_at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	t_at(&w, 100, SYS_ENTER, 1, 257);
	t_switch(&w, 200, EXPTRACE_TASK_S, 0);
	w_end(&w);
	/* the system call ends on the other CPU */
	t_batch(&w, 1, 1, EXPTRACE_CONTEXT_TASK);
	t_at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 0);
	t_switch(&w, 5000, EXPTRACE_TASK_R, 100);
	t_at(&w, 5100, SYS_EXIT, 2, 257, 3);	/* -2 */
	t_at(&w, 5200, SYS_EXIT, 2, 0, 0);
	t_at(&w, 6000, SYS_ENTER, 1, 257);
	t_at(&w, 6500, SYS_EXIT, 2, 257, 8);	/* 4 */
	/* an exit without a number, then a call without one */
	t_at(&w, 7000, SYS_ENTER, 1, 15);
	t_at(&w, 7300, SYS_EXIT, 2, EXPTRACE_SYSCALL_NONE, 0);
	t_at(&w, 8000, SYS_ENTER, 1, EXPTRACE_SYSCALL_NONE);
	t_at(&w, 8030, SYS_EXIT, 2, EXPTRACE_SYSCALL_NONE, 0);
	/* exit_group() and a call ended by a signal have no exit */
	t_at(&w, 8100, SYS_ENTER, 1, 34);
	t_at(&w, 8200, SYS_ENTER, 1, 231);
	w_end(&w);
	t_closing(&w, 1, 0);
	ok(json(&w) == EXIT_OK && run_printed("\"irqs\":[{\"number\":24,") &&
	   run_printed("\"count\":1,\"sum_ns\":500,"), "interrupts are timed, by number");
	ok(run_printed("\"softirqs\":[{\"number\":3,\"name\":\"NET_RX\",\"count\":2,\"sum_ns\":1100,"),
	   "softirqs are timed per CPU");
	ok(run_printed("\"syscalls\":[{\"number\":257,") &&
	   run_printed("\"errors\":1,\"count\":2,\"sum_ns\":5500,"),
	   "system calls are timed per thread; failed ones are counted");
	ok(run_printed("],\"irqs_not_begun\":1,\"irqs_not_ended\":0,\"softirqs\":[") &&
	   run_printed("],\"softirqs_not_begun\":0,\"softirqs_not_ended\":0,\"syscalls\":[") &&
	   run_printed("],\"syscalls_not_begun\":1,\"syscalls_not_ended\":2,\"timers\":["),
	   "ends without their beginning, and beginnings without their end, are counted");
	ok(run_printed("{\"number\":15,") && run_printed("\"errors\":0,\"count\":1,\"sum_ns\":300,"),
	   "an exit without a number ends the current call of its thread");
	ok(run_printed("{\"number\":2147483647,\"name\":\"none\",") && run_printed("\"sum_ns\":30,"),
	   "calls without a number have a row of their own");
	ok(run_trace(&command_report, NULL, &w) == EXIT_OK &&
	   run_printed("1 ended without a beginning in the trace: not counted\n"
		       "  2 began without an end in the trace: not counted\n"),
	   "durations are shown as text too");
	ok(run_printed("    0  |@                       |\n") &&
	   run_printed("    1        1  |@ @                     |\n"),
	   "each line ends with its distribution");
	w_free(&w);

	w_header(&w);
	report_opening(&w, 1);
	t_batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	t_at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	t_at(&w, 100, SYS_ENTER, 1, 0);
	w_end(&w);
	t_closing(&w, 1, 0);
	report_opening(&w, 3);
	t_batch(&w, 3, 0, EXPTRACE_CONTEXT_TASK);
	t_at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	t_at(&w, 100, SYS_EXIT, 2, 0, 0);
	w_end(&w);
	t_closing(&w, 3, 0);
	ok(json(&w) == EXIT_OK && run_printed("\"syscalls\":[]"),
	   "no system call spans a missing generation");
	w_free(&w);
}

static void put_mark(struct writer *w, uint64_t time, unsigned int type, const char *name)
{
	t_at(w, time, type, 0);
	w_string(w, name);
}

static void test_regions(void)
{
	struct writer w = { 0 };
	unsigned int i;

	w_header(&w);
	report_opening(&w, 1);
	t_batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	t_at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	put_mark(&w, 1000, REGION_END, "outer");
	put_mark(&w, 2000, REGION_BEGIN, "outer");
	put_mark(&w, 3000, REGION_BEGIN, "in\033ner");
	put_mark(&w, 4000, REGION_BEGIN, "in\033ner");
	put_mark(&w, 4500, REGION_END, "in\033ner");
	t_switch(&w, 5000, EXPTRACE_TASK_S, 200);
	put_mark(&w, 5500, REGION_END, "outer");
	w_end(&w);
	t_batch(&w, 1, 1, EXPTRACE_CONTEXT_TASK);
	t_at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 0);
	t_switch(&w, 6000, EXPTRACE_TASK_R, 100);
	put_mark(&w, 7000, REGION_END, "in\033ner");
	put_mark(&w, 9000, REGION_END, "outer");
	put_mark(&w, 9500, REGION_BEGIN, "open");
	w_end(&w);
	t_closing(&w, 1, 0);
	ok(json(&w) == EXIT_OK &&
	   run_printed("\"regions\":[{\"name\":\"outer\",\"count\":1,\"sum_ns\":7000,") &&
	   run_printed("{\"name\":\"in\\u001bner\",\"count\":2,\"sum_ns\":4500,"),
	   "regions nest, and belong to their thread");
	ok(run_printed("\"regions_not_ended\":1,\"regions_not_begun\":2}"),
	   "regions without one of their ends are counted");
	ok(run_trace(&command_report, NULL, &w) == EXIT_OK &&
	   run_printed("Regions: from marker_begin") &&
	   run_printed("    1  |@@                      |  in\\x1bner\n") &&
	   !run_printed("  open\n"), "regions are shown as text too");
	w_free(&w);

	w_header(&w);
	report_opening(&w, 1);
	t_batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	t_at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	put_mark(&w, 1000, REGION_BEGIN, "a");
	put_mark(&w, 2000, REGION_BEGIN, "b");
	put_mark(&w, 4000, REGION_END, "a");
	put_mark(&w, 7000, REGION_END, "b");
	w_end(&w);
	t_closing(&w, 1, 0);
	ok(json(&w) == EXIT_OK && run_printed("{\"name\":\"a\",\"count\":1,\"sum_ns\":3000,") &&
	   run_printed("{\"name\":\"b\",\"count\":1,\"sum_ns\":5000,"),
	   "if regions overlap, an end belongs to the region of that name");
	w_free(&w);

	w_header(&w);
	report_opening(&w, 1);
	t_batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	t_at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	for (i = 0; i < 300; i++)
		put_mark(&w, 1000 + i, REGION_BEGIN, i ? "more" : "first");
	for (i = 0; i < 300; i++)
		put_mark(&w, 2000 + i, REGION_END, i < 299 ? "more" : "first");
	w_end(&w);
	t_closing(&w, 1, 0);
	report_opening(&w, 3);
	t_batch(&w, 3, 0, EXPTRACE_CONTEXT_TASK);
	t_at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	put_mark(&w, 1000, REGION_END, "more");
	w_end(&w);
	t_closing(&w, 3, 0);
	ok(json(&w) == EXIT_OK && run_printed("{\"name\":\"more\",\"count\":256,") &&
	   run_printed("\"regions_not_ended\":44,\"regions_not_begun\":45}"),
	   "the oldest of too many open regions are forgotten; no region spans a gap");
	w_free(&w);
}

/* Thread 101 calls execve() and continues as 100; the call of the old 100 never ends. */
static void exec_trace(struct writer *w, bool reported_twice)
{
	w_header(w);
	report_opening(w, 1);
	t_batch(w, 1, 0, EXPTRACE_CONTEXT_TASK);
	t_at(w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	t_at(w, 100, SYS_ENTER, 1, 202);
	t_at(w, 200, EXPTRACE_EVENT_CURRENT, 1, 101);
	t_at(w, 300, SYS_ENTER, 1, 59);
	t_at(w, 400, EXPTRACE_EVENT_CURRENT, 1, 100);
	t_at(w, 500, EXEC, 2, 100, 101);
	if (reported_twice)
		t_at(w, 510, EXEC_STATE, 2, 100, 101);
	t_at(w, 1000, SYS_EXIT, 2, 59, 0);
	t_at(w, 1100, SYS_EXIT, 2, 202, 0);
	w_end(w);
	t_closing(w, 1, 0);
}

static void test_exec(void)
{
	struct writer w = { 0 };
	int twice;

	for (twice = 0; twice < 2; twice++) {
		exec_trace(&w, twice);
		ok(json(&w) == EXIT_OK && run_printed("\"syscalls\":[{\"number\":59,") &&
		   run_printed("\"errors\":0,\"count\":1,\"sum_ns\":700,") &&
		   run_printed("],\"syscalls_not_begun\":1,"),
		   "a call ends under the process id that its thread takes over%s",
		   twice ? ", if two events report it" : "");
		w_free(&w);
	}
}

int main(void)
{
	test_spans();
	test_regions();
	test_exec();
	return tap_end();
}
