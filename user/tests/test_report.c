// SPDX-License-Identifier: GPL-2.0-only
/*
 * Latencies and times are those that went into the trace; what cannot be known is not told.
 */
#include <stdarg.h>
#include <string.h>

#include "../cmd/histogram.h"
#include "../cmd/pids.h"
#include "run.h"
#include "sample.h"
#include "tap.h"

/* Events that the catalogue need not have, by their names in the trace's own schema. */
enum {
	IRQ_ENTRY = 137, IRQ_EXIT, SOFTIRQ_ENTRY, SOFTIRQ_EXIT, SYS_ENTER, SYS_EXIT, WAKING,
	REGION_BEGIN, REGION_END, SYS_CALL, TIMER_ENTRY, TIMER_EXIT, HRTIMER_ENTRY, HRTIMER_EXIT,
	WORK_START, WORK_END, EXEC, EXEC_STATE,
};

/* A tick is a nanosecond here. */
#define SECOND		1000000000ULL
#define CLOSING		(SECOND - 1000)

static uint64_t events[2];	/* of each CPU, in the generation that is written */
static unsigned int cpu_at;
static uint64_t base, last;
static uint64_t early;		/* a generation begins so long before the end of the one before */

static void describe(struct writer *w, unsigned int type, const char *name, const char *arg,
		     const char *more)
{
	w_schema_event(w, EXPTRACE_EXPERIMENT_STANDARD, type, 1, "test", name, more ? 2 : 1);
	w_schema_arg(w, EXPTRACE_KIND_UINT, arg);
	if (more)
		w_schema_arg(w, EXPTRACE_KIND_INT, more);
}

static void describe_exec(struct writer *w, unsigned int type, const char *name)
{
	w_schema_event(w, EXPTRACE_EXPERIMENT_STANDARD, type, 1, "test", name, 2);
	w_schema_arg(w, EXPTRACE_KIND_PID, "pid");
	w_schema_arg(w, EXPTRACE_KIND_PID, "old_pid");
}

/* One that has a function of the kernel's. */
static void describe_call(struct writer *w, unsigned int type, const char *name, const char *object)
{
	w_schema_event(w, EXPTRACE_EXPERIMENT_STANDARD, type, 1, "test", name, 2);
	w_schema_arg(w, EXPTRACE_KIND_UINT, object);
	w_schema_arg(w, EXPTRACE_KIND_SITE, "function");
}

/* Threads that are there all the time, and are called like those whose name is not known. */
static void statedump(struct writer *w, uint64_t gen)
{
	unsigned int pid;

	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, base);
	for (pid = 100; pid <= 300; pid += 100) {
		w_event(w, EXPTRACE_EVENT_TASK, 1);
		w_number(w, pid);
		w_number(w, pid);
		w_string(w, "<...>");
		w_bytes(w, "\1\0\xf0\1\1\5", 6);	/* S, CPU 0, priority 120, cgroup 1, start 5 */
	}
	w_end(w);
}

static void opening(struct writer *w, uint64_t gen)
{
	/* as recorders write them, there is no time between generations */
	uint64_t overlap = gen > 1 && base == (gen - 1) * SECOND ? SECOND - CLOSING + early : 0;

	base = gen * SECOND;
	events[0] = events[1] = 0;
	w_sync(w, gen, base - overlap, SECOND, base - overlap);
	w_schema(w, gen, base);
	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, base);
	w_byte(w, EXPTRACE_WIRE_SCHEMA);
	describe(w, IRQ_ENTRY, "irq_handler_entry", "irq", NULL);
	describe(w, IRQ_EXIT, "irq_handler_exit", "irq", "ret");
	describe(w, SOFTIRQ_ENTRY, "softirq_entry", "vec", NULL);
	describe(w, SOFTIRQ_EXIT, "softirq_exit", "vec", NULL);
	w_schema_event(w, EXPTRACE_EXPERIMENT_STANDARD, SYS_ENTER, 1, "test", "sys_enter", 1);
	w_schema_arg(w, EXPTRACE_KIND_SYSCALL, "nr");
	describe(w, SYS_EXIT, "sys_exit", "nr", "ret");
	describe(w, WAKING, "sched_waking", "pid", NULL);
	w_schema_event(w, EXPTRACE_EXPERIMENT_STANDARD, REGION_BEGIN, 1, "marker", "marker_begin", 1);
	w_schema_arg(w, EXPTRACE_KIND_STRING, "name");
	w_schema_event(w, EXPTRACE_EXPERIMENT_STANDARD, REGION_END, 1, "marker", "marker_end", 1);
	w_schema_arg(w, EXPTRACE_KIND_STRING, "name");
	w_schema_event(w, EXPTRACE_EXPERIMENT_STANDARD, SYS_CALL, 1, "test", "sys_call", 3);
	w_schema_arg(w, EXPTRACE_KIND_UINT, "nr");
	w_schema_arg(w, EXPTRACE_KIND_INT, "ret");
	w_schema_arg(w, EXPTRACE_KIND_UINT, "duration");
	describe_call(w, TIMER_ENTRY, "timer_expire_entry", "timer");
	describe(w, TIMER_EXIT, "timer_expire_exit", "timer", NULL);
	describe_call(w, HRTIMER_ENTRY, "hrtimer_expire_entry", "hrtimer");
	describe(w, HRTIMER_EXIT, "hrtimer_expire_exit", "hrtimer", NULL);
	describe_call(w, WORK_START, "workqueue_execute_start", "work");
	describe_call(w, WORK_END, "workqueue_execute_end", "work");
	describe_exec(w, EXEC, "sched_process_exec");
	describe_exec(w, EXEC_STATE, "task_exec");
	w_end(w);
	statedump(w, gen);
}

static void property(struct writer *w, uint64_t gen, const char *key, const char *value)
{
	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, base);
	w_byte(w, EXPTRACE_WIRE_PROPERTIES);
	w_byte(w, EXPTRACE_WIRE_PROPERTY);
	w_string(w, key);
	w_string(w, value);
	w_end(w);
}

static void closing(struct writer *w, uint64_t gen, uint64_t lost)
{
	unsigned int cpu;

	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, base + CLOSING - 100);
	w_byte(w, EXPTRACE_WIRE_LEDGER);
	for (cpu = 0; cpu < 2; cpu++)
		w_ledger_entry(w, EXPTRACE_EXPERIMENT_STANDARD, cpu,
			       events[cpu] + (cpu ? 0 : lost), events[cpu], EXPTRACE_LOST_POOL,
			       cpu ? 0 : lost);
	w_end(w);
	w_sync(w, gen, base + CLOSING, SECOND, base + CLOSING);
	w_end_of_generation(w);
}

static void batch(struct writer *w, uint64_t gen, unsigned int cpu, unsigned int context)
{
	w_begin(w, STANDARD_BATCH, gen, 4 * cpu + context, base);
	cpu_at = cpu;
	last = 0;
}

/* An event at @time of the generation, with @n numbers. */
static void at(struct writer *w, uint64_t time, unsigned int type, unsigned int n, ...)
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

static void switch_to(struct writer *w, uint64_t time, unsigned int state, unsigned int pid)
{
	at(w, time, EXPTRACE_EVENT_SCHED_SWITCH + state, 1, pid);
}

static void wake(struct writer *w, uint64_t time, unsigned int pid)
{
	at(w, time, EXPTRACE_EVENT_SCHED_WAKEUP, 2, pid, 0);
}

