// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who ran, waited for a CPU and slept, and for how long.
 *
 * A task is in one of these states, each since a moment; events move it:
 *
 *   running --sched_switch, still runnable--> waiting --sched_switch to it--> running
 *   running --sched_switch, else--> asleep --sched_wakeup--> waiting
 *   running --sched_switch, dead--> unknown: it does not run again, but its pid may
 *
 * The time in "waiting" is the run-queue latency; that from one switch to a task to the next
 * away from it is a stretch on a CPU; that from asleep to waiting is a sleep. An event that
 * does not fit the state (a task runs whose wake-up was not seen) moves it and measures
 * nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cmd.h"
#include "../pids.h"
#include "report.h"

#define NSEC_PER_MSEC	1e6

enum task_state { TASK_UNKNOWN, TASK_RUNNING, TASK_WAITING, TASK_ASLEEP };

/* How long each time. */
struct times {
	struct histogram latency;	/* waiting */
	struct histogram stretches;	/* running */
	struct histogram sleeps;
};

struct task {
	uint32_t epoch;		/* the state is of this one; else it is unknown */
	uint8_t state;
	bool older;		/* it was in this state before anything told so */
	bool woken;		/* and so it waits */
	uint32_t number;
	struct task *next;	/* of those of the epoch */
	uint64_t cpu;		/* it runs there */
	uint64_t since;		/* nanoseconds */
	uint64_t on_cpu, waiting, asleep;	/* added up */
	uint64_t unclear;	/* either of the last two: when it was woken is not known */
	uint64_t switches;	/* on to a CPU */
	uint64_t preempted;	/* of the switches away: it was still runnable */
	uint64_t wakeups;
	uint64_t unseen;	/* it ran, and nothing told that it was woken */
	struct times times;
};

/* A CPU of which it is known who runs there. */
struct running {
	uint64_t thread;	/* UINT64_MAX: not yet */
	bool whole;		/* all switches are there, or those of who is chosen */
};

struct report_sched {
	struct pids tasks;	/* by number */
	struct index cpus;
	struct running *running;
	size_t running_room;
	uint32_t epoch;
	struct task *seen;	/* those of the epoch */
	uint64_t nswitches;
	uint64_t nwakeups;
	uint64_t unseen;
	uint64_t cut_off;	/* waits that did not end before the state was forgotten */
	uint64_t longest_cut_off;
	uint64_t longest;	/* whose */
};

struct report_sched *report_sched_new(void)
{
	struct report_sched *sched = need_memory(calloc(1, sizeof(*sched)), "beginning the report");

	sched->tasks.size = sizeof(struct task);
	sched->epoch = 1;
	return sched;
}

static void times_uninit(struct times *times)
{
	histogram_uninit(&times->latency);
	histogram_uninit(&times->stretches);
	histogram_uninit(&times->sleeps);
}

void report_sched_free(struct report_sched *sched)
{
	struct task *task;
	uint64_t place, number;

	if (!sched)
		return;
	for (place = 0; (task = pids_at(&sched->tasks, place, &number)); place++)
		times_uninit(&task->times);
	pids_uninit(&sched->tasks);
	index_uninit(&sched->cpus);
	free(sched->running);
	free(sched);
}

/* The idle tasks share a number, 0, and do not count. */
static struct task *get_task(struct report_sched *sched, uint64_t thread)
{
	struct task *task = thread ? pids_get(&sched->tasks, thread) : NULL;

	if (task && task->epoch != sched->epoch) {
		task->epoch = sched->epoch;
		task->state = TASK_UNKNOWN;
		task->number = (uint32_t)thread;
		task->next = sched->seen;
		sched->seen = task;
	}
	return task;
}

/* Around the beginning of a generation, times may go back a little. */
static uint64_t elapsed(const struct task *task, uint64_t ns)
{
	return ns > task->since ? ns - task->since : 0;
}

/*
 * Ends the state at @ns; returns how long it was. Not @sure: if it slept, it may have been woken
 * meanwhile.
 */
