/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The events of a whole generation, merged by time.
 *
 * Each writer (experiment, m) is a stream: a list of batches in order. A binary
 * heap has the next event's time of each stream.
 */
#ifndef EXPTRACE_LIB_MERGE_H
#define EXPTRACE_LIB_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../common/index.h"

#define TRACE_MESSAGE	256

struct merge_batch;
struct merge_stream;
struct merge_cpu;

struct merge_node {
	uint64_t time;
	uint32_t stream;
};

struct merge {
	bool loading;		/* a generation was begun and is not complete */

	struct merge_batch *batches;
	size_t nbatches, batches_room;
	struct merge_stream *streams;
	size_t nstreams, streams_room;
	struct merge_cpu *cpus;
	size_t ncpus, cpus_room;
	struct merge_node *heap;
	size_t nheap;
	struct index stream_index;	/* (experiment, m) to stream */
	struct index cpu_index;		/* cpu to its place in cpus */

	int error;		/* to be returned when the events are out */
	uint64_t error_offset;
	char message[TRACE_MESSAGE];
};

struct exptrace_trace;

/* As exptrace_next_event(). */
int merge_next(struct exptrace_trace *trace);

/* What is loaded, and its error, are not needed any more. */
void merge_forget(struct exptrace_trace *trace);

void merge_uninit(struct merge *merge);

#endif /* EXPTRACE_LIB_MERGE_H */
