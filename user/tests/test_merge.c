// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events come in order of time, with the correct thread, name and arguments.
 */
#include <errno.h>
#include <string.h>

#include "run.h"
#include "sample.h"
#include "tap.h"

static const struct sample_faults none;

/* The sample's events: ticks after the start, pid, cpu, name. */
static const struct {
	unsigned int ticks;
	int pid;
	int cpu;
	const char *name;
} expected[SAMPLE_ALL] = {
	{ 101, 200, 1, "current" },
	{ 105, 100, 0, "sched_wakeup" },
	{ 110, 100, 0, "current" },
	{ 120, 100, 0, "sched_switch" },
	{ 150, 200, 1, "kmalloc" },
	{ 200, 0, 0, "sched_wakeup" },
	{ 220, 0, 0, "sched_switch" },
	{ 250, 200, 1, "kfree" },
	{ 300, 200, 1, "kfree" },
	{ 401, 100, 0, "current" },
	{ 410, 100, 0, "sched_process_fork" },
	{ 420, 100, 0, "task_rename" },
	{ 501, -1, -1, "task" },
	{ 502, -1, -1, "task" },
};

static bool is_expected(const struct exptrace_record *record, unsigned int gen, unsigned int i)
{
	bool fine = record->generation == gen &&
		    record->ticks == sample_start(gen) + expected[i].ticks &&
		    record->ns == (record->ticks + 1) / 2 && record->pid == expected[i].pid &&
		    record->cpu == (uint64_t)(int64_t)expected[i].cpu &&
		    !strcmp(record->event->name, expected[i].name);

	if (!fine)
		printf("# generation %u, event %u: %s at %" PRIu64 ", %" PRIu64 " ns, pid %" PRId64
		       "\n", gen, i, record->event->name, record->ticks, record->ns, record->pid);
	return fine;
}

static void test_order(void)
{
	const struct exptrace_record *record;
	struct exptrace_trace *trace;
	struct writer w = { 0 };
	unsigned int n = 0;
	bool fine = true;
	int fd, ret;

	sample_trace(&w, 3);
	trace = test_open(&w, &fd);
	while ((ret = exptrace_next_event(trace, &record)) == 1 && n < 3 * SAMPLE_ALL) {
		fine = is_expected(record, n / SAMPLE_ALL + 1, n % SAMPLE_ALL) && fine;
		n++;
	}
	ok(fine && ret == 0 && n == 3 * SAMPLE_ALL,
	   "events of all CPUs and experiments are merged by time, each with its thread");
	test_close(trace, fd);
	w_free(&w);
}

static void test_text(void)
{
	struct writer w = { 0 };

	sample_trace(&w, 1);
	ok(run_trace(&command_dump, NULL, &w) == 0, "dump of a sound trace succeeds");
	ok(run_printed("            make-100     [000] .      0.000500060: sched_switch: "
		       "prev_comm=make prev_pid=100 prev_state=S ==> next_comm=<idle> next_pid=0\n"),
	   "a switch has the names of both tasks");
	ok(run_printed("          <idle>-0       [000] h      0.000500100: sched_wakeup: "
		       "comm=make pid=100 target_cpu=000\n"),
	   "an event in an interrupt has the interrupted thread");
	ok(run_printed("kmalloc: ptr=ffff888000001000 bytes_req=100 slack=28 "
		       "call_site=alloc_thing+0x34\n"),
	   "addresses are printed in full, in hexadecimal; a call site is printed as a symbol");
	ok(run_printed("kfree: ptr=ffff888000001000 call_site=free_thing+0x1f0 [things]\n"),
	   "a call site in a module is printed with the module's name");
	ok(run_printed("kfree: ptr=0000000000000000 call_site=0xffffffff81005678\n"),
	   "a call site without a symbol is printed as an address; a null pointer stays null");
	ok(run_printed("make-100     [000] .      0.000500210: task_rename: pid=100 newcomm=renamed"),
	   "a new name is used from the next event on");
	ok(!strstr(run_output, "current:"), "state events are hidden");
	run_trace(&command_dump, "--all", &w);
	ok(run_printed("           <...>-?       [---] -      0.000500251: task: pid=100 tgid=100 "
		       "comm=make state=S cpu=000 prio=120 cgroup=1 start=5\n"),
	   "--all shows state events");
	run_trace(&command_dump, "-n2", &w);
	ok(strchr(strchr(run_output, '\n') + 1, '\n')[1] == 0, "-n limits the lines");
	run_trace(&command_dump, "-ekfree", &w);
	ok(!strstr(run_output, "kmalloc") && strstr(run_output, "kfree"), "-e selects events");
	run_trace(&command_dump, "--raw-time", &w);
	ok(run_printed("[000] .          1000120: sched_switch"), "--raw-time shows ticks");
	w_free(&w);
}

