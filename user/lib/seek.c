// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Random access: reading goes on at the beginning of any generation.
 */
#include <errno.h>
#include <string.h>

#include "api.h"
#include "header.h"
#include "trace.h"

#define NSEC_PER_SEC	1000000000ULL

static int index_failed(struct exptrace_trace *trace, int err)
{
	if (err == -ESPIPE && trace->files)
		return trace_refuse(trace, err, "several recordings cannot be searched as one trace");
	if (err == -ESPIPE)
		return trace_refuse(trace, err, "a pipe cannot be searched: it must be a file");
	if (err == -ENOMEM)
		return trace_no_memory(trace, trace->index.next);
	if (err == -EBADMSG || err == -EPROTONOSUPPORT)
		return trace_error(trace, err, 0, "not a trace of exptrace%s",
				   err == -EBADMSG ? "" : " of a version that is supported");
	return trace_error(trace, err, trace->index.next, "cannot read: %s", strerror(-err));
}

API const struct exptrace_index_entry *exptrace_index_at(struct exptrace_trace *trace, size_t i)
{
	int err = trace_index_extend(trace, i);

	if (err)
		index_failed(trace, err);
	return !err && i < trace->index.n ? &trace->index.entries[i] : NULL;
}

API int64_t exptrace_index_size(struct exptrace_trace *trace)
{
	int err = trace_index_extend(trace, SIZE_MAX);

	return err ? index_failed(trace, err) : (int64_t)trace->index.n;
}

/* Forgets everything that depends on what was read before. */
static void forget(struct exptrace_trace *trace)
{
	merge_forget(trace);
	trace->merge.loading = false;
	framing_reset(trace);
	trace->open = false;
	trace->abandoned = true;
	trace->sought = true;
	trace->ended = (struct ended) { 0 };
	trace->gap = trace->set_back = trace->other_boot = false;
	trace->boot[0] = 0;
	trace->can_compare = false;
	trace->learn.n = 0;
	trace->learn.has_after = false;
	names_uninit(&trace->names);
	trace->names = (struct names) { 0 };
	tasks_forget_times(&trace->tasks);
	tasks_break(&trace->tasks);
}

/* At the first generation, reading begins as at first: it may borrow a schema. */
static int seek_start(struct exptrace_trace *trace)
{
	trace->borrow = (struct borrow) { 0 };
	trace->generations = 0;
	return input_seek(&trace->input, 0);
}

static int seek_entry(struct exptrace_trace *trace, const struct exptrace_index_entry *entry)
{
	uint8_t header[EXPTRACE_HEADER_SIZE];

	trace->borrow = (struct borrow) { .state = BORROW_DONE };
	trace->generations++;
	trace->header_seen = true;
	/* the walk has checked it */
	if (!trace->version &&
	    input_read_at(&trace->input, 0, header, sizeof(header)) == (ssize_t)sizeof(header))
		trace->version = header_version(header);
	return input_seek(&trace->input, entry->offset);
}

API int exptrace_seek_index(struct exptrace_trace *trace, size_t i)
{
	int err = trace_index_extend(trace, i);

	if (err)
		return index_failed(trace, err);
	if (i >= trace->index.n)
		return trace_refuse(trace, -ENOENT, "there is no such generation");
	forget(trace);
	err = i ? seek_entry(trace, &trace->index.entries[i]) : seek_start(trace);
	return err ? trace_error(trace, err, trace->index.entries[i].offset, "cannot read: %s",
				 strerror(-err)) : 0;
}

/* Returns the first index whose generation is not below @generation, as they are sorted. */
static size_t find_generation(const struct trace_index *index, uint64_t generation)
{
	size_t low = 0, high = index->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (index->entries[middle].generation < generation)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

API int exptrace_seek_generation(struct exptrace_trace *trace, uint64_t generation)
{
	const struct trace_index *index = &trace->index;
	size_t i;
	int err = 0;

	/* no further than needed */
	while (!err && !index->complete &&
	       (!index->n || index->entries[index->n - 1].generation < generation))
		err = trace_index_extend(trace, index->n);
	if (err)
		return index_failed(trace, err);
	i = find_generation(index, generation);
	if (i == index->n || index->entries[i].generation != generation)
		return trace_refuse(trace, -ENOENT, "there is no such generation");
	return exptrace_seek_index(trace, i);
}

/* Does CLOCK_MONOTONIC start again, because another boot follows? */
static bool has_boots(const struct trace_index *index)
{
	uint64_t before = 0;
	size_t i;

	for (i = 0; i < index->n; i++) {
		uint64_t ns = index->entries[i].begin_ns;

		if (ns == EXPTRACE_TIME_UNKNOWN)
			continue;
		if (ns < before)
			return true;
		before = ns;
	}
	return false;
}

API int exptrace_seek_time(struct exptrace_trace *trace, enum exptrace_clock clock, uint64_t ns)
{
	const struct trace_index *index = &trace->index;
	size_t low = 0, high;
	int err = trace_index_extend(trace, SIZE_MAX);

	if (!err)
		err = trace_index_reach(&trace->index);
	if (err)
		return index_failed(trace, err);
	if (clock == EXPTRACE_CLOCK_MONOTONIC && has_boots(index))
		return trace_refuse(trace, -EINVAL,
				    "the trace is of several boots, each with its own CLOCK_MONOTONIC: use wall-clock time");
	for (high = index->n; low < high;) {
		size_t middle = low + (high - low) / 2;

		if (index->reach[clock][middle] < ns)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == index->n)
		return trace_refuse(trace, -ENOENT, "the trace ends before that time");
	return exptrace_seek_index(trace, low);
}

API void exptrace_stop_at(struct exptrace_trace *trace, uint64_t offset)
{
	trace->stop = offset == UINT64_MAX ? 0 : offset;
}

API uint64_t exptrace_wall_ns(const struct exptrace_trace *trace, uint64_t ns)
{
	const struct clock *clock = &trace->clock;
	const struct exptrace_sync *sync = clock->nsyncs ? &clock->syncs[0] : NULL;
	size_t i;

	if (!sync)
		return 0;
	for (i = 1; i < clock->nsyncs && clock->syncs[i].mono_ns <= ns; i++)
		sync = &clock->syncs[i];
	return sync->wall_s * NSEC_PER_SEC + sync->wall_ns + ns - sync->mono_ns;
}
