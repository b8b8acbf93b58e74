// SPDX-License-Identifier: GPL-2.0-only
/* What read(2) and poll(2) deliver, when they wait, and when they end. */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <signal.h>

#include "read.h"

TEST_F(module, header_comes_once_at_the_beginning)
{
	uint8_t header[EXPTRACE_HEADER_SIZE], next;

	ASSERT_EQ(0, start(self->control, 0));
	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	memset(header, 0xcc, sizeof(header));
	ASSERT_EQ(sizeof(header), read(self->reader, header, sizeof(header)));
	EXPECT_EQ(0, memcmp(header, EXPTRACE_HEADER_MAGIC "\0\0\0\0\0", sizeof(header)));
	ASSERT_EQ(1, read(self->reader, &next, 1));
	EXPECT_EQ(EXPTRACE_WIRE_EVENT_BATCH, next);
	EXPECT_EQ(0, read(self->reader, &next, 0));
	ASSERT_EQ(0, stop(self->control));
}

TEST_F(module, whole_stream_is_valid_and_ends)
{
	struct stream stream = {};
	struct bytes bytes = {};
	size_t size;

	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, start(self->control, 0));
	ASSERT_LT(0, work_pingpong(ROUNDS));
	ASSERT_EQ(0, stop(self->control));
	ASSERT_EQ(0, bytes_drain(&bytes, self->reader, 65536));
	size = bytes.size;
	EXPECT_EQ(0, bytes_read(&bytes, self->reader, 65536));
	EXPECT_EQ(0, bytes_read(&bytes, self->reader, 1));
	EXPECT_EQ(size, bytes.size);
	ASSERT_EQ(0, stream_parse(&stream, bytes.data, bytes.size)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_EQ(0, stream.cut);
	EXPECT_EQ(1, stream.nr_generations);
	EXPECT_TRUE(stream.generations[0].whole && stream.generations[0].ended && stream.generations[0].ledger);
	EXPECT_LT(1, stream.generations[0].tasks);
	EXPECT_EQ(0, stream_lost_needlessly(&stream));
	EXPECT_LE(2 * ROUNDS, stream_count(&stream, 0, EXPTRACE_EVENT_SCHED_SWITCH, 0));
	/*
	 * A task that is woken before it sleeps needs no wake-up. In each round one of the two may
	 * not need one; in the first round both.
	 */
	EXPECT_LE(ROUNDS - 1, stream_count(&stream, 0, EXPTRACE_EVENT_SCHED_WAKEUP, 0));
	EXPECT_EQ(4096, stream.batch_size);
	EXPECT_EQ(0, device_info(self->control).batches_full);
	bytes_free(&bytes);
	stream_free(&stream);
}

/* The trace uses the clock of the tests, and all of it lies between start and stop. */
TEST_F(module, syncs_give_the_time)
{
	struct timespec mono0, mono1, wall;
	struct stream_generation *g;
	struct stream stream = {};
	uint64_t start_ns, end_ns;

	clock_gettime(CLOCK_MONOTONIC, &mono0);
	ASSERT_EQ(0, start(self->control, 0));
	ASSERT_LT(0, work_pingpong(50));
	ASSERT_EQ(0, stop(self->control));
	clock_gettime(CLOCK_MONOTONIC, &mono1);
	clock_gettime(CLOCK_REALTIME, &wall);
	ASSERT_EQ(0, drain_into(&stream, 65536)) {
		TH_LOG("%s", stream.error);
	}
	g = &stream.generations[0];
	start_ns = mono0.tv_sec * 1000000000ULL + mono0.tv_nsec;
	end_ns = mono1.tv_sec * 1000000000ULL + mono1.tv_nsec;
	EXPECT_LE(start_ns, g->open.mono);
	EXPECT_LT(g->open.mono, g->close.mono);
	EXPECT_LE(g->close.mono, end_ns);
	EXPECT_GT(60LL * 1000000000, llabs((long long)(wall.tv_sec * 1000000000ULL - g->close.wall)));
	for (size_t i = 0; i < stream.nr_events; i++) {
		if (stream.events[i].m == EXPTRACE_M_NONE)
			continue;
		EXPECT_LE(g->open.time, stream.events[i].time);
		EXPECT_GE(g->close.time, stream.events[i].time);
	}
	stream_free(&stream);
}

/* The schema equals the catalogue, argument for argument. */
struct schema_row {
	int experiment, type, ntypes;
	const char *group, *name;
	struct { int kind; const char *name; } args[STREAM_ARGS + 1];
};

