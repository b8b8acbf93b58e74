// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Searching for the next generation behind damage between batches.
 *
 * A generation begins with a Sync, followed by tables of the same generation up to a schema, and by
 * another batch of it; all must be valid. The text of an event could contain the same bytes, so the
 * search begins only where no batch can be found.
 *
 * The search looks at each byte once. Checking candidates is limited by a budget, so that a file
 * full of false candidates does not make it slow.
 */
#include <errno.h>
#include <string.h>
#include <sys/types.h>

#include "api.h"
#include "batch.h"
#include "trace.h"

/* Bytes that must follow a candidate before it is checked, except at the end of the stream */
#define AHEAD		(INPUT_CHUNK / 2)
/*
 * Bytes that candidates may cost in the whole stream, and the additional ones per byte read. The
 * budget is not per damage, since there may be damage every few bytes.
 */
#define BUDGET		(1024 * 1024)
#define BUDGET_GROWS	4
/* Additional cost of checking a schema, in bytes */
#define SCHEMA_COST	16384

/* A candidate: a position where a generation may begin */
struct place {
	const uint8_t *pos, *end;
	bool last;		/* the stream ends at @end */
	uint64_t generation;
	bool has_schema;
	bool no_memory;		/* the check failed because of this */
};

/* Parses the batch at the position, if it is complete. */
static bool place_batch(const struct place *place, struct exptrace_batch *batch)
{
	if (place->pos == place->end || *place->pos != EXPTRACE_WIRE_EVENT_BATCH)
		return false;
	return batch_parse(batch, place->pos, place->end) > 0 && batch->length;
}

static bool is_sync(struct place *place, const struct exptrace_batch *batch)
{
	struct table table = { .pos = batch->data + 1, .end = batch->data + batch->length };
	struct clock clock = { 0 };
	bool good;

	if (batch->kind != EXPTRACE_BATCH_SYNC || batch->m != EXPTRACE_M_NONE)
		return false;
	place->no_memory = clock_read(&clock, &table, batch->time);
	good = !place->no_memory && clock.nsyncs;
	clock_uninit(&clock);
	return good;
}

static bool is_schema(struct place *place, const struct exptrace_batch *batch)
{
	struct table table = { .pos = batch->data + 1, .end = batch->data + batch->length };
	struct schema schema = { 0 };

	place->no_memory = schema_read(&schema, &table);
	schema_uninit(&schema);
	return !place->no_memory && !table.bad;
}

static bool is_properties(struct place *place, const struct exptrace_batch *batch)
{
	struct table table = { .pos = batch->data + 1, .end = batch->data + batch->length };
	struct properties properties = { 0 };

	place->no_memory = properties_read(&properties, &table);
	properties_uninit(&properties);
	return !place->no_memory && !table.bad;
}

/* Is the schema followed by the header of a batch of the same generation, or by the end? */
static bool opening_goes_on(const struct place *place)
{
	struct exptrace_batch batch;

	if (place->pos == place->end)
		return place->last;
	return batch_begins(*place->pos) && batch_parse_header(&batch, place->pos, place->end) &&
	       batch.length && batch.length < EXPTRACE_BATCH_MAX &&
	       batch.generation == place->generation;
}

/* Checks and skips a table at the generation's beginning. */
static bool place_skip_table(struct place *place, uint64_t *budget)
{
	struct exptrace_batch batch;
	uint64_t cost;

	if (!place_batch(place, &batch) || batch.generation != place->generation ||
	    batch.m != EXPTRACE_M_NONE)
		return false;
	place->has_schema = batch.kind == EXPTRACE_BATCH_SCHEMA;
	if (!place->has_schema && batch.kind != EXPTRACE_BATCH_PROPERTIES)
		return false;
	cost = batch.size + (place->has_schema ? SCHEMA_COST : 0);
	if (cost > *budget)
		return false;
	*budget -= cost;
	if (!(place->has_schema ? is_schema(place, &batch) : is_properties(place, &batch)))
		return false;
	place->pos += batch.size;
	return true;
}

/* Does a generation begin at the position? */
static bool is_opening(struct place *place, uint64_t *budget)
{
	struct exptrace_batch sync;

	/* no generation has the number 0, which means none to the caller */
	if (!place_batch(place, &sync) || !sync.generation || !is_sync(place, &sync))
		return false;
	place->generation = sync.generation;
	place->pos += sync.size;
	while (!place->has_schema)
		if (!place_skip_table(place, budget))
			return false;
	return opening_goes_on(place);
}

/*
 * Checks the positions before @limit. Returns the distance to the next generation and its number;
 * @limit if there is none; or -ENOMEM.
 */
