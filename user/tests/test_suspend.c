// SPDX-License-Identifier: GPL-2.0-only
/*
 * State does not continue across a time without recording, and times of an unstable clock are
 * shown as uncertain.
 */
#include <string.h>

#include "run.h"
#include "tap.h"

/* A tick is a nanosecond here. */
#define SECOND		1000000000ULL
#define MSEC		1000000ULL

/* Ticks of generation 1, and of a TSC that was reset by suspend. */
#define TICKS		(5000 * SECOND)
#define TICKS_RESET	(1 * SECOND)
#define MONO		(100 * SECOND)
#define SPAN		(1 * MSEC)
/* Time between the generations by CLOCK_MONOTONIC. */
#define GAP		(2 * MSEC)

struct part {
	uint64_t gen, ticks, mono;
	const char *comm;		/* name of 100 */
	const char *boottime_offset;	/* NULL: no such property */
	const char *unstable;		/* NULL: no such property */
	const char *boot;		/* NULL: no such property */
	uint64_t stretch;		/* ticks in which CLOCK_MONOTONIC stood still */
	uint64_t events;
};

static void put_property(struct writer *w, const struct part *part, uint64_t time, const char *key,
			 const char *value)
{
	if (value)
		w_property(w, part->gen, time, key, value);
}

static void put_task(struct writer *w, unsigned int pid, const char *comm)
{
	w_event(w, EXPTRACE_EVENT_TASK, 1);
	w_number(w, pid);
	w_number(w, pid);
	w_string(w, comm);
	w_bytes(w, "\1\0\xf0\1\1\5", 6);		/* S, CPU 0, priority 120, cgroup 1, start 5 */
}

/* Of the three threads only 100 has a name. */
static void put_statedump(struct writer *w, const struct part *part, const char *comm)
{
	w_begin(w, STANDARD_BATCH, part->gen, EXPTRACE_M_NONE, part->ticks);
	put_task(w, 100, comm);
	put_task(w, 200, "");
	put_task(w, 300, "");
	w_end(w);
}

static void open_generation(struct writer *w, const struct part *part)
{
	w_sync(w, part->gen, part->ticks, SECOND, part->mono);
	w_schema(w, part->gen, part->ticks);
	put_property(w, part, part->ticks, "boottime_offset", part->boottime_offset);
	put_property(w, part, part->ticks, "boot_id", part->boot);
	put_statedump(w, part, part->comm);
	w_begin(w, STANDARD_BATCH, part->gen, EXPTRACE_CONTEXT_TASK, part->ticks);
}

static void close_generation(struct writer *w, const struct part *part)
{
	uint64_t end = part->ticks + SPAN + part->stretch;

	w_end(w);
	put_property(w, part, end - 1, "clock_unstable", part->unstable);
	w_begin(w, STANDARD_BATCH, part->gen, EXPTRACE_M_NONE, end - 1);
	w_byte(w, EXPTRACE_WIRE_LEDGER);
	w_ledger_entry(w, EXPTRACE_EXPERIMENT_STANDARD, 0, part->events, part->events,
		       EXPTRACE_LOST_POOL, 0);
	w_end(w);
	w_sync(w, part->gen, end, SECOND, part->mono + SPAN);
	w_end_of_generation(w);
}

/* 200 goes to sleep at half time, and 100 runs from then on. 300 is woken. */
static void write_before(struct writer *w, struct part *part)
{
	open_generation(w, part);
	w_event(w, EXPTRACE_EVENT_CURRENT, 10);
	w_number(w, 200);
	w_event(w, EXPTRACE_EVENT_SCHED_SWITCH + EXPTRACE_TASK_S, SPAN / 2 - 10);
	w_number(w, 100);
	w_event(w, EXPTRACE_EVENT_SCHED_WAKEUP, 10);
	w_number(w, 300);
	w_number(w, 0);
	part->events = 2;
	close_generation(w, part);
}

/* 100 is reported as running at 10, 200 is woken, and 300 runs from half time on. */
static void write_after(struct writer *w, struct part *part)
{
	open_generation(w, part);
	w_event(w, EXPTRACE_EVENT_CURRENT, 10);
	w_number(w, 100);
	w_event(w, EXPTRACE_EVENT_SCHED_WAKEUP, 90);
	w_number(w, 200);
	w_number(w, 0);
	w_event(w, EXPTRACE_EVENT_SCHED_SWITCH + EXPTRACE_TASK_S, SPAN / 2 - 100);
	w_number(w, 300);
	part->events = 2;
	close_generation(w, part);
}

