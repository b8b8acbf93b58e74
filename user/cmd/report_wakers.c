// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who woke whom, how often.
 *
 * sched_waking happens where the waker runs. sched_wakeup may happen on the CPU where the
 * task will run, in an interrupt that the waker sent there; so it serves only if the
 * trace has no sched_waking.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/index.h"
#include "report.h"

/* Wakers that are no tasks: the contexts beyond 0, above all pids. */
#define WAKER_CONTEXT	(1ULL << 40)
#define WAKER_UNKNOWN	(1ULL << 41)

struct pair {
	uint64_t waker, woken;
	uint64_t count;
};

struct pairs {
	struct index index;	/* (waker, woken) to its place in list */
	struct pair *list;
	size_t room;
	uint64_t count;
};

struct report_wakers {
	struct pairs waking, wakeup;
};

struct report_wakers *report_wakers_new(void)
{
	return calloc(1, sizeof(struct report_wakers));
}

static void pairs_uninit(struct pairs *pairs)
{
	index_uninit(&pairs->index);
	free(pairs->list);
}

void report_wakers_free(struct report_wakers *wakers)
{
	if (!wakers)
		return;
	pairs_uninit(&wakers->waking);
	pairs_uninit(&wakers->wakeup);
	free(wakers);
}

/* Grows with the pairs that there are, at powers of two. */
static void pairs_add(struct pairs *pairs, uint64_t waker, uint64_t woken)
{
	int64_t i = index_get(&pairs->index, waker, woken);
	size_t room = pairs->room ? 2 * pairs->room : 256;

	if (i < 0)
		abort();
	if ((size_t)i >= pairs->room) {
		pairs->list = realloc(pairs->list, room * sizeof(*pairs->list));
		if (!pairs->list)
			abort();
		memset(pairs->list + pairs->room, 0, (room - pairs->room) * sizeof(*pairs->list));
		pairs->room = room;
	}
	pairs->list[i].waker = waker;
	pairs->list[i].woken = woken;
	pairs->list[i].count++;
	pairs->count++;
}

static uint64_t waker_of(const struct exptrace_record *record)
{
	if (record->context != EXPTRACE_CONTEXT_TASK && record->context < EXPTRACE_NR_CONTEXTS)
		return WAKER_CONTEXT + record->context;
	return record->pid < 0 ? WAKER_UNKNOWN : (uint64_t)record->pid;
}

void report_wakers_event(struct report_wakers *wakers, const struct meaning *meaning,
			 const struct exptrace_record *record)
{
	uint64_t woken = record->args[meaning->args[0]].u64;

	if (meaning->kind == MEANS_WAKING)
		pairs_add(&wakers->waking, waker_of(record), woken);
	else
		pairs_add(&wakers->wakeup, waker_of(record), woken);
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
	comm = exptrace_comm(view->trace, (int64_t)waker);
	return comm ? comm : "<...>";
}

static void print_pair(const struct report_view *view, const struct pair *pair)
{
	char pid[24] = "-";

	if (pair->waker < WAKER_CONTEXT)
		snprintf(pid, sizeof(pid), "%" PRIu64, pair->waker);
	printf("  %10" PRIu64 "  %8s  %-16s  ->  %8" PRIu64 "  %s\n", pair->count, pid,
	       waker_name(view, pair->waker), pair->woken, waker_name(view, pair->woken));
}

void report_wakers_print(struct report_wakers *wakers, const struct report_view *view)
{
	const struct pairs *pairs = sort_pairs(wakers);
	size_t i;

	if (!pairs->count)
		return;
	printf("\nWho woke whom: %" PRIu64 " wake-ups, the most frequent first\n", pairs->count);
	if (pairs == &wakers->wakeup)
		printf("  by sched_wakeup: one from another CPU may count for what it interrupted; "
		       "sched_waking knows better\n");
	printf("  %10s  %8s  %-16s  ->  %8s  %s\n", "count", "pid", "waker", "pid", "woken");
	for (i = 0; i < pairs->index.n && i < view->lines; i++)
		print_pair(view, &pairs->list[i]);
}

void report_wakers_json(struct report_wakers *wakers, const struct report_view *view,
			struct output *output)
{
	const struct pairs *pairs = sort_pairs(wakers);
	size_t i;

	output_text(output, ",\"wakers\":[");
	for (i = 0; i < pairs->index.n; i++) {
		const struct pair *pair = &pairs->list[i];

		report_json_number(output, i ? ",{\"count\":" : "{\"count\":", pair->count);
		if (pair->waker < WAKER_CONTEXT)
			report_json_number(output, ",\"waker_pid\":", pair->waker);
		report_json_name(output, ",\"waker\":", waker_name(view, pair->waker));
		report_json_number(output, ",\"woken_pid\":", pair->woken);
		report_json_name(output, ",\"woken\":", waker_name(view, pair->woken));
		output_char(output, '}');
	}
	output_char(output, ']');
}
