/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who ran, waited for a CPU and slept, and for how long: what sched.c adds up and sched_print.c
 * prints.
 */
#ifndef EXPTRACE_REPORT_SCHED_H
#define EXPTRACE_REPORT_SCHED_H

#include "../histogram.h"
#include "../pids.h"
#include "report.h"

/* Distributions of single waits, runs and sleeps. */
struct times {
	struct histogram latency;	/* waiting */
	struct histogram stretches;	/* running */
	struct histogram sleeps;
};

struct task {
	uint32_t epoch;		/* in which the state is valid; in others it is unknown */
	uint8_t state;
	bool older;		/* the state began before the first event that shows it */
	bool woken;		/* it waits because of a wake-up */
	uint32_t number;
	struct task *next;	/* in sched->seen */
	uint64_t cpu;		/* where it runs */
	uint64_t since;		/* nanoseconds */
	uint64_t on_cpu, waiting, asleep;	/* totals */
	uint64_t unclear;	/* waiting or asleep: the time of the wake-up is not known */
	uint64_t switches;	/* to this task */
	uint64_t preempted;	/* switches away while it was runnable */
	uint64_t wakeups;
	uint64_t unseen;	/* it ran without a wake-up in the trace */
	struct times times;
};

/* What runs on a CPU. */
struct running {
	uint64_t thread;	/* UINT64_MAX: not known yet */
	bool whole;		/* all its switches are recorded, or those of the chosen threads */
};

struct sched {
	struct pids tasks;	/* by number */
	struct index cpus;
	struct running *running;
	size_t running_room;
	uint32_t epoch;
	struct task *seen;	/* tasks of this epoch */
	uint64_t nswitches;
	uint64_t nwakeups;
	uint64_t unseen;
	uint64_t cut_off;	/* waits that had not ended when the state was forgotten */
	uint64_t longest_cut_off;
	uint64_t longest;	/* the task of longest_cut_off */
};

void sched_print(void *state, const struct report_view *view);
void sched_json(void *state, const struct report_view *view, struct output *output);

void times_uninit(struct times *times);

#endif /* EXPTRACE_REPORT_SCHED_H */