static struct part first = {
	.gen = 1, .ticks = TICKS, .mono = MONO, .comm = "old", .boottime_offset = "5000000000",
};
static struct part second = {
	.gen = 2, .ticks = TICKS_RESET, .mono = MONO + SPAN + GAP, .comm = "new",
	.boottime_offset = "9000000000",
};

/* By CLOCK_MONOTONIC, the second generation is earlier than the first. */
static void test_back_in_time(void)
{
	struct part earlier = second;
	struct writer w = { 0 };
	const char *minus;

	earlier.ticks = TICKS + SPAN;
	earlier.mono = MONO - 10 * SPAN;
	w_header(&w);
	write_before(&w, &first);
	write_after(&w, &earlier);
	ok(run_trace(&command_stat, NULL, &w) == EXIT_OK,
	   "stat reads generations that go back in time");
	for (minus = run_output; (minus = strchr(minus, '-')); minus++)
		if (minus[-1] == ' ' && minus[1] >= '0' && minus[1] <= '9')
			break;
	ok(!minus, "stat shows no negative time");
	w_free(&w);
}

static void test_suspend(void)
{
	struct writer w = { 0 };

	w_header(&w);
	write_before(&w, &first);
	write_after(&w, &second);
	ok(run_trace(&command_check, NULL, &w) == EXIT_OK &&
	   run_printed("gaps: 1 times nothing was recorded between two generations, for 0.002000 s; "
		       "suspended: 4.000000 s\nOK: "),
	   "ticks may restart across a gap, and check notes it");
	ok(run_trace(&command_report, "--json", &w) == EXIT_OK &&
	   run_printed("\"gaps\":1,\"gap_ns\":2000000,\"suspended_ns\":4000000000,"),
	   "report notes a gap with suspend");
	ok(run_printed("{\"pid\":100,\"comm\":\"new\",\"on_cpu_ns\":1000000,\"waiting_ns\":0,\"asleep_ns\":500000,"),
	   "a thread that ran before and after the gap did not run in between");
	ok(run_printed("{\"pid\":200,\"comm\":\"\",\"on_cpu_ns\":500000,\"waiting_ns\":999900,\"asleep_ns\":500000,"),
	   "a task that slept before and was woken after the gap did not sleep in between");
	ok(run_printed("\"latency\":{\"count\":0,") && run_printed("\"sleeps\":{\"count\":0,") &&
	   run_printed("\"waits_cut_off\":2,"),
	   "no sleep and no latency spans the gap");
	ok(run_trace(&command_report, NULL, &w) == EXIT_OK &&
	   run_printed("Gaps:        1 between generations, 0.002000 s; suspended: 4.000000 s\n") &&
	   run_printed("Covered:     2 of 2 generations, 0.002000 s\n"),
	   "report shows a gap with suspend as text");
	ok(run_trace(&command_stat, NULL, &w) == EXIT_OK &&
	   run_printed("Duration:    0.004000 s\n"
		       "Gaps:        1 between generations, 0.002000 s; suspended: 4.000000 s\n"
		       "Covered:     0.002000 s of it\n") &&
	   run_printed("      100  new                     1.000   50.00%"),
	   "stat does not count a thread as running in the gap, and shows its newest name");
	ok(run_trace(&command_dump, NULL, &w) == EXIT_OK && run_printed(" 100.000500010: sched_wakeup") &&
	   run_printed(" 100.003000100: sched_wakeup") &&
	   run_printed("note: 1 times nothing was recorded between two generations, for 0.002000 s in all, "
		       "and for 4.000000 s in suspend\n"),
	   "dump shows the times of both generations, and notes the gap");
	ok(run_trace(&command_dump, "--json", &w) == EXIT_OK && !strstr(run_output, "clock_unstable"),
	   "a clock with a gap is not unstable");
	w_free(&w);
}

static void test_without_gap(void)
{
	struct part next = second;
	struct writer w = { 0 };

	next.mono = MONO + SPAN;
	next.ticks = TICKS + SPAN;
	w_header(&w);
	write_before(&w, &first);
	write_after(&w, &next);
	ok(run_trace(&command_report, "--json", &w) == EXIT_OK &&
	   run_printed("\"gaps\":0,\"gap_ns\":0,\"suspended_ns\":0,") &&
	   run_printed("\"latency\":{\"count\":1,\"sum_ns\":999990,") &&
	   run_printed("\"sleeps\":{\"count\":1,\"sum_ns\":500100,"),
	   "states continue across generations without a gap");
	w_free(&w);
}

