// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A first generation whose beginning an earlier reader took has lost its schema:
 * it borrows that of the generation after it, which the same recorder wrote.
 *
 * So the stream is read ahead up to that schema, and then once more from the start.
 */
#include <errno.h>

#include "trace.h"

static void rewind_framing(struct exptrace_trace *trace)
{
	input_rewind(&trace->input);
	framing_reset(trace);
}

/* Is the stream cut off at its beginning? 1, 0, or -EAGAIN, -ENOMEM. */
static int is_cut_off(struct exptrace_trace *trace)
{
	int ret = framing_next(trace);
	bool cut_off = ret == 1 && trace->batch.kind != EXPTRACE_BATCH_SYNC &&
		       trace->batch.kind != EXPTRACE_BATCH_END;

	if (ret == -EAGAIN || ret == -ENOMEM)
		return ret;
	trace->borrow.borrower = trace->batch.generation;
	rewind_framing(trace);
	return cut_off;
}

/* What is in a batch that holds a table; an end mark has no data. */
static struct table table_of(const struct exptrace_batch *batch)
{
	return (struct table) { .pos = batch->data + 1, .end = batch->data + batch->length };
}

/* Takes in a batch of the lender. False when there is nothing more to be had from it. */
static bool borrow_from(struct exptrace_trace *trace, int *err)
{
	const struct exptrace_batch *batch = &trace->batch;
	struct borrow *borrow = &trace->borrow;
	struct table table;

	switch (batch->kind) {
	case EXPTRACE_BATCH_SCHEMA:
		borrow->active = true;
		borrow->lender = batch->generation;
		table = table_of(batch);
		*err = schema_read(&trace->schema, &table);
		return !*err;
	case EXPTRACE_BATCH_PROPERTIES:
		table = table_of(batch);
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

/* The next batch or end mark that can be read, behind damage as well; but not another trace's. */
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
 * Reads ahead. Returns 0 when that is over, with or without a schema: what is damaged
 * or missing shows when it is read again.
 */
static int read_ahead(struct exptrace_trace *trace)
{
	int ret, err = 0;

	do {
		ret = next_ahead(trace);
		if (ret == -EAGAIN || ret == -ENOMEM)
			return ret;
	} while (ret == 1 && (trace->batch.generation == trace->borrow.borrower ||
			      borrow_from(trace, &err)));
	if (!err)
		err = trace_reserve_values(trace);
	/* the list of the lender serves until the borrower's own comes */
	trace->properties.stale = true;
	return err;
}

static int borrow_step(struct exptrace_trace *trace)
{
	struct borrow *borrow = &trace->borrow;
	int ret;

	if (borrow->state == BORROW_NEW) {
		ret = is_cut_off(trace);
		if (ret < 0)
			return ret;
		borrow->state = ret ? BORROW_AHEAD : BORROW_DONE;
		if (ret && input_keep(&trace->input))
			return trace_no_memory(trace, 0);
	}
	if (borrow->state == BORROW_AHEAD) {
		ret = read_ahead(trace);
		if (ret == -EAGAIN)
			return ret;
		rewind_framing(trace);
		borrow->state = BORROW_DONE;
		if (ret)
			return trace_no_memory(trace, 0);
	}
	return 0;
}

int borrow_schema(struct exptrace_trace *trace)
{
	bool hold = trace->input.hold;
	int err;

	if (trace->borrow.state == BORROW_DONE)
		return 0;
	/* no batch is referred to yet */
	trace->input.hold = false;
	err = borrow_step(trace);
	trace->input.hold = hold;
	if (err && err != -EAGAIN)
		trace->failed = err;
	return err;
}
