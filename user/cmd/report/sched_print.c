// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who ran, waited for a CPU and slept: the printed tables, and JSON.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../cmd.h"
#include "../json.h"
#include "../print.h"
#include "sched.h"

#define NSEC_PER_MSEC	1e6

/* The distributions of all tasks together. */
static void sum_times(const struct sched *sched, struct times *all)
{
	const struct task *task;
	uint64_t place, number;

	for (place = 0; (task = pids_at(&sched->tasks, place, &number)); place++) {
		histogram_merge(&all->latency, &task->times.latency);
		histogram_merge(&all->stretches, &task->times.stretches);
		histogram_merge(&all->sleeps, &task->times.sleeps);
	}
}

static int task_by_latency(const void *a, const void *b)
{
	const struct pids_ranked *x = a, *y = b;
	const struct task *p = x->element, *q = y->element;

	if (p->times.latency.max != q->times.latency.max)
		return p->times.latency.max < q->times.latency.max ? 1 : -1;
	return x->pid < y->pid ? -1 : 1;
}

static int task_by_time(const void *a, const void *b)
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

static bool task_is_shown(const void *element)
{
	const struct task *task = element;

	return task->on_cpu || task->switches || task->wakeups || task->waiting || task->asleep ||
	       task->unclear;
}

static void print_latencies(const struct sched *sched, const struct report_view *view,
			    const struct histogram *all)
{
	struct pids_ranked *ranked;
	size_t n, i;

	printf("\nRun-queue latency: from wake-up or preemption to running, largest maximum first\n");
	ranked = pids_rank(&sched->tasks, has_waited, task_by_latency, &n);
	printf("  %8s  %-16s %s%s\n", "pid", "comm", histogram_heading, histogram_word_heading);
	for (i = 0; i < n && i < view->lines; i++) {
		const struct task *task = ranked[i].element;

		printf("  ");
		print_thread(view->trace, (uint64_t)ranked[i].pid);
		putchar(' ');
		histogram_print_line(&task->times.latency);
	}
	if (n > 1) {
		printf("  %8zu  %-16s ", n, "tasks");
		histogram_print_line(all);
	}
	putchar('\n');
	histogram_print(all);
	free(ranked);
}

/* What is not known about the latencies. */
static void sched_print_unknown(const struct sched *sched, const struct report_view *view)
{
	if (sched->unseen)
		printf("  %" PRIu64 " times a task ran without a sched_wakeup in the trace: no "
		       "latency, and the time off the CPU counts neither as runnable nor as sleep\n",
		       sched->unseen);
	if (sched->tasks.beyond)
		printf("  without %" PRIu64 " events of threads beyond the first %d\n",
		       sched->tasks.beyond, PIDS_MAX - 1);
	if (!sched->cut_off)
		return;
	printf("  %" PRIu64 " times a task still waited when the trace, or the known part of it, ended: "
	       "not counted; longest %.1f us, ", sched->cut_off,
	       (double)sched->longest_cut_off / 1e3);
	print_name(thread_name(view->trace, sched->longest), 0);
	printf(" (%" PRId64 ")\n", exptrace_thread_pid(view->trace, sched->longest));
}

static void print_time_row(const struct task *task, const struct report_view *view)
{
	double covered_ns = view->coverage.sums[FLAW_NONE].ns;

	printf("%12.3f", (double)task->on_cpu / NSEC_PER_MSEC);
	histogram_print_short_word(&task->times.stretches);
	printf(" %7.2f%% %12.3f %12.3f %12.3f",
	       covered_ns > 0 ? 100.0 * (double)task->on_cpu / covered_ns : 0,
	       (double)(task->waiting + task->asleep + task->unclear) / NSEC_PER_MSEC,
	       (double)task->waiting / NSEC_PER_MSEC, (double)task->asleep / NSEC_PER_MSEC);
	histogram_print_short_word(&task->times.sleeps);
	printf(" %10" PRIu64 " %10" PRIu64 " %10" PRIu64 "\n", task->switches, task->preempted,
	       task->wakeups);
}

static void sched_print_all(const char *title, const struct histogram *histogram)
{
	if (!histogram->count)
		return;
	printf("\n  %s\n  %s\n  ", title, histogram_heading);
	histogram_print_row(histogram);
	printf("\n\n");
	histogram_print(histogram);
}

