/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Merging the events of a whole generation by time.
 *
 * Each writer (experiment, m) is a stream: an ordered list of batches. A binary heap contains the
 * time of each stream's next event.
 */
#ifndef EXPTRACE_LIB_MERGE_H
#define EXPTRACE_LIB_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../common/index.h"

/* enough for a message and most paths */
#define TRACE_MESSAGE	1024

struct merge_batch;
struct merge_stream;
struct merge_cpu;

struct merge_node {
	uint64_t time;
	uint32_t stream;
};

struct merge {
	bool loading;		/* a generation is loaded in part */

	struct merge_batch *batches;
	size_t nbatches, batches_room;
	struct merge_stream *streams;
	size_t nstreams, streams_room;
	struct merge_cpu *cpus;
	size_t ncpus, cpus_room;
	struct merge_node *heap;
	size_t nheap;
	struct index stream_index;	/* (experiment, m) to stream */
	struct index cpu_index;		/* cpu to index into cpus */

	int error;		/* to be returned after all events */
	uint64_t error_offset;
	char message[TRACE_MESSAGE];
};

struct exptrace_trace;

/* See exptrace_next_event(). */
int merge_next(struct exptrace_trace *trace);

/* Drops the loaded generation and its error. */
void merge_forget(struct exptrace_trace *trace);

void merge_uninit(struct merge *merge);

#endif /* EXPTRACE_LIB_MERGE_H */
