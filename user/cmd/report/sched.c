// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who ran, waited for a CPU and slept, and for how long.
 *
 * A task is in one of these states, each with a start time. Events move it:
 *
 *   running --sched_switch, still runnable--> waiting --sched_switch to it--> running
 *   running --sched_switch, else--> asleep --sched_wakeup--> waiting
 *   running --sched_switch, dead--> unknown: it does not run again, but its pid may
 *
 * The time in "waiting" is the run-queue latency. The time from a switch to a task until the next
 * switch away from it is a stretch on a CPU. The time from asleep to waiting is a sleep. An event
 * that does not fit the state (a task runs without a wake-up) moves the task and measures nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "../cmd.h"
#include "sched.h"

enum task_state { TASK_UNKNOWN, TASK_RUNNING, TASK_WAITING, TASK_ASLEEP };

static void *sched_create(void)
{
	struct sched *sched = need_memory(calloc(1, sizeof(*sched)), "beginning the report");

	sched->tasks.size = sizeof(struct task);
	sched->epoch = 1;
	return sched;
}

void times_uninit(struct times *times)
{
	histogram_uninit(&times->latency);
	histogram_uninit(&times->stretches);
	histogram_uninit(&times->sleeps);
}

static void sched_destroy(void *state)
{
	struct sched *sched = state;
	struct task *task;
	uint64_t place, number;

	for (place = 0; (task = pids_at(&sched->tasks, place, &number)); place++)
		times_uninit(&task->times);
	pids_uninit(&sched->tasks);
	index_uninit(&sched->cpus);
	free(sched->running);
	free(sched);
}

/* NULL for the idle tasks: they share the number 0 and do not count. */
static struct task *get_sched_task(struct sched *sched, uint64_t thread)
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

/* Generations overlap a little, so time may go back. */
static uint64_t elapsed(const struct task *task, uint64_t ns)
{
	return ns > task->since ? ns - task->since : 0;
}

/*
 * Ends the state at @ns; returns how long it lasted. Not @sure: if the task slept, it may have been
 * woken at an unknown time.
 */
static uint64_t leave_state(struct task *task, uint64_t ns, bool sure)
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

static void enter_state(struct task *task, enum task_state state, uint64_t ns)
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

static void switch_out(struct sched *sched, const struct exptrace_record *record,
		       uint64_t thread, uint64_t state)
{
	struct task *task = get_sched_task(sched, thread);
	enum task_state after = state_after(state);
	uint64_t time;

	/* it already runs elsewhere: generations overlap, and this event is older */
	if (!task || (task->state == TASK_RUNNING && task->cpu != record->cpu))
		return;
	time = leave_state(task, record->ns, true);
	if (task->state == TASK_RUNNING && !task->older)
		histogram_add(&task->times.stretches, time, record->ns, record->cpu);
	task->preempted += after == TASK_WAITING;
	enter_state(task, after, record->ns);
}

static void note_unseen(struct sched *sched, struct task *task)
{
	task->unseen++;
	sched->unseen++;
}

/* Returns how long the task waited since its wake-up; NOT_WOKEN if it did not wait for one. */
static uint64_t switch_in(struct sched *sched, const struct exptrace_record *record,
			  uint64_t thread)
{
	struct task *task = get_sched_task(sched, thread);
	uint64_t time;
	bool woken;

	if (!task)
		return NOT_WOKEN;
	time = leave_state(task, record->ns, false);
	woken = task->state == TASK_WAITING && task->woken;
	task->switches++;
	if (task->state == TASK_WAITING)
		histogram_add(&task->times.latency, time, record->ns, record->cpu);
	else if (task->state == TASK_ASLEEP)
		note_unseen(sched, task);
	enter_state(task, TASK_RUNNING, record->ns);
	task->cpu = record->cpu;
	return woken ? time : NOT_WOKEN;
}

static struct running *get_running(struct sched *sched, const struct report_view *view,
				   uint64_t cpu)
{
	uint32_t n = sched->cpus.n;
	int64_t i = index_get(&sched->cpus, cpu, 0);

	if (i < 0)
		out_of_memory("adding up the times of CPUs");
	reach_memory(&sched->running, (size_t)i, &sched->running_room, sizeof(*sched->running),
		     "adding up the times of CPUs");
	if (i == n)
		sched->running[i] = (struct running) {
			UINT64_MAX, exptrace_runs_known(view->trace, cpu),
		};
	return &sched->running[i];
}

/*
 * From now on @thread runs on this CPU. Returns the thread that ran before, or UINT64_MAX if this
 * is the first one known since the state was forgotten.
 */
