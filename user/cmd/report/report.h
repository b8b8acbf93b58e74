/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What exptrace report works out from the events in the order of time.
 *
 * Each part has its own state. It is fed with events of generations that have lost
 * none; where such generations end, it forgets what was going on.
 */
#ifndef EXPTRACE_REPORT_H
#define EXPTRACE_REPORT_H

#include <libexptrace.h>

#include "../../common/cpus.h"
#include "../../common/index.h"
#include "../histogram.h"
#include "../event_role.h"
#include "../pids.h"

/* What all parts need to know. */
struct report_view {
	struct exptrace_trace *trace;
	struct pids *ids;	/* who has them, for report_thread() */
	uint64_t start_ns;	/* of the generation at hand, CLOCK_MONOTONIC */
	bool tells_online;	/* it tells which CPUs ran as it began: */
	struct cpus online;
	double covered_ns;	/* of all generations that count */
	uint64_t lines;		/* most lines of a table */
};

/*
 * The number of the thread that has this id as of the event at hand; threads are told apart by
 * that. UINT64_MAX: not known.
 */
uint64_t report_thread(const struct report_view *view, uint64_t pid);

/* The name of what begins with @kind: an interrupt, a soft interrupt or a system call; or NULL. */
const char *report_name(const struct exptrace_trace *trace, enum event_role_kind kind,
			uint64_t number);

/* ",\"name\":\"...\"", if there is one. */
void report_json_name(struct output *output, const char *key, const char *name);
void report_json_number(struct output *output, const char *key, uint64_t value);

/* Makes room for element @i of @array; new elements are zero. Ends without memory. */
void *report_reach(void *array, size_t i, size_t *room, size_t size);

/* report_sched.c: who ran, waited and slept, and for how long. */
struct report_sched;

struct report_sched *report_sched_new(void);
void report_sched_free(struct report_sched *sched);
/* Returns how long who runs now had waited since a wake-up, in nanoseconds; or NOT_WOKEN. */
#define NOT_WOKEN	UINT64_MAX
uint64_t report_sched_event(struct report_sched *sched, const struct report_view *view,
			    const struct event_role *role, const struct exptrace_record *record);
/* What comes next does not follow what was before @ns; @limited: not all switches were recorded. */
void report_sched_forget(struct report_sched *sched, uint64_t ns, bool limited);
void report_sched_print(struct report_sched *sched, const struct report_view *view);
void report_sched_json(struct report_sched *sched, const struct report_view *view,
		       struct output *output);

/* report_wakers.c: who woke whom, and how long that waited. */
struct report_wakers;

struct report_wakers *report_wakers_new(void);
void report_wakers_free(struct report_wakers *wakers);
void report_wakers_event(struct report_wakers *wakers, const struct report_view *view,
			 const struct event_role *role, const struct exptrace_record *record);
/* Who was woken last time runs, @waited nanoseconds after its wake-up. */
void report_wakers_run(struct report_wakers *wakers, const struct report_view *view,
		       const struct event_role *role, const struct exptrace_record *record,
		       uint64_t waited);
void report_wakers_forget(struct report_wakers *wakers);
void report_wakers_print(struct report_wakers *wakers, const struct report_view *view);
void report_wakers_json(struct report_wakers *wakers, const struct report_view *view,
			struct output *output);

/* report_spans.c: what begins and ends: interrupts and system calls. */
struct report_spans;

struct report_spans *report_spans_new(void);
void report_spans_free(struct report_spans *spans);
void report_spans_event(struct report_spans *spans, const struct report_view *view,
			const struct event_role *role, const struct exptrace_record *record);
void report_spans_forget(struct report_spans *spans);
void report_spans_print(struct report_spans *spans, const struct report_view *view);
void report_spans_json(struct report_spans *spans, const struct report_view *view,
		       struct output *output);

/* report_named.c: times by name. */
struct report_named {
	struct histogram histogram;
	size_t len;
	char name[];		/* terminated */
};

struct report_named_list {
	struct index index;	/* key, hash of the name to its place in rows */
	struct report_named **rows;
	size_t room;
	uint64_t unended;	/* beginnings without their end, where that is counted */
	uint64_t unmatched;	/* ends without their beginning */
};

/*
 * The one with this name and @key, which tells apart those that have the same name; it is
 * added if it is new, and stays where it is. Ends without memory.
 */
struct report_named *report_named_get(struct report_named_list *list, uint64_t key,
				      const char *name, size_t len);
void report_named_uninit(struct report_named_list *list);
/*
 * Those that ended: at most @lines, out of the first @among with those that did not. They are
 * sorted, so none can be found or added any more.
 */
void report_named_print(struct report_named_list *list, const char *title, const char *what,
			uint64_t among, uint64_t lines);
void report_named_json(struct report_named_list *list, const char *key, const char *what,
		       struct output *output);

/* report_functions.c: the functions of timers and works. */
struct report_functions;

struct report_functions *report_functions_new(void);
void report_functions_free(struct report_functions *functions);
void report_functions_event(struct report_functions *functions, const struct report_view *view,
			    const struct event_role *role, const struct exptrace_record *record);
void report_functions_forget(struct report_functions *functions);
void report_functions_print(struct report_functions *functions, const struct report_view *view);
void report_functions_json(struct report_functions *functions, struct output *output);

/* report_regions.c: the regions that programs mark. */
struct report_regions;

struct report_regions *report_regions_new(void);
void report_regions_free(struct report_regions *regions);
void report_regions_event(struct report_regions *regions, const struct report_view *view,
			  const struct event_role *role, const struct exptrace_record *record);
void report_regions_forget(struct report_regions *regions);
void report_regions_print(struct report_regions *regions, const struct report_view *view);
void report_regions_json(struct report_regions *regions, struct output *output);

#endif /* EXPTRACE_REPORT_H */
