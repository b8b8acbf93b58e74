// SPDX-License-Identifier: GPL-2.0-only
/* Events that do not fit are lost and counted; what is delivered is whole. */
#define _GNU_SOURCE
#include <pthread.h>

#include "fixture.h"

#define ROUNDS		3000

/* Start with the smallest pool that START accepts. */
static int start_smallest(int fd, uint32_t period_ms)
{
	struct exptrace_start args = start_small();
	int err = -EINVAL;

	args.period_ms = period_ms;
	for (args.pool_size = 4096; err == -EINVAL && args.pool_size < 64 << 20; args.pool_size += 4096)
		err = device_ioctl(fd, EXPTRACE_IOC_START, &args);
	return err;
}

/*
 * Work until the pool is full; how much that takes depends on the number of CPUs. A few nested
 * events may be lost before.
 */
static bool work_until_lost(int fd)
{
	return WAIT_FOR(work_pingpong(ROUNDS) > 0 && device_info(fd).lost > 100);
}

TEST_F(module, full_pool_loses_new_events_and_counts_them)
{
	struct exptrace_info info;
	struct stream stream = {};
	struct bytes bytes = {};

	ASSERT_EQ(0, alloc_events_on(self->control));
	ASSERT_EQ(0, start_smallest(self->control, 0));
	ASSERT_TRUE(work_until_lost(self->control));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	info = device_info(self->control);
	EXPECT_LT(0, info.lost);
	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, bytes_drain(&bytes, self->reader, 65536));
	/*
	 * The parser compares attempted, recorded and lost with each other and with the events, per
	 * CPU and experiment.
	 */
	ASSERT_EQ(0, stream_parse(&stream, bytes.data, bytes.size)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_EQ(0, stream.cut);
	EXPECT_EQ(1, stream.nr_generations);
	EXPECT_TRUE(stream.generations[0].whole && stream.generations[0].ended && stream.generations[0].ledger);
	EXPECT_EQ(info.lost, stream_lost(&stream));
	EXPECT_LT(0, stream_lost_for(&stream, -1, EXPTRACE_LOST_POOL));
	/* A round has at least two switches and a wake-up. */
	EXPECT_LE(3 * ROUNDS, stream_attempted(&stream, 0));
	EXPECT_LT(0, stream_count(&stream, 0, EXPTRACE_EVENT_SCHED_SWITCH, 0));
	bytes_free(&bytes);
	stream_free(&stream);
}

TEST_F(module, generation_after_a_loss_is_whole_again)
{
	struct exptrace_advance advance = {};
	struct stream stream = {};
	struct bytes bytes = {};
	uint64_t last, lost;

	self->reader = device_open(O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, start_smallest(self->control, 0));
	ASSERT_TRUE(work_until_lost(self->control));
	/* Once the reader has caught up, there is room for a generation. */
	ASSERT_EQ(-EAGAIN, bytes_drain(&bytes, self->reader, 65536));
	ASSERT_TRUE(WAIT_FOR(device_ioctl(self->control, EXPTRACE_IOC_ADVANCE, &advance) == 0 ||
			     bytes_drain(&bytes, self->reader, 65536) != -EAGAIN));
	ASSERT_EQ(-EAGAIN, bytes_drain(&bytes, self->reader, 65536));
	lost = device_info(self->control).lost;
	ASSERT_LT(0, work_pingpong(50));
	EXPECT_EQ(lost, device_info(self->control).lost);
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	ASSERT_EQ(0, bytes_drain(&bytes, self->reader, 65536));
	ASSERT_EQ(0, stream_parse(&stream, bytes.data, bytes.size)) {
		TH_LOG("%s", stream.error);
	}
	ASSERT_EQ(2, stream.nr_generations);
	EXPECT_LT(0, stream_lost(&stream));
	last = stream.generations[1].number;
	EXPECT_EQ(advance.generation + 1, last);
	EXPECT_LE(100, stream_count(&stream, 0, EXPTRACE_EVENT_SCHED_SWITCH, last));
	bytes_free(&bytes);
	stream_free(&stream);
}

/*
 * Without a reader the pool fills up. Then an advance is refused rather than delayed, and works
 * again after a read.
 */
TEST_F(module, advance_into_a_full_pool_fails_with_ENOBUFS)
{
	struct stream stream = {};
	struct bytes bytes = {};
	int i, err = 0;

	ASSERT_EQ(0, start_smallest(self->control, 0));
	for (i = 0; i < 10000 && !err; i++) {
		struct exptrace_advance advance;

		memset(&advance, 0xcc, sizeof(advance));
		advance.flags = advance.reserved = 0;
		err = device_ioctl(self->control, EXPTRACE_IOC_ADVANCE, &advance);
		if (err) {
			EXPECT_EQ(0xccccccccccccccccULL, advance.generation);
		}
	}
	EXPECT_EQ(-ENOBUFS, err);
	EXPECT_EQ(1, device_info(self->control).state);
	self->reader = device_open(O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(-EAGAIN, bytes_drain(&bytes, self->reader, 65536));
	struct exptrace_advance advance = {};

	EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_ADVANCE, &advance));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	ASSERT_EQ(0, bytes_drain(&bytes, self->reader, 65536));
	EXPECT_EQ(0, stream_parse(&stream, bytes.data, bytes.size)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_EQ((size_t)i + 1, stream.nr_generations);
	bytes_free(&bytes);
	stream_free(&stream);
}

