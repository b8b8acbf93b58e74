/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What events tell of threads: now, after the event, or when all of the generation is read.
 */
#ifndef EXPTRACE_LIB_LEARN_H
#define EXPTRACE_LIB_LEARN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tasks.h"

struct exptrace_trace;
struct schema_event;

/* An event that tells something of a thread. */
struct told {
	uint64_t pid;
	uint64_t start;
	uint64_t ticks;
	uint32_t order;		/* among those of the same time */
	uint8_t role;
	uint8_t len;
	char comm[TASKS_COMM_MAX];
};

struct learn {
	struct told *list;	/* in the order of batches */
	size_t n, room;
	struct told after;	/* to be learnt before the next event */
	bool has_after;
};

/* All return 0 or -ENOMEM; the event's arguments are in trace->values. */

/* An event of the statedump: it holds from the generation's beginning on. */
int learn_task(struct exptrace_trace *trace, const struct schema_event *event);

/* Of any other event, in the order of time: now, or before the next one. */
int learn_event(struct exptrace_trace *trace, const struct schema_event *event, uint64_t ticks);
int learn_after(struct exptrace_trace *trace);

/* Of any event, in the order of batches: when learn_all() is called. */
int learn_later(struct exptrace_trace *trace, const struct schema_event *event, uint64_t ticks);
int learn_all(struct exptrace_trace *trace);

void learn_uninit(struct learn *learn);

#endif /* EXPTRACE_LIB_LEARN_H */