static uint64_t leave(struct task *task, uint64_t ns, bool sure)
{
	uint64_t time = elapsed(task, ns);

	if (task->state == TASK_RUNNING)
		task->on_cpu += time;
	else if (task->state == TASK_WAITING)
		task->waiting += time;
	else if (task->state == TASK_ASLEEP && sure)
		task->asleep += time;
	else if (task->state == TASK_ASLEEP)
		task->unclear += time;
	return time;
}

static void enter(struct task *task, enum task_state state, uint64_t ns)
{
	task->state = state;
	task->since = ns;
	task->older = task->woken = false;
}

static enum task_state state_after(uint64_t state)
{
	switch (state) {
	case EXPTRACE_TASK_R:
	case EXPTRACE_TASK_PREEMPTED:
		return TASK_WAITING;
	case EXPTRACE_TASK_X:
	case EXPTRACE_TASK_Z:
		return TASK_UNKNOWN;
	default:
		return TASK_ASLEEP;
	}
}

static void switch_out(struct report_sched *sched, const struct exptrace_record *record,
		       uint64_t thread, uint64_t state)
{
	struct task *task = get_task(sched, thread);
	enum task_state after = state_after(state);
	uint64_t time;

	/* it runs elsewhere already, and this is older: generations overlap a little */
	if (!task || (task->state == TASK_RUNNING && task->cpu != record->cpu))
		return;
	time = leave(task, record->ns, true);
	if (task->state == TASK_RUNNING && !task->older)
		histogram_add(&task->times.stretches, time, record->ns, record->cpu);
	task->preempted += after == TASK_WAITING;
	enter(task, after, record->ns);
}

static void note_unseen(struct report_sched *sched, struct task *task)
{
	task->unseen++;
	sched->unseen++;
}

/* Returns how long it had waited since its wake-up; NOT_WOKEN: not for that. */
static uint64_t switch_in(struct report_sched *sched, const struct exptrace_record *record,
			  uint64_t thread)
{
	struct task *task = get_task(sched, thread);
	uint64_t time;
	bool woken;

	if (!task)
		return NOT_WOKEN;
	time = leave(task, record->ns, false);
	woken = task->state == TASK_WAITING && task->woken;
	task->switches++;
	if (task->state == TASK_WAITING)
		histogram_add(&task->times.latency, time, record->ns, record->cpu);
	else if (task->state == TASK_ASLEEP)
		note_unseen(sched, task);
	enter(task, TASK_RUNNING, record->ns);
	task->cpu = record->cpu;
	return woken ? time : NOT_WOKEN;
}

static struct running *get_running(struct report_sched *sched, const struct report_view *view,
				   uint64_t cpu)
{
	uint32_t n = sched->cpus.n;
	int64_t i = index_get(&sched->cpus, cpu, 0);

	if (i < 0)
		out_of_memory("adding up the times of CPUs");
	if ((size_t)i >= sched->running_room)
		sched->running = report_reach(sched->running, (size_t)i, &sched->running_room,
					      sizeof(*sched->running));
	if (i == n)
		sched->running[i] = (struct running) {
			UINT64_MAX, exptrace_runs_known(view->trace, cpu),
		};
	return &sched->running[i];
}

/*
 * From now on @thread runs on this CPU. Returns who did, or UINT64_MAX if it is the first time
 * since the state was forgotten that the CPU tells who runs.
 */
static uint64_t set_running(struct running *running, uint64_t thread)
{
	uint64_t before = running->thread;

	running->thread = thread;
	return before;
}

/* Another task turns out to run on the CPU: when this one left is not known. */
static void lose_task(struct report_sched *sched, uint64_t thread, uint64_t cpu)
{
	struct task *task = get_task(sched, thread);

	if (task && task->state == TASK_RUNNING && task->cpu == cpu)
		task->state = TASK_UNKNOWN;
}

static bool was_online(const struct report_view *view, uint64_t cpu)
{
	return !view->tells_online || cpus_has(&view->online, cpu);
}

/*
 * Who is first seen on a CPU has run there since the generation began, if all switches are there,
 * or came with the CPU, which is not known when. Who runs instead of the one that was switched to
 * came by switches that did not pass the filter.
 */
