// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Merging the events of a whole generation by time.
 *
 * Damage in a batch ends that batch; all others are read to the generation's end. The error with
 * the lowest offset is returned afterwards.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../common/array.h"
#include "merge.h"
#include "trace.h"
#include "varint.h"

#define NO_BATCH	UINT32_MAX

struct merge_batch {
	struct exptrace_batch batch;
	uint32_t next;		/* of the same stream */
};

struct merge_stream {
	struct cursor cursor;
	struct cursor_addrs *addrs;	/* NULL until needed; most writers never need it */
	const struct schema_event **types;
	uint32_t batch;		/* the one the cursor is in */
	uint32_t last;
	uint32_t cpu;		/* index into cpus */
	uint8_t experiment;
	uint8_t context;
};

/* State of a CPU at the current time. */
struct merge_cpu {
	uint64_t number;
	int64_t pid;		/* the running thread */
	bool known;		/* all its switches are recorded, so pid is certain */
	uint64_t since;		/* while starting: time of the event that pid is from */
};

/* Saves the error that trace_error() stored, to return it after the events. */
static void note_error(struct exptrace_trace *trace, int err)
{
	struct merge *merge = &trace->merge;

	if (merge->error && merge->error_offset <= trace->error_offset)
		return;
	merge->error = err;
	merge->error_offset = trace->error_offset;
	memcpy(merge->message, trace->message, sizeof(merge->message));
}

static int raise_error(struct exptrace_trace *trace)
{
	memcpy(trace->message, trace->merge.message, sizeof(trace->message));
	trace->error = trace->message;
	trace->error_offset = trace->merge.error_offset;
	trace->failed = trace->merge.error;
	return trace->failed;
}

static int64_t get_cpu(struct merge *merge, uint64_t cpu)
{
	int64_t i = index_get(&merge->cpu_index, cpu, 0);

	if (i < 0 || (size_t)i < merge->ncpus)
		return i;
	if (array_reach(&merge->cpus, merge->ncpus, &merge->cpus_room, sizeof(*merge->cpus)))
		return -ENOMEM;
	merge->cpus[merge->ncpus++] = (struct merge_cpu) {
		.number = cpu, .pid = EXPTRACE_PID_UNKNOWN, .since = UINT64_MAX,
	};
	return i;
}

static int64_t get_stream(struct merge *merge, const struct exptrace_batch *batch)
{
	int64_t i = index_get(&merge->stream_index, batch->experiment, batch->m);
	int64_t cpu = get_cpu(merge, batch->cpu);

	if (i < 0 || cpu < 0)
		return -ENOMEM;
	if ((size_t)i < merge->nstreams)
		return i;
	if (array_reach(&merge->streams, merge->nstreams, &merge->streams_room,
			sizeof(*merge->streams)))
		return -ENOMEM;
	merge->streams[merge->nstreams++] = (struct merge_stream) {
		.batch = NO_BATCH,
		.last = NO_BATCH,
		.cpu = cpu,
		.experiment = batch->experiment,
		.context = batch->context,
	};
	return i;
}

static int add_batch(struct merge *merge, const struct exptrace_batch *batch)
{
	struct merge_stream *stream;
	int64_t i;

	if (array_reach(&merge->batches, merge->nbatches, &merge->batches_room,
			sizeof(*merge->batches)))
		return -ENOMEM;
	/* after the room is there, since each stream must have a batch */
	i = get_stream(merge, batch);
	if (i < 0)
		return -ENOMEM;
	merge->batches[merge->nbatches].batch = *batch;
	merge->batches[merge->nbatches].next = NO_BATCH;
	stream = &merge->streams[i];
	if (stream->last == NO_BATCH)
		stream->batch = merge->nbatches;
	else
		merge->batches[stream->last].next = merge->nbatches;
	stream->last = merge->nbatches++;
	return 0;
}