static void print_times(const struct sched *sched, const struct report_view *view,
			const struct times *all)
{
	struct pids_ranked *ranked;
	size_t n, i;

	ranked = pids_rank(&sched->tasks, task_is_shown, task_by_time, &n);
	printf("\nTime by task: %zu tasks, busiest first (100%% is one CPU)\n", n);
	printf("  %8s  %-16s %12s%s %8s %12s %12s %12s%s %10s %10s %10s\n", "pid", "comm",
	       "ms on CPU", histogram_short_word_heading, "CPU", "ms off CPU", "runnable ms",
	       "sleep ms", histogram_short_word_heading, "switches", "preempted", "wakeups");
	for (i = 0; i < n && i < view->lines; i++) {
		printf("  ");
		print_thread(view->trace, (uint64_t)ranked[i].pid);
		putchar(' ');
		print_time_row(ranked[i].element, view);
	}
	free(ranked);
	sched_print_all("All stretches on a CPU: from the switch to a task until the switch away from it",
		  &all->stretches);
	sched_print_all("All sleeps: from the switch away from a task until its wake-up", &all->sleeps);
}

void sched_print(void *state, const struct report_view *view)
{
	const struct sched *sched = state;
	struct times all = { 0 };

	if (!sched->nswitches) {
		printf("\nRun-queue latency, times by task: there is no sched_switch\n");
		return;
	}
	sum_times(sched, &all);
	print_latencies(sched, view, &all.latency);
	sched_print_unknown(sched, view);
	print_times(sched, view, &all);
	times_uninit(&all);
}

static void json_task(const struct pids_ranked *ranked, const struct report_view *view,
		      struct output *output)
{
	const struct task *task = ranked->element;

	json_number(output, "{\"pid\":",
			   (uint64_t)exptrace_thread_pid(view->trace, (uint64_t)ranked->pid));
	json_string(output, ",\"comm\":",
			 exptrace_thread_comm(view->trace, (uint64_t)ranked->pid));
	json_number(output, ",\"on_cpu_ns\":", task->on_cpu);
	json_number(output, ",\"waiting_ns\":", task->waiting);
	json_number(output, ",\"asleep_ns\":", task->asleep);
	json_number(output, ",\"switches\":", task->switches);
	json_number(output, ",\"preempted\":", task->preempted);
	json_number(output, ",\"wakeups\":", task->wakeups);
	json_number(output, ",\"unseen_wakeups\":", task->unseen);
	if (task->times.latency.count)
		histogram_json(output, ",\"latency\":{", &task->times.latency);
	if (task->times.stretches.count)
		histogram_json(output, ",\"stretches\":{", &task->times.stretches);
	if (task->times.sleeps.count)
		histogram_json(output, ",\"sleeps\":{", &task->times.sleeps);
	json_number(output, ",\"waiting_or_asleep_ns\":", task->unclear);
	output_char(output, '}');
}

void sched_json(void *state, const struct report_view *view, struct output *output)
{
	const struct sched *sched = state;
	struct times all = { 0 };
	struct pids_ranked *ranked;
	size_t n, i;

	sum_times(sched, &all);
	histogram_json(output, ",\"latency\":{", &all.latency);
	histogram_json(output, ",\"stretches\":{", &all.stretches);
	histogram_json(output, ",\"sleeps\":{", &all.sleeps);
	times_uninit(&all);
	json_number(output, ",\"unseen_wakeups\":", sched->unseen);
	json_number(output, ",\"waits_cut_off\":", sched->cut_off);
	json_number(output, ",\"longest_wait_cut_off_ns\":", sched->longest_cut_off);
	json_number(output, ",\"of_too_many_threads\":", sched->tasks.beyond);
	output_text(output, ",\"tasks\":[");
	ranked = pids_rank(&sched->tasks, task_is_shown, task_by_time, &n);
	/* without switches, no times are known */
	for (i = 0; sched->nswitches && i < n; i++) {
		if (i)
			output_char(output, ',');
		json_task(&ranked[i], view, output);
	}
	output_char(output, ']');
	free(ranked);
}