static void set_current(struct report_sched *sched, const struct report_view *view,
			const struct exptrace_record *record, uint64_t thread)
{
	struct task *task = get_task(sched, thread);
	struct running *running = get_running(sched, view, record->cpu);
	uint64_t since = record->ns, before = set_running(running, thread);
	bool is_new = before == UINT64_MAX;

	if (before == thread)
		return;
	if (!is_new)
		lose_task(sched, before, record->cpu);
	if (!task || task->state == TASK_RUNNING)
		return;
	if (is_new && running->whole && task->state == TASK_UNKNOWN && view->start_ns < since &&
	    was_online(view, record->cpu))
		since = view->start_ns;
	enter(task, TASK_RUNNING, since);
	task->older = true;
	task->cpu = record->cpu;
}

static void wake_up(struct report_sched *sched, const struct exptrace_record *record,
		    uint64_t thread)
{
	struct task *task = get_task(sched, thread);
	uint64_t time;

	if (!task)
		return;
	task->wakeups++;
	sched->nwakeups++;
	if (task->state == TASK_RUNNING || task->state == TASK_WAITING)
		return;
	time = leave(task, record->ns, true);
	if (task->state == TASK_ASLEEP)
		histogram_add(&task->times.sleeps, time, record->ns, record->cpu);
	enter(task, TASK_WAITING, record->ns);
	task->woken = true;
}

/* Its last switch away may come when its id is used again: so who was seen to begin to run. */
static uint64_t leaving(const struct report_view *view, const struct exptrace_record *record,
			uint64_t running)
{
	if (running != UINT64_MAX && exptrace_thread_pid(view->trace, running) == record->pid)
		return running;
	return report_thread(view, (uint64_t)record->pid);
}

uint64_t report_sched_event(struct report_sched *sched, const struct report_view *view,
			    const struct event_role *role, const struct exptrace_record *record)
{
	uint64_t thread = report_thread(view, record->args[role->args[0]].u64), running;

	switch (role->kind) {
	case ROLE_CURRENT:
		set_current(sched, view, record, thread);
		break;
	case ROLE_SWITCH:
		sched->nswitches++;
		running = set_running(get_running(sched, view, record->cpu), thread);
		switch_out(sched, record, leaving(view, record, running),
			   record->args[role->args[1]].u64);
		return switch_in(sched, record, thread);
	case ROLE_WAKEUP:
		wake_up(sched, record, thread);
		break;
	}
	return NOT_WOKEN;
}

/* Of what was kept out by a filter, it is not known for how long the state went on. */
static bool goes_on(struct report_sched *sched, const struct task *task, bool limited)
{
	int64_t i;

	if (!limited || task->state != TASK_RUNNING)
		return !limited;
	i = index_find(&sched->cpus, task->cpu, 0);
	return i >= 0 && sched->running[i].whole;
}

void report_sched_forget(struct report_sched *sched, uint64_t ns, bool limited)
{
	struct task *task;
	uint64_t time;

	for (task = sched->seen; task; task = task->next) {
		if (task->state == TASK_UNKNOWN || !goes_on(sched, task, limited))
			continue;
		time = leave(task, ns, sched->nwakeups);
		if (task->state != TASK_WAITING)
			continue;
		sched->cut_off++;
		if (time >= sched->longest_cut_off) {
			sched->longest_cut_off = time;
			sched->longest = task->number;
		}
	}
	sched->epoch++;
	sched->seen = NULL;
	index_clear(&sched->cpus);
}

/* Of all tasks. */
static void sum_times(const struct report_sched *sched, struct times *all)
{
	const struct task *task;
	uint64_t place, number;

	for (place = 0; (task = pids_at(&sched->tasks, place, &number)); place++) {
		histogram_merge(&all->latency, &task->times.latency);
		histogram_merge(&all->stretches, &task->times.stretches);
		histogram_merge(&all->sleeps, &task->times.sleeps);
	}
}

static int by_latency(const void *a, const void *b)
{
	const struct pids_ranked *x = a, *y = b;
	const struct task *p = x->element, *q = y->element;

	if (p->times.latency.max != q->times.latency.max)
		return p->times.latency.max < q->times.latency.max ? 1 : -1;
	return x->pid < y->pid ? -1 : 1;
}

