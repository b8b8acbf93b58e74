// SPDX-License-Identifier: GPL-2.0-only
/* What read(2) and poll(2) deliver, when they wait, and when they end. */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "fixture.h"

/* Rounds of work that fill several batches of 4096 bytes. */
#define ROUNDS		600

#define READERS		4
#define ADVANCERS	4
#define ADVANCES	4

static int start(int fd, uint32_t flags)
{
	struct exptrace_start args = start_small();

	args.flags = flags;
	return device_ioctl(fd, EXPTRACE_IOC_START, &args);
}

static int stop(int fd)
{
	return device_ioctl(fd, EXPTRACE_IOC_STOP, NULL);
}

/* The generation that is complete now, or 0 - errno. */
static int64_t advance(int fd)
{
	struct exptrace_advance args;
	int err;

	memset(&args, 0xcc, sizeof(args));
	args.flags = args.reserved = 0;
	err = device_ioctl(fd, EXPTRACE_IOC_ADVANCE, &args);
	return err ? err : (int64_t)args.generation;
}

/* Open, read to the end with this size, parse; adds to the stream. */
static int drain_into(struct stream *stream, size_t size)
{
	struct bytes bytes = {};
	int fd = device_open(O_RDONLY), err;

	if (fd < 0)
		return fd;
	err = bytes_drain(&bytes, fd, size);
	if (!err && stream_parse(stream, bytes.data, bytes.size))
		err = -EBADMSG;
	bytes_free(&bytes);
	close(fd);
	return err;
}

/* A thread that reads. */
struct reading {
	pthread_t thread;
	int fd;
	size_t size;
	volatile pid_t tid;
	volatile bool done;
	bool once;
	ssize_t result;		/* of the last read */
	struct bytes bytes;
};

static void *reading_thread(void *data)
{
	struct reading *r = data;

	r->tid = thread_id();
	do
		r->result = bytes_read(&r->bytes, r->fd, r->size);
	while (r->result > 0 && !r->once);
	r->done = true;
	return NULL;
}

static bool reading_begin(struct reading *r, int fd, size_t size)
{
	r->fd = fd;
	r->size = size;
	return !pthread_create(&r->thread, NULL, reading_thread, r);
}

static bool is_one_whole_generation(const struct stream *stream)
{
	return stream->nr_generations == 1 && stream->generations[0].whole && stream->generations[0].ended;
}

TEST_F(module, header_comes_first_and_once)
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
	/* Who is woken before he sleeps needs no wake-up: one of the two may have that luck, in the first round both. */
	EXPECT_LE(ROUNDS - 1, stream_count(&stream, 0, EXPTRACE_EVENT_SCHED_WAKEUP, 0));
	EXPECT_EQ(4096, stream.batch_size);
	EXPECT_EQ(0, device_info(self->control).batches_full);
	bytes_free(&bytes);
	stream_free(&stream);
}

/* The clock of the trace is that of the tests, and all of it lies between start and stop. */
TEST_F(module, syncs_tell_the_time)
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

/* The schema is the catalogue, argument for argument. */
struct schema_row {
	int experiment, type, ntypes;
	const char *group, *name;
	struct { int kind; const char *name; } args[STREAM_ARGS + 1];
};