/*
 * CPU 0: 100 sleeps at 1000, is woken by an interrupt of CPU 1 at 2500, runs at 3000, and
 * wakes 200 at 4000. CPU 1: 200 runs at 5000, is preempted by 300 at 6000, runs at 9000.
 */
static void two_tasks(struct writer *w, uint64_t gen)
{
	batch(w, gen, 0, EXPTRACE_CONTEXT_TASK);
	at(w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	switch_to(w, 1000, EXPTRACE_TASK_S, 0);
	switch_to(w, 3000, EXPTRACE_TASK_R, 100);
	wake(w, 4000, 200);
	w_end(w);
	batch(w, gen, 1, EXPTRACE_CONTEXT_TASK);
	at(w, 10, EXPTRACE_EVENT_CURRENT, 1, 0);
	switch_to(w, 5000, EXPTRACE_TASK_R, 200);
	switch_to(w, 6000, EXPTRACE_TASK_PREEMPTED, 300);
	switch_to(w, 9000, EXPTRACE_TASK_S, 200);
	w_end(w);
	batch(w, gen, 1, EXPTRACE_CONTEXT_HARDIRQ);
	wake(w, 2500, 100);
	w_end(w);
}

static int json(const struct writer *w)
{
	return run_trace(&command_report, "--json", w);
}

/*
 * CPU 0: 100, who was there before, is switched to at 3000 and from at 5000; it sleeps until
 * 9000, runs from 9100 to 9400, is preempted, and runs from 9500 to 9800. At the end it sleeps.
 */
static void test_times(void)
{
	struct writer w = { 0 };

	w_header(&w);
	opening(&w, 1);
	batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	switch_to(&w, 1000, EXPTRACE_TASK_S, 0);
	switch_to(&w, 3000, EXPTRACE_TASK_R, 100);
	switch_to(&w, 5000, EXPTRACE_TASK_S, 0);
	wake(&w, 9000, 100);
	switch_to(&w, 9100, EXPTRACE_TASK_R, 100);
	switch_to(&w, 9400, EXPTRACE_TASK_PREEMPTED, 0);
	switch_to(&w, 9500, EXPTRACE_TASK_R, 100);
	switch_to(&w, 9800, EXPTRACE_TASK_S, 0);
	w_end(&w);
	closing(&w, 1, 0);
	ok(json(&w) == EXIT_OK &&
	   run_printed(",\"stretches\":{\"count\":3,\"sum_ns\":2600,") &&
	   run_printed("\"histogram\":[[256,2],[1024,1]]}"),
	   "a stretch on a CPU runs from a switch to the next; what began before it does not count");
	ok(run_printed(",\"sleeps\":{\"count\":1,\"sum_ns\":4000,"),
	   "a sleep ends with a wake-up: one that is not in the trace, or the trace's end, ends none");
	ok(run_printed("\"unseen_wakeups\":1,\"latency\":{\"count\":2,\"sum_ns\":200,") &&
	   run_printed("\"histogram\":[[64,2]]},\"stretches\":{\"count\":3,") &&
	   run_printed("\"histogram\":[[256,2],[1024,1]]},\"sleeps\":{\"count\":1,"),
	   "they are there for each task");
	ok(run_trace(&command_report, NULL, &w) == EXIT_OK &&
	   run_printed("       0.004  |@           |    0.00%      ") &&
	   run_printed("|@           |          3          1          1\n"), "in short words");
	ok(run_printed("\n  All stretches on a CPU: ") &&
	   run_printed("     256 ns to      512 ns            2 |########################################|\n") &&
	   run_printed("\n  All sleeps: ") &&
	   run_printed("    2.05 us to     4.10 us            1 |########################################|\n"),
	   "and below the table for all");
	w_free(&w);
}

static void test_latency(void)
{
	struct writer w = { 0 };

	w_header(&w);
	opening(&w, 1);
	two_tasks(&w, 1);
	closing(&w, 1, 0);
	ok(run_trace(&command_check, NULL, &w) == EXIT_OK, "the trace for this test is sound");
	ok(json(&w) == EXIT_OK &&
	   run_printed("{\"generations\":1,\"covered\":1,\"with_losses\":0,\"incomplete\":0,"
		       "\"damaged\":0,\"missing\":0,\"lost\":0,\"covered_ns\":999999000,"),
	   "what is covered is told");
	ok(!strstr(run_output, "\"filter\""), "no filter, if there was none");
	ok(run_printed(",\"latency\":{\"count\":3,\"sum_ns\":4500,"),
	   "latencies run from wake-up to run, and from preemption to run");
	ok(run_printed("\"min_ns\":500,\"max_ns\":3000,\"max_at_ns\":1000009000,\"max_cpu\":1,"),
	   "the place of the longest is told");
	ok(run_printed("\"histogram\":[[256,1],[512,1],[2048,1]]"),
	   "with its histogram of powers of two");
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
	   "a task of which nothing was known has no latency");
	ok(run_printed("\"waker\":\"(hardirq)\",\"woken_pid\":100") &&
	   run_printed("\"waker_pid\":100,\"waker\":\"<...>\",\"woken_pid\":200") &&
	   !strstr(run_output, "\"waker_pid\":0"),
	   "an interrupt's wake-ups are not those of the task it interrupted");
	ok(run_trace(&command_report, NULL, &w) == EXIT_OK &&
	   run_printed("Covered:     1 of 1 generations, 0.999999 s\n") &&
	   run_printed("         2        2.0        1.0        2.9        3.0     1.000009    1") &&
	   run_printed("     256 ns to      512 ns            1 |####") &&
	   run_printed("System calls: there is no sys_enter"),
	   "as text as well");
	ok(run_trace(&command_report, "-n1", &w) == EXIT_OK &&
	   !strstr(run_output, "  100  <...>                     1        0.5"),
	   "tables can be shortened");
	ok(run_trace(&command_report, "-esched_waking", &w) == EXIT_OK &&
	   run_printed("there is no sched_switch"), "only what is selected is looked at");
	w_free(&w);
}

