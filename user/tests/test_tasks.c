// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which thread has an id at a given time, and its name at that time. A name that may belong to
 * another thread is not shown.
 */
#include <errno.h>
#include <string.h>

#include "run.h"
#include "tap.h"
#include "timeline.h"

/* Ends the generation. @missing_changes: value of that property, or NULL. */
static void end_generation(struct writer *w, uint64_t gen, const char *missing_changes)
{
	if (missing_changes)
		w_property(w, gen, t_base + T_CLOSING - 200, "missing_changes", missing_changes);
	t_closing(w, gen, 0);
}

/* A statedump of one thread. */
static void dump_thread(struct writer *w, uint64_t gen, unsigned int pid, uint64_t start,
			const char *comm)
{
	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, t_base);
	w_event(w, EXPTRACE_EVENT_TASK, 1);
	w_number(w, pid);
	w_number(w, pid);
	w_string(w, comm);
	w_bytes(w, "\1\0\xf0\1\1", 5);			/* S, CPU 0, priority 120, cgroup 1 */
	w_number(w, start);
	w_end(w);
}

static void put_current(struct writer *w, uint64_t time, unsigned int pid)
{
	t_at(w, time, EXPTRACE_EVENT_CURRENT, 0);
	w_number(w, pid);
}

static void put_new_task(struct writer *w, uint64_t time, unsigned int pid, const char *comm)
{
	t_at(w, time, EXPTRACE_EVENT_TASK_NEW, 0);
	w_number(w, pid);
	w_number(w, pid);
	w_number(w, 1);
	w_number(w, t_base + time - 1);
	w_number(w, 1);
	w_string(w, comm);
}

static void put_name(struct writer *w, uint64_t time, unsigned int pid, const char *comm)
{
	t_at(w, time, EXPTRACE_EVENT_TASK_NAME, 0);
	w_number(w, pid);
	w_string(w, comm);
}

static void put_exec(struct writer *w, uint64_t time, unsigned int pid, unsigned int old_pid,
		     const char *comm)
{
	t_at(w, time, EXPTRACE_EVENT_TASK_EXEC, 0);
	w_number(w, pid);
	w_number(w, old_pid);
	w_string(w, comm);
}

/*
 * 100 runs on CPU 0 from 1,000 to 2,000 and ends. Another 100 begins at 3,000 on CPU 0, is woken
 * at 3,500, runs on CPU 1 from 4,000 to 7,000, and is called "twin" from 5,000 on. The batch of
 * CPU 1 comes first.
 */
static void reused_trace(struct writer *w)
{
	w_header(w);
	t_opening(w, 1);
	dump_thread(w, 1, 100, 5, "old");
	t_batch(w, 1, 1, EXPTRACE_CONTEXT_TASK);
	put_current(w, 10, 0);
	t_switch(w, 4000, EXPTRACE_TASK_R, 100);
	put_name(w, 5000, 100, "twin");
	t_switch(w, 7000, EXPTRACE_TASK_S, 0);
	w_end(w);
	t_batch(w, 1, 0, EXPTRACE_CONTEXT_TASK);
	put_current(w, 20, 0);
	t_switch(w, 1000, EXPTRACE_TASK_R, 100);
	t_at(w, 1500, EXPTRACE_EVENT_TASK_EXIT, 0);
	w_number(w, 100);
	t_switch(w, 2000, EXPTRACE_TASK_X, 0);
	put_new_task(w, 3000, 100, "sh");
	t_wake(w, 3500, 100);
	w_end(w);
	end_generation(w, 1, NULL);
}