static void free_addrs(struct merge *merge)
{
	size_t i;

	for (i = 0; i < merge->nstreams; i++)
		free(merge->streams[i].addrs);
}

static void merge_clear(struct exptrace_trace *trace)
{
	struct merge *merge = &trace->merge;

	free_addrs(merge);
	merge->nbatches = 0;
	merge->nstreams = 0;
	merge->ncpus = 0;
	merge->nheap = 0;
	index_clear(&merge->stream_index);
	index_clear(&merge->cpu_index);
	input_release(&trace->input);
}

/* Loads the current batch. Returns 0, or a negative errno that ends the loading. */
static int load_batch(struct exptrace_trace *trace)
{
	struct merge *merge = &trace->merge;
	int err = generation_take(trace);

	merge->loading = true;
	if (err == -EBADMSG) {
		note_error(trace, err);
		err = 0;
	}
	if (!err && trace->batch.kind == EXPTRACE_BATCH_EVENTS)
		err = add_batch(merge, &trace->batch);
	if (err == -ENOMEM)
		trace_no_memory(trace, trace->batch.offset);
	return err;
}

/*
 * Loads a generation, as far as it can be read. Returns 1, 0 at the end of the trace, or -EAGAIN.
 * Other errors are saved.
 */
static int load_generation(struct exptrace_trace *trace)
{
	for (;;) {
		int ret = framing_next(trace);

		if (ret == 0 || ret == -EAGAIN)
			return ret;
		if (ret == 1 && trace->batch.kind == EXPTRACE_BATCH_END) {
			generation_take(trace);
			break;
		}
		if (ret == 1)
			ret = load_batch(trace);
		if (ret < 0) {
			note_error(trace, ret);
			generation_abandon(trace);
			break;
		}
	}
	trace->merge.loading = false;
	return 1;
}

/* Starts at the beginning of the stream's current batch. */
static void stream_enter(const struct merge *merge, struct merge_stream *stream)
{
	cursor_init(&stream->cursor, stream->addrs, &merge->batches[stream->batch].batch,
		    stream->types);
}

/* Decodes the arguments of the stream's event. Returns 0, -EBADMSG or -ENOMEM. */
static inline int stream_args(struct exptrace_trace *trace, struct merge_stream *stream)
{
	if (unlikely(stream->cursor.event->has_relative && !stream->addrs)) {
		stream->addrs = calloc(1, sizeof(*stream->addrs));
		if (!stream->addrs)
			return -ENOMEM;
	}
	return cursor_args(&stream->cursor, stream->addrs, &trace->properties, trace->values);
}

/*
 * Moves the stream to its next event. Returns 1, or 0 at its end. Damage is saved as an error and
 * ends the batch.
 */
static int stream_advance(struct exptrace_trace *trace, struct merge_stream *stream)
{
	for (;;) {
		const struct merge_batch *at = &trace->merge.batches[stream->batch];
		int ret = cursor_peek(&stream->cursor);

		if (likely(ret > 0))
			return ret;
		if (ret < 0)
			note_error(trace, trace_bad_event(trace, &stream->cursor, &at->batch));
		if (at->next == NO_BATCH)
			return 0;
		stream->batch = at->next;
		stream_enter(&trace->merge, stream);
	}
}

/* If the stream begins with a current event, that thread ran from the generation's beginning. */
static void stream_set_cpu(struct exptrace_trace *trace, const struct merge_stream *stream)
{
	struct merge_cpu *cpu = &trace->merge.cpus[stream->cpu];
	/* zero, since this is the first event of its batch */
	struct cursor_addrs addrs = { 0 };
	struct cursor cursor = stream->cursor;

	if (stream->context != EXPTRACE_CONTEXT_TASK ||
	    cursor.event->role != SCHEMA_ROLE_CURRENT || cursor.time >= cpu->since ||
	    cursor_args(&cursor, &addrs, &trace->properties, trace->values))
		return;
	cpu->since = cursor.time;
	cpu->pid = cursor_pid(&cursor, trace->values);
}