#define ARG(kind, name) { EXPTRACE_KIND_##kind, name },
#define ROW(EXPERIMENT, NAME, type, ntypes, group, name, args) \
	{ EXPTRACE_EXPERIMENT_##EXPERIMENT, type, ntypes, group, name, { args } },
static const struct schema_row rows[] = { EXPTRACE_EVENTS(ROW, ARG) };

TEST_F(module, schema_equals_the_catalogue)
{
	struct stream stream = {};
	size_t i, types = 0, a;
	int x;

	ASSERT_EQ(0, start(self->control, 0));
	ASSERT_EQ(0, stop(self->control));
	ASSERT_EQ(0, drain_into(&stream, 4096)) {
		TH_LOG("%s", stream.error);
	}
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct schema_row *row = &rows[i];
		const struct stream_type *t = &stream.types[row->experiment][row->type];

		types += row->ntypes;
		EXPECT_EQ(row->type, t->first);
		EXPECT_EQ(row->ntypes, t->ntypes);
		EXPECT_STREQ(row->group, t->group);
		EXPECT_STREQ(row->name, t->name);
		for (a = 0; a < t->nargs; a++) {
			ASSERT_NE(NULL, row->args[a].name);
			EXPECT_EQ(row->args[a].kind, t->kind[a]);
			EXPECT_STREQ(row->args[a].name, t->arg[a]);
		}
		EXPECT_EQ(NULL, row->args[a].name);
	}
	for (x = 0; x < STREAM_EXPERIMENTS; x++)
		for (i = 0; i < 256; i++)
			types -= !!stream.types[x][i].nargs;
	EXPECT_EQ(0, types);
	stream_free(&stream);
}

TEST_F(module, any_read_size_gives_the_same_framing)
{
	static const size_t sizes[] = { 1, 2, 3, 7, 4095, 4096, 4097, 1 << 20 };
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct stream stream = {};

		ASSERT_EQ(0, start(self->control, 0));
		ASSERT_LT(0, work_pingpong(ROUNDS / 2));
		ASSERT_EQ(0, stop(self->control));
		ASSERT_EQ(0, drain_into(&stream, sizes[i])) {
			TH_LOG("read size %zu: %s", sizes[i], stream.error);
		}
		EXPECT_EQ(0, stream.cut);
		EXPECT_TRUE(stream.generations[0].whole && stream.generations[0].ended);
		EXPECT_LE(ROUNDS, stream_count(&stream, 0, EXPTRACE_EVENT_SCHED_SWITCH, 0));
		stream_free(&stream);
	}
}

/* Read until nothing is left, without waiting for more work. */
static int read_all_there_is(int fd, struct bytes *bytes)
{
	ssize_t n;

	while ((n = bytes_read(bytes, fd, 65536)) > 0)
		;
	return n;
}

TEST_F(module, O_NONBLOCK_read_fails_with_EAGAIN)
{
	struct bytes bytes = {};
	char c = 0x55;

	self->reader = device_open(O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->reader);
	/*
	 * Only the events of this test's own work are recorded, so only its reads decide when data
	 * is there.
	 */
	ASSERT_EQ(0, event_set(self->control, "sched_switch", true));
	ASSERT_EQ(0, start(self->control, 0));
	EXPECT_EQ(-EAGAIN, read_all_there_is(self->reader, &bytes));
	EXPECT_LE(EXPTRACE_HEADER_SIZE, bytes.size);
	ASSERT_EQ(0, stop(self->control));
	EXPECT_EQ(0, read_all_there_is(self->reader, &bytes));
	EXPECT_EQ(0, read(self->reader, &c, 1));
	EXPECT_EQ(0x55, c);
	bytes_free(&bytes);
}

struct polling {
	struct pollfd pollfd;
	volatile pid_t tid;
	volatile int result;
};

static void *polling_thread(void *data)
{
	struct polling *p = data;

	p->tid = thread_id();
	p->result = poll(&p->pollfd, 1, DEADLINE_MS);
	return NULL;
}

