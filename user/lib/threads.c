// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Queries about threads: names, and which thread holds an id.
 */
#include <errno.h>

#include "api.h"
#include "trace.h"

/*
 * When reading by batches, applies the records read so far before a query. Not visible to callers,
 * hence the const.
 */
static void catch_up(const struct exptrace_trace *trace)
{
	struct exptrace_trace *own = (struct exptrace_trace *)trace;

	/* queries cannot fail, so the next read does */
	if (own->learn.n && learn_all(own))
		own->failed = trace_no_memory(own, own->input.offset);
}

API const char *exptrace_comm(const struct exptrace_trace *trace, int64_t pid)
{
	catch_up(trace);
	return tasks_comm(&trace->tasks, pid);
}

API uint64_t exptrace_comm_changes(const struct exptrace_trace *trace)
{
	catch_up(trace);
	return trace->tasks.changes;
}

static int64_t thread_at(struct exptrace_trace *trace, int64_t pid, uint64_t ticks, uint64_t ns)
{
	int64_t thread = tasks_thread(&trace->tasks, (uint64_t)pid, ticks, ns);

	return thread < 0 ? trace_no_memory(trace, trace->batch.offset) : thread;
}

API int64_t exptrace_thread(struct exptrace_trace *trace, int64_t pid)
{
	const struct exptrace_record *record = &trace->record;
	uint64_t ticks = trace->mode == TRACE_MODE_EVENTS ? UINT64_MAX : record->ticks;

	if (pid < 0)
		return trace_refuse(trace, -ENOENT, "a thread id is never negative");
	catch_up(trace);
	return thread_at(trace, pid, ticks, clock_ns(&trace->clock, record->ticks));
}

API int64_t exptrace_thread_at(struct exptrace_trace *trace, int64_t pid, uint64_t ticks)
{
	if (pid < 0)
		return trace_refuse(trace, -ENOENT, "a thread id is never negative");
	if (learn_all(trace))
		return trace_no_memory(trace, trace->batch.offset);
	return thread_at(trace, pid, ticks, exptrace_ns(trace, ticks));
}

API bool exptrace_pid_changed(const struct exptrace_trace *trace, int64_t pid, uint64_t ticks)
{
	catch_up(trace);
	return pid > 0 && tasks_changed(&trace->tasks, (uint64_t)pid, ticks);
}

API uint64_t exptrace_nameless(const struct exptrace_trace *trace)
{
	return trace->tasks.doubts;
}

API int64_t exptrace_thread_pid(const struct exptrace_trace *trace, uint64_t thread)
{
	return tasks_thread_pid(&trace->tasks, thread);
}

API const char *exptrace_thread_comm(const struct exptrace_trace *trace, uint64_t thread)
{
	return tasks_thread_comm(&trace->tasks, thread);
}
