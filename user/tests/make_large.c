// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes a large trace out of a small one: writes its whole generations again and again, with new
 * numbers and later times, until there are enough bytes.
 *
 * Usage: make_large MIB <SMALL >LARGE
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/batch.h"
#include "../lib/varint.h"
#include "writer.h"

#define NSEC_PER_SEC	1000000000ULL

/* A Sync: its batch's time and its numbers */
struct sync {
	uint64_t time, frequency, dt, mono, wall_s, wall_ns;
};

struct large {
	uint8_t *bytes;		/* the small trace */
	size_t size;
	size_t begin, end;	/* of its whole generations */
	uint64_t first;		/* number of the first one */
	struct sync opening, closing;

	/* what is added in this repetition */
	uint64_t generations, ticks, ns;
};

static void read_all(struct large *large)
{
	size_t room = 0;
	ssize_t n;

	do {
		if (large->size == room) {
			room = room ? 2 * room : 1 << 20;
			large->bytes = realloc(large->bytes, room);
			if (!large->bytes)
				err(1, "reading the trace");
		}
		n = read(STDIN_FILENO, large->bytes + large->size, room - large->size);
		if (n < 0)
			err(1, "reading the trace");
		large->size += (size_t)n;
	} while (n);
}

static void read_sync(const struct exptrace_batch *batch, struct sync *sync)
{
	const uint8_t *pos = batch->data + 2, *end = batch->data + batch->length;

	sync->time = batch->time;
	pos = varint_get(pos, end, &sync->frequency);
	pos = pos ? varint_get(pos + 1, end, &sync->dt) : NULL;
	pos = pos ? varint_get(pos, end, &sync->mono) : NULL;
	pos = pos ? varint_get(pos, end, &sync->wall_s) : NULL;
	pos = pos ? varint_get(pos, end, &sync->wall_ns) : NULL;
	if (!pos)
		errx(1, "bad Sync");
}

/* Returns the size of the piece at @at; @batch.length is 0 for an end mark. */
static size_t parse(const struct large *large, size_t at, struct exptrace_batch *batch)
{
	memset(batch, 0, sizeof(*batch));
	if (large->bytes[at] == EXPTRACE_WIRE_END_OF_GENERATION)
		return 1;
	if (!batch_begins(large->bytes[at]) ||
	    batch_parse(batch, large->bytes + at, large->bytes + large->size) != 1)
		return 0;
	batch->kind = batch_kind(batch);
	return batch->size;
}

/* Finds the whole generations and their first and last Sync. */
static void survey(struct large *large)
{
	size_t at = EXPTRACE_HEADER_SIZE, size;
	struct exptrace_batch batch;
	struct sync sync = { 0 };

	large->begin = at;
	for (; at < large->size && (size = parse(large, at, &batch)); at += size) {
		if (!batch.length) {
			large->end = at + size;
			large->closing = sync;
		} else if (batch.kind == EXPTRACE_BATCH_SYNC) {
			read_sync(&batch, &sync);
			if (at == large->begin) {
				large->first = batch.generation;
				large->opening = sync;
			}
		}
	}
	if (!large->first || !large->end)
		errx(1, "no generation is whole");
}

static uint64_t count_generations(const struct large *large)
{
	struct exptrace_batch batch;
	uint64_t last = large->first;
	size_t at;

	for (at = large->begin; at < large->end; at += parse(large, at, &batch))
		if (large->bytes[at] != EXPTRACE_WIRE_END_OF_GENERATION &&
		    parse(large, at, &batch))
			last = batch.generation;
	return last - large->first + 1;
}

static void write_sync(struct writer *w, const struct large *large,
		       const struct exptrace_batch *batch)
{
	struct sync sync;
	uint64_t ns;

	read_sync(batch, &sync);
	ns = sync.wall_s * NSEC_PER_SEC + sync.wall_ns + large->ns;
	w_byte(w, batch->data[0]);
	w_byte(w, batch->data[1]);
	w_number(w, sync.frequency);
	w_byte(w, EXPTRACE_WIRE_CLOCK_SNAPSHOT);
	w_number(w, sync.dt);
	w_number(w, sync.mono + large->ns);
	w_number(w, ns / NSEC_PER_SEC);
	w_number(w, ns % NSEC_PER_SEC);
}

static void write_batch(struct writer *w, const struct large *large,
			const struct exptrace_batch *batch)
{
	w_begin(w, batch->experimental ? batch->experiment : STANDARD_BATCH,
		batch->generation + large->generations, batch->m, batch->time + large->ticks);
	/* w_begin() writes the byte that says what an experimental batch holds */
	w->size -= batch->experimental;
	if (batch->kind == EXPTRACE_BATCH_SYNC)
		write_sync(w, large, batch);
	else
		w_bytes(w, batch->data, batch->length);
	w_end(w);
}

/* Writes the generations once. Returns the number of bytes. */
static uint64_t write_once(const struct large *large)
{
	struct exptrace_batch batch;
	struct writer w = { 0 };
	uint64_t written;
	size_t at, size;

	for (at = large->begin; at < large->end; at += size) {
		size = parse(large, at, &batch);
		if (batch.length)
			write_batch(&w, large, &batch);
		else
			w_end_of_generation(&w);
	}
	if (fwrite(w.data, 1, w.size, stdout) != w.size)
		err(1, "writing");
	written = w.size;
	w_free(&w);
	return written;
}

int main(int argc, char **argv)
{
	struct large large = { 0 };
	uint64_t wanted, written = EXPTRACE_HEADER_SIZE, generations;

	if (argc != 2)
		errx(2, "usage: make_large MIB <SMALL >LARGE");
	wanted = strtoull(argv[1], NULL, 10) << 20;
	read_all(&large);
	if (large.size <= EXPTRACE_HEADER_SIZE)
		errx(1, "no trace");
	survey(&large);
	generations = count_generations(&large);
	fwrite(large.bytes, 1, EXPTRACE_HEADER_SIZE, stdout);
	while (written < wanted) {
		written += write_once(&large);
		large.generations += generations;
		large.ticks += large.closing.time + large.closing.dt - large.opening.time -
			       large.opening.dt;
		large.ns += large.closing.mono - large.opening.mono;
	}
	if (fflush(stdout))
		err(1, "writing");
	free(large.bytes);
	return 0;
}
