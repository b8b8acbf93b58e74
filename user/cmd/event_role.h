/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The role of an event in report and stat, decided once for each description in the trace.
 */
#ifndef EXPTRACE_EVENT_ROLE_H
#define EXPTRACE_EVENT_ROLE_H

#include <libexptrace.h>

enum event_role_kind {
	ROLE_UNKNOWN,		/* not decided yet */
	ROLE_NOTHING,		/* not used */
	ROLE_CURRENT,		/* args: pid */
	ROLE_SWITCH,		/* next_pid, prev_state */
	ROLE_WAKEUP,		/* pid */
	ROLE_WAKING,		/* pid */
	ROLE_IRQ_ENTRY,	/* irq */
	ROLE_IRQ_EXIT,		/* irq */
	ROLE_SOFTIRQ_ENTRY,	/* vec */
	ROLE_SOFTIRQ_EXIT,	/* vec */
	ROLE_SYS_ENTER,	/* nr */
	ROLE_SYS_EXIT,		/* nr, ret */
	ROLE_EXEC,		/* pid, old_pid */
	ROLE_MARKER_BEGIN,	/* name */
	ROLE_MARKER_END,	/* name */
	ROLE_SYS_CALL,		/* nr, ret, duration */
	ROLE_TIMER_ENTRY,	/* timer, function */
	ROLE_TIMER_EXIT,	/* timer */
	ROLE_HRTIMER_ENTRY,	/* hrtimer, function */
	ROLE_HRTIMER_EXIT,	/* hrtimer */
	ROLE_WORK_START,	/* work, function */
	ROLE_WORK_END,		/* work */
	NR_ROLES
};

/* A set of roles is a mask of these. */
#define ROLE_BIT(role)		(1ULL << (role))

#define ROLE_ARGS	3

struct event_role {
	uint8_t kind;
	uint32_t args[ROLE_ARGS];	/* indexes of the arguments, in the order above */
};

/* The role of events with this description. */
struct event_role event_role_decide(const struct exptrace_schema_event *event);

struct event_roles {
	struct event_role *list;	/* by index of the description */
	size_t room;
};

/* Decides when the description is seen for the first time. Aborts if out of memory. */
const struct event_role *event_role_find(struct event_roles *roles,
					 const struct exptrace_schema_event *event);

static inline const struct event_role *event_role_get(struct event_roles *roles,
						      const struct exptrace_schema_event *event)
{
	if (event->index < roles->room && roles->list[event->index].kind)
		return &roles->list[event->index];
	return event_role_find(roles, event);
}

void event_roles_uninit(struct event_roles *roles);

#endif /* EXPTRACE_EVENT_ROLE_H */
