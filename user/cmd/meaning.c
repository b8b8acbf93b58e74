// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an event tells, decided once for each description in the trace.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "meaning.h"

static const struct {
	const char *name;
	const char *args[MEANING_ARGS];
	enum meaning_kind kind;
} known[] = {
	{ "current", { "pid" }, MEANS_CURRENT },
	{ "sched_switch", { "next_pid", "prev_state" }, MEANS_SWITCH },
	{ "sched_wakeup", { "pid" }, MEANS_WAKEUP },
	{ "sched_wakeup_new", { "pid" }, MEANS_WAKEUP },
	{ "sched_waking", { "pid" }, MEANS_WAKING },
	{ "irq_handler_entry", { "irq" }, MEANS_IRQ_ENTRY },
	{ "irq_handler_exit", { "irq" }, MEANS_IRQ_EXIT },
	{ "softirq_entry", { "vec" }, MEANS_SOFTIRQ_ENTRY },
	{ "softirq_exit", { "vec" }, MEANS_SOFTIRQ_EXIT },
	{ "sys_enter", { "nr" }, MEANS_SYS_ENTER },
	{ "sys_enter_args", { "nr" }, MEANS_SYS_ENTER },
	{ "sys_exit", { "nr", "ret" }, MEANS_SYS_EXIT },
	{ "task_exec", { "pid", "old_pid" }, MEANS_EXEC },
	{ "sched_process_exec", { "pid", "old_pid" }, MEANS_EXEC },
	{ "marker_begin", { "name" }, MEANS_MARKER_BEGIN },
	{ "marker_end", { "name" }, MEANS_MARKER_END },
	{ "sys_call", { "nr", "ret", "duration" }, MEANS_SYS_CALL },
	{ "timer_expire_entry", { "timer", "function" }, MEANS_TIMER_ENTRY },
	{ "timer_expire_exit", { "timer" }, MEANS_TIMER_EXIT },
	{ "hrtimer_expire_entry", { "hrtimer", "function" }, MEANS_HRTIMER_ENTRY },
	{ "hrtimer_expire_exit", { "hrtimer" }, MEANS_HRTIMER_EXIT },
	{ "workqueue_execute_start", { "work", "function" }, MEANS_WORK_START },
	{ "workqueue_execute_end", { "work" }, MEANS_WORK_END },
};

/* All arguments must be there. */
static bool find_args(struct meaning *meaning, const struct exptrace_schema_event *event,
		      const char *const *names)
{
	uint32_t i, arg;

	for (i = 0; i < MEANING_ARGS && names[i]; i++) {
		for (arg = 0; arg < event->nargs; arg++)
			if (!strcmp(event->args[arg].name, names[i]))
				break;
		if (arg == event->nargs)
			return false;
		meaning->args[i] = arg;
	}
	return true;
}

struct meaning meaning_decide(const struct exptrace_schema_event *event)
{
	struct meaning meaning = { 0 };
	size_t i;

	if (event->experiment)
		return (struct meaning) { MEANS_NOTHING, { 0 } };
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(event->name, known[i].name) ||
		    !find_args(&meaning, event, known[i].args))
			continue;
		meaning.kind = known[i].kind;
		return meaning;
	}
	return (struct meaning) { MEANS_NOTHING, { 0 } };
}

const struct meaning *meaning_find(struct meanings *meanings,
				   const struct exptrace_schema_event *event)
{
	if (event->index >= meanings->n) {
		size_t n = 2 * (size_t)event->index + 64;
		struct meaning *list = grow_memory(meanings->list, n, sizeof(*list),
						   "reading the schema");

		memset(list + meanings->n, 0, (n - meanings->n) * sizeof(*list));
		meanings->list = list;
		meanings->n = n;
	}
	meanings->list[event->index] = meaning_decide(event);
	return &meanings->list[event->index];
}

void meanings_uninit(struct meanings *meanings)
{
	free(meanings->list);
}
