// SPDX-License-Identifier: GPL-2.0-only
/*
 * The role of an event in report and stat, decided once for each description in the trace.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "event_role.h"

static const struct {
	const char *name;
	const char *args[ROLE_ARGS];
	enum event_role_kind kind;
} known[] = {
	{ "current", { "pid" }, ROLE_CURRENT },
	{ "sched_switch", { "next_pid", "prev_state" }, ROLE_SWITCH },
	{ "sched_wakeup", { "pid" }, ROLE_WAKEUP },
	{ "sched_wakeup_new", { "pid" }, ROLE_WAKEUP },
	{ "sched_waking", { "pid" }, ROLE_WAKING },
	{ "irq_handler_entry", { "irq" }, ROLE_IRQ_ENTRY },
	{ "irq_handler_exit", { "irq" }, ROLE_IRQ_EXIT },
	{ "softirq_entry", { "vec" }, ROLE_SOFTIRQ_ENTRY },
	{ "softirq_exit", { "vec" }, ROLE_SOFTIRQ_EXIT },
	{ "sys_enter", { "nr" }, ROLE_SYS_ENTER },
	{ "sys_enter_args", { "nr" }, ROLE_SYS_ENTER },
	{ "sys_exit", { "nr", "ret" }, ROLE_SYS_EXIT },
	{ "task_exec", { "pid", "old_pid" }, ROLE_EXEC },
	{ "sched_process_exec", { "pid", "old_pid" }, ROLE_EXEC },
	{ "marker_begin", { "name" }, ROLE_MARKER_BEGIN },
	{ "marker_end", { "name" }, ROLE_MARKER_END },
	{ "sys_call", { "nr", "ret", "duration" }, ROLE_SYS_CALL },
	{ "timer_expire_entry", { "timer", "function" }, ROLE_TIMER_ENTRY },
	{ "timer_expire_exit", { "timer" }, ROLE_TIMER_EXIT },
	{ "hrtimer_expire_entry", { "hrtimer", "function" }, ROLE_HRTIMER_ENTRY },
	{ "hrtimer_expire_exit", { "hrtimer" }, ROLE_HRTIMER_EXIT },
	{ "workqueue_execute_start", { "work", "function" }, ROLE_WORK_START },
	{ "workqueue_execute_end", { "work" }, ROLE_WORK_END },
};

/* False if the event lacks one of the arguments. */
static bool find_args(struct event_role *role, const struct exptrace_schema_event *event,
		      const char *const *names)
{
	uint32_t i, arg;

	for (i = 0; i < ROLE_ARGS && names[i]; i++) {
		for (arg = 0; arg < event->nargs; arg++)
			if (!strcmp(event->args[arg].name, names[i]))
				break;
		if (arg == event->nargs)
			return false;
		role->args[i] = arg;
	}
	return true;
}

struct event_role event_role_decide(const struct exptrace_schema_event *event)
{
	struct event_role role = { 0 };
	size_t i;

	if (event->experiment)
		return (struct event_role) { ROLE_NOTHING, { 0 } };
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(event->name, known[i].name) ||
		    !find_args(&role, event, known[i].args))
			continue;
		role.kind = known[i].kind;
		return role;
	}
	return (struct event_role) { ROLE_NOTHING, { 0 } };
}

const struct event_role *event_role_find(struct event_roles *roles,
					 const struct exptrace_schema_event *event)
{
	reach_memory(&roles->list, event->index, &roles->room, sizeof(*roles->list),
		     "reading the schema");
	roles->list[event->index] = event_role_decide(event);
	return &roles->list[event->index];
}

void event_roles_uninit(struct event_roles *roles)
{
	free(roles->list);
}
