/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What exptrace stat adds up in one walk over the batches.
 */
#ifndef EXPTRACE_STAT_H
#define EXPTRACE_STAT_H

#include <libexptrace.h>

#include "../event_role.h"
#include "../range.h"

/* The kernel's NR_CPUS is 8192 at most; CPUs beyond are counted together. */
#define STAT_CPUS	8192

static inline uint32_t stat_cpu(uint64_t cpu)
{
	return cpu < STAT_CPUS ? (uint32_t)cpu : STAT_CPUS;
}

#define STAT_EXPERIMENTS	256
/* Reasons unknown to this program are counted together. */
#define STAT_REASONS		(EXPTRACE_NR_LOST + 1)

struct stat_sum {
	uint64_t count;
	uint64_t bytes;
};

/* The events of a description, and its role. */
struct stat_event {
	struct stat_sum sum;
	struct event_role role;
};

struct stat_losses {
	uint64_t attempted;
	uint64_t recorded;
	uint64_t lost[STAT_REASONS];
};

struct stat {
	struct exptrace_trace *trace;
	struct range range;
	uint64_t begin;		/* offset in the stream where the range begins */
	struct stat_sched *sched;
	struct stat_alloc *alloc;
	uint64_t generations, batches;
	uint64_t generation;
	bool ended;		/* the current generation has ended, or there is none */
	bool goes_on;		/* there is a Sync, and nothing is missing since then */
	struct exptrace_sync since;	/* the first Sync since which nothing is missing */
	struct exptrace_sync last;
	/* the range of ticks of events in the current generation */
	uint64_t low, high;
	/* nanoseconds of CLOCK_MONOTONIC */
	bool has_time;
	uint64_t first_ns, last_ns;
	uint64_t until_ns;	/* end of the last generation */
	double covered_ns;	/* total of all generations; overlaps count once */
	struct stat_sum total;
	struct stat_sum batch;	/* the current one */
	uint32_t cpu;		/* CPU of the batch, from stat_cpu() */
	struct stat_event *events;	/* by index of the description */
	size_t nevents, events_room;
	struct stat_sum cpus[STAT_CPUS + 1];
	struct stat_losses losses[STAT_EXPERIMENTS];
};

static inline void stat_add(struct stat_sum *sum, uint64_t count, uint64_t bytes)
{
	sum->count += count;
	sum->bytes += bytes;
}

/* print.c: all but the tasks and the allocations. @seconds: how long the trace is */
void stat_print_head(const struct stat *stat, double seconds);
void stat_print_events(struct stat *stat, double seconds);
void stat_print_cpus(const struct stat *stat, double seconds);
void stat_print_losses(const struct stat *stat);

/* sched.c: who ran on which CPU for how long. */
struct stat_sched;

struct stat_sched *stat_sched_new(void);
void stat_sched_free(struct stat_sched *sched);
/* @cpu: from stat_cpu(); @pid: the first argument of events with role @kind */
void stat_sched_event(struct stat_sched *sched, uint32_t cpu, enum event_role_kind kind, uint64_t pid,
		      uint64_t ticks);
/*
 * To be called when the current generation ends: the library then knows which thread had which
 * pid.
 */
void stat_sched_generation(struct stat_sched *sched, struct exptrace_trace *trace);
/*
 * Forgets what ran on the CPUs, at @ticks: after it, generations are missing, nothing was
 * recorded for a time, or the trace ends. Ticks since the last such call are @ns_per_tick long.
 */
void stat_sched_end(struct stat_sched *sched, uint64_t ticks, double ns_per_tick);
/* @seconds: how long the trace is */
void stat_sched_print(const struct stat_sched *sched, const struct exptrace_trace *trace,
		      double seconds, unsigned int max);

/* alloc.c: memory that was allocated, and where. */
struct stat_alloc;

/* Most addresses that are followed: live, or freed since the current generation began. */
extern size_t stat_alloc_objects_max;

struct stat_alloc *stat_alloc_new(void);
void stat_alloc_free(struct stat_alloc *alloc);
/* These abort if out of memory. */
void stat_alloc_event(struct stat_alloc *alloc, const struct exptrace_schema_event *event,
		      const struct exptrace_value *args, uint64_t ticks);
/* Forgets all objects: it is not known which ones were freed meanwhile. */
void stat_alloc_forget(struct stat_alloc *alloc);
/*
 * To be called when the current generation ends or, if not @whole, is cut off: its sites get
 * names.
 */
void stat_alloc_end_generation(struct stat_alloc *alloc, const struct exptrace_trace *trace,
			       bool whole);
void stat_alloc_print(struct stat_alloc *alloc, unsigned int max);

#endif /* EXPTRACE_STAT_H */
