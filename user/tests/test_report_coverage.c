// SPDX-License-Identifier: GPL-2.0-only
/*
 * Report: generations that do not count, across which nothing is measured.
 */
#include <string.h>

#include "../cmd/pids.h"
#include "report_trace.h"
#include "run.h"
#include "tap.h"

static void test_losses(void)
{
	struct writer w = { 0 };

	woken_and_run(&w, 3, 0, 0);
	ok(json(&w) == EXIT_OK && run_printed("\"covered\":3,") &&
	   run_printed(",\"latency\":{\"count\":4,") && run_printed("\"max_ns\":1000002000,"),
	   "a latency may span generations");
	w_free(&w);

	woken_and_run(&w, 3, 7, 0);
	ok(json(&w) == EXIT_OK && run_printed("\"covered\":2,\"with_losses\":1,") &&
	   run_printed("\"lost\":7,") && run_printed(",\"latency\":{\"count\":3,") &&
	   run_printed("\"waits_cut_off\":1,\"longest_wait_cut_off_ns\":500,"),
	   "a latency does not span a generation that lost events");
	ok(run_trace(&command_report, NULL, &w) == EXIT_OK &&
	   run_printed("Covered:     2 of 3 generations, ") &&
	   run_printed("Left out:    1 generations, 1.000000 s: they lost events\n") &&
	   run_printed("1 times a task still waited"), "the report notes it");
	w_free(&w);

	woken_and_run(&w, 2, 0, 1);
	ok(json(&w) == EXIT_OK && run_printed("\"covered\":1,\"with_losses\":1,") &&
	   run_printed(",\"latency\":{\"count\":0,"),
	   "nothing is measured in a generation that lost an event");
	w_free(&w);
}

