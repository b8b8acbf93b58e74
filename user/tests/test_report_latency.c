// SPDX-License-Identifier: GPL-2.0-only
/*
 * Report: latencies, sleeps, stretches and wakers of tasks.
 */
#include <string.h>

#include "report_trace.h"
#include "run.h"
#include "tap.h"

/*
 * CPU 0: 100, which existed before the trace, runs from 3000 to 5000, sleeps until 9000, runs from
 * 9100 to 9400, is preempted, runs from 9500 to 9800, and sleeps at the end.
 */
static void test_times(void)
{
	struct writer w = { 0 };

	w_header(&w);
	report_opening(&w, 1);
	t_batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	t_at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	t_switch(&w, 1000, EXPTRACE_TASK_S, 0);
	t_switch(&w, 3000, EXPTRACE_TASK_R, 100);
	t_switch(&w, 5000, EXPTRACE_TASK_S, 0);
	t_wake(&w, 9000, 100);
	t_switch(&w, 9100, EXPTRACE_TASK_R, 100);
	t_switch(&w, 9400, EXPTRACE_TASK_PREEMPTED, 0);
	t_switch(&w, 9500, EXPTRACE_TASK_R, 100);
	t_switch(&w, 9800, EXPTRACE_TASK_S, 0);
	w_end(&w);
	t_closing(&w, 1, 0);
	ok(json(&w) == EXIT_OK &&
	   run_printed(",\"stretches\":{\"count\":3,\"sum_ns\":2600,") &&
	   run_printed("\"histogram\":[[256,2],[1024,1]]}"),
	   "a stretch on a CPU lasts from switch to switch; one begun before the trace does not count");
	ok(run_printed(",\"sleeps\":{\"count\":1,\"sum_ns\":4000,"),
	   "a sleep without a wake-up in the trace does not count");
	ok(run_printed("\"unseen_wakeups\":1,\"latency\":{\"count\":2,\"sum_ns\":200,") &&
	   run_printed("\"histogram\":[[64,2]]},\"stretches\":{\"count\":3,") &&
	   run_printed("\"histogram\":[[256,2],[1024,1]]},\"sleeps\":{\"count\":1,"),
	   "each task has its stretches and sleeps");
	ok(run_trace(&command_report, NULL, &w) == EXIT_OK &&
	   run_printed("       0.004  |@           |    0.00%      ") &&
	   run_printed("|@           |          3          1          1\n"),
	   "the text has them in columns");
	ok(run_printed("\n  All stretches on a CPU: ") &&
	   run_printed("     256 ns to      512 ns            2 |########################################|\n") &&
	   run_printed("\n  All sleeps: ") &&
	   run_printed("    2.05 us to     4.10 us            1 |########################################|\n"),
	   "stretches and sleeps of all tasks are shown below the table");
	w_free(&w);
}