static void test_unstable(void)
{
	struct part unstable = first, next = second;
	struct writer w = { 0 };

	unstable.unstable = "1";
	unstable.stretch = SECOND;
	w_header(&w);
	write_before(&w, &unstable);
	write_after(&w, &next);
	ok(run_trace(&command_check, NULL, &w) == EXIT_OK &&
	   run_printed("uncertain: the times of 1 generations, whose clock was found to be unstable\n"),
	   "check reports an unstable clock");
	ok(run_trace(&command_report, NULL, &w) == EXIT_OK &&
	   run_printed("Covered:     1 of 2 generations, 0.001000 s\n"
		       "Left out:    1 generations, 0.001000 s: their clock was found to be unstable\n"),
	   "report leaves out a generation with an unstable clock");
	ok(run_trace(&command_report, "--json", &w) == EXIT_OK && run_printed("\"unstable_clock\":1,"),
	   "report --json counts generations with an unstable clock");
	ok(run_trace(&command_stat, NULL, &w) == EXIT_OK &&
	   run_printed("Uncertain:   the times of 1 generations, whose clock was found to be unstable\n"),
	   "stat notes an unstable clock");
	ok(run_trace(&command_dump, "--json", &w) == EXIT_OK &&
	   run_printed("\"generation\":1,\"clock_unstable\":true,") &&
	   !strstr(run_output, "\"generation\":2,\"clock_unstable\"") &&
	   run_printed("note: the clock of 1 generations was found to be unstable: their times are uncertain\n"),
	   "dump marks each event with an unstable clock, and notes it");
	w_free(&w);
}

static void test_missing_syncs(void)
{
	struct part part = first;
	struct writer w = { 0 };
	uint64_t end = part.ticks + SPAN;

	w_header(&w);
	open_generation(&w, &part);
	w_event(&w, EXPTRACE_EVENT_CURRENT, 10);
	w_number(&w, 100);
	w_end(&w);
	put_property(&w, &part, end - 1, "missing_syncs", "3");
	put_property(&w, &part, end - 1, "clock_unstable", "0");
	w_sync(&w, part.gen, end, SECOND, part.mono + SPAN);
	w_end_of_generation(&w);
	ok(run_trace(&command_check, NULL, &w) == EXIT_OK &&
	   run_printed("uncertain: the times of 1 generations, whose clock was found to be unstable\n"),
	   "a clock whose rate changed too often to record is unstable");
	w_free(&w);
}

/* A generation of an older recorder, which ignored suspend. */
static void test_stretched(void)
{
	struct part stretched = first;
	struct writer w = { 0 };

	stretched.stretch = SECOND;
	w_header(&w);
	write_before(&w, &stretched);
	ok(run_trace(&command_check, NULL, &w) == EXIT_PROBLEM &&
	   run_printed("generation 1: its clock went on by 1.001000 s, CLOCK_MONOTONIC by 0.001000 s"),
	   "check finds a generation that spans a suspend");
	w_free(&w);
}

/* Traces that were concatenated, of different boots or in the wrong order. */
static void test_set_back(void)
{
	struct part one = first, other = second;
	struct writer w = { 0 };

	one.boot = "2c69b5a2";
	other.boot = "c99968de";
	other.mono = MONO / 2;
	w_header(&w);
	write_before(&w, &one);
	write_after(&w, &other);
	ok(run_trace(&command_check, NULL, &w) == EXIT_PROBLEM &&
	   run_printed("generation 2: CLOCK_MONOTONIC is earlier than in the generation before (offset ") &&
	   run_printed("generation 2: it is of another boot than the one before (offset "),
	   "check reports a clock that goes back, and another boot");
	ok(run_trace(&command_report, "--json", &w) == EXIT_OK &&
	   run_printed("\"covered_ns\":2000000,") && run_printed("\"suspended_ns\":0,") &&
	   run_printed("\"sleeps\":{\"count\":0,") && run_printed("\"waits_cut_off\":2,") &&
	   run_printed("\"set_backs\":1,\"other_boots\":1,"),
	   "report measures nothing across boots, and notes it");
	ok(run_trace(&command_stat, NULL, &w) == EXIT_OK &&
	   run_printed("Duration:    50.001000 s\n") && run_printed("Covered:     0.002000 s of it\n") &&
	   run_printed("      100  new                     1.000   50.00%"),
	   "stat adds up the times of both boots");
	ok(run_trace(&command_dump, NULL, &w) == EXIT_OK &&
	   run_printed("note: 1 times the generation before is of another boot") &&
	   run_printed("note: 1 times CLOCK_MONOTONIC is earlier than in the generation before"),
	   "dump notes the clock that goes back, and the other boot");
	w_free(&w);
}

int main(void)
{
	test_suspend();
	test_back_in_time();
	test_without_gap();
	test_unstable();
	test_missing_syncs();
	test_stretched();
	test_set_back();
	return tap_end();
}
