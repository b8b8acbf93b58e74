/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an event tells, decided once for each description in the trace.
 */
#ifndef EXPTRACE_MEANING_H
#define EXPTRACE_MEANING_H

#include <libexptrace.h>

enum meaning_kind {
	MEANS_UNKNOWN,		/* not decided yet */
	MEANS_NOTHING,
	MEANS_CURRENT,		/* args: pid */
	MEANS_SWITCH,		/* next_pid, prev_state */
	MEANS_WAKEUP,		/* pid */
	MEANS_WAKING,		/* pid */
	MEANS_IRQ_ENTRY,	/* irq */
	MEANS_IRQ_EXIT,		/* irq */
	MEANS_SOFTIRQ_ENTRY,	/* vec */
	MEANS_SOFTIRQ_EXIT,	/* vec */
	MEANS_SYS_ENTER,	/* nr */
	MEANS_SYS_EXIT,		/* nr, ret */
	MEANS_EXEC,		/* pid, old_pid */
	MEANS_MARKER_BEGIN,	/* name */
	MEANS_MARKER_END,	/* name */
	MEANS_SYS_CALL,		/* nr, ret, duration */
	MEANS_TIMER_ENTRY,	/* timer, function */
	MEANS_TIMER_EXIT,	/* timer */
	MEANS_HRTIMER_ENTRY,	/* hrtimer, function */
	MEANS_HRTIMER_EXIT,	/* hrtimer */
	MEANS_WORK_START,	/* work, function */
	MEANS_WORK_END,		/* work */
};

#define MEANING_ARGS	3

struct meaning {
	uint8_t kind;
	uint32_t args[MEANING_ARGS];	/* which arguments, in the order above */
};

/* Decides. */
struct meaning meaning_decide(const struct exptrace_schema_event *event);

struct meanings {
	struct meaning *list;	/* by the description's index */
	size_t n;
};

/* Decides for the first time. Without memory, it means nothing. */
const struct meaning *meaning_find(struct meanings *meanings,
				   const struct exptrace_schema_event *event);

static inline const struct meaning *meaning_get(struct meanings *meanings,
						const struct exptrace_schema_event *event)
{
	if (event->index < meanings->n && meanings->list[event->index].kind)
		return &meanings->list[event->index];
	return meaning_find(meanings, event);
}

void meanings_uninit(struct meanings *meanings);

#endif /* EXPTRACE_MEANING_H */
