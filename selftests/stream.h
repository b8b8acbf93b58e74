/* SPDX-License-Identifier: GPL-2.0-only */
/* A strict decoder of the stream: it accepts nothing that docs/wire-format.md does not promise. */
#ifndef EXPTRACE_SELFTEST_STREAM_H
#define EXPTRACE_SELFTEST_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <exptrace/events.h>
#include <exptrace/wire.h>

/* This file exists on kernels with PREEMPT_RT. */
#define REALTIME	"/sys/kernel/realtime"

#define STREAM_EXPERIMENTS	8
#define STREAM_CPUS		64
#define STREAM_ARGS		8
#define STREAM_NAME		32

/* An event type, from the schema. */
struct stream_type {
	uint8_t first, ntypes, nargs;
	uint8_t kind[STREAM_ARGS];
	char group[STREAM_NAME], name[STREAM_NAME], arg[STREAM_ARGS][STREAM_NAME];
};

struct stream_arg {
	/*
	 * Decoded: an address, or a signed number as two's complement. A call site's address when
	 * the generation has ended, 0 if unknown.
	 */
	uint64_t value;
	char *string;		/* a string, or a call site's "function+0x1a [module]", else NULL; owned by the stream */
};

struct stream_event {
	uint64_t generation, m, time;
	int64_t pid;		/* the running thread in task context, else -1 */
	uint8_t experiment, type;	/* the first of the event's types */
	unsigned int batch;	/* number of its batch in the generation */
	struct stream_arg arg[STREAM_ARGS];
	uint64_t stack;		/* id of its stack, 0: none */
	char *frames;		/* its symbols, one per line, when the generation has ended; NULL: none */
};

struct stream_sync {
	uint64_t time, frequency, mono, wall;	/* mono and wall in nanoseconds */
};

/* Maximum per generation. */
#define STREAM_SYNCS		34

struct stream_count {
	uint64_t decoded;	/* recorded events found in batches of this CPU */
	bool entry;		/* the ledger has an entry, from which the rest comes */
	uint64_t attempted, recorded, lost[EXPTRACE_NR_LOST];
};

struct stream_generation {
	uint64_t number;
	bool whole;		/* begins with an opening Sync */
	bool schema, properties, ledger, closed, ended;
	unsigned int batches, tasks, places;
	uint64_t missing_tasks;	/* in the statedump */
	uint64_t missing_changes;	/* changes of threads that were not recorded */
	size_t first_event;
	unsigned int experiments;	/* a bit for each in its schema */
	uint64_t unknown_sites, unknown_stacks;
	bool mono, clock_unstable;	/* the clock is CLOCK_MONOTONIC; it was found to be unstable */
	uint64_t boottime_offset;	/* nanoseconds */
	bool gap;			/* nothing was recorded between the previous generation and this one */
	unsigned int limits;		/* how often known_switches occurs */
	char known_switches[64];	/* the last one */
	char unrecorded_frees[64];	/* events that were not enabled all the time */
	struct stream_sync open, close;
	struct stream_sync syncs[STREAM_SYNCS];	/* all, including these two */
	unsigned int nr_syncs;
	uint64_t missing_syncs;
	struct stream_count count[STREAM_EXPERIMENTS][STREAM_CPUS];
};

/* A call site or a stack. */
struct stream_place {
	unsigned int frames;
	uint64_t address;	/* of the first frame */
	char *symbol;		/* of the first frame, NULL: unknown */
	char *all;		/* the symbols of all frames, one per line; "?" if unknown */
	bool there;
};

#define STREAM_IDS		0x10000

/* The last line of a truncated stack. */
#define STREAM_CUT_OFF		"..."

struct stream {
	char error[256];	/* what is wrong, "" if nothing */
	size_t cut;		/* bytes of an incomplete batch at the end of the last file */
	bool raw_addresses;
	bool flight;		/* set by the caller: recorded in flight mode, generations may have been given up */
	bool forget;		/* set by the caller: check and count events, but do not keep them */
	uint64_t text_base, data_base, batch_size;
	char online[128];	/* CPUs */
	struct stream_type types[STREAM_EXPERIMENTS][256];
	/* By id, for the generation being parsed; NULL: none. */
	char **strings;
	struct stream_place *places;
	struct stream_generation *generations;
	size_t nr_generations;
	struct stream_event *events;
	size_t nr_events;
	size_t forgotten;
	/* Time of each writer's last event; after a gap the clock may be another one. */
	uint64_t last_time[STREAM_EXPERIMENTS][4 * STREAM_CPUS];
};

/**
 * stream_parse - decode what one open file delivered
 * @stream:	zeroed before the first file; a second file goes on where the first ended
 * @data:	the bytes, which begin with the header
 * @size:	how many
 *
 * Returns 0, or -1 with @stream->error set. A batch cut off at the end is not an error: see @stream->cut.
 */
int stream_parse(struct stream *stream, const void *data, size_t size);

/* Decode batches without the file header. */
int stream_parse_batches(struct stream *stream, const void *data, size_t size);

void stream_free(struct stream *stream);

/* One batch, as framed. */
struct stream_batch {
	uint8_t experiment;
	uint64_t generation, m, time;
	const uint8_t *data;
	size_t size;		/* of data */
	size_t total;		/* of header and data */
};

/*
 * Parse the framing only: 1 and the batch at data[0], 2 if there is an end-of-generation byte, 0 if
 * the batch is incomplete, -1 if there is no batch.
 */
int stream_batch_at(const uint8_t *data, size_t size, struct stream_batch *batch);

/*
 * Does every generation begin and end as it should, and have its ledger? False if there is no
 * generation.
 */
bool stream_all_whole(const struct stream *stream);

/* Sums over all generations. */
uint64_t stream_lost(const struct stream *stream);

/* CLOCK_MONOTONIC in nanoseconds at a tick, interpolated between Syncs. */
double stream_ns(const struct stream_generation *generation, uint64_t ticks);

/* Lost events of an experiment (negative: of all) for a reason. */
uint64_t stream_lost_for(const struct stream *stream, int experiment, int reason);

/*
 * Events lost although there was room for them. With PREEMPT_RT the end of an interrupt wakes
 * ksoftirqd in the context of the interrupted task. If that was writing an event, the new one must
 * be refused and counted (LOST_NESTED), so such losses are not included.
 */
uint64_t stream_lost_needlessly(const struct stream *stream);

/* Write the losses and their reasons to @stream->error. */
void stream_describe_losses(struct stream *stream);

uint64_t stream_attempted(const struct stream *stream, int experiment);

/* Number of events of a type, in one generation or (if 0) in all. */
size_t stream_count(const struct stream *stream, int experiment, int type, uint64_t generation);

/* All events in the order of time; the caller frees the array. */
const struct stream_event **stream_sorted(const struct stream *stream, size_t *nr);

#endif