struct slow_reading {
	int fd, control;
	bool hurry;
	unsigned int reads;
	struct bytes bytes;
	int result;
};

/*
 * A reader that is too slow, however slow the work is: it reads a little, then waits until more
 * events are lost.
 */
static void *read_slowly(void *data)
{
	struct slow_reading *r = data;
	uint64_t lost = 0;
	ssize_t n;

	while ((n = bytes_read(&r->bytes, r->fd, 1000)) > 0) {
		__atomic_fetch_add(&r->reads, 1, __ATOMIC_RELAXED);
		while (!__atomic_load_n(&r->hurry, __ATOMIC_RELAXED) && device_info(r->control).lost == lost)
			usleep(500);
		lost = device_info(r->control).lost;
	}
	r->result = n;
	return NULL;
}

TEST_F(module, slow_reader_gets_generations_that_add_up)
{
	struct slow_reading reading = { .control = self->control, .result = 1 };
	struct stream stream = {};
	pthread_t thread;
	uint64_t first, lost;

	self->reader = reading.fd = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, alloc_events_on(self->control));
	ASSERT_EQ(0, start_smallest(self->control, 20));
	ASSERT_EQ(0, pthread_create(&thread, NULL, read_slowly, &reading));
	ASSERT_TRUE(WAIT_FOR(work_pingpong(ROUNDS / 10) > 0 && __atomic_load_n(&reading.reads, __ATOMIC_RELAXED) > 20));
	first = device_info(self->control).generation;
	__atomic_store_n(&reading.hurry, true, __ATOMIC_RELAXED);
	/* Once the reader has caught up, there is room for a generation. */
	ASSERT_TRUE(WAIT_FOR(device_info(self->control).generation > first)) {
		struct exptrace_info info = device_info(self->control);

		TH_LOG("of %u batches %u are empty, %u full", info.batches, info.batches_empty, info.batches_full);
	}
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	lost = device_info(self->control).lost;
	pthread_join(thread, NULL);
	EXPECT_EQ(0, reading.result);
	ASSERT_EQ(0, stream_parse(&stream, reading.bytes.data, reading.bytes.size)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_LT(1, stream.nr_generations);
	EXPECT_LT(0, lost);
	EXPECT_EQ(lost, stream_lost(&stream));
	bytes_free(&reading.bytes);
	stream_free(&stream);
}

#define THREADS		2000

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void *wait_at_the_gate(void *unused)
{
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	return unused;
}

/* Number of threads of the whole machine. */
static int count_threads(void)
{
	char text[128];
	int total = 0;

	sscanf(read_file("/proc/loadavg", text, sizeof(text)), "%*f %*f %*f %*d/%d", &total);
	return total;
}

static void fill_with_markers(int fd)
{
	char text[EXPTRACE_STRING_MAX];

	memset(text, 'x', sizeof(text));
	while (write(fd, text, sizeof(text)) > 0)
		;
}

/* A generation that begins when the pool has room for its tables, and for little else. */
TEST_F(module, threads_without_room_in_the_statedump_are_counted)
{
	static pthread_t threads[THREADS];
	struct exptrace_advance advance = {};
	uint64_t missing = 0, tasks = 0;
	struct stream stream = {};
	struct bytes bytes = {};
	pthread_attr_t small;
	int before, after, err;
	ssize_t n = 0;
	size_t i;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 16384);
	pthread_mutex_lock(&gate);
	for (i = 0; i < THREADS; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], &small, wait_at_the_gate, NULL));
	before = count_threads();
	ASSERT_EQ(0, start_smallest(self->control, 0));
	fill_with_markers(self->control);
	EXPECT_EQ(ENOBUFS, errno);
	self->reader = device_open(O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->reader);
	while ((err = device_ioctl(self->control, EXPTRACE_IOC_ADVANCE, &advance)) == -ENOBUFS && n >= 0)
		n = bytes_read(&bytes, self->reader, 4096);
	ASSERT_EQ(0, err);
	after = count_threads();
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	pthread_mutex_unlock(&gate);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ASSERT_EQ(0, bytes_drain(&bytes, self->reader, 65536));
	ASSERT_EQ(0, stream_parse(&stream, bytes.data, bytes.size)) {
		TH_LOG("%s", stream.error);
	}
	/* Each generation reports what is missing in it. */
	ASSERT_EQ(2, stream.nr_generations);
	for (i = 0; i < 2; i++) {
		missing = stream.generations[i].missing_tasks;
		tasks = stream.generations[i].tasks;
		/* A few kernel threads come and go. */
		EXPECT_LE((before < after ? before : after) - 16, (int)(missing + tasks)) {
			TH_LOG("generation %zu: %d threads, %d missing", i, (int)tasks, (int)missing);
		}
		EXPECT_GE((before > after ? before : after) + 16, (int)(missing + tasks));
	}
	EXPECT_LT(0, missing);
	EXPECT_EQ(stream.generations[0].missing_tasks + missing, device_info(self->control).missing_tasks);
	stream_free(&stream);
	bytes_free(&bytes);
}

TEST_HARNESS_MAIN
