// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who woke whom, how often, and how long the woken task waited until it ran.
 *
 * sched_waking happens where the waker runs. sched_wakeup may happen on the CPU where the task will
 * run, in an interrupt sent by the waker, so it is used only if the trace has no sched_waking. Each
 * sched_waking is followed by a sched_wakeup, which starts the wait.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/index.h"
#include "../cmd.h"
#include "../histogram.h"
#include "../json.h"
#include "../pids.h"
#include "../print.h"
#include "report.h"

#define PERCENT		100.0
#define NSEC_PER_USEC	1e3

/* Wakers that are not tasks have numbers above those of all threads: this plus the context. */
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

/* Who woke a thread: places in the lists plus 1; 0: not known. */
struct woken {
	uint32_t epoch;		/* in which the rest is valid */
	uint32_t noted;		/* by the last sched_waking that has no sched_wakeup yet */
	uint32_t waking, wakeup;
};

struct wakers {
	struct pairs waking, wakeup;
	struct pids threads;	/* struct woken */
	uint32_t epoch;
};

static void *wakers_create(void)
{
	struct wakers *wakers = need_memory(calloc(1, sizeof(*wakers)), "beginning the report");

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

static void wakers_destroy(void *state)
{
	struct wakers *wakers = state;
	pairs_uninit(&wakers->waking);
	pairs_uninit(&wakers->wakeup);
	pids_uninit(&wakers->threads);
	free(wakers);
}

static void wakers_forget(void *state, uint64_t ns, bool limited)
{
	struct wakers *wakers = state;

	(void)ns;
	(void)limited;
	wakers->epoch++;
}

/* Returns the pair's place plus 1. */
static uint32_t pairs_add(struct pairs *pairs, uint64_t waker, uint64_t woken)
{
	int64_t i = index_get(&pairs->index, waker, woken);

	if (i < 0)
		out_of_memory("adding up wake-ups");
	reach_memory(&pairs->list, (size_t)i, &pairs->room, sizeof(*pairs->list),
		     "adding up wake-ups");
	pairs->list[i].waker = waker;
	pairs->list[i].woken = woken;
	pairs->list[i].count++;
	pairs->count++;
	return (uint32_t)i + 1;
}

static struct woken *get_woken(struct wakers *wakers, uint64_t thread)
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

static void note_waker(struct wakers *wakers, const struct report_view *view,
		       const struct report_event *event)
{
	uint64_t thread = report_thread(view, report_arg(event, 0));
	bool waking = event->role->kind == ROLE_WAKING;
	struct woken *woken = get_woken(wakers, thread);
	uint32_t pair;

	if (!woken)
		return;
	pair = pairs_add(waking ? &wakers->waking : &wakers->wakeup,
			 waker_of(view, event->record), thread);
	if (waking) {
		woken->noted = pair;
		return;
	}
	woken->wakeup = pair;
	woken->waking = woken->noted;
	woken->noted = 0;
}

/* A task that was woken now runs. */
static void note_run(struct wakers *wakers, const struct report_view *view,
		     const struct report_event *event)
{
	struct woken *woken = get_woken(wakers, report_thread(view, report_arg(event, 0)));
	const struct exptrace_record *record = event->record;

	if (woken && woken->wakeup)
		histogram_add(&wakers->wakeup.list[woken->wakeup - 1].latency, event->waited,
			      record->ns, record->cpu);
	if (woken && woken->waking)
		histogram_add(&wakers->waking.list[woken->waking - 1].latency, event->waited,
			      record->ns, record->cpu);
}

static void wakers_event(void *state, const struct report_view *view, struct report_event *event)
{
	if (event->role->kind != ROLE_SWITCH)
		note_waker(state, view, event);
	else if (event->waited != NOT_WOKEN)
		note_run(state, view, event);
}

static int pair_by_count(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	if (x->waker != y->waker)
		return x->waker < y->waker ? -1 : 1;
	return x->woken < y->woken ? -1 : 1;
}

/* Sorts the pairs of the better event, most frequent first; the index is invalid afterwards. */
static const struct pairs *sort_pairs(struct wakers *wakers)
{
	struct pairs *pairs = wakers->waking.count ? &wakers->waking : &wakers->wakeup;

	if (pairs->index.n)
		qsort(pairs->list, pairs->index.n, sizeof(*pairs->list), pair_by_count);
	return pairs;
}

static const char *waker_name(const struct report_view *view, uint64_t waker)
{
	static const char *const contexts[EXPTRACE_NR_CONTEXTS] = {
		"?", "(softirq)", "(hardirq)", "(NMI)",
	};

	if (waker == WAKER_UNKNOWN)
		return "(unknown)";
	if (waker >= WAKER_CONTEXT)
		return contexts[waker - WAKER_CONTEXT];
	return thread_name(view->trace, waker);
}

static void pair_print_latency(const struct histogram *latency)
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
	pair_print_latency(&pair->latency);
}

