// SPDX-License-Identifier: GPL-2.0-only
/* Each generation is complete, no matter who reads and advances at the same time. */
#define _GNU_SOURCE
#include <pthread.h>

#include "read.h"


#define READERS		4
#define ADVANCERS	4
#define ADVANCES	4

/* Batches read by several threads, to be sorted into the order that the parser expects. */
struct piece {
	struct stream_batch batch;
	const uint8_t *start;
	int rank;
};

static int piece_rank(const struct stream_batch *b)
{
	if (b->experiment)
		return 3;
	switch (b->data[0]) {
	case EXPTRACE_WIRE_PROPERTIES:
		return 1;
	case EXPTRACE_WIRE_SCHEMA:
		return 2;
	case EXPTRACE_WIRE_LEDGER:
		return 4;
	}
	return 3;
}

static int by_place(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	if (x->batch.generation != y->batch.generation)
		return x->batch.generation < y->batch.generation ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank - y->rank;
	return (x->batch.time > y->batch.time) - (x->batch.time < y->batch.time);
}

/* Cut what one thread read into batches: the number of end marks, or -1 if a batch is torn. */
static int cut_into_pieces(const uint8_t *p, size_t size, struct piece **pieces, size_t *nr)
{
	int kind, ends = 0;

	while (size) {
		struct piece piece = { .start = p };

		kind = stream_batch_at(p, size, &piece.batch);
		if (kind <= 0)
			return -1;
		if (kind == 2) {
			ends++;
			p++;
			size--;
			continue;
		}
		piece.rank = piece_rank(&piece.batch);
		*pieces = realloc(*pieces, (*nr + 1) * sizeof(piece));
		(*pieces)[(*nr)++] = piece;
		p += piece.batch.total;
		size -= piece.batch.total;
	}
	return ends;
}

/* The opening Sync ranks first in its generation, the other Syncs last. */
static void rank_syncs(struct piece *pieces, size_t nr)
{
	size_t i, j;

	for (i = 0; i < nr; i++) {
		const struct stream_batch *b = &pieces[i].batch;

		if (b->experiment || b->data[0] != EXPTRACE_WIRE_SYNC)
			continue;
		pieces[i].rank = 0;
		for (j = 0; j < nr; j++) {
			const struct stream_batch *o = &pieces[j].batch;

			if (!o->experiment && o->data[0] == EXPTRACE_WIRE_SYNC && o->generation == b->generation &&
			    o->time < b->time)
				pieces[i].rank = 5;
		}
	}
}

/* A read large enough for any batch never cuts one, so each thread gets whole batches only. */
TEST_F(module, concurrent_reads_do_not_tear_batches)
{
	struct reading readings[READERS] = {};
	struct exptrace_start args = start_small();
	struct stream stream = {};
	struct piece *pieces = NULL;
	size_t nr = 0, i, headers = 0;
	int ends = 0;

	/* So small that no generation ends by itself. */
	args.pool_size = 256 << 10;
	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &args));
	for (i = 0; i < READERS; i++)
		ASSERT_TRUE(reading_begin(&readings[i], self->reader, 1 << 20));
	for (i = 0; i < 3; i++) {
		ASSERT_LT(0, work_pingpong(ROUNDS));
		ASSERT_LT(0, device_advance(self->control));
	}
	ASSERT_EQ(0, stop(self->control));
	for (i = 0; i < READERS; i++) {
		const uint8_t *p;
		size_t size;
		int n;

		ASSERT_TRUE(WAIT_FOR(readings[i].done));
		pthread_join(readings[i].thread, NULL);
		EXPECT_EQ(0, readings[i].result);
		p = readings[i].bytes.data;
		size = readings[i].bytes.size;
		if (size >= EXPTRACE_HEADER_SIZE && !memcmp(p, EXPTRACE_HEADER_MAGIC, strlen(EXPTRACE_HEADER_MAGIC))) {
			headers++;
			p += EXPTRACE_HEADER_SIZE;
			size -= EXPTRACE_HEADER_SIZE;
		}
		n = cut_into_pieces(p, size, &pieces, &nr);
		ASSERT_LE(0, n);
		ends += n;
	}
	EXPECT_EQ(1, headers);
	EXPECT_EQ(4, ends);
	rank_syncs(pieces, nr);
	qsort(pieces, nr, sizeof(*pieces), by_place);
	for (i = 0; i < nr; i++) {
		static const uint8_t end = EXPTRACE_WIRE_END_OF_GENERATION;

		ASSERT_EQ(0, stream_parse_batches(&stream, pieces[i].start, pieces[i].batch.total)) {
			TH_LOG("%s", stream.error);
		}
		if (i + 1 < nr && pieces[i + 1].batch.generation == pieces[i].batch.generation)
			continue;
		ASSERT_EQ(0, stream_parse_batches(&stream, &end, 1)) {
			TH_LOG("%s", stream.error);
		}
	}
	EXPECT_EQ(4, stream.nr_generations);
	EXPECT_LE(6 * ROUNDS, stream_count(&stream, 0, EXPTRACE_EVENT_SCHED_SWITCH, 0) + stream_lost(&stream));
	for (i = 0; i < READERS; i++)
		bytes_free(&readings[i].bytes);
	free(pieces);
	stream_free(&stream);
}