#define ARG(kind, name) { EXPTRACE_KIND_##kind, name },
#define ROW(EXPERIMENT, NAME, type, ntypes, group, name, args) \
	{ EXPTRACE_EXPERIMENT_##EXPERIMENT, type, ntypes, group, name, { args } },
static const struct schema_row rows[] = { EXPTRACE_EVENTS(ROW, ARG) };

TEST_F(module, schema_is_the_catalogue)
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

/* Nothing is to be read until there is more work. */
static int read_all_there_is(int fd, struct bytes *bytes)
{
	ssize_t n;

	while ((n = bytes_read(bytes, fd, 65536)) > 0)
		;
	return n;
}

TEST_F(module, O_NONBLOCK_reads_say_EAGAIN)
{
	struct bytes bytes = {};
	char c = 0x55;

	self->reader = device_open(O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->reader);
	/* Only this file's reads decide; work is what the test does itself. */
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

	/* Once more, for the end. */
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
	/* It did not wait to fill a mebibyte. */
	EXPECT_LT(0, reading.result);
	ASSERT_EQ(0, stop(self->control));
	pthread_join(reading.thread, NULL);
	bytes_free(&before);
	bytes_free(&reading.bytes);
}

TEST_F(module, sleeping_reader_wakes_at_stop_and_gets_the_rest)
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

TEST_F(module, reader_waits_for_the_start)
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

/* What a reader had only in part, the next one gets from the batch's beginning; nothing is lost and nothing comes twice. */
TEST_F(module, next_reader_goes_on_with_the_cut_batch)
{
	static const size_t read_first[] = { 16, 17, 100, 5000, 12345 };
	struct stream_batch batch;
	size_t i;

	for (i = 0; i < sizeof(read_first) / sizeof(read_first[0]); i++) {
		struct stream stream = {};
		struct bytes first = {}, second = {};
		size_t left = read_first[i], cut;

		ASSERT_EQ(0, start(self->control, 0));
		ASSERT_LT(0, work_pingpong(ROUNDS));
		ASSERT_EQ(0, stop(self->control));
		self->reader = device_open(O_RDONLY);
		ASSERT_LE(0, self->reader);
		while (left) {
			ssize_t n = bytes_read(&first, self->reader, left);

			ASSERT_LT(0, n);
			left -= n;
		}
		close(self->reader);
		self->reader = device_open(O_RDONLY);
		ASSERT_LE(0, self->reader);
		ASSERT_EQ(0, bytes_drain(&second, self->reader, 65536));
		close(self->reader);
		self->reader = -1;

		ASSERT_EQ(0, stream_parse(&stream, first.data, first.size)) {
			TH_LOG("first file: %s", stream.error);
		}
		cut = stream.cut;
		ASSERT_LT(EXPTRACE_HEADER_SIZE, second.size);
		ASSERT_LT(0, stream_batch_at(second.data + EXPTRACE_HEADER_SIZE, second.size - EXPTRACE_HEADER_SIZE, &batch));
		EXPECT_EQ(0, memcmp(first.data + first.size - cut, second.data + EXPTRACE_HEADER_SIZE, cut));
		/* The ledger adds up over both files, or this fails. */
		ASSERT_EQ(0, stream_parse(&stream, second.data, second.size)) {
			TH_LOG("read %zu first, %zu bytes cut: %s", read_first[i], cut, stream.error);
		}
		EXPECT_EQ(0, stream.cut);
		EXPECT_TRUE(is_one_whole_generation(&stream));
		EXPECT_EQ(0, stream_lost_needlessly(&stream));
		bytes_free(&first);
		bytes_free(&second);
		stream_free(&stream);
	}
}

TEST_F(module, unread_recording_is_dropped_only_on_demand)
{
	struct stream stream = {};
	uint64_t generation;

	ASSERT_EQ(0, start(self->control, 0));
	ASSERT_EQ(0, stop(self->control));
	EXPECT_EQ(-EBUSY, start(self->control, 0));
	EXPECT_EQ(0, device_info(self->control).state);
	ASSERT_EQ(0, start(self->control, EXPTRACE_START_DISCARD));
	generation = device_info(self->control).generation;
	ASSERT_EQ(0, stop(self->control));
	ASSERT_EQ(0, drain_into(&stream, 65536)) {
		TH_LOG("%s", stream.error);
	}
	ASSERT_EQ(1, stream.nr_generations);
	EXPECT_EQ(generation, stream.generations[0].number);
	EXPECT_EQ(0, start(self->control, 0));
	EXPECT_EQ(0, stop(self->control));
	stream_free(&stream);
}

/* An open file reads one recording: at its end it stays at the end, and the next recording is for the next open file. */
TEST_F(module, file_at_the_end_stays_there)
{
	struct stream stream = {};
	struct bytes bytes = {};
	size_t size;

	ASSERT_EQ(0, start(self->control, 0));
	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, stop(self->control));
	ASSERT_EQ(0, bytes_drain(&bytes, self->reader, 65536));
	size = bytes.size;
	ASSERT_EQ(0, start(self->control, 0));
	EXPECT_EQ(0, bytes_read(&bytes, self->reader, 65536));
	ASSERT_LT(0, work_pingpong(20));
	ASSERT_EQ(0, stop(self->control));
	EXPECT_EQ(0, bytes_read(&bytes, self->reader, 65536));
	EXPECT_EQ(size, bytes.size);
	close(self->reader);
	self->reader = -1;
	ASSERT_EQ(0, drain_into(&stream, 65536)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_EQ(1, stream.nr_generations);
	EXPECT_TRUE(stream.generations[0].whole);
	EXPECT_LE(40, stream_count(&stream, 0, EXPTRACE_EVENT_SCHED_SWITCH, 0));
	bytes_free(&bytes);
	stream_free(&stream);
}

/* A reader that has a batch in part closes after DISCARD: the next recording is possible, and nothing warns. */
TEST_F(module, DISCARD_and_close_with_a_batch_in_part)
{
	struct stream stream = {};
	struct bytes bytes = {};
	int err;

	ASSERT_EQ(0, start(self->control, 0));
	ASSERT_EQ(0, stop(self->control));
	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(20, bytes_read(&bytes, self->reader, 20));
	err = start(self->control, EXPTRACE_START_DISCARD);
	EXPECT_TRUE(!err || err == -EBUSY);
	close(self->reader);
	self->reader = -1;
	if (err) {
		ASSERT_EQ(0, start(self->control, EXPTRACE_START_DISCARD));
	}
	ASSERT_EQ(0, stop(self->control));
	ASSERT_EQ(0, drain_into(&stream, 65536)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_TRUE(is_one_whole_generation(&stream));
	bytes_free(&bytes);
	stream_free(&stream);
}

/* DISCARD while a reader has a batch in part: all or nothing is dropped, and the next recording is possible. */
TEST_F(module, DISCARD_while_a_batch_is_being_read)
{
	struct stream stream = {};
	struct bytes bytes = {};
	int err;

	ASSERT_EQ(0, start(self->control, 0));
	ASSERT_LT(0, work_pingpong(ROUNDS));
	ASSERT_EQ(0, stop(self->control));
	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(100, bytes_read(&bytes, self->reader, 100));
	err = start(self->control, EXPTRACE_START_DISCARD);
	if (err) {
		/* Refused: then nothing is missing. */
		EXPECT_EQ(-EBUSY, err);
		ASSERT_EQ(0, bytes_drain(&bytes, self->reader, 65536));
		ASSERT_EQ(0, stream_parse(&stream, bytes.data, bytes.size)) {
			TH_LOG("%s", stream.error);
		}
		EXPECT_TRUE(stream.nr_generations == 1 && stream.generations[0].ended);
	}
	close(self->reader);
	self->reader = -1;
	stream_free(&stream);
	if (err) {
		ASSERT_EQ(0, start(self->control, 0));
	}
	ASSERT_EQ(0, stop(self->control));
	ASSERT_EQ(0, drain_into(&stream, 65536)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_TRUE(is_one_whole_generation(&stream));
	bytes_free(&bytes);
	stream_free(&stream);
}

TEST_F(module, STOP_ON_CLOSE_stops_with_the_last_close)
{
	struct stream stream = {};
	int fd = device_open(O_WRONLY), copy;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, start(fd, EXPTRACE_START_STOP_ON_CLOSE));
	copy = dup(fd);
	close(fd);
	EXPECT_EQ(1, device_info(self->control).state);
	close(copy);
	EXPECT_EQ(0, device_info(self->control).state);
	/* What it did not read can still be read. */
	ASSERT_EQ(0, drain_into(&stream, 65536)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_TRUE(stream.nr_generations == 1 && stream.generations[0].ended);
	stream_free(&stream);
	/* Another file's recording is none of its business. */
	fd = device_open(O_WRONLY);
	ASSERT_EQ(0, start(self->control, 0));
	close(fd);
	EXPECT_EQ(1, device_info(self->control).state);
	EXPECT_EQ(0, stop(self->control));
}

TEST_F(module, killed_recorder_leaves_nothing_running)
{
	struct stream stream = {};
	pid_t pid = fork();

	if (!pid) {
		int fd = device_open(O_RDWR);

		if (start(fd, EXPTRACE_START_STOP_ON_CLOSE))
			_exit(1);
		for (;;)
			pause();
	}
	ASSERT_TRUE(WAIT_FOR(device_info(self->control).state == EXPTRACE_STATE_RECORDING));
	ASSERT_LT(0, work_pingpong(50));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_TRUE(WAIT_FOR(device_info(self->control).state == EXPTRACE_STATE_STOPPED));
	ASSERT_EQ(0, drain_into(&stream, 65536)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_LE(100, stream_count(&stream, 0, EXPTRACE_EVENT_SCHED_SWITCH, 0));
	stream_free(&stream);
}

/* Batches of several threads' reads, in an order in which the parser takes them. */
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

/* Cut what one thread read into batches; the number of end marks, or -1 if a batch is torn. */
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

/* The opening Sync is the first piece of its generation, the others are the last ones. */
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

/* Reads of a size that holds all that can be there are never cut, so each thread has whole batches only. */
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
		ASSERT_LT(0, advance(self->control));
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
		done = advance(self->control);
		ASSERT_LT(0, done);
		if (!i)
			first = done;
		EXPECT_EQ(first + i, done);
		EXPECT_EQ((uint64_t)done + 1, device_info(self->control).generation);
	}
	ASSERT_EQ(0, stop(self->control));
	/* The parser checks Syncs, schema, properties, ledger and numbers of each. */
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
		/* Nothing between two generations is unaccounted for. */
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
		a->done[i] = advance(a->fd);
	return NULL;
}

TEST_F(module, concurrent_advances_complete_one_generation_each)
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