static void test_reused_id(void)
{
	struct writer w = { 0 };

	reused_trace(&w);
	ok(run_trace(&command_check, NULL, &w) == EXIT_OK,
	   "check does not count changes of threads as events");
	ok(run_trace(&command_dump, NULL, &w) == EXIT_OK &&
	   run_printed("next_comm=old next_pid=100\n") &&
	   run_printed("sched_wakeup: comm=sh pid=100") &&
	   run_printed("next_comm=sh next_pid=100\n") &&
	   run_printed("prev_comm=twin prev_pid=100 prev_state=S"),
	   "an event has the name of the thread that has the id at that time, on every CPU");
	ok(!strstr(run_output, "task_new"), "changes of threads are hidden by default");
	ok(run_trace(&command_stat, NULL, &w) == EXIT_OK &&
	   run_printed("Tasks: 2, ") &&
	   run_printed("      100  twin                    0.003    0.00%          1          1\n") &&
	   run_printed("      100  old                     0.001    0.00%          1          0\n"),
	   "stat has a row for each thread that had the id, in whatever order batches come");
	ok(run_trace(&command_report, "--json", &w) == EXIT_OK &&
	   run_printed("{\"pid\":100,\"comm\":\"twin\",\"on_cpu_ns\":3000,\"waiting_ns\":500,") &&
	   run_printed("{\"pid\":100,\"comm\":\"old\",\"on_cpu_ns\":1000,\"waiting_ns\":0,"),
	   "report has a row for each thread that had the id");
	ok(run_printed("\"woken_pid\":100,\"woken\":\"twin\","),
	   "report has the wakers of each of them");
	ok(!strstr(run_output, "\"woken\":\"old\""),
	   "report has no waker for the thread that was not woken");
	w_free(&w);
}

/* The id is reused before the old thread's last switch. */
static void test_late_switch(void)
{
	struct writer w = { 0 };

	w_header(&w);
	t_opening(&w, 1);
	dump_thread(&w, 1, 100, 5, "old");
	t_batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	put_current(&w, 10, 0);
	t_switch(&w, 1000, EXPTRACE_TASK_R, 100);
	t_switch(&w, 4000, EXPTRACE_TASK_X, 0);
	w_end(&w);
	t_batch(&w, 1, 1, EXPTRACE_CONTEXT_TASK);
	put_current(&w, 20, 0);
	put_new_task(&w, 2000, 100, "new");
	t_wake(&w, 2500, 100);
	t_switch(&w, 5000, EXPTRACE_TASK_R, 100);
	t_switch(&w, 7000, EXPTRACE_TASK_S, 0);
	w_end(&w);
	end_generation(&w, 1, NULL);
	ok(run_trace(&command_report, "--json", &w) == EXIT_OK &&
	   run_printed("{\"pid\":100,\"comm\":\"old\",\"on_cpu_ns\":3000,\"waiting_ns\":0,") &&
	   run_printed("{\"pid\":100,\"comm\":\"new\",\"on_cpu_ns\":2000,\"waiting_ns\":2500,"),
	   "a thread's last switch is its own even if its id has been reused");
	ok(run_trace(&command_stat, NULL, &w) == EXIT_OK &&
	   run_printed("      100  old                     0.003    0.00%          1          0\n") &&
	   run_printed("      100  new                     0.002    0.00%          1          1\n"),
	   "stat counts a thread's last switch as its own too");
	w_free(&w);
}

/* A generation in which 100, as described in the statedump, runs for 1,000 ns. */
static void run_once(struct writer *w, uint64_t gen, uint64_t start, const char *comm,
		     const char *missing_changes)
{
	t_opening(w, gen);
	if (comm)
		dump_thread(w, gen, 100, start, comm);
	t_batch(w, gen, 0, EXPTRACE_CONTEXT_TASK);
	put_current(w, 10, 0);
	t_switch(w, 1000, EXPTRACE_TASK_R, 100);
	t_switch(w, 2000, EXPTRACE_TASK_S, 0);
	w_end(w);
	end_generation(w, gen, missing_changes);
}

static unsigned int count(const char *text)
{
	const char *at = run_output;
	unsigned int n;

	for (n = 0; (at = strstr(at, text)); n++)
		at++;
	return n;
}

