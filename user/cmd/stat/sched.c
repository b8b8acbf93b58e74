// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which tasks ran on which CPU and for how long, from current and sched_switch.
 *
 * The batches of one CPU's task context come in order of time, so no merge is needed: each CPU
 * has its own state. Which thread has a pid is known only when the generation is complete, as a
 * batch of another CPU may show that the pid was reused. So the events of a generation are noted
 * and processed at its end.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../../common/cpus.h"
#include "../cmd.h"
#include "../pids.h"
#include "../print.h"
#include "stat.h"

#define NSEC_PER_MSEC	1e6

struct stat_task {
	uint64_t ticks;		/* since the last stat_sched_end() */
	double ns;		/* before */
	uint64_t switches;	/* to this task */
	uint64_t wakeups;
	struct stat_task *next;	/* in sched->ran */
	bool ran;		/* since the last stat_sched_end() */
};

struct stat_cpu {
	uint64_t generation;	/* the last one with events of this CPU, counted from 1; in it: */
	bool whole;		/* all switches are recorded, or those of the chosen threads */
	bool known;		/* the rest is valid */
	uint32_t pid;
	struct stat_task *task;	/* NULL: there is no room for it */
	uint64_t since;		/* ticks */
};

/* An event of the current generation. */
struct note {
	uint64_t ticks;
	uint32_t pid;
	uint16_t cpu;
	uint8_t kind;		/* enum event_role_kind */
};

/* The thread that has a pid, if it is the same throughout a generation. */
struct id {
	uint64_t generation;	/* which one, counted from 1 */
	struct stat_task *task;
};

struct stat_sched {
	uint64_t nswitches;
	uint64_t generation;
	struct stat_cpu cpus[STAT_CPUS + 1];
	uint64_t touched[STAT_CPUS / 64 + 1];	/* a bit for each CPU whose state is not all zero */
	bool has_online;	/* the trace has the CPUs that were online at the start: */
	struct cpus online;
	struct stat_task *ran;	/* since the last stat_sched_end() */
	struct pids tasks;	/* by the thread's number */
	struct pids ids;
	struct note *notes;
	size_t nnotes, room;
};

struct stat_sched *stat_sched_new(void)
{
	struct stat_sched *sched = need_memory(calloc(1, sizeof(*sched)), "beginning to add up");

	sched->tasks.size = sizeof(struct stat_task);
	sched->ids.size = sizeof(struct id);
	sched->generation = 1;
	return sched;
}

void stat_sched_free(struct stat_sched *sched)
{
	if (!sched)
		return;
	pids_uninit(&sched->tasks);
	pids_uninit(&sched->ids);
	cpus_uninit(&sched->online);
	free(sched->notes);
	free(sched);
}

/* Adds the time up to @ticks to the task that runs on the CPU. */
static void account(struct stat_sched *sched, struct stat_cpu *cpu, uint64_t ticks)
{
	struct stat_task *task = cpu->task;

	if (task && ticks > cpu->since) {
		if (!task->ran) {
			task->ran = true;
			task->next = sched->ran;
			sched->ran = task;
		}
		task->ticks += ticks - cpu->since;
	}
	cpu->since = ticks;
}

/*
 * The first task seen on a CPU has run there since the generation began, at @start, provided that
 * the CPU was online (else @start is 0) and all switches are recorded. If another task runs than
 * the last one switched to, switches are missing, and its start is not known.
 */
static void note_current(struct stat_cpu *cpu, struct stat_task *task, const struct note *note,
			 uint64_t start)
{
	/* until its last switch, a task may run under a pid that another one has by now */
	if (cpu->known && cpu->pid == note->pid)
		return;
	cpu->since = note->ticks;
	if (!cpu->known && cpu->whole && start && start < note->ticks)
		cpu->since = start;
	cpu->known = true;
	cpu->pid = note->pid;
	cpu->task = task;
}

static void switch_to(struct stat_sched *sched, struct stat_cpu *cpu, struct stat_task *task,
		      const struct note *note)
{
	account(sched, cpu, note->ticks);
	cpu->known = true;
	cpu->pid = note->pid;
	cpu->task = task;
	sched->nswitches++;
	if (task)
		task->switches++;
}

