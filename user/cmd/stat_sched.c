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

#include "output.h"
#include "stat.h"

#define PID_MAX		(1 << 22)
#define PAGE_SHIFT	10
#define PAGE_PIDS	(1 << PAGE_SHIFT)
#define NSEC_PER_MSEC	1e6

struct stat_task {
	uint64_t ticks;
	uint64_t switches;	/* on to a CPU */
	uint64_t wakeups;
};

struct stat_cpu {
	bool known;		/* who runs */
	struct stat_task *task;	/* NULL: a pid that cannot be */
	uint64_t since;		/* ticks */
};

/* What an event tells, by its description's index. */
enum meaning { MEANS_UNKNOWN, MEANS_NOTHING, MEANS_CURRENT, MEANS_SWITCH, MEANS_WAKEUP };

struct stat_event {
	uint8_t meaning;
	uint32_t arg;
};

struct stat_sched {
	struct stat_event *events;
	size_t nevents;
	uint64_t nswitches;
	struct stat_cpu cpus[STAT_CPUS + 1];
	struct stat_task *pages[PID_MAX >> PAGE_SHIFT];
};

static const struct {
	const char *name;
	const char *arg;
	enum meaning meaning;
} meanings[] = {
	{ "current", "pid", MEANS_CURRENT },
	{ "sched_switch", "next_pid", MEANS_SWITCH },
	{ "sched_wakeup", "pid", MEANS_WAKEUP },
	{ "sched_wakeup_new", "pid", MEANS_WAKEUP },
};

struct stat_sched *stat_sched_new(void)
{
	return calloc(1, sizeof(struct stat_sched));
}

void stat_sched_free(struct stat_sched *sched)
{
	size_t i;

	if (!sched)
		return;
	for (i = 0; i < PID_MAX >> PAGE_SHIFT; i++)
		free(sched->pages[i]);
	free(sched->events);
	free(sched);
}

/* NULL for pids that cannot be, and without memory. */
static inline struct stat_task *get_task(struct stat_sched *sched, int64_t pid)
{
	struct stat_task **page;

	if (pid < 0 || pid >= PID_MAX)
		return NULL;
	page = &sched->pages[pid >> PAGE_SHIFT];
	if (!*page)
		*page = calloc(PAGE_PIDS, sizeof(**page));
	return *page ? *page + (pid & (PAGE_PIDS - 1)) : NULL;
}

static struct stat_event find_meaning(const struct exptrace_schema_event *event)
{
	size_t i;
	uint32_t arg;

	for (i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		for (arg = 0; arg < event->nargs; arg++)
			if (!strcmp(event->name, meanings[i].name) &&
			    !strcmp(event->args[arg].name, meanings[i].arg))
				return (struct stat_event) { meanings[i].meaning, arg };
	return (struct stat_event) { MEANS_NOTHING, 0 };
}

static const struct stat_event *get_meaning(struct stat_sched *sched,
					    const struct exptrace_schema_event *event)
{
	static const struct stat_event nothing = { MEANS_NOTHING, 0 };

	if (event->index >= sched->nevents) {
		size_t n = 2 * (size_t)event->index + 64;
		struct stat_event *events = realloc(sched->events, n * sizeof(*events));

		if (!events)
			return &nothing;
		memset(events + sched->nevents, 0, (n - sched->nevents) * sizeof(*events));
		sched->events = events;
		sched->nevents = n;
	}
	if (sched->events[event->index].meaning == MEANS_UNKNOWN)
		sched->events[event->index] = find_meaning(event);
	return &sched->events[event->index];
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
			struct stat_cpu *cpu, int64_t pid, uint64_t ticks)
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
	cpu->task = get_task(sched, pid);
}

static void switch_to(struct stat_sched *sched, struct stat_cpu *cpu, int64_t pid, uint64_t ticks)
{
	struct stat_task *task = get_task(sched, pid);

	account(cpu, ticks);
	cpu->known = true;
	cpu->task = task;
	sched->nswitches++;
	if (task)
		task->switches++;
}

