// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reading batch by batch, in the order of the stream, and the events of one batch.
 */
#include <errno.h>

#include "api.h"
#include "trace.h"

/* Events that the caller did not read do not count as missing. */
static void leave_batch(struct exptrace_trace *trace)
{
	if (trace->cursor.pos != trace->cursor.end)
		trace->counts_found = false;
	trace->cursor = (struct cursor) { 0 };
}

API int exptrace_next_batch(struct exptrace_trace *trace, const struct exptrace_batch **batch)
{
	const struct schema_event **types = NULL;
	int ret;

	if (trace->mode && trace->mode != TRACE_MODE_BATCHES)
		return trace_wrong_mode(trace);
	trace->mode = TRACE_MODE_BATCHES;
	leave_batch(trace);
	ret = borrow_schema(trace);
	if (!ret)
		ret = framing_next(trace);
	if (ret != 1) {
		if (ret != -EAGAIN)
			generation_abandon(trace);
		return ret;
	}
	ret = generation_take(trace);
	if (ret)
		return ret;
	if (trace->batch.kind == EXPTRACE_BATCH_END)
		account_events(trace);
	if (trace->batch.kind == EXPTRACE_BATCH_EVENTS)
		types = schema_types(&trace->schema, trace->batch.experiment);
	if (types) {
		cursor_init(&trace->cursor, &trace->addrs, &trace->batch, types);
		trace_fill_batch(trace, &trace->batch);
	} else if (trace->batch.kind == EXPTRACE_BATCH_EVENTS) {
		trace->account.skipped++;
	}
	*batch = &trace->batch;
	return 1;
}

/* The events of the current batch, if any, cannot be decoded. */
static int without_schema(const struct exptrace_trace *trace)
{
	if (trace->batch.kind != EXPTRACE_BATCH_EVENTS)
		return 0;
	return trace_refuse(trace, -ENOENT, "the trace has no schema for this batch");
}

/* Turns the result of the last step into an error with a message. */
static int end_batch(struct exptrace_trace *trace, int ret)
{
	if (ret == -EBADMSG)
		trace_bad_event(trace, &trace->cursor, &trace->batch);
	return ret == -ENOMEM ? trace_no_memory(trace, trace->batch.offset) : ret;
}

API int exptrace_next_in_batch(struct exptrace_trace *trace, const struct exptrace_record **record)
{
	struct cursor *cursor = &trace->cursor;
	int ret;

	if (!cursor->types)
		return without_schema(trace);
	ret = trace_step(trace, cursor);
	if (unlikely(ret <= 0))
		return end_batch(trace, ret);
	trace_fill_record(trace, cursor, cursor_pid(cursor, trace->values));
	trace->found += trace_is_recorded(trace->record.type);
	*record = &trace->record;
	return 1;
}

API int exptrace_each_in_batch(struct exptrace_trace *trace, exptrace_record_fn *fn, void *arg)
{
	struct cursor cursor = trace->cursor;	/* in registers */
	int ret;

	if (!cursor.types)
		return without_schema(trace);
	while ((ret = trace_step(trace, &cursor)) == 1) {
		trace_fill_record(trace, &cursor, cursor_pid(&cursor, trace->values));
		trace->found += trace_is_recorded(cursor.type);
		fn(arg, &trace->record);
	}
	trace->cursor = cursor;
	return end_batch(trace, ret);
}