/* A task is woken in generation 1 and runs in generation @to; nothing else does. */
static void woken_and_run(struct writer *w, uint64_t to, uint64_t lost, uint64_t lost_before)
{
	uint64_t gen;

	w_header(w);
	opening(w, 1);
	two_tasks(w, 1);
	batch(w, 1, 0, EXPTRACE_CONTEXT_SOFTIRQ);
	wake(w, CLOSING - 500, 300);
	w_end(w);
	closing(w, 1, lost_before);
	for (gen = 2; gen < to; gen++) {
		opening(w, gen);
		batch(w, gen, 0, EXPTRACE_CONTEXT_TASK);
		at(w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
		w_end(w);
		closing(w, gen, lost);
	}
	opening(w, to);
	batch(w, to, 1, EXPTRACE_CONTEXT_TASK);
	at(w, 10, EXPTRACE_EVENT_CURRENT, 1, 200);
	switch_to(w, 500, EXPTRACE_TASK_S, 300);
	w_end(w);
	closing(w, to, 0);
}

static void test_losses(void)
{
	struct writer w = { 0 };

	woken_and_run(&w, 3, 0, 0);
	ok(json(&w) == EXIT_OK && run_printed("\"covered\":3,") &&
	   run_printed(",\"latency\":{\"count\":4,") && run_printed("\"max_ns\":1000002000,"),
	   "a latency may run over generations");
	w_free(&w);

	woken_and_run(&w, 3, 7, 0);
	ok(json(&w) == EXIT_OK && run_printed("\"covered\":2,\"with_losses\":1,") &&
	   run_printed("\"lost\":7,") && run_printed(",\"latency\":{\"count\":3,") &&
	   run_printed("\"waits_cut_off\":1,\"longest_wait_cut_off_ns\":500,"),
	   "but not over one that lost events");
	ok(run_trace(&command_report, NULL, &w) == EXIT_OK &&
	   run_printed("Covered:     2 of 3 generations, ") &&
	   run_printed("Left out:    1 generations, 1.000000 s: they lost events\n") &&
	   run_printed("1 times a task still waited"), "the report says so");
	w_free(&w);

	woken_and_run(&w, 2, 0, 1);
	ok(json(&w) == EXIT_OK && run_printed("\"covered\":1,\"with_losses\":1,") &&
	   run_printed(",\"latency\":{\"count\":0,"),
	   "in a generation that lost an event, nothing is measured");
	w_free(&w);
}

/* CPU 0: 100 runs. */
static void runs(struct writer *w, uint64_t gen)
{
	batch(w, gen, 0, EXPTRACE_CONTEXT_TASK);
	at(w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	at(w, 500, EXPTRACE_EVENT_SCHED_SWITCH + EXPTRACE_TASK_S, 1, 100);
	w_end(w);
}

/* Generations overlap by 20 ms, as those of recorders do. */
static void test_overlap(void)
{
	struct writer w = { 0 };
	uint64_t gen;

	early = 20000000;
	w_header(&w);
	for (gen = 1; gen <= 3; gen++) {
		opening(&w, gen);
		runs(&w, gen);
		closing(&w, gen, 0);
	}
	ok(json(&w) == EXIT_OK && run_printed(",\"covered_ns\":2999999000,"),
	   "the time in which generations overlap is covered once");
	ok(run_trace(&command_stat, NULL, &w) == EXIT_OK && run_printed("Duration:    2.999999 s\n") &&
	   !strstr(run_output, "Covered:") && run_printed(" 2999.999  100.00%"), "by stat as well");
	w_free(&w);

	w_header(&w);
	for (gen = 1; gen <= 3; gen++) {
		opening(&w, gen);
		runs(&w, gen);
		closing(&w, gen, gen == 2 ? 5 : 0);
	}
	ok(run_trace(&command_report, NULL, &w) == EXIT_OK &&
	   run_printed("Covered:     2 of 3 generations, 2.019999 s\n"
		       "Left out:    1 generations, 0.980000 s: they lost events\n"),
	   "by the generation that counts, if one of them does not");
	early = 0;
	w_free(&w);
}

static void test_no_events(void)
{
	struct writer w = { 0 };

	w_header(&w);
	opening(&w, 1);
	two_tasks(&w, 1);
	closing(&w, 1, 0);
	opening(&w, 2);
	closing(&w, 2, 5);
	opening(&w, 3);
	two_tasks(&w, 3);
	closing(&w, 3, 0);
	ok(json(&w) == EXIT_OK &&
	   run_printed("{\"generations\":3,\"covered\":2,\"with_losses\":1,\"incomplete\":0,"
		       "\"damaged\":0,\"missing\":0,\"lost\":5,"),
	   "a generation that lost all of its events is not a missing one");
	w_free(&w);

	w_header(&w);
	opening(&w, 1);
	closing(&w, 1, 0);
	ok(json(&w) == EXIT_OK &&
	   run_printed("{\"generations\":1,\"covered\":1,") &&
	   run_printed(",\"covered_ns\":999999000,"),
	   "nor is one in which nothing happened");
	w_free(&w);
}

/* 100 leaves CPU 0 to sleep at 1000 and is back at 5000; nothing tells when it was woken. */
static void test_no_wakeups(void)
{
	struct writer w = { 0 };

	w_header(&w);
	opening(&w, 1);
	batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	switch_to(&w, 1000, EXPTRACE_TASK_S, 0);
	switch_to(&w, 5000, EXPTRACE_TASK_R, 100);
	switch_to(&w, 8000, EXPTRACE_TASK_S, 0);
	w_end(&w);
	closing(&w, 1, 0);
	ok(json(&w) == EXIT_OK &&
	   run_printed("{\"pid\":100,\"comm\":\"<...>\",\"on_cpu_ns\":4000,\"waiting_ns\":0,\"asleep_ns\":0,") &&
	   run_printed("\"waiting_or_asleep_ns\":999995000}"),
	   "where no wake-up is told, nobody knows how long it was asleep");
	ok(run_trace(&command_report, NULL, &w) == EXIT_OK &&
	   run_printed("  1 times a task ran whose sched_wakeup is not in the trace: no latency"),
	   "and that is told");
	w_free(&w);
}

/*
 * Only 100 was chosen: it leaves CPU 0 to 200 at 1000 and comes back at 5001, when 300 leaves; 200
 * left meanwhile. At 8000 it leaves to 200 again.
 */
static void test_filtered_switches(void)
{
	struct writer w = { 0 };

	w_header(&w);
	opening(&w, 1);
	property(&w, 1, "filter", "threads 100");
	batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	switch_to(&w, 1000, EXPTRACE_TASK_S, 200);
	at(&w, 5000, EXPTRACE_EVENT_CURRENT, 1, 300);
	switch_to(&w, 5001, EXPTRACE_TASK_S, 100);
	switch_to(&w, 8000, EXPTRACE_TASK_S, 200);
	w_end(&w);
	closing(&w, 1, 0);
	ok(json(&w) == EXIT_OK && run_printed("{\"pid\":100,\"comm\":\"<...>\",\"on_cpu_ns\":3999,") &&
	   run_printed("{\"pid\":200,\"comm\":\"<...>\",\"on_cpu_ns\":999991000,") &&
	   run_printed("note: what did not pass the filter is not in the trace"),
	   "who left a CPU without being seen did not run there meanwhile");
	ok(run_trace(&command_stat, NULL, &w) == EXIT_OK &&
	   run_printed("       200  <...>                 999.991") &&
	   run_printed("       100  <...>                   0.004"), "for stat as well");
	w_free(&w);

	w_header(&w);
	opening(&w, 1);
	batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	wake(&w, 500, 200);
	w_end(&w);
	closing(&w, 1, 0);
	ok(json(&w) == EXIT_OK && run_printed(",\"tasks\":[]"),
	   "without switches no time is known of any task");
	w_free(&w);
}

/* As above, on CPU 0, and an interrupt of it; all switches are there on @cpus. */
static void limited(struct writer *w, const char *cpus)
{
	w_header(w);
	opening(w, 1);
	property(w, 1, "filter", "threads 100");
	property(w, 1, "known_switches", cpus);
	batch(w, 1, 0, EXPTRACE_CONTEXT_TASK);
	at(w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	switch_to(w, 1000, EXPTRACE_TASK_S, 200);
	switch_to(w, 5000, EXPTRACE_TASK_S, 100);
	switch_to(w, 8000, EXPTRACE_TASK_S, 200);
	w_end(w);
	batch(w, 1, 0, EXPTRACE_CONTEXT_HARDIRQ);
	wake(w, 500, 300);
	w_end(w);
	closing(w, 1, 0);
}

/* Where switches may be missing, nobody runs before he is seen to, nor on from the last switch. */
static void test_known_switches(void)
{
	struct writer w = { 0 };

	limited(&w, "1,3-8");
	ok(json(&w) == EXIT_OK && run_printed("{\"pid\":100,\"comm\":\"<...>\",\"on_cpu_ns\":3990,") &&
	   run_printed("{\"pid\":200,\"comm\":\"<...>\",\"on_cpu_ns\":4000,") && run_printed("\"waits_cut_off\":0,"),
	   "nobody is said to have run where a filter may have kept out that another one did");
	ok(run_trace(&command_stat, NULL, &w) == EXIT_OK &&
	   run_printed("       200  <...>                   0.004") &&
	   run_printed("times of threads that it did not choose may be wrong"), "by stat as well");
	ok(run_trace(&command_dump, NULL, &w) == EXIT_OK &&
	   run_printed("           <...>-?       [000] h"), "nor to have been interrupted");
	w_free(&w);

	limited(&w, "chosen");
	ok(run_trace(&command_dump, NULL, &w) == EXIT_OK &&
	   run_printed("           <...>-?       [000] h"), "not even by one of those that were chosen");
	ok(run_trace(&command_stat, NULL, &w) == EXIT_OK &&
	   run_printed("       200  <...>                 999.995"), "whose times are known");
	w_free(&w);

	limited(&w, "0");
	ok(json(&w) == EXIT_OK && run_printed("{\"pid\":100,\"comm\":\"<...>\",\"on_cpu_ns\":4000,") &&
	   run_printed("{\"pid\":200,\"comm\":\"<...>\",\"on_cpu_ns\":999995000,"),
	   "where all switches of a CPU are there, it is known who runs on it");
	ok(run_trace(&command_stat, NULL, &w) == EXIT_OK &&
	   run_printed("       200  <...>                 999.995"), "to stat as well");
	ok(run_trace(&command_dump, NULL, &w) == EXIT_OK &&
	   run_printed("           <...>-100     [000] h"), "and whom an interrupt interrupts");
	w_free(&w);
}

/* One whose number is too large, as where there were too many threads. */
static void test_too_many_threads(void)
{
	struct writer w = { 0 };

	w_header(&w);
	opening(&w, 1);
	batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	switch_to(&w, 1000, EXPTRACE_TASK_S, PIDS_MAX);
	wake(&w, 2000, 200);
	w_end(&w);
	closing(&w, 1, 0);
	ok(json(&w) == EXIT_OK && run_printed("\"of_too_many_threads\":") &&
	   !strstr(run_output, "\"of_too_many_threads\":0,"),
	   "what is left out for want of room is counted");
	ok(run_trace(&command_stat, NULL, &w) == EXIT_OK &&
	   run_printed("  without 1 events of threads beyond the first 16777215\n"), "by stat as well");
	w_free(&w);
}

/* An earlier reader took the opening of generation 1, and batches of it. */
static void test_no_beginning(void)
{
	struct writer w = { 0 }, rest = { 0 };
	size_t opened;

	opening(&w, 1);
	opened = w.size;
	two_tasks(&w, 1);
	closing(&w, 1, 0);
	w_header(&rest);
	w_bytes(&rest, w.data + opened, w.size - opened);
	opening(&rest, 2);
	two_tasks(&rest, 2);
	closing(&rest, 2, 0);
	ok(json(&rest) == EXIT_OK && run_printed("\"covered\":1,\"with_losses\":0,\"incomplete\":1,") &&
	   run_printed(",\"latency\":{\"count\":3,") &&
	   run_printed("\"without_beginning\":1,\"without_end\":0,\"without_clock\":0,\"schema_from_generation\":2,"),
	   "a generation of which an earlier reader took a part does not count");
	ok(run_trace(&command_report, NULL, &rest) == EXIT_OK &&
	   run_printed("Left out:    1 generations, 0.999999 s: a part is missing\n"),
	   "its time is that of its events");
	w_free(&w);
	w_free(&rest);
}

/* CPU 1 comes in generation 1, at half time, and has gone before generation 2. */
static void test_offline(void)
{
	struct writer w = { 0 };
	unsigned int gen;

	w_header(&w);
	for (gen = 1; gen <= 2; gen++) {
		opening(&w, gen);
		property(&w, gen, "online", "0,2-7");
		if (gen == 1) {
			batch(&w, 1, 1, EXPTRACE_CONTEXT_TASK);
			at(&w, 500000000, EXPTRACE_EVENT_CURRENT, 1, 200);
			switch_to(&w, 700000000, EXPTRACE_TASK_S, 0);
			w_end(&w);
		}
		closing(&w, gen, 0);
	}
	ok(json(&w) == EXIT_OK && run_printed("{\"pid\":200,\"comm\":\"<...>\",\"on_cpu_ns\":200000000,"),
	   "nobody has run on a CPU before it came");
	ok(run_trace(&command_stat, NULL, &w) == EXIT_OK &&
	   run_printed("      200  <...>                 200.000   10.00%") &&
	   run_printed("        0  <idle>                299.999   15.00%"),
	   "nor has the idle task after it went");
	w_free(&w);
}

static void test_gap(void)
{
	struct writer w = { 0 };

	w_header(&w);
	opening(&w, 1);
	two_tasks(&w, 1);
	batch(&w, 1, 0, EXPTRACE_CONTEXT_SOFTIRQ);
	wake(&w, CLOSING - 500, 300);
	w_end(&w);
	closing(&w, 1, 0);
	opening(&w, 5);
	batch(&w, 5, 1, EXPTRACE_CONTEXT_TASK);
	at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 200);
	switch_to(&w, 500, EXPTRACE_TASK_S, 300);
	w_end(&w);
	closing(&w, 5, 0);
	ok(json(&w) == EXIT_OK && run_printed("\"covered\":2,") && run_printed("\"missing\":3,") &&
	   run_printed(",\"latency\":{\"count\":3,"),
	   "no latency runs over generations that are missing");
	ok(run_printed("{\"pid\":200,\"comm\":\"<...>\",\"on_cpu_ns\":999991500,"),
	   "nor does any other time");
	w_free(&w);
}

static void test_cut_off(void)
{
	struct writer w = { 0 };
	size_t middle;

	w_header(&w);
	opening(&w, 1);
	two_tasks(&w, 1);
	closing(&w, 1, 0);
	opening(&w, 2);
	two_tasks(&w, 2);
	middle = w.size;
	closing(&w, 2, 0);
	w.size = middle;
	ok(json(&w) == EXIT_PROBLEM && run_printed("\"covered\":1,") &&
	   run_printed("\"incomplete\":1,") && run_printed(",\"latency\":{\"count\":3,") &&
	   run_printed("cut off in generation 2 at offset"),
	   "what is cut off does not count: nobody knows what is missing");
	w_free(&w);

	w_header(&w);
	opening(&w, 1);
	two_tasks(&w, 1);
	batch(&w, 1, 0, EXPTRACE_CONTEXT_SOFTIRQ);
	at(&w, 4500, EXPTRACE_EVENT_SCHED_SWITCH, 1, 0);
	w_byte(&w, 79);		/* no such event */
	w_end(&w);
	closing(&w, 1, 0);
	ok(json(&w) == EXIT_PROBLEM && run_printed("\"damaged\":1,") &&
	   run_printed(",\"latency\":{\"count\":1,"),
	   "from damage on nothing is measured");
	w_free(&w);
}

static void test_unseen(void)
{
	struct writer w = { 0 };

	w_header(&w);
	opening(&w, 1);
	batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	switch_to(&w, 1000, EXPTRACE_TASK_S, 0);
	switch_to(&w, 3000, EXPTRACE_TASK_R, 100);
	wake(&w, 4000, 100);
	switch_to(&w, 5000, EXPTRACE_TASK_S, 0);
	wake(&w, 6000, 100);
	wake(&w, 7000, 100);
	switch_to(&w, 8000, EXPTRACE_TASK_R, 100);
	w_end(&w);
	closing(&w, 1, 0);
	ok(json(&w) == EXIT_OK && run_printed("\"unseen_wakeups\":1,\"waits_cut_off\":0,"),
	   "a run without a wake-up is counted");
	ok(run_printed(",\"latency\":{\"count\":1,\"sum_ns\":2000,"),
	   "a second wake-up, or one of a task that runs, begins nothing");
	w_free(&w);
}

/* CPU 0: 100 exits at 1000, and at 8000 a new task with its pid runs, woken at 7000. */
static void test_exit(void)
{
	struct writer w = { 0 };
	unsigned int state;

	for (state = EXPTRACE_TASK_X; state <= EXPTRACE_TASK_Z; state++) {
		w_header(&w);
		opening(&w, 1);
		batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
		at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
		switch_to(&w, 1000, state, 200);
		wake(&w, 7000, 100);
		switch_to(&w, 8000, EXPTRACE_TASK_S, 100);
		switch_to(&w, 9000, state, 200);
		w_end(&w);
		closing(&w, 1, 0);
		ok(json(&w) == EXIT_OK &&
		   run_printed("{\"pid\":100,\"comm\":\"<...>\",\"on_cpu_ns\":2000,\"waiting_ns\":1000,\"asleep_ns\":0,"
			       "\"switches\":1,\"preempted\":0,"),
		   "who is dead does not sleep (%u)", state);
		w_free(&w);
	}
}

static void test_waking(void)
{
	struct writer w = { 0 };

	w_header(&w);
	opening(&w, 1);
	two_tasks(&w, 1);
	batch(&w, 1, 0, EXPTRACE_CONTEXT_SOFTIRQ);
	at(&w, 2000, WAKING, 1, 100);
	w_end(&w);
	closing(&w, 1, 0);
	ok(run_trace(&command_report, NULL, &w) == EXIT_OK &&
	   run_printed("Who woke whom: 1 wake-ups") && run_printed("(softirq)") &&
	   !strstr(run_output, "sched_waking knows better"),
	   "where there is sched_waking, it tells who woke");
	ok(run_printed("         1 100.00%         -  (softirq)         ->       100  <...>"
		       "                   0.5        0.5        0.5  |@                       |\n"),
	   "with its share, and how long that waited");
	ok(json(&w) == EXIT_OK &&
	   run_printed("\"wakers\":[{\"count\":1,\"waker\":\"(softirq)\",\"woken_pid\":100,"
		       "\"woken\":\"<...>\",\"latency\":{\"count\":1,\"sum_ns\":500,") &&
	   run_printed("],\"wakeup_latency\":{\"count\":1,\"sum_ns\":500,"),
	   "from the wake-up that followed it");
	w_free(&w);

	/* 100 is woken before it sleeps, by 200 while it sleeps, is preempted, and then is new */
	w_header(&w);
	opening(&w, 1);
	batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	at(&w, 100, WAKING, 1, 100);
	wake(&w, 110, 100);
	switch_to(&w, 1000, EXPTRACE_TASK_S, 200);
	at(&w, 2000, WAKING, 1, 100);
	wake(&w, 2100, 100);
	switch_to(&w, 3000, EXPTRACE_TASK_S, 100);
	switch_to(&w, 4000, EXPTRACE_TASK_PREEMPTED, 300);
	switch_to(&w, 5000, EXPTRACE_TASK_S, 100);
	switch_to(&w, 6000, EXPTRACE_TASK_X, 300);
	wake(&w, 7000, 100);
	switch_to(&w, 8000, EXPTRACE_TASK_S, 100);
	w_end(&w);
	closing(&w, 1, 0);
	ok(json(&w) == EXIT_OK && run_printed(",\"latency\":{\"count\":3,\"sum_ns\":2900,") &&
	   run_printed("],\"wakeup_latency\":{\"count\":1,\"sum_ns\":900,"),
	   "who was preempted waits for no waker, and one event's wake-up is not another's");
	ok(run_trace(&command_report, NULL, &w) == EXIT_OK &&
	   run_printed("  1 of them ended no sleep, or what they woke was not seen to run: no latency\n") &&
	   run_printed("         1  50.00%       100  <...>             ->       100  <...>"
		       "                     -          -          -  |                        |\n"),
	   "a wake-up without a sleep is counted, and has no latency");
	ok(run_trace(&command_report, "-esched_switch,sched_wakeup", &w) == EXIT_OK &&
	   run_printed("Who woke whom: 3 wake-ups") && run_printed("  1 of them ended no sleep"),
	   "so it is without sched_waking");
	w_free(&w);

	woken_and_run(&w, 3, 7, 0);
	ok(json(&w) == EXIT_OK && run_printed("],\"wakeup_latency\":{\"count\":2,"),
	   "nor is there one over a generation that lost events");
	w_free(&w);
}

static void test_spans(void)
{
	struct writer w = { 0 };

	w_header(&w);
	opening(&w, 1);
	batch(&w, 1, 0, EXPTRACE_CONTEXT_HARDIRQ);
	at(&w, 1000, IRQ_ENTRY, 1, 24);
	at(&w, 1500, IRQ_EXIT, 2, 24, 0);
	at(&w, 1700, IRQ_EXIT, 2, 24, 0);
	w_end(&w);
	batch(&w, 1, 0, EXPTRACE_CONTEXT_SOFTIRQ);
	at(&w, 1600, SOFTIRQ_ENTRY, 1, 3);
	at(&w, 2600, SOFTIRQ_EXIT, 1, 3);
	w_end(&w);
	batch(&w, 1, 1, EXPTRACE_CONTEXT_SOFTIRQ);
	at(&w, 1700, SOFTIRQ_ENTRY, 1, 3);
	at(&w, 1800, SOFTIRQ_EXIT, 1, 3);
	w_end(&w);
	batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	at(&w, 100, SYS_ENTER, 1, 257);
	switch_to(&w, 200, EXPTRACE_TASK_S, 0);
	w_end(&w);
	/* it comes out of the system call on the other CPU */
	batch(&w, 1, 1, EXPTRACE_CONTEXT_TASK);
	at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 0);
	switch_to(&w, 5000, EXPTRACE_TASK_R, 100);
	at(&w, 5100, SYS_EXIT, 2, 257, 3);	/* -2 */
	at(&w, 5200, SYS_EXIT, 2, 0, 0);
	at(&w, 6000, SYS_ENTER, 1, 257);
	at(&w, 6500, SYS_EXIT, 2, 257, 8);	/* 4 */
	/* this one has lost its number; then another has none */
	at(&w, 7000, SYS_ENTER, 1, 15);
	at(&w, 7300, SYS_EXIT, 2, EXPTRACE_SYSCALL_NONE, 0);
	at(&w, 8000, SYS_ENTER, 1, EXPTRACE_SYSCALL_NONE);
	at(&w, 8030, SYS_EXIT, 2, EXPTRACE_SYSCALL_NONE, 0);
	/* exit_group() ends in nobody, nor does what a signal has ended */
	at(&w, 8100, SYS_ENTER, 1, 34);
	at(&w, 8200, SYS_ENTER, 1, 231);
	w_end(&w);
	closing(&w, 1, 0);
	ok(json(&w) == EXIT_OK && run_printed("\"irqs\":[{\"number\":24,") &&
	   run_printed("\"count\":1,\"sum_ns\":500,"), "interrupts are timed, by number");
	ok(run_printed("\"softirqs\":[{\"number\":3,\"name\":\"NET_RX\",\"count\":2,\"sum_ns\":1100,"),
	   "soft interrupts, on each CPU for itself");
	ok(run_printed("\"syscalls\":[{\"number\":257,") &&
	   run_printed("\"errors\":1,\"count\":2,\"sum_ns\":5500,"),
	   "system calls, by thread, with those that failed");
	ok(run_printed("],\"irqs_not_begun\":1,\"irqs_not_ended\":0,\"softirqs\":[") &&
	   run_printed("],\"softirqs_not_begun\":0,\"softirqs_not_ended\":0,\"syscalls\":[") &&
	   run_printed("],\"syscalls_not_begun\":1,\"syscalls_not_ended\":2,\"timers\":["),
	   "ends without their beginning, and beginnings without their end, are counted");
	ok(run_printed("{\"number\":15,") && run_printed("\"errors\":0,\"count\":1,\"sum_ns\":300,"),
	   "the end that has lost its number is that of the call that its thread is in");
	ok(run_printed("{\"number\":2147483647,\"name\":\"none\",") && run_printed("\"sum_ns\":30,"),
	   "a call without a number is one of its own");
	ok(run_trace(&command_report, NULL, &w) == EXIT_OK &&
	   run_printed("1 ended without their beginning in the trace: not counted\n"
		       "  2 began without their end in the trace: not counted\n"),
	   "as text as well");
	ok(run_printed("    0  |@                       |\n") &&
	   run_printed("    1        1  |@ @                     |\n"),
	   "each line ends with its distribution");
	w_free(&w);

	w_header(&w);
	opening(&w, 1);
	batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	at(&w, 100, SYS_ENTER, 1, 0);
	w_end(&w);
	closing(&w, 1, 0);
	opening(&w, 3);
	batch(&w, 3, 0, EXPTRACE_CONTEXT_TASK);
	at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	at(&w, 100, SYS_EXIT, 2, 0, 0);
	w_end(&w);
	closing(&w, 3, 0);
	ok(json(&w) == EXIT_OK && run_printed("\"syscalls\":[]"),
	   "no system call runs over a generation that is missing");
	w_free(&w);
}

static void mark(struct writer *w, uint64_t time, unsigned int type, const char *name)
{
	at(w, time, type, 0);
	w_string(w, name);
}

static void test_regions(void)
{
	struct writer w = { 0 };
	unsigned int i;

	w_header(&w);
	opening(&w, 1);
	batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	mark(&w, 1000, REGION_END, "outer");
	mark(&w, 2000, REGION_BEGIN, "outer");
	mark(&w, 3000, REGION_BEGIN, "in\033ner");
	mark(&w, 4000, REGION_BEGIN, "in\033ner");
	mark(&w, 4500, REGION_END, "in\033ner");
	switch_to(&w, 5000, EXPTRACE_TASK_S, 200);
	mark(&w, 5500, REGION_END, "outer");
	w_end(&w);
	batch(&w, 1, 1, EXPTRACE_CONTEXT_TASK);
	at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 0);
	switch_to(&w, 6000, EXPTRACE_TASK_R, 100);
	mark(&w, 7000, REGION_END, "in\033ner");
	mark(&w, 9000, REGION_END, "outer");
	mark(&w, 9500, REGION_BEGIN, "open");
	w_end(&w);
	closing(&w, 1, 0);
	ok(json(&w) == EXIT_OK &&
	   run_printed("\"regions\":[{\"name\":\"outer\",\"count\":1,\"sum_ns\":7000,") &&
	   run_printed("{\"name\":\"in\\u001bner\",\"count\":2,\"sum_ns\":4500,"),
	   "regions nest, and belong to the thread that began them");
	ok(run_printed("\"regions_not_ended\":1,\"regions_not_begun\":2}"),
	   "those of which an end is missing are counted");
	ok(run_trace(&command_report, NULL, &w) == EXIT_OK &&
	   run_printed("Regions: from marker_begin") &&
	   run_printed("    1  |@@                      |  in\\x1bner\n") &&
	   !run_printed("  open\n"), "as text as well");
	w_free(&w);

	w_header(&w);
	opening(&w, 1);
	batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	mark(&w, 1000, REGION_BEGIN, "a");
	mark(&w, 2000, REGION_BEGIN, "b");
	mark(&w, 4000, REGION_END, "a");
	mark(&w, 7000, REGION_END, "b");
	w_end(&w);
	closing(&w, 1, 0);
	ok(json(&w) == EXIT_OK && run_printed("{\"name\":\"a\",\"count\":1,\"sum_ns\":3000,") &&
	   run_printed("{\"name\":\"b\",\"count\":1,\"sum_ns\":5000,"),
	   "an end is that of the region with its name, where they overlap");
	w_free(&w);

	w_header(&w);
	opening(&w, 1);
	batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	for (i = 0; i < 300; i++)
		mark(&w, 1000 + i, REGION_BEGIN, i ? "more" : "first");
	for (i = 0; i < 300; i++)
		mark(&w, 2000 + i, REGION_END, i < 299 ? "more" : "first");
	w_end(&w);
	closing(&w, 1, 0);
	opening(&w, 3);
	batch(&w, 3, 0, EXPTRACE_CONTEXT_TASK);
	at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	mark(&w, 1000, REGION_END, "more");
	w_end(&w);
	closing(&w, 3, 0);
	ok(json(&w) == EXIT_OK && run_printed("{\"name\":\"more\",\"count\":256,") &&
	   run_printed("\"regions_not_ended\":44,\"regions_not_begun\":45}"),
	   "of too many open ones the oldest are forgotten; none runs over a gap");
	w_free(&w);
}

