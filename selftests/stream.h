/* SPDX-License-Identifier: GPL-2.0-only */
/* A strict decoder of the stream: it accepts nothing that docs/wire-format.md does not promise. */
#ifndef EXPTRACE_SELFTEST_STREAM_H
#define EXPTRACE_SELFTEST_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <exptrace/events.h>
#include <exptrace/wire.h>

/* Kernels with PREEMPT_RT have this file. */
#define REALTIME	"/sys/kernel/realtime"

#define STREAM_EXPERIMENTS	8
#define STREAM_CPUS		64
#define STREAM_ARGS		8
#define STREAM_NAME		32

/* An event type, as the schema has it. */
struct stream_type {
	uint8_t first, ntypes, nargs;
	uint8_t kind[STREAM_ARGS];
	char group[STREAM_NAME], name[STREAM_NAME], arg[STREAM_ARGS][STREAM_NAME];
};

struct stream_arg {
	/* Decoded: an address, a signed number as two's complement. Of a place in the code its address when the generation
	 * has ended, 0 if that is not known.
	 */
	uint64_t value;
	char *string;		/* of a string, or a place's "function+0x1a [module]", else NULL; owned by the stream */
};

struct stream_event {
	uint64_t generation, m, time;
	int64_t pid;		/* who ran, in task context; else -1 */
	uint8_t experiment, type;	/* the first of the event's types */
	unsigned int batch;	/* its batch's number in the generation */
	struct stream_arg arg[STREAM_ARGS];
	uint64_t stack;		/* the number of its stack, 0: none */
	char *frames;		/* their symbols, a line each, when the generation has ended; NULL: none */
};

struct stream_sync {
	uint64_t time, frequency, mono, wall;	/* mono and wall in nanoseconds */
};

/* The most that a generation has. */
#define STREAM_SYNCS		34

struct stream_count {
	uint64_t decoded;	/* recorded events found in batches of this CPU */
	bool entry;		/* the ledger has an entry: what follows is from it */
	uint64_t attempted, recorded, lost[EXPTRACE_NR_LOST];
};

struct stream_generation {
	uint64_t number;
	bool whole;		/* begins with an opening Sync */
	bool schema, properties, ledger, closed, ended;
	unsigned int batches, tasks, places;
	uint64_t missing_tasks;	/* of the statedump */
	uint64_t missing_changes;	/* what became of threads, and is not told */
	size_t first_event;
	unsigned int experiments;	/* a bit for each in its schema */
	uint64_t unknown_sites, unknown_stacks;
	bool mono, clock_unstable;	/* the clock is CLOCK_MONOTONIC; it was found to be none */
	uint64_t boottime_offset;	/* nanoseconds */
	bool gap;			/* between it and the one before nothing was recorded */
	unsigned int limits;		/* how often known_switches is told */
	char known_switches[64];	/* the last time */
	char unrecorded_frees[64];	/* events that were not on all along */
	struct stream_sync open, close;
	struct stream_sync syncs[STREAM_SYNCS];	/* all, these two too */
	unsigned int nr_syncs;
	uint64_t missing_syncs;
	struct stream_count count[STREAM_EXPERIMENTS][STREAM_CPUS];
};

/* A place in the code, or a stack of them. */
struct stream_place {
	unsigned int frames;
	uint64_t address;	/* of the first frame */
	char *symbol;		/* of the first frame, NULL: it has none */
	char *all;		/* the symbols of all frames, a line each; "?" where there is none */
	bool there;
};

#define STREAM_IDS		0x10000

/* The last line of a stack that had more frames. */
#define STREAM_CUT_OFF		"..."

struct stream {
	char error[256];	/* what is wrong with it, "" if nothing is */
	size_t cut;		/* bytes of a batch that the last file had only in part */
	bool raw_addresses;
	bool flight;		/* set by the caller: recorded in flight mode, generations may have been given up */
	bool forget;		/* set by the caller: events are checked and counted by the generations, but not kept */
	uint64_t text_base, data_base, batch_size;
	char online[128];	/* CPUs */
	struct stream_type types[STREAM_EXPERIMENTS][256];
	/* Of the generation that is parsed, by id; NULL: it has none. */
	char **strings;
	struct stream_place *places;
	struct stream_generation *generations;
	size_t nr_generations;
	struct stream_event *events;
	size_t nr_events;
	size_t forgotten;
	/* Of every writer: the time of its last event; after a gap the clock may be another one. */
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

/* Decode batches without the header that begins a file. */
int stream_parse_batches(struct stream *stream, const void *data, size_t size);

void stream_free(struct stream *stream);

/* One batch, as its framing has it. */
struct stream_batch {
	uint8_t experiment;
	uint64_t generation, m, time;
	const uint8_t *data;
	size_t size;		/* of data */
	size_t total;		/* of header and data */
};

/*
 * The framing alone: 1 and the batch at data[0], 2 if an end-of-generation byte is there, 0 if the batch is not all
 * there, -1 if it is none.
 */
int stream_batch_at(const uint8_t *data, size_t size, struct stream_batch *batch);

/* Does every generation begin and end as it should, and have its ledger? Not if there is none. */
bool stream_all_whole(const struct stream *stream);

/* Sums over all generations. */
uint64_t stream_lost(const struct stream *stream);

/* Nanoseconds of CLOCK_MONOTONIC at a tick, on the straight lines from Sync to Sync. */
double stream_ns(const struct stream_generation *generation, uint64_t ticks);

/* Those of an experiment (negative: of all) for a reason. */
uint64_t stream_lost_for(const struct stream *stream, int experiment, int reason);

/*
 * What was lost though there was room for it. With PREEMPT_RT the end of an interrupt wakes ksoftirqd as if the interrupted
 * task did, and if that was writing an event, this one is refused and counted (LOST_NESTED): that must be.
 */
uint64_t stream_lost_needlessly(const struct stream *stream);

/* What was lost, by its reason, into @stream->error. */
void stream_tell_losses(struct stream *stream);

uint64_t stream_attempted(const struct stream *stream, int experiment);

/* How many events of a type there are, in a generation or (0) in all. */
size_t stream_count(const struct stream *stream, int experiment, int type, uint64_t generation);

/* All events, merged by time; the caller frees the array. */
const struct stream_event **stream_sorted(const struct stream *stream, size_t *nr);

#endif
