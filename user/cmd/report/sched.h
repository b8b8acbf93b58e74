/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who ran, waited for a CPU and slept, and for how long: what sched.c adds up and sched_print.c prints.
 */
#ifndef EXPTRACE_REPORT_SCHED_H
#define EXPTRACE_REPORT_SCHED_H

#include "../histogram.h"
#include "../pids.h"
#include "report.h"

/* How long each time. */
struct times {
	struct histogram latency;	/* waiting */
	struct histogram stretches;	/* running */
	struct histogram sleeps;
};

struct task {
	uint32_t epoch;		/* the state is of this one; else it is unknown */
	uint8_t state;
	bool older;		/* it was in this state before anything told so */
	bool woken;		/* and so it waits */
	uint32_t number;
	struct task *next;	/* of those of the epoch */
	uint64_t cpu;		/* it runs there */
	uint64_t since;		/* nanoseconds */
	uint64_t on_cpu, waiting, asleep;	/* added up */
	uint64_t unclear;	/* either of the last two: when it was woken is not known */
	uint64_t switches;	/* on to a CPU */
	uint64_t preempted;	/* of the switches away: it was still runnable */
	uint64_t wakeups;
	uint64_t unseen;	/* it ran, and nothing told that it was woken */
	struct times times;
};

/* A CPU of which it is known who runs there. */
struct running {
	uint64_t thread;	/* UINT64_MAX: not yet */
	bool whole;		/* all switches are there, or those of who is chosen */
};

struct sched {
	struct pids tasks;	/* by number */
	struct index cpus;
	struct running *running;
	size_t running_room;
	uint32_t epoch;
	struct task *seen;	/* those of the epoch */
	uint64_t nswitches;
	uint64_t nwakeups;
	uint64_t unseen;
	uint64_t cut_off;	/* waits that did not end before the state was forgotten */
	uint64_t longest_cut_off;
	uint64_t longest;	/* whose */
};

void sched_print(void *state, const struct report_view *view);
void sched_json(void *state, const struct report_view *view, struct output *output);

void times_uninit(struct times *times);

#endif /* EXPTRACE_REPORT_SCHED_H */
