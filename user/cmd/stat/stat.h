/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What exptrace stat adds up while it walks over the batches.
 */
#ifndef EXPTRACE_STAT_H
#define EXPTRACE_STAT_H

#include <libexptrace.h>

#include "../event_role.h"

/* The kernel's NR_CPUS is 8192 at most; CPUs beyond are counted together. */
#define STAT_CPUS	8192

static inline uint32_t stat_cpu(uint64_t cpu)
{
	return cpu < STAT_CPUS ? (uint32_t)cpu : STAT_CPUS;
}

#define STAT_EXPERIMENTS	256
/* reasons beyond those that this program knows are counted together */
#define STAT_REASONS		(EXPTRACE_NR_LOST + 1)

struct stat_sum {
	uint64_t count;
	uint64_t bytes;
};

/* What is added up of a description, and what it means. */
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
	struct stat_sched *sched;
	struct stat_alloc *alloc;
	uint64_t generations, batches;
	uint64_t generation;
	bool ended;		/* the one at hand; or none is */
	bool goes_on;
	struct exptrace_sync last;
	struct exptrace_sync since;	/* the first one after which nothing is missing */
	/* the ticks of the events of the generation at hand lie between these */
	uint64_t low, high;
	/* nanoseconds of CLOCK_MONOTONIC */
	bool has_time;
	uint64_t first_ns, last_ns;
	uint64_t until_ns;	/* of the last generation */
	double covered_ns;	/* by generations, those that overlap counted once */
	struct stat_sum total;
	struct stat_sum batch;	/* at hand */
	uint32_t cpu;		/* its, as stat_cpu() has it */
	struct stat_event *events;	/* by the description's index */
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
/* @cpu: as stat_cpu() has it; @pid: the first argument of what @kind means */
void stat_sched_event(struct stat_sched *sched, uint32_t cpu, enum event_role_kind kind, uint64_t pid,
		      uint64_t ticks);
/* The generation at hand is over: the library knows now who had which id. */
void stat_sched_generation(struct stat_sched *sched, struct exptrace_trace *trace);
/*
 * What is known of the CPUs ends at @ticks: generations were given up, nothing was recorded
 * for a time, or the trace is over. The ticks since that was last so were @ns_per_tick long.
 */
void stat_sched_end(struct stat_sched *sched, uint64_t ticks, double ns_per_tick);
/* @seconds: how long the trace is */
void stat_sched_print(const struct stat_sched *sched, const struct exptrace_trace *trace,
		      double seconds, unsigned int max);

/* alloc.c: memory that was requested, and where. */
struct stat_alloc;

/* So many addresses are followed at most, live or freed since a generation began. */
extern size_t stat_alloc_objects_max;

struct stat_alloc *stat_alloc_new(void);
void stat_alloc_free(struct stat_alloc *alloc);
/* These abort if out of memory. */
void stat_alloc_event(struct stat_alloc *alloc, const struct exptrace_schema_event *event,
		      const struct exptrace_value *args, uint64_t ticks);
/* Likewise: what was freed is not known. */
void stat_alloc_forget(struct stat_alloc *alloc);
/* The generation at hand is over, or cut off: its sites get names. */
void stat_alloc_end_generation(struct stat_alloc *alloc, const struct exptrace_trace *trace,
			       bool whole);
void stat_alloc_print(struct stat_alloc *alloc, unsigned int max);

#endif /* EXPTRACE_STAT_H */