static void test_generations(void)
{
	struct writer w = { 0 };

	w_header(&w);
	run_once(&w, 1, 5, "one", NULL);
	run_once(&w, 2, 5, "two", NULL);
	run_once(&w, 3, 6, "three", NULL);
	run_trace(&command_report, "--json", &w);
	ok(run_printed("{\"pid\":100,\"comm\":\"two\",\"on_cpu_ns\":2000,") &&
	   run_printed("{\"pid\":100,\"comm\":\"three\",\"on_cpu_ns\":1000,"),
	   "threads are distinguished by start time, not by name");
	run_trace(&command_stat, NULL, &w);
	ok(run_printed("      100  two                     0.002") &&
	   run_printed("      100  three                   0.001"),
	   "stat distinguishes threads by start time too");
	w_free(&w);
}

/* Generation 2 lost a change of a thread. */
static void test_missing_changes(void)
{
	struct writer w = { 0 };

	w_header(&w);
	run_once(&w, 1, 5, "known", NULL);
	run_once(&w, 2, 5, "known", "1");
	run_once(&w, 3, 5, "known", NULL);
	run_trace(&command_dump, NULL, &w);
	ok(count("next_comm=known") == 2 && count("next_comm=<...>") == 1,
	   "after a lost change of a thread, names are uncertain until the next statedump");
	ok(run_printed("note: changes of threads were lost in 1 generations"),
	   "a note says that changes of threads were lost");
	run_trace(&command_report, "--json", &w);
	ok(run_printed("{\"pid\":100,\"comm\":\"known\",\"on_cpu_ns\":2000,") &&
	   run_printed("{\"pid\":100,\"on_cpu_ns\":1000,"),
	   "after a lost change, report does not guess which thread had the id");
	run_trace(&command_check, NULL, &w);
	ok(run_printed("uncertain: the names of threads in 1 generations, which lost changes of them\n"),
	   "check reports uncertain names");
	run_trace(&command_stat, NULL, &w);
	ok(run_printed("      100  known                   0.002") &&
	   run_printed("      100  <...>                   0.001"),
	   "stat does not guess a name either");
	w_free(&w);
}

/* Generations are missing, and the later ones do not mention 100. */
static void test_missing_generations(void)
{
	struct writer w = { 0 };

	w_header(&w);
	run_once(&w, 1, 5, "known", NULL);
	run_once(&w, 2, 0, NULL, NULL);
	run_trace(&command_dump, NULL, &w);
	ok(count("next_comm=known") == 2, "a name is known from one generation to the next");
	w_free(&w);
	w = (struct writer) { 0 };
	w_header(&w);
	run_once(&w, 1, 5, "known", NULL);
	run_once(&w, 5, 0, NULL, NULL);
	run_trace(&command_dump, NULL, &w);
	ok(count("next_comm=known") == 1 && count("next_comm=<...>") == 1,
	   "a name is not known after missing generations");
	w_free(&w);
}

/* The process 100 has a second thread, 101, which calls execve() and so gets the id 100. */
static void test_exec(void)
{
	struct writer w = { 0 };

	w_header(&w);
	t_opening(&w, 1);
	dump_thread(&w, 1, 100, 5, "first");
	dump_thread(&w, 1, 101, 6, "second");
	t_batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	put_current(&w, 10, 101);
	t_at(&w, 20, EXPTRACE_EVENT_SCHED_PROCESS_EXIT, 0);
	w_number(&w, 7);
	put_current(&w, 1000, 100);
	put_name(&w, 1010, 100, "prog");
	put_exec(&w, 1020, 100, 101, "prog");
	t_at(&w, 1030, EXPTRACE_EVENT_SCHED_PROCESS_EXIT, 0);
	w_number(&w, 7);
	t_switch(&w, 2000, EXPTRACE_TASK_S, 0);
	put_new_task(&w, 3000, 101, "later");
	t_wake(&w, 3010, 101);
	w_end(&w);
	end_generation(&w, 1, NULL);
	run_trace(&command_dump, NULL, &w);
	ok(run_printed("          second-101     [000] .      1.000000020: ") &&
	   run_printed("            prog-100     [000] .      1.000001030: ") &&
	   run_printed("sched_wakeup: comm=later pid=101"),
	   "a second thread that calls execve() gets the first one's id, and its own is free");
	w_free(&w);
}