/*
 * The names of the statedump are valid from the generation's beginning, so they are read before the
 * first event is returned.
 */
static int stream_learn_tasks(struct exptrace_trace *trace, struct merge_stream *stream)
{
	while (stream_advance(trace, stream)) {
		const struct schema_event *event = stream->cursor.event;
		int err = stream_args(trace, stream);

		if (err == -EBADMSG)
			continue;
		if (!err && event->role == SCHEMA_ROLE_TASK)
			err = learn_task(trace, event);
		if (!err && event->role == SCHEMA_ROLE_LABEL)
			err = trace_learn_label(trace, event, (struct names_scope) { 0 });
		if (err)
			return err;
	}
	return 0;
}

static uint64_t count_batches(const struct merge *merge, uint32_t batch)
{
	uint64_t n = 0;

	for (; batch != NO_BATCH; batch = merge->batches[batch].next)
		n++;
	return n;
}

/* Skips a stream without a schema. For the standard stream this is an error. */
static void stream_skip(struct exptrace_trace *trace, const struct merge_stream *stream)
{
	const struct exptrace_batch *batch = &trace->merge.batches[stream->batch].batch;

	trace->account.skipped += count_batches(&trace->merge, stream->batch);
	if (stream->experiment ||
	    ((trace->generations == 1 || trace->restarted) && !trace->has_opening_sync))
		return;
	note_error(trace, trace_error(trace, -EBADMSG, batch->offset,
				      "generation %llu has events but no schema",
				      (unsigned long long)batch->generation));
}

