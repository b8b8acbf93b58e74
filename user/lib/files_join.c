// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Joining a generation whose parts lie in several files, for example because the collector was
 * killed or began another file, and dropping batches that are there twice.
 *
 * The first part stays as it is. Nothing says in which order the other parts were written if there
 * are several. So their batches are put in the order of their times, which is right for each
 * writer; tables and Syncs follow at the end.
 */
#include <errno.h>
#include <stdlib.h>

#include "../common/array.h"
#include "../common/hash.h"
#include "batch.h"
#include "files.h"

struct joined_batch {
	uint64_t offset, size, time, hash;
	uint32_t part;		/* 0: the first one */
	uint8_t rank;		/* place among batches of the same time */
	bool twice;
};

struct join {
	struct files *files;
	const struct files_run *const *runs;
	struct joined_batch *batches;
	size_t n, room;
};

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Equal batches are beside each other, that of the first part first. */
static int compare_contents(const void *pa, const void *pb)
{
	const struct joined_batch *a = pa, *b = pb;
	int order = compare(a->hash, b->hash);

	if (!order)
		order = compare(a->part, b->part);
	return order ? order : compare(a->offset, b->offset);
}

static int compare_order(const void *pa, const void *pb)
{
	const struct joined_batch *a = pa, *b = pb;
	int order = compare(a->part > 0, b->part > 0);

	if (!order && a->part)
		order = compare(a->rank == EXPTRACE_BATCH_SYNC, b->rank == EXPTRACE_BATCH_SYNC);
	if (!order && a->part)
		order = compare(a->time, b->time);
	if (!order && a->part)
		order = compare(a->rank, b->rank);
	if (!order)
		order = compare(a->part, b->part);
	return order ? order : compare(a->offset, b->offset);
}

/* Strings come before stacks, and both before the ledger. */
static uint8_t rank_of(enum exptrace_batch_kind kind)
{
	static const uint8_t ranks[] = {
		[EXPTRACE_BATCH_STRINGS] = 101,
		[EXPTRACE_BATCH_STACKS] = 102,
		[EXPTRACE_BATCH_PROPERTIES] = 103,
		[EXPTRACE_BATCH_LEDGER] = 104,
	};
	size_t n = sizeof(ranks) / sizeof(ranks[0]);

	if (kind == EXPTRACE_BATCH_SYNC)
		return EXPTRACE_BATCH_SYNC;
	return (size_t)kind < n && ranks[kind] ? ranks[kind] : 100;
}

static int add_batch(struct join *join, uint32_t part, uint64_t offset, const uint8_t *bytes,
		     const struct exptrace_batch *batch)
{
	if (array_reach(&join->batches, join->n, &join->room, sizeof(*join->batches)))
		return -ENOMEM;
	join->batches[join->n++] = (struct joined_batch) {
		.offset = offset,
		.size = batch->size,
		.time = batch->time,
		.hash = hash_bytes(bytes, batch->size),
		.part = part,
		.rank = rank_of(batch->kind),
	};
	return 0;
}

/* Reads the batches of a part; its end mark is no batch. */
static int read_part(struct join *join, uint32_t part, struct source *source, uint8_t *bytes)
{
	const struct files_run *run = join->runs[part];
	uint64_t offset = run->offset, end = run->end - run->ends;

	while (offset < end) {
		struct exptrace_batch batch = { 0 };
		ssize_t n = source->ops->read_at(source, offset, bytes, EXPTRACE_BATCH_MAX);
		int ret = n < 0 ? (int)n : batch_parse(&batch, bytes, bytes + n);

		if (ret > 0)
			ret = add_batch(join, part, offset, bytes, &batch);
		else if (!ret || ret == -EBADMSG)
			ret = -ESTALE;
		if (ret)
			return ret;
		offset += batch.size;
	}
	return 0;
}

static int read_parts(struct join *join, size_t n, uint8_t *bytes)
{
	size_t i;
	int err = 0;

	for (i = 0; i < n && !err; i++) {
		struct source *source;

		err = files_open_member(join->files, join->runs[i]->member, &source);
		if (err)
			break;
		err = read_part(join, (uint32_t)i, source, bytes);
		source_destroy(source);
	}
	return err;
}

static void mark_twice(struct join *join)
{
	size_t i;

	qsort(join->batches, join->n, sizeof(*join->batches), compare_contents);
	for (i = 1; i < join->n; i++) {
		const struct joined_batch *before = &join->batches[i - 1];
		struct joined_batch *batch = &join->batches[i];

		batch->twice = batch->hash == before->hash && batch->size == before->size;
	}
	qsort(join->batches, join->n, sizeof(*join->batches), compare_order);
}

static int add_extents(struct join *join, size_t n, struct files_extent *extent)
{
	size_t i;
	int err = 0;

	for (i = 0; i < join->n && !err; i++) {
		const struct joined_batch *batch = &join->batches[i];

		if (batch->twice)
			continue;
		extent->member = join->runs[batch->part]->member;
		extent->first = batch->offset;
		extent->end = batch->offset + batch->size;
		err = files_add_extent(join->files, extent);
		extent->section = extent->restart = false;
	}
	for (i = 0; i < n && !err; i++) {
		if (!join->runs[i]->ends)
			continue;
		extent->member = join->runs[i]->member;
		extent->first = join->runs[i]->end - 1;
		extent->end = join->runs[i]->end;
		return files_add_extent(join->files, extent);
	}
	return err;
}

int files_join(struct files *files, const struct files_run *const *runs, size_t n, bool section,
	       bool restart)
{
	struct join join = { .files = files, .runs = runs };
	struct files_extent extent = {
		.generation = runs[0]->generation, .section = section, .restart = restart,
	};
	uint8_t *bytes = malloc(EXPTRACE_BATCH_MAX);
	int err = bytes ? read_parts(&join, n, bytes) : -ENOMEM;

	if (!err) {
		mark_twice(&join);
		err = add_extents(&join, n, &extent);
	}
	free(bytes);
	free(join.batches);
	return err;
}
