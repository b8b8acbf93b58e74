// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * If an earlier reader took the beginning of the first generation, its schema is missing. It then
 * borrows the schema of the next generation, which the same recorder wrote.
 *
 * For this the stream is read ahead up to that schema, and then again from the start. The same
 * holds for each recording of a trace of several files.
 */
#include <errno.h>

#include "trace.h"

/* Goes back to the beginning of the stream or recording. */
static int rewind_framing(struct exptrace_trace *trace)
{
	int err = 0;

	if (trace->borrow.begin)
		err = input_seek(&trace->input, trace->borrow.begin);
	else
		input_rewind(&trace->input);
	framing_reset(trace);
	/* only the stream has a header */
	trace->header_seen = trace->borrow.begin > 0;
	trace->recording = trace->borrow.recording;
	return err;
}

/* Is the beginning of the stream missing? Returns 1, 0, -EAGAIN or -ENOMEM. */
static int is_cut_off(struct exptrace_trace *trace)
{
	int ret = framing_next(trace);
	bool cut_off = ret == 1 && trace->batch.kind != EXPTRACE_BATCH_SYNC &&
		       trace->batch.kind != EXPTRACE_BATCH_END;

	if (ret == -EAGAIN || ret == -ENOMEM)
		return ret;
	trace->borrow.borrower = trace->batch.generation;
	ret = rewind_framing(trace);
	return ret ? ret : cut_off;
}

/* The contents of a table batch. Not for end marks, which have no data. */
static struct table borrow_table(const struct exptrace_batch *batch)
{
	return (struct table) { .pos = batch->data + 1, .end = batch->data + batch->length };
}

/* Uses a batch of the lender. Returns false when the lender has nothing more to offer. */
static bool borrow_from(struct exptrace_trace *trace, int *err)
{
	const struct exptrace_batch *batch = &trace->batch;
	struct borrow *borrow = &trace->borrow;
	struct table table;

	switch (batch->kind) {
	case EXPTRACE_BATCH_SCHEMA:
		borrow->active = true;
		borrow->lender = batch->generation;
		table = borrow_table(batch);
		*err = schema_read(&trace->schema, &table);
		return !*err;
	case EXPTRACE_BATCH_PROPERTIES:
		table = borrow_table(batch);
		*err = properties_read(&trace->properties, &table);
		return !*err;
	case EXPTRACE_BATCH_END:
		return false;
	case EXPTRACE_BATCH_EVENTS:
		return !borrow->active;
	default:
		return true;
	}
}

/* Reads the next readable batch or end mark, even behind damage, but not of another trace. */
static int next_ahead(struct exptrace_trace *trace)
{
	struct exptrace_damage damage;
	int ret = trace->adrift ? trace->failed : framing_next(trace);

	while (ret == -EBADMSG || ret == -ENODATA) {
		ret = resync_next(trace, &damage);
		if (ret != 1)
			break;
		ret = framing_next(trace);
	}
	return ret;
}

/*
 * Reads ahead. Returns 0 when finished, with or without a schema: damage is reported when it is
 * read again.
 */
static int read_ahead(struct exptrace_trace *trace)
{
	int ret, err = 0;

	do {
		ret = next_ahead(trace);
		if (ret == -EAGAIN || ret == -ENOMEM)
			return ret;
	} while (ret == 1 && trace->recording == trace->borrow.recording &&
		 (trace->batch.generation == trace->borrow.borrower || borrow_from(trace, &err)));
	if (!err)
		err = trace_reserve_values(trace);
	/* use the lender's list until the borrower's own is read */
	trace->properties.stale = true;
	return err;
}

static int borrow_step(struct exptrace_trace *trace)
{
	struct borrow *borrow = &trace->borrow;
	int ret;

	if (borrow->state == BORROW_NEW) {
		borrow->recording = trace->recording;
		ret = is_cut_off(trace);
		if (ret < 0)
			return ret;
		borrow->state = ret ? BORROW_AHEAD : BORROW_DONE;
		if (ret && !borrow->begin && input_keep(&trace->input))
			return trace_no_memory(trace, 0);
		if (ret && borrow->begin) {
			borrow->active = false;
			schema_reset(&trace->schema);
			properties_reset(&trace->properties);
		}
	}
	if (borrow->state == BORROW_AHEAD) {
		ret = read_ahead(trace);
		if (ret == -EAGAIN)
			return ret;
		borrow->state = BORROW_DONE;
		if (rewind_framing(trace) || ret)
			return trace_no_memory(trace, 0);
	}
	return 0;
}

int borrow_schema(struct exptrace_trace *trace)
{
	bool hold = trace->input.hold;
	int err;

	if (trace->borrow.state == BORROW_DONE || trace->borrow.reading)
		return 0;
	trace->borrow.reading = true;
	/* no pointers to batches exist yet */
	trace->input.hold = false;
	err = borrow_step(trace);
	trace->input.hold = hold;
	trace->borrow.reading = false;
	if (err && err != -EAGAIN)
		trace->failed = err;
	return err;
}