void stat_sched_event(struct stat_sched *sched, uint32_t cpu, enum event_role_kind kind,
		      uint64_t pid, uint64_t ticks)
{
	if (kind != ROLE_SWITCH && kind != ROLE_WAKEUP && kind != ROLE_CURRENT)
		return;
	if (pid >= PIDS_MAX) {
		sched->tasks.beyond++;
		return;
	}
	reach_memory(&sched->notes, sched->nnotes, &sched->room, sizeof(*sched->notes),
		     "adding up the times of threads");
	sched->notes[sched->nnotes++] = (struct note) {
		.ticks = ticks, .pid = (uint32_t)pid, .cpu = (uint16_t)cpu, .kind = (uint8_t)kind,
	};
}

static struct stat_task *find_stat_task(struct stat_sched *sched, struct exptrace_trace *trace,
				   const struct note *note, uint64_t start)
{
	struct id *id = pids_get(&sched->ids, note->pid);
	struct stat_task *task;
	int64_t thread;

	if (id && id->generation == sched->generation)
		return id->task;
	thread = exptrace_thread_at(trace, note->pid, note->ticks);
	if (thread < 0)
		out_of_memory("telling threads apart");
	task = pids_get(&sched->tasks, (uint64_t)thread);
	if (id && !exptrace_pid_changed(trace, note->pid, start))
		*id = (struct id) { sched->generation, task };
	return task;
}

/* The first CPU in [@cpu, @end) with state; @end if there is none. */
static uint32_t next_touched(const struct stat_sched *sched, uint32_t cpu, uint32_t end)
{
	while (cpu < end) {
		uint64_t bits = sched->touched[cpu / 64] >> cpu % 64;

		if (bits) {
			cpu += (uint32_t)__builtin_ctzll(bits);
			return cpu < end ? cpu : end;
		}
		cpu = (cpu / 64 + 1) * 64;
	}
	return end;
}

static void forget_cpu(struct stat_sched *sched, uint32_t cpu)
{
	sched->cpus[cpu] = (struct stat_cpu) { 0 };
	sched->touched[cpu / 64] &= ~(1ULL << cpu % 64);
}

/* The CPUs in [@cpu, @end) were offline when the generation began, at @ticks. */
static void end_range(struct stat_sched *sched, uint64_t cpu, uint64_t end, uint64_t ticks)
{
	uint32_t i = cpu < STAT_CPUS ? (uint32_t)cpu : STAT_CPUS;
	uint32_t last = end < STAT_CPUS ? (uint32_t)end : STAT_CPUS;

	while ((i = next_touched(sched, i, last)) < last) {
		if (sched->cpus[i].known)
			account(sched, &sched->cpus[i], ticks);
		forget_cpu(sched, i);
	}
}

/* Ends the time of tasks on CPUs that were offline when the generation began, at @ticks. */
static void end_offline(struct stat_sched *sched, uint64_t ticks)
{
	const struct cpus *online = &sched->online;
	uint64_t cpu = 0;
	size_t i;

	if (!sched->has_online)
		return;
	for (i = 0; i < online->n; i++) {
		end_range(sched, cpu, online->ranges[i].first, ticks);
		cpu = online->ranges[i].last + 1;
	}
	end_range(sched, cpu, STAT_CPUS, ticks);
}

static bool stat_was_online(const struct stat_sched *sched, uint32_t cpu)
{
	return !sched->has_online || cpus_has(&sched->online, cpu);
}

/* Since when the first task seen on the CPU has run there: @start, or 0 if that is not known. */
static uint64_t start_on(const struct stat_sched *sched, uint32_t cpu, uint64_t start)
{
	return !sched->cpus[cpu].known && stat_was_online(sched, cpu) ? start : 0;
}

static void read_online(struct stat_sched *sched, const struct exptrace_trace *trace)
{
	const char *online = exptrace_property(trace, "online");

	sched->has_online = online;
	if (online && cpus_read(&sched->online, online))
		out_of_memory("reading which CPUs are online");
}