static uint64_t set_running(struct running *running, uint64_t thread)
{
	uint64_t before = running->thread;

	running->thread = thread;
	return before;
}

/* Another task turns out to run on the CPU: this one left at an unknown time. */
static void lose_task(struct sched *sched, uint64_t thread, uint64_t cpu)
{
	struct task *task = get_sched_task(sched, thread);

	if (task && task->state == TASK_RUNNING && task->cpu == cpu)
		task->state = TASK_UNKNOWN;
}

static bool was_online(const struct report_view *view, uint64_t cpu)
{
	return !view->has_online || cpus_has(&view->online, cpu);
}

/*
 * The first task seen on a CPU has run there since the generation began, provided that all
 * switches are recorded and the CPU was online. Otherwise its start is not known. If another task
 * runs than the last one switched to, the filter left out the switches between.
 */
static void set_current(struct sched *sched, const struct report_view *view,
			const struct exptrace_record *record, uint64_t thread)
{
	struct task *task = get_sched_task(sched, thread);
	struct running *running = get_running(sched, view, record->cpu);
	uint64_t since = record->ns, before = set_running(running, thread);
	bool is_new = before == UINT64_MAX;

	if (before == thread)
		return;
	if (!is_new)
		lose_task(sched, before, record->cpu);
	if (!task || task->state == TASK_RUNNING)
		return;
	if (is_new && running->whole && task->state == TASK_UNKNOWN &&
	    view->coverage.start_ns < since && was_online(view, record->cpu))
		since = view->coverage.start_ns;
	enter_state(task, TASK_RUNNING, since);
	task->older = true;
	task->cpu = record->cpu;
}

static void wake_up(struct sched *sched, const struct exptrace_record *record,
		    uint64_t thread)
{
	struct task *task = get_sched_task(sched, thread);
	uint64_t time;

	if (!task)
		return;
	task->wakeups++;
	sched->nwakeups++;
	if (task->state == TASK_RUNNING || task->state == TASK_WAITING)
		return;
	time = leave_state(task, record->ns, true);
	if (task->state == TASK_ASLEEP)
		histogram_add(&task->times.sleeps, time, record->ns, record->cpu);
	enter_state(task, TASK_WAITING, record->ns);
	task->woken = true;
}

/*
 * The thread that a switch leaves. Its pid may have been reused by then, so prefer the thread
 * that was switched to.
 */
static uint64_t leaving(const struct report_view *view, const struct exptrace_record *record,
			uint64_t running)
{
	if (running != UINT64_MAX && exptrace_thread_pid(view->trace, running) == record->pid)
		return running;
	return report_thread(view, (uint64_t)record->pid);
}

static void sched_event(void *state, const struct report_view *view, struct report_event *event)
{
	uint64_t thread = report_thread(view, report_arg(event, 0)), running;
	const struct exptrace_record *record = event->record;
	struct sched *sched = state;

	switch (event->role->kind) {
	case ROLE_CURRENT:
		set_current(sched, view, record, thread);
		break;
	case ROLE_SWITCH:
		sched->nswitches++;
		running = set_running(get_running(sched, view, record->cpu), thread);
		switch_out(sched, record, leaving(view, record, running), report_arg(event, 1));
		event->waited = switch_in(sched, record, thread);
		break;
	case ROLE_WAKEUP:
		wake_up(sched, record, thread);
		break;
	}
}

/* Where a filter leaves out switches, it is not known how long the state lasted. */
static bool state_lasts(struct sched *sched, const struct task *task, bool limited)
{
	int64_t i;

	if (!limited || task->state != TASK_RUNNING)
		return !limited;
	i = index_find(&sched->cpus, task->cpu, 0);
	return i >= 0 && sched->running[i].whole;
}

static void sched_forget(void *state, uint64_t ns, bool limited)
{
	struct sched *sched = state;
	struct task *task;
	uint64_t time;

	for (task = sched->seen; task; task = task->next) {
		if (task->state == TASK_UNKNOWN || !state_lasts(sched, task, limited))
			continue;
		time = leave_state(task, ns, sched->nwakeups);
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

const struct report_table report_sched = {
	.roles = ROLE_BIT(ROLE_CURRENT) | ROLE_BIT(ROLE_SWITCH) | ROLE_BIT(ROLE_WAKEUP),
	.create = sched_create,
	.destroy = sched_destroy,
	.event = sched_event,
	.forget = sched_forget,
	.print = sched_print,
	.json = sched_json,
};
