// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The framing: header, batches and end-of-generation marks.
 *
 * Nothing is consumed before it is complete, so that a call can be repeated after -EAGAIN.
 */
#include <errno.h>
#include <string.h>

#include "batch.h"
#include "header.h"
#include "magic.h"
#include "trace.h"

#define TYPE_SIZE	1
#define M_CONTEXT_BITS	2

static int cut_off(struct exptrace_trace *trace)
{
	uint64_t offset = trace->input.offset + input_available(&trace->input);

	if (trace->in_generation)
		return trace_error(trace, -ENODATA, offset, "cut off in generation %llu",
				   (unsigned long long)trace->generation);
	return trace_error(trace, -ENODATA, offset, "cut off between generations");
}

static int read_failed(struct exptrace_trace *trace, int err)
{
	const struct source *source = trace->input.source;
	uint64_t offset = trace->input.offset + input_available(&trace->input);

	if (err == -EAGAIN)
		return trace_refuse(trace, err, "no more data yet");
	if (err == -EBADMSG || err == -ENODATA)
		return trace_error(trace, err, offset, "%s", source->problem);
	return trace_error(trace, err, offset, "cannot read: %s", err == -ESTALE ?
			   "the file has changed since it was opened" : strerror(-err));
}

static int not_a_trace(struct exptrace_trace *trace)
{
	const char *name = magic_name(trace->input.pos, input_available(&trace->input));

	return trace_error(trace, -EBADMSG, 0, "not a trace of exptrace%s%s%s",
			   name ? " (it looks like " : "", name ? name : "", name ? ")" : "");
}

static int framing_header(struct exptrace_trace *trace)
{
	struct input *input = &trace->input;
	size_t have, prefix = strlen(HEADER_PREFIX);
	int err = input_fill(input, EXPTRACE_HEADER_SIZE), version;

	if (err)
		return read_failed(trace, err);
	have = input_available(input);
	if (!have)
		return trace_error(trace, -ENODATA, 0, "there is no data, not even a header,");
	if (memcmp(input->pos, HEADER_PREFIX, have < prefix ? have : prefix))
		return not_a_trace(trace);
	if (have < EXPTRACE_HEADER_SIZE)
		return trace_error(trace, -ENODATA, have, "cut off in the header");
	version = header_version(input->pos);
	if (version < 0)
		return not_a_trace(trace);
	if (!header_is_known(version))
		return trace_error(trace, -EPROTO, 0,
				   "version %d of the trace format is not supported, only 1 to %d,",
				   version, EXPTRACE_WIRE_VERSION);
	trace->version = version;
	input_consume(input, EXPTRACE_HEADER_SIZE);
	trace->header_seen = true;
	return 0;
}

/*
 * Reads a batch's header. Reads no more bytes than needed, since a device may have nothing behind
 * it. Returns its size or a negative errno.
 */
static int framing_batch_header(struct exptrace_trace *trace, struct exptrace_batch *batch)
{
	struct input *input = &trace->input;
	size_t need = TYPE_SIZE + 3 + EXPTRACE_VARINT_MAX;
	const uint8_t *pos;

	for (;; need++) {
		int err = input_fill(input, need);
		size_t have = input_available(input);

		if (err)
			return read_failed(trace, err);
		if (have > EXPTRACE_BATCH_HEADER_MAX)
			have = EXPTRACE_BATCH_HEADER_MAX;
		pos = batch_parse_header(batch, input->pos, input->pos + have);
		if (pos)
			return pos - input->pos;
		if (have == EXPTRACE_BATCH_HEADER_MAX)
			break;
		if (have < need)
			return cut_off(trace);
		need = have;
	}
	return trace_error(trace, -EBADMSG, input->offset, "bad header of a batch");
}

static void set_writer(struct exptrace_batch *batch)
{
	bool bound = batch->m != EXPTRACE_M_NONE;

	batch->cpu = bound ? batch->m >> M_CONTEXT_BITS : EXPTRACE_CPU_NONE;
	batch->context = bound ? batch->m & (EXPTRACE_NR_CONTEXTS - 1) : EXPTRACE_CONTEXT_NONE;
}

/* Generations must come in order, each with its end mark. */
static int check_order(struct exptrace_trace *trace, const struct exptrace_batch *batch)
{
	unsigned long long now = batch->generation, old = trace->generation;

	if (trace->in_generation && now != old)
		return trace_error(trace, -EBADMSG, batch->offset,
				   "generation %llu begins before the end of generation %llu",
				   now, old);
	if (!trace->in_generation && trace->has_generation && now <= old)
		return trace_error(trace, -EBADMSG, batch->offset,
				   "generation %llu comes after generation %llu", now, old);
	return 0;
}

/* A second batch, or an end mark, confirms that the number of the first batch was right. */
static void confirm_generation(struct exptrace_trace *trace)
{
	trace->has_confirmed = true;
	trace->confirmed = trace->generation;
}