/* With its filter, as it is recorded where calls have to take a minimum of time. */
static void test_whole_system_calls(void)
{
	struct writer w = { 0 };

	w_header(&w);
	opening(&w, 1);
	property(&w, 1, "filter", "system calls of 500 ns or more");
	batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	at(&w, 1100, SYS_CALL, 3, 257, 3, 700);	/* -2 */
	at(&w, 5000, SYS_CALL, 3, 257, 8, 2000);	/* 4 */
	w_end(&w);
	closing(&w, 1, 0);
	ok(json(&w) == EXIT_OK && run_printed("\"syscalls\":[{\"number\":257,") &&
	   run_printed("\"errors\":1,\"count\":2,\"sum_ns\":2700,"),
	   "system calls that tell their duration are measured by that");
	ok(run_printed("\"covered_ns\":999999000,\"filter\":\"system calls of 500 ns or more\","),
	   "with the filter, without which they could not be understood");
	ok(run_trace(&command_report, NULL, &w) == EXIT_OK &&
	   run_printed("Filter:      system calls of 500 ns or more\n"), "a filter is told");
	w_free(&w);
}

/* Of a timer or a work, with the number of its function. */
static void call(struct writer *w, uint64_t time, unsigned int type, unsigned int object,
		 unsigned int site)
{
	at(w, time, type, 1, object);
	w_site(w, site);
}