/* Successive names, some from ordinary events. */
static void test_names(void)
{
	struct writer w = { 0 };

	w_header(&w);
	t_opening(&w, 1);
	dump_thread(&w, 1, 100, 5, "before");
	t_batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	put_current(&w, 10, 100);
	t_at(&w, 20, EXPTRACE_EVENT_TASK_RENAME, 0);
	w_number(&w, 100);
	w_string(&w, "after");
	put_name(&w, 21, 100, "after");
	t_wake(&w, 30, 100);
	put_new_task(&w, 40, 200, "child");
	t_at(&w, 41, EXPTRACE_EVENT_SCHED_PROCESS_FORK, 0);
	w_number(&w, 100);
	w_number(&w, 200);
	w_number(&w, 200);
	w_string(&w, "child");
	t_switch(&w, 50, EXPTRACE_TASK_S, 200);
	t_switch(&w, 1050, EXPTRACE_TASK_S, 0);
	w_end(&w);
	t_batch(&w, 1, 1, EXPTRACE_CONTEXT_TASK);
	put_current(&w, 11, 300);
	t_wake(&w, 15, 100);
	t_wake(&w, 25, 100);
	w_end(&w);
	end_generation(&w, 1, NULL);
	run_trace(&command_dump, NULL, &w);
	ok(run_printed("before-100     [000] .      1.000000020: task_rename: ") &&
	   run_printed("1.000000015: sched_wakeup: comm=before pid=100") &&
	   run_printed("1.000000025: sched_wakeup: comm=after pid=100") &&
	   run_printed("1.000000030: sched_wakeup: comm=after pid=100"),
	   "a new name is used from its event on, on every CPU");
	run_trace(&command_report, "--json", &w);
	ok(count("{\"pid\":200,") == 1, "a thread reported twice counts once");
	w_free(&w);
}

/* The schema of version 1 has no start times and no changes of threads. */
static void old_schema(struct writer *w, uint64_t gen)
{
	static const char *const args[] = { "parent_pid", "child_pid", "child_tgid" };
	unsigned int i;

	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, t_base);
	w_byte(w, EXPTRACE_WIRE_SCHEMA);
	w_schema_event(w, EXPTRACE_EXPERIMENT_STANDARD, EXPTRACE_EVENT_CURRENT, 1, "state",
		       "current", 1);
	w_schema_arg(w, EXPTRACE_KIND_PID, "pid");
	w_schema_event(w, EXPTRACE_EXPERIMENT_STANDARD, EXPTRACE_EVENT_SCHED_SWITCH, 10, "sched",
		       "sched_switch", 2);
	w_schema_arg(w, EXPTRACE_KIND_TASK_STATE, "prev_state");
	w_schema_arg(w, EXPTRACE_KIND_PID, "next_pid");
	w_schema_event(w, EXPTRACE_EXPERIMENT_STANDARD, EXPTRACE_EVENT_SCHED_PROCESS_FORK, 1,
		       "sched", "sched_process_fork", 4);
	for (i = 0; i < 3; i++)
		w_schema_arg(w, EXPTRACE_KIND_PID, args[i]);
	w_schema_arg(w, EXPTRACE_KIND_STRING, "child_comm");
	w_end(w);
}