/* The run-queue latencies of all tasks, except those after preemption. */
static struct histogram sum_latencies(const struct pairs *pairs)
{
	struct histogram all = { 0 };
	size_t i;

	for (i = 0; i < pairs->index.n; i++)
		histogram_merge(&all, &pairs->list[i].latency);
	return all;
}

static void print_all_pairs(const struct pairs *pairs)
{
	struct histogram all = sum_latencies(pairs);

	putchar('\n');
	histogram_print(&all);
	if (all.count < pairs->count)
		printf("  %" PRIu64 " of them have no latency: the task was not asleep, or was not seen to "
		       "run\n", pairs->count - all.count);
	histogram_uninit(&all);
}

static void wakers_print(void *state, const struct report_view *view)
{
	struct wakers *wakers = state;
	const struct pairs *pairs = sort_pairs(wakers);
	size_t i;

	if (!pairs->count)
		return;
	printf("\nWho woke whom: %" PRIu64 " wake-ups, most frequent first, and the time until "
	       "the woken task ran\n", pairs->count);
	if (pairs == &wakers->wakeup)
		printf("  by sched_wakeup: a wake-up from another CPU may count for the task that it "
		       "interrupted; sched_waking avoids that\n");
	printf("  %10s %7s  %8s  %-16s  ->  %8s  %-16s %10s %10s %10s%s\n", "count", "share", "pid",
	       "waker", "pid", "woken", "p50 us", "p99 us", "max us", histogram_word_heading);
	for (i = 0; i < pairs->index.n && i < view->lines; i++)
		print_pair(view, pairs, &pairs->list[i]);
	print_all_pairs(pairs);
}

static void wakers_json(void *state, const struct report_view *view, struct output *output)
{
	struct wakers *wakers = state;
	const struct pairs *pairs = sort_pairs(wakers);
	struct histogram all = sum_latencies(pairs);
	size_t i;

	output_text(output, ",\"wakers\":[");
	for (i = 0; i < pairs->index.n; i++) {
		const struct pair *pair = &pairs->list[i];

		json_number(output, i ? ",{\"count\":" : "{\"count\":", pair->count);
		if (pair->waker < WAKER_CONTEXT)
			json_number(output, ",\"waker_pid\":",
					   (uint64_t)exptrace_thread_pid(view->trace,
									 pair->waker));
		json_string(output, ",\"waker\":", waker_name(view, pair->waker));
		json_number(output, ",\"woken_pid\":",
				   (uint64_t)exptrace_thread_pid(view->trace, pair->woken));
		json_string(output, ",\"woken\":", waker_name(view, pair->woken));
		if (pair->latency.count)
			histogram_json(output, ",\"latency\":{", &pair->latency);
		output_char(output, '}');
	}
	histogram_json(output, "],\"wakeup_latency\":{", &all);
	histogram_uninit(&all);
}

const struct report_table report_wakers = {
	.roles = ROLE_BIT(ROLE_WAKING) |
		 ROLE_BIT(ROLE_WAKEUP) |
		 ROLE_BIT(ROLE_SWITCH),
	.create = wakers_create,
	.destroy = wakers_destroy,
	.event = wakers_event,
	.forget = wakers_forget,
	.print = wakers_print,
	.json = wakers_json,
};
