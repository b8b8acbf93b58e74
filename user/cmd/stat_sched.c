// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who ran on which CPU for how long: from current and sched_switch.
 *
 * The batches of one CPU's task context come in the order of time, so no merge
 * is needed: each CPU has its own clockwork.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "pids.h"
#include "stat.h"

#define NSEC_PER_MSEC	1e6

struct stat_task {
	uint64_t ticks;		/* since the last stat_sched_end() */
	double ns;		/* before */
	uint64_t switches;	/* on to a CPU */
	uint64_t wakeups;
};

struct stat_cpu {
	bool known;		/* who runs */
	struct stat_task *task;	/* NULL: a pid that cannot be */
	uint64_t since;		/* ticks */
};

struct stat_sched {
	uint64_t nswitches;
	struct stat_cpu cpus[STAT_CPUS + 1];
	struct pids tasks;
};

struct stat_sched *stat_sched_new(void)
{
	struct stat_sched *sched = calloc(1, sizeof(*sched));

	if (sched)
		sched->tasks.size = sizeof(struct stat_task);
	return sched;
}

void stat_sched_free(struct stat_sched *sched)
{
	if (!sched)
		return;
	pids_uninit(&sched->tasks);
	free(sched);
}

/* Up to @ticks, the CPU was its task's. */
static void account(struct stat_cpu *cpu, uint64_t ticks)
{
	if (cpu->task && ticks > cpu->since)
		cpu->task->ticks += ticks - cpu->since;
	cpu->since = ticks;
}

/* Who is first seen on a CPU has run there since the generation began. */
static void set_current(struct stat_sched *sched, const struct exptrace_trace *trace,
			struct stat_cpu *cpu, uint64_t pid, uint64_t ticks)
{
	struct exptrace_sync first, last;

	if (cpu->known) {
		account(cpu, ticks);
	} else {
		cpu->known = true;
		cpu->since = ticks;
		if (exptrace_syncs(trace, &first, &last) && first.ticks < ticks)
			cpu->since = first.ticks;
	}
	cpu->task = pids_get(&sched->tasks, pid);
}

static void switch_to(struct stat_sched *sched, struct stat_cpu *cpu, uint64_t pid, uint64_t ticks)
{
	struct stat_task *task = pids_get(&sched->tasks, pid);

	account(cpu, ticks);
	cpu->known = true;
	cpu->task = task;
	sched->nswitches++;
	if (task)
		task->switches++;
}

void stat_sched_event(struct stat_sched *sched, const struct exptrace_trace *trace, uint32_t cpu,
		      enum meaning_kind kind, uint64_t pid, uint64_t ticks)
{
	struct stat_task *task;

	if (pid >= PIDS_MAX)
		return;
	if (kind == MEANS_SWITCH) {
		switch_to(sched, &sched->cpus[cpu], pid, ticks);
	} else if (kind == MEANS_WAKEUP) {
		task = pids_get(&sched->tasks, pid);
		if (task)
			task->wakeups++;
	} else if (kind == MEANS_CURRENT) {
		set_current(sched, trace, &sched->cpus[cpu], pid, ticks);
	}
}

void stat_sched_end(struct stat_sched *sched, uint64_t ticks, double ns_per_tick)
{
	struct stat_task *task;
	uint64_t pid;
	uint32_t i;

	for (i = 0; i < STAT_CPUS; i++)
		account(&sched->cpus[i], ticks);
	memset(sched->cpus, 0, sizeof(sched->cpus));
	for (pid = 0; (task = pids_next(&sched->tasks, &pid)); pid++) {
		task->ns += (double)task->ticks * ns_per_tick;
		task->ticks = 0;
	}
}

static int by_time(const void *a, const void *b)
{
	const struct pids_ranked *x = a, *y = b;
	const struct stat_task *p = x->element, *q = y->element;

	if (p->ns < q->ns || p->ns > q->ns)
		return p->ns < q->ns ? 1 : -1;
	return x->pid < y->pid ? -1 : 1;
}

static bool has_any(const void *element)
{
	const struct stat_task *task = element;

	return task->ns > 0 || task->switches || task->wakeups;
}

static void print_task(const struct stat_task *task, int64_t pid, const char *comm, double seconds)
{
	double percent = seconds > 0 ? task->ns / seconds / 1e7 : 0;

	printf("  %8lld  ", (long long)pid);
	print_name(comm ? comm : "<...>", COMM_WIDTH);
	printf(" %12.3f %7.2f%% %10llu %10llu\n", task->ns / NSEC_PER_MSEC, percent,
	       (unsigned long long)task->switches, (unsigned long long)task->wakeups);
}

void stat_sched_print(const struct stat_sched *sched, const struct exptrace_trace *trace,
		      double seconds, unsigned int max)
{
	const struct stat_task *idle;
	struct pids_ranked *ranked;
	uint64_t pid = 0;
	size_t n, i;

	if (!sched->nswitches)
		return;
	ranked = pids_rank(&sched->tasks, has_any, by_time, &n);
	printf("\nTasks: %zu, the busiest (100%% is one CPU):\n", n);
	printf("  %8s  %-16s %12s %8s %10s %10s\n", "pid", "comm", "ms on CPU", "CPU",
	       "switches", "wakeups");
	for (i = 0; i < n && i < max; i++)
		print_task(ranked[i].element, ranked[i].pid, exptrace_comm(trace, ranked[i].pid),
			   seconds);
	idle = pids_next(&sched->tasks, &pid);
	if (idle && !pid && has_any(idle))
		print_task(idle, 0, "<idle>", seconds);
	free(ranked);
}