/* Two functions, whose numbers begin with @first in this generation, and one in a module. */
static void functions(struct writer *w, uint64_t gen, unsigned int first)
{
	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, base + CLOSING - 200);
	w_byte(w, EXPTRACE_WIRE_STRINGS);
	w_string_entry(w, first, "tick_\x1b");
	w_string_entry(w, first + 1, "tock");
	w_string_entry(w, first + 2, "clock");
	w_end(w);
	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, base + CLOSING - 200);
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
 * A timer of 200 ns, in which an hrtimer of 50 comes. A work of 1700 begins in generation 1
 * on one CPU and ends in 2 on the other; meanwhile another thread has one of 100.
 */
static void timers_and_works(struct writer *w)
{
	w_header(w);
	opening(w, 1);
	batch(w, 1, 0, EXPTRACE_CONTEXT_SOFTIRQ);
	call(w, 1000, TIMER_ENTRY, 7, 10);
	at(w, 1200, TIMER_EXIT, 1, 7);
	call(w, 1300, TIMER_ENTRY, 7, 0);
	at(w, 1310, TIMER_EXIT, 1, 7);
	at(w, 1320, TIMER_EXIT, 1, 7);
	call(w, 1400, TIMER_ENTRY, 7, 13);
	at(w, 1420, TIMER_EXIT, 1, 7);
	call(w, 1500, TIMER_ENTRY, 7, 11);
	at(w, 1600, TIMER_EXIT, 1, 8);
	w_end(w);
	batch(w, 1, 0, EXPTRACE_CONTEXT_HARDIRQ);
	call(w, 1050, HRTIMER_ENTRY, 7, 11);
	at(w, 1100, HRTIMER_EXIT, 1, 7);
	w_end(w);
	batch(w, 1, 0, EXPTRACE_CONTEXT_TASK);
	at(w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	call(w, CLOSING - 300, WORK_START, 9, 11);
	w_end(w);
	batch(w, 1, 1, EXPTRACE_CONTEXT_TASK);
	at(w, 10, EXPTRACE_EVENT_CURRENT, 1, 200);
	call(w, 2000, WORK_START, 9, 12);
	call(w, 2100, WORK_END, 9, 12);
	w_end(w);
	functions(w, 1, 10);
	closing(w, 1, 0);
	opening(w, 2);
	batch(w, 2, 1, EXPTRACE_CONTEXT_TASK);
	at(w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	call(w, 400, WORK_END, 9, 21);
	call(w, 500, WORK_START, 9, 21);
	call(w, 530, WORK_END, 9, 21);
	w_end(w);
	functions(w, 2, 20);
	closing(w, 2, 0);
}

static void test_functions(void)
{
	struct writer w = { 0 };

	timers_and_works(&w);
	ok(run_trace(&command_check, NULL, &w) == EXIT_OK, "the trace for this test is sound");
	ok(json(&w) == EXIT_OK &&
	   run_printed(",\"timers\":[{\"function\":\"tick_\\u001b\",\"count\":1,\"sum_ns\":200,"),
	   "timers are measured by the function that the trace names");
	ok(run_printed("{\"function\":\"unknown\",\"count\":1,\"sum_ns\":10,") &&
	   run_printed("{\"function\":\"0x4000\",\"count\":1,\"sum_ns\":20,"),
	   "those that it does not name are there, too");
	ok(run_printed(",\"hrtimers\":[{\"function\":\"tock\",\"count\":1,\"sum_ns\":50,"),
	   "one that comes in the middle of another is told from it");
	ok(run_printed(",\"works\":[{\"function\":\"tock\",\"count\":2,\"sum_ns\":1730,"),
	   "a work is its thread's, and its function the same in the next generation");
	ok(run_printed("{\"function\":\"tock [clock]\",\"count\":1,\"sum_ns\":100,"),
	   "a function of a module is another one");
	ok(run_printed("],\"timers_not_begun\":2,\"hrtimers\":[") &&
	   run_printed("],\"hrtimers_not_begun\":0,\"works\":[") &&
	   run_printed("],\"works_not_begun\":0,\"regions\":["),
	   "ends without their beginning are counted");
	ok(run_trace(&command_report, NULL, &w) == EXIT_OK &&
	   run_printed("Works: the time in their functions, sleeping included; the longest in all first\n") &&
	   run_printed("    1  |@                       |  tock [clock]\n") && run_printed("  tick_\\x1b\n") &&
	   run_printed("  2 ended without their beginning in the trace: not counted\n"),
	   "as text as well");
	ok(run_trace(&command_report, "-eworkqueue_execute_start", &w) == EXIT_OK &&
	   run_printed("Timers: there is no timer_expire_entry\n"), "without events, it says so");
	w_free(&w);
}

static void test_names(void)
{
	bool known = exptrace_syscall_number("x86_64", "openat", strlen("openat")) == 257;
	struct writer w = { 0 };

	w_header(&w);
	opening(&w, 1);
	property(&w, 1, "machine", "x86_64");
	w_begin(&w, STANDARD_BATCH, 1, EXPTRACE_M_NONE, base);
	w_event(&w, EXPTRACE_EVENT_NAME, 1);
	w_number(&w, EXPTRACE_KIND_IRQ);
	w_number(&w, 24);
	w_string(&w, "nvme0q1");
	w_end(&w);
	batch(&w, 1, 0, EXPTRACE_CONTEXT_HARDIRQ);
	at(&w, 1000, IRQ_ENTRY, 1, 24);
	at(&w, 1500, IRQ_EXIT, 2, 24, 0);
	w_end(&w);
	batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	at(&w, 100, SYS_ENTER, 1, 257);
	at(&w, 200, SYS_EXIT, 2, 257, 6);
	w_end(&w);
	closing(&w, 1, 0);
	ok(json(&w) == EXIT_OK && run_printed("{\"number\":24,\"name\":\"nvme0q1\","),
	   "interrupts have the names that the trace tells");
	ok(!known || run_printed("{\"number\":257,\"name\":\"openat\","),
	   "and system calls those of the trace's machine%s", known ? "" : " # SKIP not known here");
	w_free(&w);
}

static void call_at(struct writer *w, uint64_t time, uint64_t number)
{
	at(w, time, SYS_ENTER, 1, number);
	at(w, time + 10, SYS_EXIT, 2, number, 0);
}

/* 463 is in no table yet, or called so. */
static void test_call_names(void)
{
	bool known = exptrace_syscall_number("x86_64", "openat", strlen("openat")) == 257;
	const char *skip = known ? "" : " # SKIP not known here";
	const uint64_t compat = EXPTRACE_SYSCALL_COMPAT, x32 = compat | EXPTRACE_SYSCALL_X32;
	struct writer w = { 0 };

	w_header(&w);
	opening(&w, 1);
	property(&w, 1, "machine", "x86_64");
	w_begin(&w, STANDARD_BATCH, 1, EXPTRACE_M_NONE, base);
	w_event(&w, EXPTRACE_EVENT_NAME, 1);
	w_number(&w, EXPTRACE_KIND_SYSCALL);
	w_number(&w, 900);
	w_string(&w, "of_tomorrow");
	w_end(&w);
	batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	call_at(&w, 100, compat | 5);
	call_at(&w, 200, x32 | 257);
	call_at(&w, 300, EXPTRACE_SYSCALL_X32 | 2);
	call_at(&w, 400, 900);
	call_at(&w, 500, compat | 900);
	call_at(&w, 600, 901);
	call_at(&w, 700, compat | 335);
	w_end(&w);
	closing(&w, 1, 0);
	ok(json(&w) == EXIT_OK, "calls of several tables are reported");
	ok(!known || (run_printed("{\"number\":2147483653,\"name\":\"open\",") &&
		      run_printed("{\"number\":2147483983,\"name\":\"rt_tgsigqueueinfo\",")),
	   "those of 32-bit programs have names of their own table%s", skip);
	ok(!known || (run_printed("{\"number\":3221225729,\"name\":\"openat\",") &&
		      run_printed("{\"number\":1073741826,\"name\":\"open\",")),
	   "and those of x32 programs%s", skip);
	ok(run_printed("{\"number\":900,\"name\":\"of_tomorrow\",") &&
	   run_printed("{\"number\":2147484548,\"name\":\"of_tomorrow\","),
	   "a call that is newer than all tables has the name that the trace tells, in each of them");
	ok(run_printed("{\"number\":901,\"errors\""), "one that nobody knows has none");
	ok(run_trace(&command_report, NULL, &w) == EXIT_OK && run_printed("       901  ?  "),
	   "and is shown so");
	ok(run_trace(&command_dump, NULL, &w) == EXIT_OK && run_printed("sys_enter: nr=901 [?]"),
	   "by dump as well");
	w_free(&w);
}

/* Thread 101 executes a program, and goes on as 100, whose own call never ends. */
static void exec_trace(struct writer *w, bool told_twice)
{
	w_header(w);
	opening(w, 1);
	batch(w, 1, 0, EXPTRACE_CONTEXT_TASK);
	at(w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	at(w, 100, SYS_ENTER, 1, 202);
	at(w, 200, EXPTRACE_EVENT_CURRENT, 1, 101);
	at(w, 300, SYS_ENTER, 1, 59);
	at(w, 400, EXPTRACE_EVENT_CURRENT, 1, 100);
	at(w, 500, EXEC, 2, 100, 101);
	if (told_twice)
		at(w, 510, EXEC_STATE, 2, 100, 101);
	at(w, 1000, SYS_EXIT, 2, 59, 0);
	at(w, 1100, SYS_EXIT, 2, 202, 0);
	w_end(w);
	closing(w, 1, 0);
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
		   "the call of a thread that takes its process's id ends there%s",
		   twice ? ", if two events tell of it" : "");
		w_free(&w);
	}
}

static void tell_irq(struct writer *w, uint64_t number, const char *name)
{
	w_event(w, EXPTRACE_EVENT_NAME, 1);
	w_number(w, EXPTRACE_KIND_IRQ);
	w_number(w, number);
	w_string(w, name);
}

/* The statedump says "old"; two CPUs tell others, in batches of which each has its own names. */
static void test_names_that_change(void)
{
	struct writer w = { 0 };

	w_header(&w);
	opening(&w, 1);
	w_begin(&w, STANDARD_BATCH, 1, EXPTRACE_M_NONE, base);
	tell_irq(&w, 24, "old");
	w_end(&w);
	batch(&w, 1, 0, EXPTRACE_CONTEXT_HARDIRQ);
	at(&w, 1000, IRQ_ENTRY, 1, 24);
	at(&w, 1500, IRQ_EXIT, 2, 24, 0);
	tell_irq(&w, 24, "first");
	at(&w, 2000, IRQ_ENTRY, 1, 24);
	at(&w, 2600, IRQ_EXIT, 2, 24, 0);
	at(&w, 5000, IRQ_ENTRY, 1, 24);
	at(&w, 5600, IRQ_EXIT, 2, 24, 0);
	w_end(&w);
	batch(&w, 1, 1, EXPTRACE_CONTEXT_HARDIRQ);
	tell_irq(&w, 24, "second");
	at(&w, 3000, IRQ_ENTRY, 1, 24);
	at(&w, 3700, IRQ_EXIT, 2, 24, 0);
	w_end(&w);
	/* As if that batch had lost its head. */
	batch(&w, 1, 1, EXPTRACE_CONTEXT_HARDIRQ);
	at(&w, 6000, IRQ_ENTRY, 1, 24);
	at(&w, 6300, IRQ_EXIT, 2, 24, 0);
	w_end(&w);
	closing(&w, 1, 0);
	ok(json(&w) == EXIT_OK && run_printed("{\"number\":24,\"name\":\"old\",\"count\":2,") &&
	   run_printed("{\"number\":24,\"name\":\"first\",\"count\":2,") &&
	   run_printed("{\"number\":24,\"name\":\"second\",\"count\":1,"),
	   "a name that a CPU tells holds in its batch, from there on");
	w_free(&w);
}

#define HOUR_NS	3600000000000ULL

static void test_histogram(void)
{
	struct histogram h = { 0 }, other = { 0 };
	unsigned int wrong = 0;
	uint64_t i;

	for (i = 1; i <= 100000; i++)
		histogram_add(&h, i * 1000, i, 7);
	for (i = 1; i <= 100; i++) {
		double want = (double)i * 1e6, got = (double)histogram_quantile(&h, (unsigned int)i);

		wrong += got < want * 0.93 || got > want * 1.07;
	}
	is(wrong, 0, "quantiles are right to 7 %%");
	ok(h.max == 100000000 && h.max_at == 100000 && h.max_cpu == 7 && h.min == 1000,
	   "the maximum and the minimum are exact");
	histogram_add(&h, UINT64_MAX, 1, 2);
	histogram_add(&h, 0, 1, 2);
	ok(h.count == 100002 && h.max == UINT64_MAX && h.min == 0 &&
	   histogram_quantile(&h, 0) == 0,
	   "any number fits");
	histogram_uninit(&h);
	h = (struct histogram) { 0 };
	ok(histogram_quantile(&h, 50) == 0, "an empty histogram has no quantile");
	histogram_add(&h, 5 * HOUR_NS, 1, 2);
	histogram_add(&h, 6 * HOUR_NS, 1, 2);
	ok(histogram_quantile(&h, 50) > 4.6 * HOUR_NS && histogram_quantile(&h, 50) < 5.4 * HOUR_NS,
	   "nor is what takes hours taken for less");
	histogram_uninit(&h);
	h = (struct histogram) { 0 };
	for (i = 20; i < 30; i++)
		histogram_add(&h, 38 - i, i, 7);
	is(h.n, 2 * HISTOGRAM_SUB, "one is as large as what is in it");
	histogram_add(&other, 1000, 5, 3);
	histogram_add(&other, 2, 6, 3);
	histogram_merge(&h, &other);
	ok(h.count == 12 && h.sum == 135 + 1002 && h.min == 2 && h.max == 1000 && h.max_at == 5 &&
	   h.max_cpu == 3 && histogram_quantile(&h, 1) == 2,
	   "two can be added up");
	histogram_uninit(&other);
	other = (struct histogram) { 0 };
	histogram_add(&other, 1000, 4, 2);
	histogram_merge(&h, &other);
	ok(h.count == 13 && h.max_at == 4 && h.max_cpu == 2, "the first of the longest is the longest");
	histogram_uninit(&other);
	histogram_uninit(&h);
}

int main(void)
{
	test_latency();
	test_times();
	test_losses();
	test_overlap();
	test_no_events();
	test_no_beginning();
	test_filtered_switches();
	test_offline();
	test_no_wakeups();
	test_known_switches();
	test_too_many_threads();
	test_gap();
	test_cut_off();
	test_unseen();
	test_exit();
	test_waking();
	test_spans();
	test_regions();
	test_whole_system_calls();
	test_functions();
	test_names();
	test_call_names();
	test_exec();
	test_names_that_change();
	test_histogram();
	return tap_end();
}