static int by_time(const void *a, const void *b)
{
	const struct pids_ranked *x = a, *y = b;
	const struct task *p = x->element, *q = y->element;

	if (p->on_cpu != q->on_cpu)
		return p->on_cpu < q->on_cpu ? 1 : -1;
	return x->pid < y->pid ? -1 : 1;
}

static bool has_waited(const void *element)
{
	const struct task *task = element;

	return task->times.latency.count;
}

static bool has_any(const void *element)
{
	const struct task *task = element;

	return task->on_cpu || task->switches || task->wakeups || task->waiting || task->asleep ||
	       task->unclear;
}

static void print_task_name(const struct report_view *view, int64_t thread)
{
	const char *comm = exptrace_thread_comm(view->trace, (uint64_t)thread);

	printf("  %8lld  ", (long long)exptrace_thread_pid(view->trace, (uint64_t)thread));
	print_name(comm ? comm : "<...>", COMM_WIDTH);
	putchar(' ');
}

static void print_latencies(const struct report_sched *sched, const struct report_view *view,
			    const struct histogram *all)
{
	struct pids_ranked *ranked;
	size_t n, i;

	printf("\nRun-queue latency: from wake-up or preemption to running, the largest maximum first\n");
	ranked = pids_rank(&sched->tasks, has_waited, by_latency, &n);
	printf("  %8s  %-16s %s%s\n", "pid", "comm", histogram_heading, histogram_word_heading);
	for (i = 0; i < n && i < view->lines; i++) {
		const struct task *task = ranked[i].element;

		print_task_name(view, ranked[i].pid);
		histogram_print_row(&task->times.latency);
		histogram_print_word(&task->times.latency);
		putchar('\n');
	}
	if (n > 1) {
		printf("  %8zu  %-16s ", n, "tasks");
		histogram_print_row(all);
		histogram_print_word(all);
		putchar('\n');
	}
	putchar('\n');
	histogram_print(all);
	free(ranked);
}

/* What could not be known. */
static void print_unknown(const struct report_sched *sched, const struct report_view *view)
{
	const char *comm = exptrace_thread_comm(view->trace, sched->longest);

	if (sched->unseen)
		printf("  %" PRIu64 " times a task ran whose sched_wakeup is not in the trace: no "
		       "latency, and its time off the CPU counts neither as wait nor as sleep\n",
		       sched->unseen);
	if (sched->tasks.beyond)
		printf("  without %" PRIu64 " events of threads beyond the first %d\n",
		       sched->tasks.beyond, PIDS_MAX - 1);
	if (!sched->cut_off)
		return;
	printf("  %" PRIu64 " times a task still waited when the trace, or what is known of it, ended: "
	       "not counted; the longest %.1f us, ", sched->cut_off,
	       (double)sched->longest_cut_off / 1e3);
	print_name(comm ? comm : "<...>", 0);
	printf(" (%" PRId64 ")\n", exptrace_thread_pid(view->trace, sched->longest));
}

static void print_time_row(const struct task *task, const struct report_view *view)
{
	printf("%12.3f", (double)task->on_cpu / NSEC_PER_MSEC);
	histogram_print_short_word(&task->times.stretches);
	printf(" %7.2f%% %12.3f %12.3f %12.3f",
	       view->covered_ns > 0 ? 100.0 * (double)task->on_cpu / view->covered_ns : 0,
	       (double)(task->waiting + task->asleep + task->unclear) / NSEC_PER_MSEC,
	       (double)task->waiting / NSEC_PER_MSEC, (double)task->asleep / NSEC_PER_MSEC);
	histogram_print_short_word(&task->times.sleeps);
	printf(" %10" PRIu64 " %10" PRIu64 " %10" PRIu64 "\n", task->switches, task->preempted,
	       task->wakeups);
}

static void print_all(const char *title, const struct histogram *histogram)
{
	if (!histogram->count)
		return;
	printf("\n  %s\n  %s\n  ", title, histogram_heading);
	histogram_print_row(histogram);
	printf("\n\n");
	histogram_print(histogram);
}

