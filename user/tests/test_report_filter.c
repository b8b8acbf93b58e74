// SPDX-License-Identifier: GPL-2.0-only
/*
 * Report, stat and dump of traces recorded with a filter.
 */
#include <string.h>

#include "report_trace.h"
#include "run.h"
#include "tap.h"

/*
 * The filter selected thread 100. It leaves CPU 0 to 200 at 1000 and comes back at 5001, when 300
 * leaves; 200 left meanwhile, unrecorded. At 8000 it leaves to 200 again.
 */
static void test_filtered_switches(void)
{
	struct writer w = { 0 };

	w_header(&w);
	report_opening(&w, 1);
	t_property(&w, 1, "filter", "threads 100");
	t_batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	t_at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	t_switch(&w, 1000, EXPTRACE_TASK_S, 200);
	t_at(&w, 5000, EXPTRACE_EVENT_CURRENT, 1, 300);
	t_switch(&w, 5001, EXPTRACE_TASK_S, 100);
	t_switch(&w, 8000, EXPTRACE_TASK_S, 200);
	w_end(&w);
	t_closing(&w, 1, 0);
	ok(json(&w) == EXIT_OK && run_printed("{\"pid\":100,\"comm\":\"<...>\",\"on_cpu_ns\":3999,") &&
	   run_printed("{\"pid\":200,\"comm\":\"<...>\",\"on_cpu_ns\":999991000,") &&
	   run_printed("note: what did not pass the filter is not in the trace"),
	   "a task whose switch was filtered out did not run in between");
	ok(run_trace(&command_stat, NULL, &w) == EXIT_OK &&
	   run_printed("       200  <...>                 999.991") &&
	   run_printed("       100  <...>                   0.004"), "for stat as well");
	w_free(&w);

	w_header(&w);
	report_opening(&w, 1);
	t_batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	t_at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	t_wake(&w, 500, 200);
	w_end(&w);
	t_closing(&w, 1, 0);
	ok(json(&w) == EXIT_OK && run_printed(",\"tasks\":[]"),
	   "without switches, no task has times");
	w_free(&w);
}

/* Filtered switches and an interrupt on CPU 0; all switches of @cpus are recorded. */
static void limited_trace(struct writer *w, const char *cpus)
{
	w_header(w);
	report_opening(w, 1);
	t_property(w, 1, "filter", "threads 100");
	t_property(w, 1, "known_switches", cpus);
	t_batch(w, 1, 0, EXPTRACE_CONTEXT_TASK);
	t_at(w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	t_switch(w, 1000, EXPTRACE_TASK_S, 200);
	t_switch(w, 5000, EXPTRACE_TASK_S, 100);
	t_switch(w, 8000, EXPTRACE_TASK_S, 200);
	w_end(w);
	t_batch(w, 1, 0, EXPTRACE_CONTEXT_HARDIRQ);
	t_wake(w, 500, 300);
	w_end(w);
	t_closing(w, 1, 0);
}

/* If switches may be missing, no task runs before its first event or after the last switch. */
static void test_known_switches(void)
{
	struct writer w = { 0 };

	limited_trace(&w, "1,3-8");
	ok(json(&w) == EXIT_OK && run_printed("{\"pid\":100,\"comm\":\"<...>\",\"on_cpu_ns\":3990,") &&
	   run_printed("{\"pid\":200,\"comm\":\"<...>\",\"on_cpu_ns\":4000,") && run_printed("\"waits_cut_off\":0,"),
	   "no task counts as running while a filter may have hidden another one");
	ok(run_trace(&command_stat, NULL, &w) == EXIT_OK &&
	   run_printed("       200  <...>                   0.004") &&
	   run_printed("times of threads that it did not choose may be wrong"), "by stat as well");
	ok(run_trace(&command_dump, NULL, &w) == EXIT_OK &&
	   run_printed("           <...>-?       [000] h"), "nor as interrupted");
	w_free(&w);

	limited_trace(&w, "chosen");
	ok(run_trace(&command_dump, NULL, &w) == EXIT_OK &&
	   run_printed("           <...>-?       [000] h"),
	   "a chosen thread does not count as running either");
	ok(run_trace(&command_stat, NULL, &w) == EXIT_OK &&
	   run_printed("       200  <...>                 999.995"),
	   "stat has the times of a chosen thread");
	w_free(&w);

	limited_trace(&w, "0");
	ok(json(&w) == EXIT_OK && run_printed("{\"pid\":100,\"comm\":\"<...>\",\"on_cpu_ns\":4000,") &&
	   run_printed("{\"pid\":200,\"comm\":\"<...>\",\"on_cpu_ns\":999995000,"),
	   "the running task is known if all switches of the CPU are recorded");
	ok(run_trace(&command_stat, NULL, &w) == EXIT_OK &&
	   run_printed("       200  <...>                 999.995"), "to stat as well");
	ok(run_trace(&command_dump, NULL, &w) == EXIT_OK &&
	   run_printed("           <...>-100     [000] h"),
	   "the interrupted task is known if all switches of the CPU are recorded");
	w_free(&w);
}

/* Recorded with a minimum duration of system calls. */
static void test_whole_system_calls(void)
{
	struct writer w = { 0 };

	w_header(&w);
	report_opening(&w, 1);
	t_property(&w, 1, "filter", "system calls of 500 ns or more");
	t_batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	t_at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	t_at(&w, 1100, SYS_CALL, 3, 257, 3, 700);	/* -2 */
	t_at(&w, 5000, SYS_CALL, 3, 257, 8, 2000);	/* 4 */
	w_end(&w);
	t_closing(&w, 1, 0);
	ok(json(&w) == EXIT_OK && run_printed("\"syscalls\":[{\"number\":257,") &&
	   run_printed("\"errors\":1,\"count\":2,\"sum_ns\":2700,"),
	   "the recorded duration of a system call is used");
	ok(run_printed("\"covered_ns\":999999000,\"filter\":\"system calls of 500 ns or more\","),
	   "the JSON has the filter");
	ok(run_trace(&command_report, NULL, &w) == EXIT_OK &&
	   run_printed("Filter:      system calls of 500 ns or more\n"), "the text has the filter");
	w_free(&w);
}

int main(void)
{
	test_filtered_switches();
	test_known_switches();
	test_whole_system_calls();
	return tap_end();
}