static struct stat_cpu *get_stat_cpu(struct stat_sched *sched, const struct exptrace_trace *trace,
				uint16_t number)
{
	struct stat_cpu *cpu = &sched->cpus[number];

	sched->touched[number / 64] |= 1ULL << number % 64;
	if (cpu->generation != sched->generation) {
		cpu->generation = sched->generation;
		cpu->whole = exptrace_runs_known(trace, number);
	}
	return cpu;
}

void stat_sched_generation(struct stat_sched *sched, struct exptrace_trace *trace)
{
	const struct exptrace_sync *first = exptrace_sync_at(trace, 0);
	uint64_t start = first ? first->ticks : 0;
	const struct note *note;
	struct stat_task *task;
	struct stat_cpu *cpu;
	size_t i;

	read_online(sched, trace);
	end_offline(sched, start);
	for (i = 0; i < sched->nnotes; i++) {
		note = &sched->notes[i];
		task = find_stat_task(sched, trace, note, start);
		cpu = get_stat_cpu(sched, trace, note->cpu);
		if (note->kind == ROLE_SWITCH)
			switch_to(sched, cpu, task, note);
		else if (note->kind == ROLE_CURRENT)
			note_current(cpu, task, note, start_on(sched, note->cpu, start));
		else if (task)
			task->wakeups++;
	}
	sched->nnotes = 0;
	sched->generation++;
}

void stat_sched_end(struct stat_sched *sched, uint64_t ticks, double ns_per_tick)
{
	struct stat_task *task;
	uint32_t cpu = 0;

	while ((cpu = next_touched(sched, cpu, STAT_CPUS + 1)) <= STAT_CPUS) {
		/* if switches may be missing, it is not known how long the last task ran */
		if (sched->cpus[cpu].whole && cpu < STAT_CPUS)
			account(sched, &sched->cpus[cpu], ticks);
		forget_cpu(sched, cpu);
	}
	for (task = sched->ran; task; task = task->next) {
		task->ns += (double)task->ticks * ns_per_tick;
		task->ticks = 0;
		task->ran = false;
	}
	sched->ran = NULL;
}

static int stat_task_by_time(const void *a, const void *b)
{
	const struct pids_ranked *x = a, *y = b;
	const struct stat_task *p = x->element, *q = y->element;

	if (p->ns < q->ns || p->ns > q->ns)
		return p->ns < q->ns ? 1 : -1;
	return x->pid < y->pid ? -1 : 1;
}

static bool stat_task_is_shown(const void *element)
{
	const struct stat_task *task = element;

	return task->ns > 0 || task->switches || task->wakeups;
}

static void print_task(const struct stat_task *task, double seconds)
{
	double percent = seconds > 0 ? task->ns / seconds / 1e7 : 0;

	printf(" %12.3f %7.2f%% %10llu %10llu\n", task->ns / NSEC_PER_MSEC, percent,
	       (unsigned long long)task->switches, (unsigned long long)task->wakeups);
}

void stat_sched_print(const struct stat_sched *sched, const struct exptrace_trace *trace,
		      double seconds, unsigned int max)
{
	const struct stat_task *idle;
	struct pids_ranked *ranked;
	size_t n, i;

	if (!sched->nswitches && !sched->tasks.beyond)
		return;
	ranked = pids_rank(&sched->tasks, stat_task_is_shown, stat_task_by_time, &n);
	printf("\nTasks: %zu, the busiest (100%% is one CPU):\n", n);
	printf("  %8s  %-16s %12s %8s %10s %10s\n", "pid", "comm", "ms on CPU", "CPU",
	       "switches", "wakeups");
	for (i = 0; i < n && i < max; i++) {
		printf("  ");
		print_thread(trace, (uint64_t)ranked[i].pid);
		print_task(ranked[i].element, seconds);
	}
	idle = pids_find(&sched->tasks, 0);
	if (idle && stat_task_is_shown(idle)) {
		printf("  %8d  %-*s", 0, COMM_WIDTH, "<idle>");
		print_task(idle, seconds);
	}
	if (sched->tasks.beyond)
		printf("  without %llu events of threads beyond the first %d\n",
		       (unsigned long long)sched->tasks.beyond, PIDS_MAX - 1);
	free(ranked);
}