static ssize_t resync_look(const struct input *input, size_t limit, uint64_t *budget,
			   uint64_t *generation)
{
	const uint8_t *pos = input->pos, *stop = input->pos + limit;

	while ((pos = memchr(pos, EXPTRACE_WIRE_EVENT_BATCH, (size_t)(stop - pos)))) {
		struct place place = { .pos = pos, .end = input->end, .last = input->eof || input->hole };

		if (is_opening(&place, budget)) {
			*generation = place.generation;
			return pos - input->pos;
		}
		if (place.no_memory)
			return -ENOMEM;
		pos++;
	}
	return (ssize_t)limit;
}

/* Skips to the next generation (1) or to the end (0). May return a negative errno. */
static int resync_search(struct exptrace_trace *trace, uint64_t *generation)
{
	struct input *input = &trace->input;
	ssize_t distance;
	size_t limit;
	int err = 0;

	for (;;) {
		uint64_t had = BUDGET + BUDGET_GROWS * input->offset - trace->resync_spent;
		uint64_t budget = had;

		/* only if needed, since filling moves the available bytes */
		if (input_available(input) <= AHEAD)
			err = input_fill(input, INPUT_CHUNK);
		if (err && err != -EBADMSG && err != -ENODATA)
			return err;
		limit = input_available(input);
		if (!limit && !input->hole)
			return 0;
		/* search a trace in memory in the same steps as a file */
		if (limit > INPUT_CHUNK)
			limit = INPUT_CHUNK;
		if (!input->eof && !input->hole)
			limit -= AHEAD;
		distance = resync_look(input, limit, &budget, generation);
		trace->resync_spent += had - budget;
		if (distance < 0)
			return (int)distance;
		input_consume(input, (size_t)distance);
		if ((size_t)distance < limit)
			return 1;
		if (input->hole)
			input_cross_hole(input);
		err = 0;
	}
}

/* Describes the damage that the search has skipped. */
static void describe_damage(const struct exptrace_trace *trace, struct exptrace_damage *damage)
{
	*damage = (struct exptrace_damage) {
		.offset = trace->adrift_offset,
		.end = trace->input.offset,
		.before = trace->has_confirmed ? trace->confirmed : 0,
		.inside = trace->has_confirmed && trace->in_generation &&
			  trace->generation == trace->confirmed,
	};
}

/* Makes framing_next() begin with the first batch of a generation. */
static void resync_restart(struct exptrace_trace *trace)
{
	trace->header_seen = true;
	trace->in_generation = trace->whole_batch = false;
	trace->has_generation = trace->has_confirmed;
	trace->generation = trace->confirmed;
	trace->adrift = false;
	trace->failed = 0;
}

int resync_next(struct exptrace_trace *trace, struct exptrace_damage *damage)
{
	bool hold = trace->input.hold;
	uint64_t generation = 0;
	int ret;

	/* bytes read earlier are no longer needed */
	trace->input.hold = false;
	ret = resync_search(trace, &generation);
	trace->input.hold = hold;
	if (ret == -EAGAIN)
		return trace_refuse(trace, ret, "no more data yet");
	if (ret < 0)
		return trace_error(trace, ret, trace->input.offset, "cannot read: %s",
				   strerror(-ret));
	describe_damage(trace, damage);
	/* a section is not searched beyond its end */
	if (!ret && framing_next_section(trace, &generation))
		ret = 1;
	if (ret && trace->has_confirmed && generation <= trace->confirmed) {
		damage->other_trace = trace->input.offset;
		trace->failed = trace_error(trace, -EBADMSG, trace->input.offset,
					    "generation %llu comes after generation %llu",
					    (unsigned long long)generation,
					    (unsigned long long)trace->confirmed);
		return trace->failed;
	}
	damage->after = generation;
	resync_restart(trace);
	return ret;
}

API int exptrace_resync(struct exptrace_trace *trace, const struct exptrace_damage **damage_out)
{
	struct exptrace_damage *damage = &trace->damage;
	int ret = 1;

	*damage = (struct exptrace_damage) {
		.offset = trace->error_offset, .end = trace->error_offset,
	};
	if (damage_out)
		*damage_out = damage;
	if (trace->failed && trace->failed != -EBADMSG && trace->failed != -ENODATA)
		return trace_failed(trace);
	merge_forget(trace);
	if (trace->adrift)
		ret = resync_next(trace, damage);
	else
		trace->failed = 0;
	if (ret != -EAGAIN)
		account_damage(trace, damage);
	return ret;
}
