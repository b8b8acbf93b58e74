// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Applying a selection to the events and system calls of a machine or of a trace.
 */
#include <stdlib.h>
#include <string.h>

#include <exptrace/wire.h>

#include "../common/array.h"
#include "api.h"
#include "select.h"
#include "syscall.h"

/* Flag bits of each table's numbers in events */
static const uint64_t table_bits[EXPTRACE_NR_SYSCALL_TABLES] = {
	[EXPTRACE_SYSCALLS_COMPAT]	= EXPTRACE_SYSCALL_COMPAT,
	[EXPTRACE_SYSCALLS_X32]		= EXPTRACE_SYSCALL_COMPAT | EXPTRACE_SYSCALL_X32,
};

API int exptrace_selection_syscalls(struct exptrace_selection *selection, const char *machine,
				    bool now, struct exptrace_syscall_tables *calls)
{
	struct call_names names;
	unsigned int table, nr;

	for (table = 0; table < EXPTRACE_NR_SYSCALL_TABLES; table++)
		for (nr = 0; nr < EXPTRACE_MAX_SYSCALLS; nr++)
			names.list[table][nr] = exptrace_syscall_name(machine, table_bits[table] | nr);
	return select_calls(selection, &names, now, calls);
}

/* Selects the calls of a trace, which may name calls unknown to the library. */
static void learn_calls(struct exptrace_selection *selection, const struct exptrace_trace *trace)
{
	const char *machine = exptrace_property(trace, "machine");
	int nr = exptrace_syscall_number(machine, "rt_sigreturn", strlen("rt_sigreturn"));
	struct call_names names;
	unsigned int table, i;

	selection->without_number = nr < 0 ? EXPTRACE_SYSCALL_NONE : (uint64_t)nr;
	for (table = 0; table < EXPTRACE_NR_SYSCALL_TABLES; table++)
		for (i = 0; i < EXPTRACE_MAX_SYSCALLS; i++)
			names.list[table][i] = exptrace_name(trace, EXPTRACE_KIND_SYSCALL,
							     table_bits[table] | i);
	memset(selection->calls.wanted, 0xff, sizeof(selection->calls.wanted));
	select_calls(selection, &names, true, &selection->calls);
}

API void exptrace_selection_offer_trace(struct exptrace_selection *selection,
					const struct exptrace_trace *trace)
{
	const struct exptrace_schema_event *event;
	size_t i;

	for (i = 0; (event = exptrace_schema_at(trace, i)); i++)
		exptrace_selection_offer(selection,
					 exptrace_experiment_name(trace, event->experiment),
					 event->group, event->name);
	learn_calls(selection, trace);
}

static uint32_t find_call(const struct exptrace_schema_event *event)
{
	uint32_t i;

	for (i = 0; i < event->nargs; i++)
		if (event->args[i].kind == EXPTRACE_KIND_SYSCALL)
			return i;
	return SELECT_NO_CALL;
}

static struct verdict decide(const struct exptrace_selection *selection,
			     const struct exptrace_trace *trace,
			     const struct exptrace_schema_event *event)
{
	const char *experiment = exptrace_experiment_name(trace, event->experiment);

	return (struct verdict) {
		.known = true,
		.meant = exptrace_selection_means(selection, experiment, event->group,
						  event->name, true),
		.call = find_call(event),
	};
}

/* Decides once per description; without memory, each time. */
static struct verdict get_verdict(struct exptrace_selection *selection,
				  const struct exptrace_trace *trace,
				  const struct exptrace_schema_event *event)
{
	if (array_reach(&selection->verdicts, event->index, &selection->nverdicts,
			sizeof(*selection->verdicts)))
		return decide(selection, trace, event);
	if (!selection->verdicts[event->index].known)
		selection->verdicts[event->index] = decide(selection, trace, event);
	return selection->verdicts[event->index];
}

/* Numbers beyond the table are treated like the last one, as the recorder does. */
static bool wants_call(const struct exptrace_selection *selection, uint64_t number)
{
	enum exptrace_syscall_table table;
	uint64_t nr;

	if (number == EXPTRACE_SYSCALL_NONE)
		number = selection->without_number;
	table = exptrace_syscall_split(number, &nr);
	if (nr >= EXPTRACE_MAX_SYSCALLS)
		nr = EXPTRACE_MAX_SYSCALLS - 1;
	return selection->calls.wanted[table][nr / 64] >> nr % 64 & 1;
}

API bool exptrace_selection_has(struct exptrace_selection *selection,
				const struct exptrace_trace *trace,
				const struct exptrace_record *record)
{
	struct verdict verdict = get_verdict(selection, trace, record->event);

	return verdict.meant && (verdict.call == SELECT_NO_CALL ||
				 wants_call(selection, record->args[verdict.call].u64));
}