static void test_latency(void)
{
	struct writer w = { 0 };

	w_header(&w);
	report_opening(&w, 1);
	two_tasks(&w, 1);
	t_closing(&w, 1, 0);
	ok(run_trace(&command_check, NULL, &w) == EXIT_OK, "the trace for this test is sound");
	ok(json(&w) == EXIT_OK &&
	   run_printed("{\"generations\":1,\"covered\":1,\"with_losses\":0,\"incomplete\":0,"
		       "\"damaged\":0,\"missing\":0,\"lost\":0,\"covered_ns\":999999000,"),
	   "the covered time is reported");
	ok(!strstr(run_output, "\"filter\""), "no filter is reported if there was none");
	ok(run_printed(",\"latency\":{\"count\":3,\"sum_ns\":4500,"),
	   "latencies run from wake-up to run, and from preemption to run");
	ok(run_printed("\"min_ns\":500,\"max_ns\":3000,\"max_at_ns\":1000009000,\"max_cpu\":1,"),
	   "time and CPU of the longest are reported");
	ok(run_printed("\"histogram\":[[256,1],[512,1],[2048,1]]"),
	   "latencies have a histogram of powers of two");
	ok(run_printed("{\"pid\":100,\"comm\":\"<...>\",\"on_cpu_ns\":999997000,\"waiting_ns\":500,\"asleep_ns\":1500,"
		       "\"switches\":1,\"preempted\":0,\"wakeups\":1,\"unseen_wakeups\":0,"
		       "\"latency\":{\"count\":1,\"sum_ns\":500,"),
	   "a task's times add up to the trace's, from its beginning on");
	ok(run_printed("{\"pid\":200,\"comm\":\"<...>\",\"on_cpu_ns\":999991000,\"waiting_ns\":4000,\"asleep_ns\":0,"
		       "\"switches\":2,\"preempted\":1,\"wakeups\":1,"),
	   "preempted time is waiting time");
	ok(run_printed("{\"pid\":300,\"comm\":\"<...>\",\"on_cpu_ns\":3000,\"waiting_ns\":0,\"asleep_ns\":999990000,"
		       "\"switches\":1,\"preempted\":0,\"wakeups\":0,\"unseen_wakeups\":0,"
		       "\"stretches\":{\"count\":1,\"sum_ns\":3000,"),
	   "a task without a known state has no latency");
	ok(run_printed("\"waker\":\"(hardirq)\",\"woken_pid\":100") &&
	   run_printed("\"waker_pid\":100,\"waker\":\"<...>\",\"woken_pid\":200") &&
	   !strstr(run_output, "\"waker_pid\":0"),
	   "an interrupt's wake-ups are not those of the task it interrupted");
	ok(run_trace(&command_report, NULL, &w) == EXIT_OK &&
	   run_printed("Covered:     1 of 1 generations, 0.999999 s\n") &&
	   run_printed("         2        2.0        1.0        2.9        3.0     1.000009    1") &&
	   run_printed("     256 ns to      512 ns            1 |####") &&
	   run_printed("System calls: there is no sys_enter"),
	   "latencies are shown as text too");
	ok(run_trace(&command_report, "-n1", &w) == EXIT_OK &&
	   !strstr(run_output, "  100  <...>                     1        0.5"),
	   "-n shortens tables");
	ok(run_trace(&command_report, "-esched_waking", &w) == EXIT_OK &&
	   run_printed("there is no sched_switch"), "only selected events are used");
	w_free(&w);
}

/* 100 goes to sleep at 1000 and runs again at 5000, without a wake-up in the trace. */
static void test_no_wakeups(void)
{
	struct writer w = { 0 };

	w_header(&w);
	report_opening(&w, 1);
	t_batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	t_at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	t_switch(&w, 1000, EXPTRACE_TASK_S, 0);
	t_switch(&w, 5000, EXPTRACE_TASK_R, 100);
	t_switch(&w, 8000, EXPTRACE_TASK_S, 0);
	w_end(&w);
	t_closing(&w, 1, 0);
	ok(json(&w) == EXIT_OK &&
	   run_printed("{\"pid\":100,\"comm\":\"<...>\",\"on_cpu_ns\":4000,\"waiting_ns\":0,\"asleep_ns\":0,") &&
	   run_printed("\"waiting_or_asleep_ns\":999995000}"),
	   "without a wake-up, the time asleep is unknown");
	ok(run_trace(&command_report, NULL, &w) == EXIT_OK &&
	   run_printed("  1 times a task ran without a sched_wakeup in the trace: no latency"),
	   "missing wake-ups are noted");
	w_free(&w);
}

static void test_unseen(void)
{
	struct writer w = { 0 };

	w_header(&w);
	report_opening(&w, 1);
	t_batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	t_at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	t_switch(&w, 1000, EXPTRACE_TASK_S, 0);
	t_switch(&w, 3000, EXPTRACE_TASK_R, 100);
	t_wake(&w, 4000, 100);
	t_switch(&w, 5000, EXPTRACE_TASK_S, 0);
	t_wake(&w, 6000, 100);
	t_wake(&w, 7000, 100);
	t_switch(&w, 8000, EXPTRACE_TASK_R, 100);
	w_end(&w);
	t_closing(&w, 1, 0);
	ok(json(&w) == EXIT_OK && run_printed("\"unseen_wakeups\":1,\"waits_cut_off\":0,"),
	   "a task that runs without a wake-up is counted");
	ok(run_printed(",\"latency\":{\"count\":1,\"sum_ns\":2000,"),
	   "a second wake-up, or the wake-up of a running task, begins no wait");
	w_free(&w);
}

