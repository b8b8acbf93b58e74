// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who woke whom, how often, and how long it took until that ran.
 *
 * sched_waking happens where the waker runs. sched_wakeup may happen on the CPU where the
 * task will run, in an interrupt that the waker sent there; so it serves only if the
 * trace has no sched_waking. Each sched_waking is followed by its sched_wakeup, from which
 * on the task waits.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/index.h"
#include "../cmd.h"
#include "../pids.h"
#include "report.h"

#define PERCENT		100.0
#define NSEC_PER_USEC	1e3

/* Wakers that are no tasks: the contexts beyond 0, above all threads' numbers. */
#define WAKER_CONTEXT	(1ULL << 40)
#define WAKER_UNKNOWN	(1ULL << 41)

struct pair {
	uint64_t waker, woken;
	uint64_t count;
	struct histogram latency;	/* from the wake-up to running */
};

struct pairs {
	struct index index;	/* (waker, woken) to its place in list */
	struct pair *list;
	size_t room;
	uint64_t count;
};

/* By whom a thread was woken: places in the lists and 1; 0: not known. */
struct woken {
	uint32_t epoch;		/* valid in this one */
	uint32_t noted;		/* by the last sched_waking, which has no sched_wakeup yet */
	uint32_t waking, wakeup;
};

struct report_wakers {
	struct pairs waking, wakeup;
	struct pids threads;	/* struct woken */
	uint32_t epoch;
};

struct report_wakers *report_wakers_new(void)
{
	struct report_wakers *wakers = need_memory(calloc(1, sizeof(*wakers)), "beginning the report");

	wakers->threads.size = sizeof(struct woken);
	wakers->epoch = 1;
	return wakers;
}

static void pairs_uninit(struct pairs *pairs)
{
	uint32_t i;

	for (i = 0; i < pairs->index.n; i++)
		histogram_uninit(&pairs->list[i].latency);
	index_uninit(&pairs->index);
	free(pairs->list);
}

void report_wakers_free(struct report_wakers *wakers)
{
	if (!wakers)
		return;
	pairs_uninit(&wakers->waking);
	pairs_uninit(&wakers->wakeup);
	pids_uninit(&wakers->threads);
	free(wakers);
}

void report_wakers_forget(struct report_wakers *wakers)
{
	wakers->epoch++;
}

/* Grows with the pairs that there are, at powers of two. Returns the pair's place and 1. */
static uint32_t pairs_add(struct pairs *pairs, uint64_t waker, uint64_t woken)
{
	int64_t i = index_get(&pairs->index, waker, woken);
	size_t room = pairs->room ? 2 * pairs->room : 256;

	if (i < 0)
		out_of_memory("adding up wake-ups");
	if ((size_t)i >= pairs->room) {
		pairs->list = grow_memory(pairs->list, room, sizeof(*pairs->list),
					  "adding up wake-ups");
		memset(pairs->list + pairs->room, 0, (room - pairs->room) * sizeof(*pairs->list));
		pairs->room = room;
	}
	pairs->list[i].waker = waker;
	pairs->list[i].woken = woken;
	pairs->list[i].count++;
	pairs->count++;
	return (uint32_t)i + 1;
}

static struct woken *get_woken(struct report_wakers *wakers, uint64_t thread)
{
	struct woken *woken = pids_get(&wakers->threads, thread);

	if (woken && woken->epoch != wakers->epoch)
		*woken = (struct woken) { .epoch = wakers->epoch };
	return woken;
}

static uint64_t waker_of(const struct report_view *view, const struct exptrace_record *record)
{
	uint64_t thread;

	if (record->context != EXPTRACE_CONTEXT_TASK && record->context < EXPTRACE_NR_CONTEXTS)
		return WAKER_CONTEXT + record->context;
	thread = report_thread(view, (uint64_t)record->pid);
	return thread == UINT64_MAX ? WAKER_UNKNOWN : thread;
}

void report_wakers_event(struct report_wakers *wakers, const struct report_view *view,
			 const struct event_role *role, const struct exptrace_record *record)
{
	uint64_t thread = report_thread(view, record->args[role->args[0]].u64);
	bool waking = role->kind == ROLE_WAKING;
	struct woken *woken = get_woken(wakers, thread);
	uint32_t pair;

	if (!woken)
		return;
	pair = pairs_add(waking ? &wakers->waking : &wakers->wakeup, waker_of(view, record),
			 thread);
	if (waking) {
		woken->noted = pair;
		return;
	}
	woken->wakeup = pair;
	woken->waking = woken->noted;
	woken->noted = 0;
}

void report_wakers_run(struct report_wakers *wakers, const struct report_view *view,
		       const struct event_role *role, const struct exptrace_record *record,
		       uint64_t waited)
{
	uint64_t thread = report_thread(view, record->args[role->args[0]].u64);
	struct woken *woken = get_woken(wakers, thread);

	if (woken && woken->wakeup)
		histogram_add(&wakers->wakeup.list[woken->wakeup - 1].latency, waited, record->ns,
			      record->cpu);
	if (woken && woken->waking)
		histogram_add(&wakers->waking.list[woken->waking - 1].latency, waited, record->ns,
			      record->cpu);
}

