/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Learning about threads from events: now, after the event, or at the generation's end.
 */
#ifndef EXPTRACE_LIB_LEARN_H
#define EXPTRACE_LIB_LEARN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tasks.h"

struct exptrace_trace;
struct schema_event;

/* What an event says about a thread. */
struct learn_record {
	uint64_t pid;
	uint64_t start;
	uint64_t ticks;
	uint32_t order;		/* among events with the same time */
	uint8_t role;
	uint8_t len;
	char comm[TASKS_COMM_MAX];
};

struct learn {
	struct learn_record *list;	/* in the order of batches */
	size_t n, room;
	struct learn_record after;	/* to be applied before the next event */
	bool has_after;
};

/* All return 0 or -ENOMEM; the event's arguments are in trace->values. */

/* For an event of the statedump, which is valid from the generation's beginning. */
int learn_task(struct exptrace_trace *trace, const struct schema_event *event);

/* For any other event, in time order: applied now, or before the next event. */
int learn_event(struct exptrace_trace *trace, const struct schema_event *event, uint64_t ticks);
int learn_after(struct exptrace_trace *trace);

/* For any event, in batch order: applied by learn_all(). */
int learn_later(struct exptrace_trace *trace, const struct schema_event *event, uint64_t ticks);
int learn_all(struct exptrace_trace *trace);

void learn_uninit(struct learn *learn);

#endif /* EXPTRACE_LIB_LEARN_H */