/* CPU 0: 100 exits at 1000. A new task with that id is woken at 7000 and runs at 8000. */
static void test_exit(void)
{
	struct writer w = { 0 };
	unsigned int state;

	for (state = EXPTRACE_TASK_X; state <= EXPTRACE_TASK_Z; state++) {
		w_header(&w);
		report_opening(&w, 1);
		t_batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
		t_at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
		t_switch(&w, 1000, state, 200);
		t_wake(&w, 7000, 100);
		t_switch(&w, 8000, EXPTRACE_TASK_S, 100);
		t_switch(&w, 9000, state, 200);
		w_end(&w);
		t_closing(&w, 1, 0);
		ok(json(&w) == EXIT_OK &&
		   run_printed("{\"pid\":100,\"comm\":\"<...>\",\"on_cpu_ns\":2000,\"waiting_ns\":1000,\"asleep_ns\":0,"
			       "\"switches\":1,\"preempted\":0,"),
		   "a dead task does not sleep (%u)", state);
		w_free(&w);
	}
}

static void test_waking(void)
{
	struct writer w = { 0 };

	w_header(&w);
	report_opening(&w, 1);
	two_tasks(&w, 1);
	t_batch(&w, 1, 0, EXPTRACE_CONTEXT_SOFTIRQ);
	t_at(&w, 2000, WAKING, 1, 100);
	w_end(&w);
	t_closing(&w, 1, 0);
	ok(run_trace(&command_report, NULL, &w) == EXIT_OK &&
	   run_printed("Who woke whom: 1 wake-ups") && run_printed("(softirq)") &&
	   !strstr(run_output, "sched_waking avoids that"),
	   "sched_waking, if recorded, names the waker");
	ok(run_printed("         1 100.00%         -  (softirq)         ->       100  <...>"
		       "                   0.5        0.5        0.5  |@                       |\n"),
	   "a waker has its share and the latency");
	ok(json(&w) == EXIT_OK &&
	   run_printed("\"wakers\":[{\"count\":1,\"waker\":\"(softirq)\",\"woken_pid\":100,"
		       "\"woken\":\"<...>\",\"latency\":{\"count\":1,\"sum_ns\":500,") &&
	   run_printed("],\"wakeup_latency\":{\"count\":1,\"sum_ns\":500,"),
	   "the latency begins at the wake-up that followed");
	w_free(&w);

	/* 100 is woken before it sleeps, by 200 while it sleeps, is preempted, exits; a new 100 runs */
	w_header(&w);
	report_opening(&w, 1);
	t_batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	t_at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	t_at(&w, 100, WAKING, 1, 100);
	t_wake(&w, 110, 100);
	t_switch(&w, 1000, EXPTRACE_TASK_S, 200);
	t_at(&w, 2000, WAKING, 1, 100);
	t_wake(&w, 2100, 100);
	t_switch(&w, 3000, EXPTRACE_TASK_S, 100);
	t_switch(&w, 4000, EXPTRACE_TASK_PREEMPTED, 300);
	t_switch(&w, 5000, EXPTRACE_TASK_S, 100);
	t_switch(&w, 6000, EXPTRACE_TASK_X, 300);
	t_wake(&w, 7000, 100);
	t_switch(&w, 8000, EXPTRACE_TASK_S, 100);
	w_end(&w);
	t_closing(&w, 1, 0);
	ok(json(&w) == EXIT_OK && run_printed(",\"latency\":{\"count\":3,\"sum_ns\":2900,") &&
	   run_printed("],\"wakeup_latency\":{\"count\":1,\"sum_ns\":900,"),
	   "a preempted task has no waker, and each wake-up belongs to one event");
	ok(run_trace(&command_report, NULL, &w) == EXIT_OK &&
	   run_printed("  1 of them have no latency: the task was not asleep, or was not seen to run\n") &&
	   run_printed("         1  50.00%       100  <...>             ->       100  <...>"
		       "                     -          -          -  |                        |\n"),
	   "a wake-up without a sleep is counted, and has no latency");
	ok(run_trace(&command_report, "-esched_switch,sched_wakeup", &w) == EXIT_OK &&
	   run_printed("Who woke whom: 3 wake-ups") && run_printed("  1 of them have no latency"),
	   "a wake-up without a sleep has no latency without sched_waking either");
	w_free(&w);

	woken_and_run(&w, 3, 7, 0);
	ok(json(&w) == EXIT_OK && run_printed("],\"wakeup_latency\":{\"count\":2,"),
	   "a waker's latency does not span a generation that lost events");
	w_free(&w);
}

int main(void)
{
	test_latency();
	test_times();
	test_no_wakeups();
	test_unseen();
	test_exit();
	test_waking();
	return tap_end();
}