static int by_count(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	if (x->waker != y->waker)
		return x->waker < y->waker ? -1 : 1;
	return x->woken < y->woken ? -1 : 1;
}

/* Those of the better event, the most frequent first; the index no longer fits. */
static const struct pairs *sort_pairs(struct report_wakers *wakers)
{
	struct pairs *pairs = wakers->waking.count ? &wakers->waking : &wakers->wakeup;

	if (pairs->index.n)
		qsort(pairs->list, pairs->index.n, sizeof(*pairs->list), by_count);
	return pairs;
}

static const char *waker_name(const struct report_view *view, uint64_t waker)
{
	static const char *const contexts[EXPTRACE_NR_CONTEXTS] = {
		"?", "(softirq)", "(hardirq)", "(NMI)",
	};
	const char *comm;

	if (waker == WAKER_UNKNOWN)
		return "(unknown)";
	if (waker >= WAKER_CONTEXT)
		return contexts[waker - WAKER_CONTEXT];
	comm = exptrace_thread_comm(view->trace, waker);
	return comm ? comm : "<...>";
}

static void print_latency(const struct histogram *latency)
{
	if (latency->count)
		printf(" %10.1f %10.1f %10.1f",
		       (double)histogram_quantile(latency, 50) / NSEC_PER_USEC,
		       (double)histogram_quantile(latency, 99) / NSEC_PER_USEC,
		       (double)latency->max / NSEC_PER_USEC);
	else
		printf(" %10s %10s %10s", "-", "-", "-");
	histogram_print_word(latency);
	putchar('\n');
}

static void print_pair(const struct report_view *view, const struct pairs *pairs,
		       const struct pair *pair)
{
	char pid[24] = "-";

	if (pair->waker < WAKER_CONTEXT)
		snprintf(pid, sizeof(pid), "%" PRId64,
			 exptrace_thread_pid(view->trace, pair->waker));
	printf("  %10" PRIu64 " %6.2f%%  %8s  ", pair->count,
	       PERCENT * (double)pair->count / (double)pairs->count, pid);
	print_name(waker_name(view, pair->waker), COMM_WIDTH);
	printf("  ->  %8" PRId64 "  ", exptrace_thread_pid(view->trace, pair->woken));
	print_name(waker_name(view, pair->woken), COMM_WIDTH);
	print_latency(&pair->latency);
}

/* The run-queue latencies of all tasks, but for those after preemption. */
static struct histogram sum_latencies(const struct pairs *pairs)
{
	struct histogram all = { 0 };
	size_t i;

	for (i = 0; i < pairs->index.n; i++)
		histogram_merge(&all, &pairs->list[i].latency);
	return all;
}

static void print_all(const struct pairs *pairs)
{
	struct histogram all = sum_latencies(pairs);

	putchar('\n');
	histogram_print(&all);
	if (all.count < pairs->count)
		printf("  %" PRIu64 " of them ended no sleep, or what they woke was not seen to run: no "
		       "latency\n", pairs->count - all.count);
	histogram_uninit(&all);
}

void report_wakers_print(struct report_wakers *wakers, const struct report_view *view)
{
	const struct pairs *pairs = sort_pairs(wakers);
	size_t i;

	if (!pairs->count)
		return;
	printf("\nWho woke whom: %" PRIu64 " wake-ups, the most frequent first; and how long it "
	       "took until that ran\n", pairs->count);
	if (pairs == &wakers->wakeup)
		printf("  by sched_wakeup: one from another CPU may count for what it interrupted; "
		       "sched_waking knows better\n");
	printf("  %10s %7s  %8s  %-16s  ->  %8s  %-16s %10s %10s %10s%s\n", "count", "share", "pid",
	       "waker", "pid", "woken", "p50 us", "p99 us", "max us", histogram_word_heading);
	for (i = 0; i < pairs->index.n && i < view->lines; i++)
		print_pair(view, pairs, &pairs->list[i]);
	print_all(pairs);
}

void report_wakers_json(struct report_wakers *wakers, const struct report_view *view,
			struct output *output)
{
	const struct pairs *pairs = sort_pairs(wakers);
	struct histogram all = sum_latencies(pairs);
	size_t i;

	output_text(output, ",\"wakers\":[");
	for (i = 0; i < pairs->index.n; i++) {
		const struct pair *pair = &pairs->list[i];

		report_json_number(output, i ? ",{\"count\":" : "{\"count\":", pair->count);
		if (pair->waker < WAKER_CONTEXT)
			report_json_number(output, ",\"waker_pid\":",
					   (uint64_t)exptrace_thread_pid(view->trace,
									 pair->waker));
		report_json_name(output, ",\"waker\":", waker_name(view, pair->waker));
		report_json_number(output, ",\"woken_pid\":",
				   (uint64_t)exptrace_thread_pid(view->trace, pair->woken));
		report_json_name(output, ",\"woken\":", waker_name(view, pair->woken));
		if (pair->latency.count) {
			output_text(output, ",\"latency\":{");
			histogram_json(output, &pair->latency);
			output_char(output, '}');
		}
		output_char(output, '}');
	}
	output_text(output, "],\"wakeup_latency\":{");
	histogram_json(output, &all);
	output_char(output, '}');
	histogram_uninit(&all);
}