static int framing_batch(struct exptrace_trace *trace)
{
	struct input *input = &trace->input;
	struct exptrace_batch batch = { .offset = input->offset };
	int size = framing_batch_header(trace, &batch);
	bool second = trace->in_generation && trace->whole_batch;
	int err;

	if (size < 0)
		return size;
	batch.size = size + batch.length;
	if (batch.size > EXPTRACE_BATCH_MAX)
		return trace_error(trace, -EBADMSG, input->offset, "batch of more than %d bytes",
				   EXPTRACE_BATCH_MAX);
	err = check_order(trace, &batch);
	if (err)
		return err;
	err = input_fill(input, batch.size);
	if (err)
		return read_failed(trace, err);
	trace->in_generation = trace->has_generation = true;
	trace->generation = batch.generation;
	if (input_available(input) < batch.size)
		return cut_off(trace);
	batch.data = input->pos + size;
	batch.kind = batch_kind(&batch);
	set_writer(&batch);
	trace->batch = batch;
	input_consume(input, batch.size);
	trace->whole_batch = true;
	if (second)
		confirm_generation(trace);
	return 1;
}

static int framing_end_mark(struct exptrace_trace *trace)
{
	if (!trace->in_generation)
		return trace_error(trace, -EBADMSG, trace->input.offset,
				   "an end mark without a generation");
	confirm_generation(trace);
	trace->batch = (struct exptrace_batch) {
		.kind = EXPTRACE_BATCH_END,
		.context = EXPTRACE_CONTEXT_NONE,
		.generation = trace->generation,
		.m = EXPTRACE_M_NONE,
		.cpu = EXPTRACE_CPU_NONE,
		.offset = trace->input.offset,
		.size = TYPE_SIZE,
	};
	input_consume(&trace->input, TYPE_SIZE);
	trace->in_generation = trace->whole_batch = false;
	return 1;
}

/* Joined traces count as the lowest of their versions, which may lack facts of the others. */
static void take_version(struct exptrace_trace *trace)
{
	const struct input *input = &trace->input;
	int version = input_available(input) < EXPTRACE_HEADER_SIZE ? -1 :
		      header_version(input->pos);

	if (header_is_known(version) && version < trace->version)
		trace->version = version;
}

/* Reports bytes that begin neither a batch nor an end mark. */
static int bad_piece(struct exptrace_trace *trace)
{
	struct input *input = &trace->input;
	int err = input_fill(input, EXPTRACE_HEADER_SIZE);

	if (err)
		return read_failed(trace, err);
	/* traces joined by cat */
	if (input_available(input) >= strlen(HEADER_PREFIX) &&
	    !memcmp(input->pos, HEADER_PREFIX, strlen(HEADER_PREFIX))) {
		take_version(trace);
		return trace_error(trace, -EBADMSG, input->offset, "another trace begins");
	}
	return trace_error(trace, -EBADMSG, input->offset, "byte %u where a batch should begin",
			   *input->pos);
}

/* Numbers of generations have nothing to do with those of another recording. */
static void forget_generations(struct exptrace_trace *trace)
{
	trace->in_generation = trace->whole_batch = false;
	trace->has_generation = trace->has_confirmed = false;
	trace->generation = trace->confirmed = 0;
}

bool framing_next_section(struct exptrace_trace *trace, uint64_t *generation)
{
	struct source *source = trace->input.source;
	struct source_section section;

	if (!source || !source->ops->next_section || !source->ops->next_section(source, &section))
		return false;
	trace->input.eof = trace->input.cut_off = false;
	if (section.restart) {
		trace->recording++;
		forget_generations(trace);
		if (!trace->borrow.reading) {
			trace->borrow.state = BORROW_NEW;
			trace->borrow.begin = trace->input.offset;
		}
	}
	*generation = section.generation;
	return true;
}

static int framing_piece(struct exptrace_trace *trace)
{
	struct input *input = &trace->input;
	uint64_t generation;
	int err;

	if (trace->stop && input->offset >= trace->stop)
		return 0;
	do {
		err = input_fill(input, TYPE_SIZE);
		if (err)
			return read_failed(trace, err);
		if (!input_available(input) && trace->in_generation)
			return cut_off(trace);
	} while (!input_available(input) && framing_next_section(trace, &generation));
	if (!input_available(input))
		return 0;
	/* a recording has begun */
	if (trace->borrow.begin == input->offset && trace->mode != TRACE_MODE_FRAMES) {
		err = borrow_schema(trace);
		if (!err)
			err = input_fill(input, TYPE_SIZE);
		if (err)
			return err;
	}
	switch (*input->pos) {
	case EXPTRACE_WIRE_EVENT_BATCH:
	case EXPTRACE_WIRE_EXP_BATCH:
		return framing_batch(trace);
	case EXPTRACE_WIRE_END_OF_GENERATION:
		return framing_end_mark(trace);
	default:
		return bad_piece(trace);
	}
}

int framing_next(struct exptrace_trace *trace)
{
	int ret = trace_failed(trace);

	if (!ret && !trace->header_seen)
		ret = framing_header(trace);
	if (!ret)
		ret = framing_piece(trace);
	if (ret < 0 && ret != -EAGAIN && !trace->failed) {
		trace->failed = ret;
		trace->adrift = true;
		trace->adrift_offset = trace->input.offset;
	}
	return ret;
}

void framing_reset(struct exptrace_trace *trace)
{
	trace->header_seen = false;
	forget_generations(trace);
	trace->adrift = false;
	trace->resync_spent = 0;
	trace->failed = 0;
	trace->error_offset = 0;
	trace->error = NULL;
}