/* CPU 0: 100 runs. */
static void put_run(struct writer *w, uint64_t gen)
{
	t_batch(w, gen, 0, EXPTRACE_CONTEXT_TASK);
	t_at(w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	t_at(w, 500, EXPTRACE_EVENT_SCHED_SWITCH + EXPTRACE_TASK_S, 1, 100);
	w_end(w);
}

/* Generations overlap by 20 ms, as in real traces. */
static void test_overlap(void)
{
	struct writer w = { 0 };
	uint64_t gen;

	t_early = 20000000;
	w_header(&w);
	for (gen = 1; gen <= 3; gen++) {
		report_opening(&w, gen);
		put_run(&w, gen);
		t_closing(&w, gen, 0);
	}
	ok(json(&w) == EXIT_OK && run_printed(",\"covered_ns\":2999999000,"),
	   "time in which generations overlap counts once");
	ok(run_trace(&command_stat, NULL, &w) == EXIT_OK && run_printed("Duration:    2.999999 s\n") &&
	   !strstr(run_output, "Covered:") && run_printed(" 2999.999  100.00%"), "stat counts events left out for lack of room");
	w_free(&w);

	w_header(&w);
	for (gen = 1; gen <= 3; gen++) {
		report_opening(&w, gen);
		put_run(&w, gen);
		t_closing(&w, gen, gen == 2 ? 5 : 0);
	}
	ok(run_trace(&command_report, NULL, &w) == EXIT_OK &&
	   run_printed("Covered:     2 of 3 generations, 2.019999 s\n"
		       "Left out:    1 generations, 0.980000 s: they lost events\n"),
	   "overlapping time counts for the covered generation");
	t_early = 0;
	w_free(&w);
}

static void test_no_events(void)
{
	struct writer w = { 0 };

	w_header(&w);
	report_opening(&w, 1);
	two_tasks(&w, 1);
	t_closing(&w, 1, 0);
	report_opening(&w, 2);
	t_closing(&w, 2, 5);
	report_opening(&w, 3);
	two_tasks(&w, 3);
	t_closing(&w, 3, 0);
	ok(json(&w) == EXIT_OK &&
	   run_printed("{\"generations\":3,\"covered\":2,\"with_losses\":1,\"incomplete\":0,"
		       "\"damaged\":0,\"missing\":0,\"lost\":5,"),
	   "a generation that lost all of its events is not missing");
	w_free(&w);

	w_header(&w);
	report_opening(&w, 1);
	t_closing(&w, 1, 0);
	ok(json(&w) == EXIT_OK &&
	   run_printed("{\"generations\":1,\"covered\":1,") &&
	   run_printed(",\"covered_ns\":999999000,"),
	   "a generation without events is not missing");
	w_free(&w);
}

/* A thread whose number is too large, as if there were too many threads. */
static void test_too_many_threads(void)
{
	struct writer w = { 0 };

	w_header(&w);
	report_opening(&w, 1);
	t_batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	t_at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	t_switch(&w, 1000, EXPTRACE_TASK_S, PIDS_MAX);
	t_wake(&w, 2000, 200);
	w_end(&w);
	t_closing(&w, 1, 0);
	ok(json(&w) == EXIT_OK && run_printed("\"of_too_many_threads\":") &&
	   !strstr(run_output, "\"of_too_many_threads\":0,"),
	   "events left out for lack of room are counted");
	ok(run_trace(&command_stat, NULL, &w) == EXIT_OK &&
	   run_printed("  without 1 events of threads beyond the first 16777215\n"),
	   "stat counts events left out for lack of room");
	w_free(&w);
}

/* An earlier reader took the opening tables and some batches of generation 1. */
static void test_no_beginning(void)
{
	struct writer w = { 0 }, rest = { 0 };
	size_t opened;

	report_opening(&w, 1);
	opened = w.size;
	two_tasks(&w, 1);
	t_closing(&w, 1, 0);
	w_header(&rest);
	w_bytes(&rest, w.data + opened, w.size - opened);
	report_opening(&rest, 2);
	two_tasks(&rest, 2);
	t_closing(&rest, 2, 0);
	ok(json(&rest) == EXIT_OK && run_printed("\"covered\":1,\"with_losses\":0,\"incomplete\":1,") &&
	   run_printed(",\"latency\":{\"count\":3,") &&
	   run_printed("\"without_beginning\":1,\"without_end\":0,\"without_clock\":0,\"schema_from_generation\":2,"),
	   "a generation whose beginning an earlier reader took does not count");
	ok(run_trace(&command_report, NULL, &rest) == EXIT_OK &&
	   run_printed("Left out:    1 generations, 0.999999 s: a part is missing\n"),
	   "the time of a generation without a beginning is that of its events");
	w_free(&w);
	w_free(&rest);
}

/* CPU 1 comes online halfway through generation 1, and goes offline before generation 2. */
static void test_offline(void)
{
	struct writer w = { 0 };
	unsigned int gen;

	w_header(&w);
	for (gen = 1; gen <= 2; gen++) {
		report_opening(&w, gen);
		t_property(&w, gen, "online", "0,2-7");
		if (gen == 1) {
			t_batch(&w, 1, 1, EXPTRACE_CONTEXT_TASK);
			t_at(&w, 500000000, EXPTRACE_EVENT_CURRENT, 1, 200);
			t_switch(&w, 700000000, EXPTRACE_TASK_S, 0);
			w_end(&w);
		}
		t_closing(&w, gen, 0);
	}
	ok(json(&w) == EXIT_OK && run_printed("{\"pid\":200,\"comm\":\"<...>\",\"on_cpu_ns\":200000000,"),
	   "no task runs on a CPU before it comes online");
	ok(run_trace(&command_stat, NULL, &w) == EXIT_OK &&
	   run_printed("      200  <...>                 200.000   10.00%") &&
	   run_printed("        0  <idle>                299.999   15.00%"),
	   "the idle task does not run on a CPU after it goes offline");
	w_free(&w);
}

static void test_gap(void)
{
	struct writer w = { 0 };

	w_header(&w);
	report_opening(&w, 1);
	two_tasks(&w, 1);
	t_batch(&w, 1, 0, EXPTRACE_CONTEXT_SOFTIRQ);
	t_wake(&w, T_CLOSING - 500, 300);
	w_end(&w);
	t_closing(&w, 1, 0);
	report_opening(&w, 5);
	t_batch(&w, 5, 1, EXPTRACE_CONTEXT_TASK);
	t_at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 200);
	t_switch(&w, 500, EXPTRACE_TASK_S, 300);
	w_end(&w);
	t_closing(&w, 5, 0);
	ok(json(&w) == EXIT_OK && run_printed("\"covered\":2,") && run_printed("\"missing\":3,") &&
	   run_printed(",\"latency\":{\"count\":3,"),
	   "no latency spans missing generations");
	ok(run_printed("{\"pid\":200,\"comm\":\"<...>\",\"on_cpu_ns\":999991500,"),
	   "no other duration spans missing generations");
	w_free(&w);
}

static void test_cut_off(void)
{
	struct writer w = { 0 };
	size_t middle;

	w_header(&w);
	report_opening(&w, 1);
	two_tasks(&w, 1);
	t_closing(&w, 1, 0);
	report_opening(&w, 2);
	two_tasks(&w, 2);
	middle = w.size;
	t_closing(&w, 2, 0);
	w.size = middle;
	ok(json(&w) == EXIT_PROBLEM && run_printed("\"covered\":1,") &&
	   run_printed("\"incomplete\":1,") && run_printed(",\"latency\":{\"count\":3,") &&
	   run_printed("cut off in generation 2 at offset"),
	   "a generation that is cut off does not count");
	w_free(&w);

	w_header(&w);
	report_opening(&w, 1);
	two_tasks(&w, 1);
	t_batch(&w, 1, 0, EXPTRACE_CONTEXT_SOFTIRQ);
	t_at(&w, 4500, EXPTRACE_EVENT_SCHED_SWITCH, 1, 0);
	w_byte(&w, 79);		/* an unknown event */
	w_end(&w);
	t_closing(&w, 1, 0);
	ok(json(&w) == EXIT_PROBLEM && run_printed("\"damaged\":1,") &&
	   run_printed(",\"latency\":{\"count\":1,"),
	   "nothing is measured behind damage");
	w_free(&w);
}

int main(void)
{
	test_losses();
	test_overlap();
	test_no_events();
	test_no_beginning();
	test_offline();
	test_too_many_threads();
	test_gap();
	test_cut_off();
	return tap_end();
}
