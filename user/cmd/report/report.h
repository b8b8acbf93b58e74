/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tables of exptrace report have in common.
 *
 * Each table is a file of its own and a line in REPORT_TABLES. It gets the events whose roles it
 * names, in order of time, from generations that lost none. Where such generations end, it
 * forgets what was going on.
 */
#ifndef EXPTRACE_REPORT_H
#define EXPTRACE_REPORT_H

#include <libexptrace.h>

#include "../../common/cpus.h"
#include "../event_role.h"
#include "../output.h"
#include "../pids.h"
#include "coverage.h"

/* What every table needs to know. */
struct report_view {
	struct exptrace_trace *trace;
	struct coverage coverage;
	struct pids *ids;	/* for report_thread() */
	bool has_online;	/* the trace has the CPUs that were online at the start: */
	struct cpus online;
	uint64_t lines;		/* most lines of a table */
};

void report_view_init(struct report_view *view, struct exptrace_trace *trace);
void report_view_uninit(struct report_view *view);

/* To be called when a generation begins. */
void report_view_begin(struct report_view *view, const struct exptrace_generation *generation);

/*
 * The number of the thread that has @pid as of the current event; unlike pids, numbers are not
 * reused. UINT64_MAX: not known.
 */
uint64_t report_thread(const struct report_view *view, uint64_t pid);

#define NOT_WOKEN	UINT64_MAX

struct report_event {
	const struct exptrace_record *record;
	const struct event_role *role;
	/*
	 * At a switch: how long the next task waited since its wake-up, in nanoseconds, or
	 * NOT_WOKEN. The sched table sets this for the tables after it.
	 */
	uint64_t waited;
};

/* An argument of the event, in the order of enum event_role_kind. */
static inline uint64_t report_arg(const struct report_event *event, unsigned int i)
{
	return event->record->args[event->role->args[i]].u64;
}

/* All functions that need memory abort without it. */
struct report_table {
	uint64_t roles;		/* of the events for event(): ROLE_BIT() of each */
	void *(*create)(void);	/* returns the state that the other functions get */
	void (*destroy)(void *state);
	void (*event)(void *state, const struct report_view *view, struct report_event *event);
	/*
	 * The next event does not follow what came before @ns; @limited: not all switches are
	 * recorded.
	 */
	void (*forget)(void *state, uint64_t ns, bool limited);
	/* Either of these comes last, once. */
	void (*print)(void *state, const struct report_view *view);
	void (*json)(void *state, const struct report_view *view, struct output *output);
};

/* In the order in which they are printed. sched comes before wakers, see struct report_event. */
#define REPORT_TABLES(TABLE)	\
	TABLE(sched)		\
	TABLE(wakers)		\
	TABLE(spans)		\
	TABLE(functions)	\
	TABLE(regions)

#define REPORT_TABLE_DECLARE(name)	extern const struct report_table report_##name;
REPORT_TABLES(REPORT_TABLE_DECLARE)

/* All tables. */
struct report_tables;

struct report_tables *report_tables_create(void);
void report_tables_destroy(struct report_tables *tables);
void report_tables_event(struct report_tables *tables, const struct report_view *view,
			 const struct event_role *role, const struct exptrace_record *record);
void report_tables_forget(struct report_tables *tables, uint64_t ns, bool limited);
void report_tables_print(struct report_tables *tables, const struct report_view *view);
void report_tables_json(struct report_tables *tables, const struct report_view *view,
			struct output *output);

#endif /* EXPTRACE_REPORT_H */