static void test_version_1(void)
{
	struct writer w = { 0 };
	uint64_t gen;

	w_header(&w);
	for (gen = 1; gen <= 3; gen += 2) {
		t_begin(&w, gen);
		old_schema(&w, gen);
		t_batch(&w, gen, 0, EXPTRACE_CONTEXT_TASK);
		put_current(&w, 10, 0);
		if (gen == 1) {
			t_at(&w, 20, EXPTRACE_EVENT_SCHED_PROCESS_FORK, 0);
			w_number(&w, 1);
			w_number(&w, 100);
			w_number(&w, 100);
			w_string(&w, "forked");
		}
		t_switch(&w, 1000, EXPTRACE_TASK_R, 100);
		t_switch(&w, 2000, EXPTRACE_TASK_X, 0);
		w_end(&w);
		end_generation(&w, gen, NULL);
	}
	run_trace(&command_report, "--json", &w);
	ok(run_printed("{\"pid\":100,\"comm\":\"forked\",\"on_cpu_ns\":2000,"),
	   "without start times in the trace, threads are distinguished by id");
	w_free(&w);
}

/* The library's thread numbers. */
static void test_numbers(void)
{
	const struct exptrace_record *record;
	struct exptrace_trace *trace;
	int64_t first = -1, second = -1;
	struct writer w = { 0 };
	int fd;

	reused_trace(&w);
	trace = test_open(&w, &fd);
	while (exptrace_next_event(trace, &record) == 1) {
		if (record->ticks == t_base + 1000)
			first = exptrace_thread(trace, 100);
		if (record->ticks == t_base + 4000)
			second = exptrace_thread(trace, 100);
	}
	ok(first > 0 && second > 0 && first != second,
	   "two threads with the same id have different numbers");
	ok(exptrace_thread_pid(trace, (uint64_t)first) == 100 &&
	   exptrace_thread_pid(trace, (uint64_t)second) == 100, "a thread's number gives its id");
	ok(!strcmp(exptrace_thread_comm(trace, (uint64_t)first), "old") &&
	   !strcmp(exptrace_thread_comm(trace, (uint64_t)second), "twin"),
	   "a thread's number gives its last name");
	ok(exptrace_thread(trace, 0) == 0 && !strcmp(exptrace_thread_comm(trace, 0), "<idle>"),
	   "the idle tasks have number 0");
	ok(exptrace_thread(trace, EXPTRACE_PID_UNKNOWN) == -ENOENT &&
	   exptrace_thread_pid(trace, 1000) == EXPTRACE_PID_UNKNOWN &&
	   !exptrace_thread_comm(trace, 1000), "an unknown thread has no number");
	test_close(trace, fd);
	w_free(&w);
}

/* A program may give itself an empty name, which is not the same as an unknown one. */
static void test_empty_name(void)
{
	struct writer w = { 0 };

	w_header(&w);
	t_opening(&w, 1);
	dump_thread(&w, 1, 100, 5, "old");
	t_batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	put_current(&w, 10, 100);
	put_name(&w, 500, 100, "");
	t_switch(&w, 1000, EXPTRACE_TASK_S, 0);
	w_end(&w);
	end_generation(&w, 1, NULL);
	ok(run_trace(&command_dump, "--json", &w) == EXIT_OK &&
	   run_printed("\"pid\":100,\"comm\":\"\",\"experiment\":\"standard\",\"group\":\"sched\""),
	   "dump --json has an empty name as it is");
	ok(run_trace(&command_dump, NULL, &w) == EXIT_OK &&
	   run_printed("                -100     [000] .") && run_printed("prev_comm= prev_pid=100"),
	   "dump shows an empty name as it is");
	ok(run_trace(&command_stat, NULL, &w) == EXIT_OK &&
	   run_printed("\n       100                          0.001 "),
	   "stat shows an empty name as it is");
	w_free(&w);
}

int main(void)
{
	test_reused_id();
	test_late_switch();
	test_generations();
	test_missing_changes();
	test_missing_generations();
	test_exec();
	test_names();
	test_empty_name();
	test_version_1();
	test_numbers();
	return tap_end();
}