static void print_times(const struct report_sched *sched, const struct report_view *view,
			const struct times *all)
{
	struct pids_ranked *ranked;
	size_t n, i;

	ranked = pids_rank(&sched->tasks, has_any, by_time, &n);
	printf("\nTime by task: %zu tasks, the busiest first (100%% is one CPU)\n", n);
	printf("  %8s  %-16s %12s%s %8s %12s %12s %12s%s %10s %10s %10s\n", "pid", "comm",
	       "ms on CPU", histogram_short_word_heading, "CPU", "ms off CPU", "of it wait",
	       "and asleep", histogram_short_word_heading, "switches", "preempted", "wakeups");
	for (i = 0; i < n && i < view->lines; i++) {
		print_task_name(view, ranked[i].pid);
		print_time_row(ranked[i].element, view);
	}
	free(ranked);
	print_all("All stretches on a CPU: from the switch to a task to that away from it",
		  &all->stretches);
	print_all("All sleeps: from the switch away from a task to its wake-up", &all->sleeps);
}

void report_sched_print(struct report_sched *sched, const struct report_view *view)
{
	struct times all = { 0 };

	if (!sched->nswitches) {
		printf("\nRun-queue latency, times by task: there is no sched_switch\n");
		return;
	}
	sum_times(sched, &all);
	print_latencies(sched, view, &all.latency);
	print_unknown(sched, view);
	print_times(sched, view, &all);
	times_uninit(&all);
}

static void json_histogram(struct output *output, const char *key,
			   const struct histogram *histogram)
{
	output_text(output, key);
	histogram_json(output, histogram);
	output_char(output, '}');
}

static void json_task(const struct pids_ranked *ranked, const struct report_view *view,
		      struct output *output)
{
	const struct task *task = ranked->element;

	report_json_number(output, "{\"pid\":",
			   (uint64_t)exptrace_thread_pid(view->trace, (uint64_t)ranked->pid));
	report_json_name(output, ",\"comm\":",
			 exptrace_thread_comm(view->trace, (uint64_t)ranked->pid));
	report_json_number(output, ",\"on_cpu_ns\":", task->on_cpu);
	report_json_number(output, ",\"waiting_ns\":", task->waiting);
	report_json_number(output, ",\"asleep_ns\":", task->asleep);
	report_json_number(output, ",\"switches\":", task->switches);
	report_json_number(output, ",\"preempted\":", task->preempted);
	report_json_number(output, ",\"wakeups\":", task->wakeups);
	report_json_number(output, ",\"unseen_wakeups\":", task->unseen);
	if (task->times.latency.count)
		json_histogram(output, ",\"latency\":{", &task->times.latency);
	if (task->times.stretches.count)
		json_histogram(output, ",\"stretches\":{", &task->times.stretches);
	if (task->times.sleeps.count)
		json_histogram(output, ",\"sleeps\":{", &task->times.sleeps);
	report_json_number(output, ",\"waiting_or_asleep_ns\":", task->unclear);
	output_char(output, '}');
}

void report_sched_json(struct report_sched *sched, const struct report_view *view,
		       struct output *output)
{
	struct times all = { 0 };
	struct pids_ranked *ranked;
	size_t n, i;

	sum_times(sched, &all);
	json_histogram(output, ",\"latency\":{", &all.latency);
	json_histogram(output, ",\"stretches\":{", &all.stretches);
	json_histogram(output, ",\"sleeps\":{", &all.sleeps);
	times_uninit(&all);
	report_json_number(output, ",\"unseen_wakeups\":", sched->unseen);
	report_json_number(output, ",\"waits_cut_off\":", sched->cut_off);
	report_json_number(output, ",\"longest_wait_cut_off_ns\":", sched->longest_cut_off);
	report_json_number(output, ",\"of_too_many_threads\":", sched->tasks.beyond);
	output_text(output, ",\"tasks\":[");
	ranked = pids_rank(&sched->tasks, has_any, by_time, &n);
	/* without switches, nothing is known of the times */
	for (i = 0; sched->nswitches && i < n; i++) {
		if (i)
			output_char(output, ',');
		json_task(&ranked[i], view, output);
	}
	output_char(output, ']');
	free(ranked);
}
