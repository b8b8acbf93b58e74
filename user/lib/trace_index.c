// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The index of a trace, made by walking the headers of the batches.
 *
 * Of a batch only the header is read, except for Syncs and ledgers. Behind damage, the walk goes on
 * where a reader would: a scratch trace looks for the next generation.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../common/array.h"
#include "api.h"
#include "batch.h"
#include "header.h"
#include "trace.h"

#define NSEC_PER_SEC	1000000000ULL
/* A batch's header, and the byte that tells what it holds */
#define LOOK_SIZE	(EXPTRACE_BATCH_HEADER_MAX + 1)
/*
 * Writers may finish an event of a generation when the next one has begun, but not when this one
 * has ended: its closing Sync is later than all of its events. This covers the error of clocks.
 */
#define MARGIN_NS	10000000ULL

/* The generation that the walk is in */
struct walk {
	struct exptrace_trace *trace;
	struct exptrace_index_entry entry;
	bool inside;
	struct clock clock;
	struct ledger ledger;
	uint8_t bytes[EXPTRACE_BATCH_MAX];
};

static ssize_t walk_read(const struct walk *walk, uint64_t offset, uint8_t *to, size_t n)
{
	return input_read_at(&walk->trace->input, offset, to, n);
}

static uint64_t wall_ns(const struct exptrace_sync *sync)
{
	return sync->wall_s * NSEC_PER_SEC + sync->wall_ns;
}

/* Adds the generation that ends at @end to the index. Returns 0 or -ENOMEM. */
static int walk_close(struct walk *walk, uint64_t end, bool ends)
{
	struct trace_index *index = &walk->trace->index;
	struct exptrace_index_entry *entry = &walk->entry;
	const struct clock *clock = &walk->clock;
	size_t i, j;

	if (!walk->inside)
		return 0;
	walk->inside = false;
	entry->size = end - entry->offset;
	entry->ends = ends;
	entry->begin_ns = entry->begin_wall_ns = EXPTRACE_TIME_UNKNOWN;
	entry->end_ns = entry->end_wall_ns = EXPTRACE_TIME_UNKNOWN;
	if (clock->nsyncs && entry->begins) {
		entry->begin_ns = clock->syncs[0].mono_ns;
		entry->begin_wall_ns = wall_ns(&clock->syncs[0]);
	}
	if (ends && clock->nsyncs > entry->begins) {
		entry->end_ns = clock->syncs[clock->nsyncs - 1].mono_ns;
		entry->end_wall_ns = wall_ns(&clock->syncs[clock->nsyncs - 1]);
	}
	for (i = 0; i < walk->ledger.nentries; i++) {
		const struct exptrace_ledger_entry *counts = &walk->ledger.entries[i];

		entry->events += counts->recorded;
		for (j = 0; j < counts->nlosses; j++)
			entry->lost += counts->losses[j].count;
	}
	if (array_reach(&index->entries, index->n, &index->room, sizeof(*index->entries)))
		return -ENOMEM;
	index->entries[index->n++] = *entry;
	return 0;
}

static void walk_open(struct walk *walk, const struct exptrace_batch *batch)
{
	walk->inside = true;
	walk->entry = (struct exptrace_index_entry) {
		.generation = batch->generation,
		.offset = batch->offset,
		.begins = batch->kind == EXPTRACE_BATCH_SYNC,
	};
	clock_reset(&walk->clock);
	ledger_reset(&walk->ledger);
}

/* Reads the rest of a Sync or ledger. Returns 1, 0 if it is not whole, or a negative errno. */
static int walk_table(struct walk *walk, const struct exptrace_batch *batch, size_t header)
{
	struct table table = { .pos = walk->bytes + 1, .end = walk->bytes + batch->length };
	ssize_t n = walk_read(walk, batch->offset + header, walk->bytes, batch->length);
	int err;

	if (n < (ssize_t)batch->length)
		return n < 0 ? (int)n : 0;
	err = batch->kind == EXPTRACE_BATCH_SYNC ? clock_read(&walk->clock, &table, batch->time) :
	      ledger_read(&walk->ledger, &table, batch->offset);
	return err ? err : 1;
}

/*
 * Takes the batch or end mark at the offset. Returns its size; 0: damage, or the end of the file;
 * or a negative errno.
 */
static ssize_t walk_piece(struct walk *walk, uint64_t offset)
{
	uint64_t last = walk->trace->index.n ?
			walk->trace->index.entries[walk->trace->index.n - 1].generation : 0;
	struct exptrace_batch batch = { .offset = offset };
	uint8_t look[LOOK_SIZE];
	ssize_t n = walk_read(walk, offset, look, sizeof(look));
	const uint8_t *data;
	size_t header;
	int ret = 1;

	if (n <= 0)
		return n;
	if (look[0] == EXPTRACE_WIRE_END_OF_GENERATION)
		return walk->inside;
	data = batch_begins(look[0]) ? batch_parse_header(&batch, look, look + n) : NULL;
	if (!data)
		return 0;
	header = (size_t)(data - look);
	batch.size = header + batch.length;
	if (batch.size > EXPTRACE_BATCH_MAX || header == (size_t)n || !batch.length)
		return 0;
	if (walk->inside ? batch.generation != walk->entry.generation : batch.generation <= last)
		return 0;
	/* is its last byte there? */
	if (batch.size > (size_t)n && walk_read(walk, offset + batch.size - 1, look, 1) != 1)
		return 0;
	batch.data = data;
	batch.kind = batch_kind(&batch);
	if (!walk->inside)
		walk_open(walk, &batch);
	if (batch.kind == EXPTRACE_BATCH_SYNC || batch.kind == EXPTRACE_BATCH_LEDGER)
		ret = walk_table(walk, &batch, header);
	return ret == 1 ? (ssize_t)batch.size : ret;
}