TEST_F(module, poll_wakes_for_a_full_batch_and_for_the_end)
{
	struct polling polling = { .result = -2 };
	struct bytes bytes = {};
	struct pollfd now;
	pthread_t thread;

	self->reader = device_open(O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->reader);
	now = polling.pollfd = (struct pollfd){ self->reader, POLLIN, 0 };
	ASSERT_EQ(0, start(self->control, 0));
	ASSERT_EQ(-EAGAIN, read_all_there_is(self->reader, &bytes));
	ASSERT_EQ(0, poll(&now, 1, 0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, polling_thread, &polling));
	ASSERT_TRUE(WAIT_FOR(polling.tid && thread_sleeps(polling.tid)));
	EXPECT_EQ(-2, polling.result);
	ASSERT_LT(0, work_pingpong(ROUNDS));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(1, polling.result);
	EXPECT_EQ(POLLIN, polling.pollfd.revents);
	EXPECT_LT(0, bytes_read(&bytes, self->reader, 65536));

	/* And again for the end. */
	ASSERT_EQ(-EAGAIN, read_all_there_is(self->reader, &bytes));
	polling.result = -2;
	polling.tid = 0;
	ASSERT_EQ(0, pthread_create(&thread, NULL, polling_thread, &polling));
	ASSERT_TRUE(WAIT_FOR(polling.tid && thread_sleeps(polling.tid)));
	ASSERT_EQ(0, stop(self->control));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(1, polling.result);
	ASSERT_EQ(0, read_all_there_is(self->reader, &bytes));
	ASSERT_EQ(1, poll(&now, 1, 0));
	EXPECT_EQ(POLLIN | POLLHUP, now.revents);
	bytes_free(&bytes);
}

TEST_F(module, sleeping_reader_wakes_for_a_full_batch)
{
	struct reading reading = { .once = true };
	struct bytes before = {};

	self->reader = device_open(O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, start(self->control, 0));
	ASSERT_EQ(-EAGAIN, read_all_there_is(self->reader, &before));
	ASSERT_EQ(0, fcntl(self->reader, F_SETFL, 0));
	ASSERT_TRUE(reading_begin(&reading, self->reader, 1 << 20));
	ASSERT_TRUE(WAIT_FOR(reading.tid && thread_sleeps(reading.tid)));
	EXPECT_FALSE(reading.done);
	ASSERT_LT(0, work_pingpong(ROUNDS));
	EXPECT_TRUE(WAIT_FOR(reading.done));
	/* The read did not wait to fill a mebibyte. */
	EXPECT_LT(0, reading.result);
	ASSERT_EQ(0, stop(self->control));
	pthread_join(reading.thread, NULL);
	bytes_free(&before);
	bytes_free(&reading.bytes);
}

TEST_F(module, sleeping_reader_wakes_at_STOP_and_gets_the_rest)
{
	struct reading reading = {};
	struct stream stream = {};

	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, start(self->control, 0));
	ASSERT_TRUE(reading_begin(&reading, self->reader, 65536));
	ASSERT_TRUE(WAIT_FOR(reading.bytes.size > EXPTRACE_HEADER_SIZE && thread_sleeps(reading.tid)));
	ASSERT_EQ(0, stop(self->control));
	ASSERT_TRUE(WAIT_FOR(reading.done));
	pthread_join(reading.thread, NULL);
	EXPECT_EQ(0, reading.result);
	EXPECT_EQ(0, stream_parse(&stream, reading.bytes.data, reading.bytes.size)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_EQ(0, stream.cut);
	EXPECT_TRUE(stream.nr_generations == 1 && stream.generations[0].ended);
	bytes_free(&reading.bytes);
	stream_free(&stream);
}

TEST_F(module, reader_waits_for_START)
{
	struct reading reading = {};
	struct stream stream = {};

	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	ASSERT_TRUE(reading_begin(&reading, self->reader, 65536));
	ASSERT_TRUE(WAIT_FOR(reading.tid && thread_sleeps(reading.tid)));
	EXPECT_FALSE(reading.done);
	ASSERT_EQ(0, start(self->control, 0));
	ASSERT_LT(0, work_pingpong(10));
	ASSERT_EQ(0, stop(self->control));
	ASSERT_TRUE(WAIT_FOR(reading.done));
	pthread_join(reading.thread, NULL);
	EXPECT_EQ(0, reading.result);
	EXPECT_EQ(0, stream_parse(&stream, reading.bytes.data, reading.bytes.size)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_LE(20, stream_count(&stream, 0, EXPTRACE_EVENT_SCHED_SWITCH, 0));
	bytes_free(&reading.bytes);
	stream_free(&stream);
}

static void on_signal(int sig)
{
	(void)sig;
}

TEST_F(module, signal_interrupts_a_sleeping_reader)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct reading reading = {};

	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	ASSERT_TRUE(reading_begin(&reading, self->reader, 65536));
	ASSERT_TRUE(WAIT_FOR(reading.tid && thread_sleeps(reading.tid)));
	pthread_kill(reading.thread, SIGUSR1);
	ASSERT_TRUE(WAIT_FOR(reading.done));
	pthread_join(reading.thread, NULL);
	EXPECT_EQ(-EINTR, reading.result);
	bytes_free(&reading.bytes);
}

TEST_HARNESS_MAIN