static void heap_sift_down(struct merge *merge, size_t i)
{
	struct merge_node *heap = merge->heap, node = heap[i];
	size_t n = merge->nheap, child;

	while ((child = 2 * i + 1) < n) {
		/* branch-free, since the smaller child cannot be predicted */
		if (child + 1 < n)
			child += heap[child + 1].time < heap[child].time;
		if (node.time <= heap[child].time)
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = node;
}

static int stream_start(struct exptrace_trace *trace, uint32_t i)
{
	struct merge *merge = &trace->merge;
	struct merge_stream *stream = &merge->streams[i];

	stream->types = schema_types(&trace->schema, stream->experiment);
	if (!stream->types) {
		stream_skip(trace, stream);
		return 0;
	}
	stream_enter(merge, stream);
	if (stream->context == EXPTRACE_CONTEXT_NONE) {
		struct merge_stream copy = *stream;
		int err = stream_learn_tasks(trace, &copy);

		stream->addrs = copy.addrs;
		if (err)
			return err;
		stream_enter(merge, stream);
	}
	if (!stream_advance(trace, stream))
		return 0;
	stream_set_cpu(trace, stream);
	merge->heap[merge->nheap].time = stream->cursor.time;
	merge->heap[merge->nheap++].stream = i;
	return 0;
}

/* Prepares the loaded generation: names, first events, heap. */
static int merge_start(struct exptrace_trace *trace)
{
	struct merge *merge = &trace->merge;
	size_t i;
	void *heap = realloc(merge->heap, (merge->nstreams + 1) * sizeof(*merge->heap));

	if (!heap)
		return -ENOMEM;
	merge->heap = heap;
	if (trace->properties.missing_changes && !trace->tasks.doubt)
		tasks_doubt(&trace->tasks);
	for (i = 0; i < merge->ncpus; i++)
		merge->cpus[i].known = properties_know_switches(&trace->properties,
								merge->cpus[i].number);
	for (i = 0; i < merge->nstreams; i++)
		if (stream_start(trace, i))
			return -ENOMEM;
	for (i = merge->nheap / 2; i-- > 0;)
		heap_sift_down(merge, i);
	return 0;
}

/* Removes the first event from the heap, or its whole stream if that is at its end. */
static inline void merge_pop(struct exptrace_trace *trace, struct merge_stream *stream)
{
	struct merge *merge = &trace->merge;

	if (stream_advance(trace, stream))
		merge->heap[0].time = stream->cursor.time;
	else
		merge->heap[0] = merge->heap[--merge->nheap];
	heap_sift_down(merge, 0);
}

/*
 * Returns the thread that ran at the current event of @stream. In an interrupt this is the
 * interrupted thread, which is known if all switches of the CPU are recorded.
 */
static int64_t merge_pid(struct merge *merge, struct merge_stream *stream,
			 const struct exptrace_value *values)
{
	const struct merge_cpu *cpu = &merge->cpus[stream->cpu];
	int64_t pid = cursor_pid(&stream->cursor, values);

	if (stream->context == EXPTRACE_CONTEXT_NONE)
		return EXPTRACE_PID_UNKNOWN;
	if (stream->context != EXPTRACE_CONTEXT_TASK)
		return cpu->known ? cpu->pid : EXPTRACE_PID_UNKNOWN;
	merge->cpus[stream->cpu].pid = stream->cursor.pid;
	return pid;
}

/* Returns the first event of the heap: 1; 0 if it was damaged; -ENOMEM. */
static int merge_emit(struct exptrace_trace *trace)
{
	struct merge *merge = &trace->merge;
	struct merge_stream *stream = &merge->streams[merge->heap[0].stream];
	const struct exptrace_batch *batch = &merge->batches[stream->batch].batch;
	const struct schema_event *event = stream->cursor.event;
	int err = stream_args(trace, stream);

	if (unlikely(err == -ENOMEM))
		return err;
	if (unlikely(err)) {
		note_error(trace, trace_bad_event(trace, &stream->cursor, batch));
		merge_pop(trace, stream);
		return 0;
	}
	trace_fill_batch(trace, batch);
	trace_fill_record(trace, &stream->cursor, merge_pid(merge, stream, trace->values));
	trace->record.ns = clock_ns(&trace->clock, trace->record.ticks);
	trace->found += trace_is_recorded(trace->record.type);
	if (event->role == SCHEMA_ROLE_LABEL && stream->context != EXPTRACE_CONTEXT_NONE)
		err = trace_learn_label(trace, event, trace_scope(trace));
	else if (event->role > SCHEMA_ROLE_TASK)
		err = learn_event(trace, event, trace->record.ticks);
	merge_pop(trace, stream);
	return err ? err : 1;
}

/* Begins the next generation. Returns 1, 0 at the end, or a negative errno. */
static int merge_refill(struct exptrace_trace *trace)
{
	int ret;

	/* after -EAGAIN, errors of the part already loaded wait until its events are out */
	if (!trace->merge.loading) {
		account_events(trace);
		if (trace->merge.error)
			return raise_error(trace);
		merge_clear(trace);
	}
	ret = load_generation(trace);
	if (ret == 1 && merge_start(trace))
		return trace_no_memory(trace, trace->input.offset);
	return ret;
}

int merge_next(struct exptrace_trace *trace)
{
	struct merge *merge = &trace->merge;
	int ret;

	if (trace->learn.has_after && learn_after(trace))
		return trace_no_memory(trace, trace->input.offset);
	do {
		while (!merge->nheap) {
			ret = merge_refill(trace);
			if (ret != 1)
				return ret;
		}
		ret = merge_emit(trace);
	} while (!ret);
	return ret < 0 ? trace_no_memory(trace, trace->input.offset) : ret;
}

void merge_forget(struct exptrace_trace *trace)
{
	merge_clear(trace);
	trace->merge.error = 0;
}

void merge_uninit(struct merge *merge)
{
	free_addrs(merge);
	free(merge->batches);
	free(merge->streams);
	free(merge->cpus);
	free(merge->heap);
	index_uninit(&merge->stream_index);
	index_uninit(&merge->cpu_index);
}