static void test_json(void)
{
	struct writer w = { 0 };

	sample_trace(&w, 1);
	run_trace(&command_dump, "--json", &w);
	ok(run_printed("{\"ns\":500060,\"ticks\":1000120,\"generation\":1,\"cpu\":0,\"context\":\"task\","
		       "\"pid\":100,\"comm\":\"make\",\"experiment\":\"standard\",\"group\":\"sched\","
		       "\"event\":\"sched_switch\",\"args\":{\"prev_state\":\"S\",\"next_pid\":0}}\n"),
	   "--json prints one object per line");
	w_free(&w);
}

static void test_stat(void)
{
	struct writer w = { 0 };

	sample_trace(&w, 1);
	ok(run_trace(&command_stat, NULL, &w) == 0, "stat of a sound trace succeeds");
	ok(run_printed("Events:      9,"), "stat does not count state events");
	ok(run_printed("attempted 8, recorded 6, lost 2; pool was empty: 2"), "stat shows losses");
	ok(run_printed("      100  renamed                 0.450"),
	   "a task's time on its CPU lasts from switch to switch, or to the generation's end");
	ok(run_printed("        0  <idle>                  0.000"),
	   "the idle task has a row of its own");
	ok(run_printed("Allocations: 1 of 100 bytes (and 28 of slack), 1 frees"),
	   "stat adds up allocations");
	ok(run_printed("still allocated at the end: 0 objects, 0 bytes"),
	   "stat does not count freed objects as allocated");
	w_free(&w);
}

/* Events whose times are close to the 64-bit limit. */
static void test_huge_times(void)
{
	const struct exptrace_record *record;
	struct exptrace_trace *trace;
	struct writer w = { 0 };
	uint64_t ticks = 0;
	int fd, ret;

	w_header(&w);
	sample_opening(&w, 1, &none);
	w_begin(&w, STANDARD_BATCH, 1, SAMPLE_M(0, TASK), UINT64_MAX - 1);
	w_event(&w, EXPTRACE_EVENT_SCHED_PROCESS_EXIT, 1);
	w_number(&w, 5);
	w_event(&w, EXPTRACE_EVENT_SCHED_PROCESS_EXIT, 1);
	w_number(&w, 5);
	w_end(&w);
	sample_closing(&w, 1, &none);
	trace = test_open(&w, &fd);
	ret = exptrace_next_event(trace, &record);
	if (ret == 1)
		ticks = record->ticks;
	ok(ticks == UINT64_MAX, "the largest time of 64 bits is read");
	ret = exptrace_next_event(trace, &record);
	ok(ret == -EBADMSG && strstr(exptrace_error(trace), "time that overflows"),
	   "a time beyond 64 bits is damage, and does not wrap around");
	test_close(trace, fd);
	w_free(&w);
}

/* An earlier reader took the first part of generation 1, with its schema. */
static void test_partial_first(void)
{
	struct writer w = { 0 };
	int ret;

	w_header(&w);
	sample_batches(&w, 1, &none);
	sample_closing(&w, 1, &none);
	ret = run_trace(&command_dump, NULL, &w);
	ok(ret == 0 && run_printed("5 batches without a schema were skipped"),
	   "a first generation without a schema is skipped if no other generation follows");
	sample_generation(&w, 2, &none);
	ret = run_trace(&command_dump, NULL, &w);
	ok(ret == 0 && run_printed("     0.000500060: sched_switch") &&
	   run_printed("     0.001000060: sched_switch"),
	   "a first generation without a schema is shown if another generation follows");
	w_free(&w);
}

int main(void)
{
	test_order();
	test_text();
	test_json();
	test_stat();
	test_huge_times();
	test_partial_first();
	return tap_end();
}