/* Looks for the next generation behind damage at @offset. Returns 1, 0, or a negative errno. */
static int walk_resync(const struct walk *walk, uint64_t offset, uint64_t *next)
{
	const struct trace_index *index = &walk->trace->index;
	struct exptrace_trace *scratch = calloc(1, sizeof(*scratch));
	struct exptrace_damage damage;
	int ret;

	if (!scratch)
		return -ENOMEM;
	scratch->fd = -1;
	ret = input_clone(&walk->trace->input, &scratch->input);
	if (!ret)
		ret = input_seek(&scratch->input, offset);
	if (ret && ret != -EBADMSG && ret != -ENODATA) {
		exptrace_close(scratch);
		return ret;
	}
	scratch->adrift = true;
	scratch->has_confirmed = index->n > 0;
	scratch->confirmed = index->n ? index->entries[index->n - 1].generation : 0;
	ret = resync_next(scratch, &damage);
	*next = damage.end;
	exptrace_close(scratch);
	/* another trace follows: it is not read */
	return ret == -EBADMSG || ret == -ENODATA ? 0 : ret;
}

/* Walks to the end of the next generation. */
static int walk_generation(struct walk *walk)
{
	struct trace_index *index = &walk->trace->index;
	size_t n = index->n;
	int ret = 0;

	while (!ret && !index->complete && index->n == n) {
		ssize_t size = walk_piece(walk, index->next);
		bool ends = size == 1;
		uint64_t next = 0;

		if (size < 0 && size != -EBADMSG && size != -ENODATA)
			return (int)size;
		if (size > 0) {
			index->next += (uint64_t)size;
			if (ends)
				ret = walk_close(walk, index->next, true);
			continue;
		}
		ret = walk_close(walk, index->next, false);
		if (ret)
			return ret;
		ret = walk_resync(walk, index->next, &next);
		index->complete = ret == 0;
		if (ret == 1 && index->n > n)
			index->entries[index->n - 1].size = next - index->entries[index->n - 1].offset;
		if (ret == 1)
			index->next = next;
		ret = ret < 0 ? ret : 0;
	}
	return ret;
}

/* Is there a header that this library knows? */
static int read_header(struct exptrace_trace *trace)
{
	uint8_t header[EXPTRACE_HEADER_SIZE];
	ssize_t n = input_read_at(&trace->input, 0, header, sizeof(header));

	if (n < 0 && n != -EBADMSG)
		return (int)n;
	if (n < (ssize_t)sizeof(header))
		return -EBADMSG;
	n = exptrace_header_version(header, sizeof(header));
	if (n < 0)
		return (int)n;
	trace->index.begun = true;
	trace->index.next = sizeof(header);
	return 0;
}

int trace_index_extend(struct exptrace_trace *trace, size_t i)
{
	struct trace_index *index = &trace->index;
	struct walk *walk;
	int err = 0;

	if (i < index->n || index->complete)
		return 0;
	/* numbers of generations must increase */
	if (!input_can_seek(&trace->input) || files_have_restart(trace->files))
		return -ESPIPE;
	if (!index->begun)
		err = read_header(trace);
	walk = err ? NULL : calloc(1, sizeof(*walk));
	if (!walk)
		return err ? err : -ENOMEM;
	walk->trace = trace;
	while (!err && index->n <= i && !index->complete)
		err = walk_generation(walk);
	clock_uninit(&walk->clock);
	ledger_uninit(&walk->ledger);
	free(walk);
	return err;
}

static uint64_t saturated(uint64_t ns)
{
	return ns > UINT64_MAX - MARGIN_NS ? UINT64_MAX : ns + MARGIN_NS;
}

static uint64_t entry_begin(const struct exptrace_index_entry *entry, int clock)
{
	return clock == EXPTRACE_CLOCK_MONOTONIC ? entry->begin_ns : entry->begin_wall_ns;
}

static uint64_t entry_end(const struct exptrace_index_entry *entry, int clock)
{
	return clock == EXPTRACE_CLOCK_MONOTONIC ? entry->end_ns : entry->end_wall_ns;
}

/* If its end is not known, a generation lasted until the next one, as far as that is known. */
static uint64_t entry_reach(const struct trace_index *index, size_t i, int clock)
{
	uint64_t end = entry_end(&index->entries[i], clock);

	if (end == EXPTRACE_TIME_UNKNOWN && i + 1 < index->n)
		end = entry_begin(&index->entries[i + 1], clock);
	return saturated(end);
}

int trace_index_reach(struct trace_index *index)
{
	int clock;
	size_t i;

	for (clock = 0; clock < 2 && index->n && !index->reach[clock]; clock++) {
		uint64_t most = 0;

		index->reach[clock] = calloc(index->n, sizeof(*index->reach[clock]));
		if (!index->reach[clock])
			return -ENOMEM;
		for (i = 0; i < index->n; i++) {
			uint64_t reach = entry_reach(index, i, clock);

			most = reach > most ? reach : most;
			index->reach[clock][i] = most;
		}
	}
	return 0;
}

void trace_index_uninit(struct trace_index *index)
{
	free(index->entries);
	free(index->reach[0]);
	free(index->reach[1]);
}