void stat_sched_event(struct stat_sched *sched, const struct exptrace_trace *trace,
		      const struct exptrace_record *record)
{
	const struct stat_event *event = get_meaning(sched, record->event);
	struct stat_cpu *cpu = &sched->cpus[stat_cpu(record->cpu)];
	struct stat_task *task;
	uint64_t pid;

	if (event->meaning == MEANS_NOTHING || record->event->experiment)
		return;
	pid = record->args[event->arg].u64;
	if (pid >= PID_MAX)
		return;
	switch (event->meaning) {
	case MEANS_CURRENT:
		set_current(sched, trace, cpu, (int64_t)pid, record->ticks);
		break;
	case MEANS_SWITCH:
		switch_to(sched, cpu, (int64_t)pid, record->ticks);
		break;
	case MEANS_WAKEUP:
		task = get_task(sched, (int64_t)pid);
		if (task)
			task->wakeups++;
		break;
	}
}

void stat_sched_forget(struct stat_sched *sched)
{
	memset(sched->cpus, 0, sizeof(sched->cpus));
}

void stat_sched_end(struct stat_sched *sched, uint64_t ticks)
{
	uint32_t i;

	for (i = 0; i < STAT_CPUS; i++)
		account(&sched->cpus[i], ticks);
}

struct ranked {
	int64_t pid;
	const struct stat_task *task;
};

static int by_ticks(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->task->ticks != y->task->ticks)
		return x->task->ticks < y->task->ticks ? 1 : -1;
	return x->pid < y->pid ? -1 : 1;
}

static bool has_any(const struct stat_task *task)
{
	return task->ticks || task->switches || task->wakeups;
}

/* All tasks that were seen, the idle task left out. */
static struct ranked *rank_tasks(const struct stat_sched *sched, size_t *n)
{
	struct ranked *ranked = NULL;
	int64_t pid;
	size_t room = 0;

	for (*n = 0, pid = 1; pid < PID_MAX; pid++) {
		const struct stat_task *page = sched->pages[pid >> PAGE_SHIFT];

		if (!page) {
			pid |= PAGE_PIDS - 1;
			continue;
		}
		if (!has_any(page + (pid & (PAGE_PIDS - 1))))
			continue;
		if (*n == room) {
			struct ranked *more;

			room = room ? 2 * room : 256;
			more = realloc(ranked, room * sizeof(*ranked));
			if (!more)
				break;
			ranked = more;
		}
		ranked[(*n)++] = (struct ranked) { pid, page + (pid & (PAGE_PIDS - 1)) };
	}
	if (*n)
		qsort(ranked, *n, sizeof(*ranked), by_ticks);
	return ranked;
}

static void print_task(const struct stat_task *task, int64_t pid, const char *comm,
		       const struct stat_time *time)
{
	double ns = (double)task->ticks * time->ns_per_tick;
	double percent = time->seconds > 0 ? ns / time->seconds / 1e7 : 0;

	printf("  %8lld  %-16s %12.3f %7.2f%% %10llu %10llu\n", (long long)pid,
	       comm ? comm : "<...>", ns / NSEC_PER_MSEC, percent,
	       (unsigned long long)task->switches, (unsigned long long)task->wakeups);
}

void stat_sched_print(const struct stat_sched *sched, const struct exptrace_trace *trace,
		      const struct stat_time *time, unsigned int max)
{
	const struct stat_task *idle = sched->pages[0];
	struct ranked *ranked;
	size_t n, i;

	if (!sched->nswitches)
		return;
	ranked = rank_tasks(sched, &n);
	printf("\nTasks: %zu, the busiest (100%% is one CPU):\n", n);
	printf("  %8s  %-16s %12s %8s %10s %10s\n", "pid", "comm", "ms on CPU", "CPU",
	       "switches", "wakeups");
	for (i = 0; i < n && i < max; i++)
		print_task(ranked[i].task, ranked[i].pid, exptrace_comm(trace, ranked[i].pid),
			   time);
	if (idle && has_any(idle))
		print_task(idle, 0, "<idle>", time);
	free(ranked);
}