/* Invariant 8. */
TEST_F(module, generations_are_contiguous_and_each_complete)
{
	struct stream stream = {};
	int64_t first = 0, i;

	ASSERT_EQ(0, start(self->control, 0));
	for (i = 0; i < 8; i++) {
		int64_t done;

		ASSERT_LT(0, work_pingpong(10));
		done = device_advance(self->control);
		ASSERT_LT(0, done);
		if (!i)
			first = done;
		EXPECT_EQ(first + i, done);
		EXPECT_EQ((uint64_t)done + 1, device_info(self->control).generation);
	}
	ASSERT_EQ(0, stop(self->control));
	/* The parser checks the Syncs, schema, properties, ledger and numbers of each. */
	ASSERT_EQ(0, drain_into(&stream, 65536)) {
		TH_LOG("%s", stream.error);
	}
	ASSERT_EQ(9, stream.nr_generations);
	for (i = 0; i < 9; i++) {
		struct stream_generation *g = &stream.generations[i];

		EXPECT_EQ((uint64_t)(first + i), g->number);
		EXPECT_TRUE(g->whole && g->ended && g->closed && g->schema && g->properties);
		EXPECT_LT(1, g->tasks);
		EXPECT_LE(i < 8 ? 20 : 0, stream_count(&stream, 0, EXPTRACE_EVENT_SCHED_SWITCH, g->number));
		if (!i)
			continue;
		/* No time between two generations is unaccounted for. */
		EXPECT_LE(g[-1].open.time, g->open.time);
		EXPECT_LE(g[-1].open.mono, g->open.mono);
	}
	stream_free(&stream);
}

TEST_F(module, period_begins_generations)
{
	struct exptrace_start args = start_small();
	struct stream stream = {};
	uint64_t first;

	args.period_ms = 50;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &args));
	first = device_info(self->control).generation;
	EXPECT_TRUE(WAIT_FOR(device_info(self->control).generation >= first + 3));
	ASSERT_EQ(0, stop(self->control));
	ASSERT_EQ(0, drain_into(&stream, 65536)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_LE(4, stream.nr_generations);
	stream_free(&stream);
}

struct advancing {
	pthread_t thread;
	int fd;
	int64_t done[ADVANCES];
};

static void *advancing_thread(void *data)
{
	struct advancing *a = data;
	int i;

	for (i = 0; i < ADVANCES; i++)
		a->done[i] = device_advance(a->fd);
	return NULL;
}

TEST_F(module, concurrent_advances_each_complete_one_generation)
{
	struct advancing advancing[ADVANCERS] = {};
	uint32_t seen = 0;
	struct stream stream = {};
	int64_t first;
	int i, j;

	ASSERT_EQ(0, start(self->control, 0));
	first = device_info(self->control).generation;
	for (i = 0; i < ADVANCERS; i++) {
		advancing[i].fd = self->control;
		ASSERT_EQ(0, pthread_create(&advancing[i].thread, NULL, advancing_thread, &advancing[i]));
	}
	ASSERT_LT(0, work_pingpong(ROUNDS));
	for (i = 0; i < ADVANCERS; i++) {
		pthread_join(advancing[i].thread, NULL);
		for (j = 0; j < ADVANCES; j++) {
			ASSERT_LE(first, advancing[i].done[j]);
			ASSERT_GT(first + ADVANCERS * ADVANCES, advancing[i].done[j]);
			seen |= 1U << (advancing[i].done[j] - first);
		}
	}
	EXPECT_EQ((1U << ADVANCERS * ADVANCES) - 1, seen);
	ASSERT_EQ(0, stop(self->control));
	ASSERT_EQ(0, drain_into(&stream, 65536)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_EQ(ADVANCERS * ADVANCES + 1, stream.nr_generations);
	EXPECT_EQ(0, stream_lost_needlessly(&stream));
	stream_free(&stream);
}

TEST_HARNESS_MAIN
