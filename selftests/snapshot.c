// SPDX-License-Identifier: GPL-2.0-only
/* Snapshots and triggers. */
#define _GNU_SOURCE
#include <linux/perf_event.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "flight.h"
#include "state.h"

TEST_F(module, consecutive_snapshots_each_hold_all_complete_generations)
{
	struct exptrace_snapshot shot;
	struct stream stream;
	uint64_t first = 0;
	int i;

	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, start_flight(self->control, 4 << 20));
	for (i = 0; i < 3; i++) {
		ASSERT_LT(0, work_pingpong(ROUNDS / 3));
		memset(&shot, 0xcc, sizeof(shot));
		shot.flags = shot.reserved = 0;
		ASSERT_EQ(0, device_ioctl(self->reader, EXPTRACE_IOC_SNAPSHOT, &shot));
		stream = (struct stream){};
		ASSERT_EQ(0, drain_and_parse(self->reader, &stream)) {
			TH_LOG("%s", stream.error);
		}
		EXPECT_TRUE(stream_all_whole(&stream));
		ASSERT_LT(0, stream.nr_generations);
		EXPECT_EQ(shot.first, stream.generations[0].number);
		EXPECT_EQ(shot.last, stream.generations[stream.nr_generations - 1].number);
		/* A snapshot consumes nothing: the next one has this generation, too. */
		if (i)
			EXPECT_EQ(first, shot.first);
		first = shot.first;
		EXPECT_EQ(i + 1, stream.nr_generations);
		EXPECT_LE((i + 1) * 2 * (ROUNDS / 3), stream_count(&stream, 0, EXPTRACE_EVENT_SCHED_SWITCH, 0));
		stream_free(&stream);
	}
	EXPECT_EQ(EXPTRACE_STATE_RECORDING, device_info(self->control).state);
}

TEST_F(module, snapshot_is_not_overwritten_while_it_is_read)
{
	struct exptrace_snapshot shot = {};
	struct stream stream = {};
	struct bytes bytes = {};

	ASSERT_EQ(0, alloc_events_on(self->control));
	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, start_flight(self->control, 2 << 20));
	ASSERT_LT(0, work_pingpong(ROUNDS / 3));
	ASSERT_EQ(0, device_ioctl(self->reader, EXPTRACE_IOC_SNAPSHOT, &shot));
	ASSERT_LT(0, bytes_read(&bytes, self->reader, 5000));
	/* More than the rest of the pool holds. */
	ASSERT_TRUE(storm_until_evicted(self->control, 2));
	EXPECT_EQ(shot.last, device_info(self->control).generation > shot.last ? shot.last : 0);
	ASSERT_EQ(0, bytes_drain(&bytes, self->reader, 4096));
	ASSERT_EQ(0, stream_parse(&stream, bytes.data, bytes.size)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_TRUE(stream_all_whole(&stream));
	EXPECT_EQ(shot.first, stream.generations[0].number);
	EXPECT_EQ(shot.last, stream.generations[stream.nr_generations - 1].number);
	stream_free(&stream);
	bytes_free(&bytes);
}

TEST_F(module, snapshot_needs_a_reader_and_valid_arguments)
{
	struct exptrace_snapshot shot = {};

	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
	EXPECT_EQ(-EBADF, device_ioctl(self->control, EXPTRACE_IOC_SNAPSHOT, &shot));
	EXPECT_EQ(-EAGAIN, device_ioctl(self->reader, EXPTRACE_IOC_SNAPSHOT, &shot));
	shot.flags = 2;
	EXPECT_EQ(-EINVAL, device_ioctl(self->reader, EXPTRACE_IOC_SNAPSHOT, &shot));
	shot.flags = 0;
	shot.reserved = 1;
	EXPECT_EQ(-EINVAL, device_ioctl(self->reader, EXPTRACE_IOC_SNAPSHOT, &shot));
	EXPECT_EQ(-EFAULT, device_ioctl(self->reader, EXPTRACE_IOC_SNAPSHOT, (void *)8));
}

struct waiter {
	int fd;
	int err;
	pid_t tid;
	struct exptrace_snapshot shot;
};

static void *wait_for_trigger(void *arg)
{
	struct waiter *waiter = arg;

	waiter->shot.flags = EXPTRACE_SNAPSHOT_WAIT;
	__atomic_store_n(&waiter->tid, thread_id(), __ATOMIC_RELEASE);
	waiter->err = device_ioctl(waiter->fd, EXPTRACE_IOC_SNAPSHOT, &waiter->shot);
	return NULL;
}

static bool is_waiting(struct waiter *waiter)
{
	pid_t tid = __atomic_load_n(&waiter->tid, __ATOMIC_ACQUIRE);

	return tid && thread_sleeps(tid);
}

TEST_F(module, trigger_wakes_a_waiting_snapshot)
{
	struct waiter waiter = {};
	struct stream stream = {};
	pthread_t thread;

	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
	waiter.fd = self->reader;
	ASSERT_EQ(0, start_flight(self->control, 4 << 20));
	ASSERT_LT(0, work_pingpong(ROUNDS / 3));
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_trigger, &waiter));
	ASSERT_TRUE(WAIT_FOR(is_waiting(&waiter)));
	ASSERT_EQ(0, write_file(SYSFS "trigger", "1"));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_EQ(0, waiter.err);
	EXPECT_EQ(1, device_info(self->control).triggers);
	ASSERT_EQ(0, drain_and_parse(self->reader, &stream)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_TRUE(stream_all_whole(&stream));
	EXPECT_LE(2 * (ROUNDS / 3), stream_count(&stream, 0, EXPTRACE_EVENT_SCHED_SWITCH, 0));
	stream_free(&stream);
}

/* Each snapshot has a header, and so has the stream, of which nothing has been read. */
TEST_F(module, waiting_snapshot_leaves_the_stream_to_another_thread)
{
	struct exptrace_snapshot shot = {};
	struct waiter waiter = {};
	struct stream stream = {};
	pthread_t thread;

	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
	waiter.fd = self->reader;
	ASSERT_EQ(0, start_flight(self->control, 4 << 20));
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_trigger, &waiter));
	ASSERT_TRUE(WAIT_FOR(is_waiting(&waiter)));
	ASSERT_EQ(0, device_ioctl(self->reader, EXPTRACE_IOC_SNAPSHOT, &shot));
	ASSERT_EQ(0, drain_and_parse(self->reader, &stream));
	stream_free(&stream);
	ASSERT_EQ(0, write_file(SYSFS "trigger", "1"));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_EQ(0, waiter.err);
	stream = (struct stream){};
	ASSERT_EQ(0, drain_and_parse(self->reader, &stream));
	stream_free(&stream);
	/*
	 * The waiting thread leaves without a snapshot: nothing is recorded that could fire the
	 * trigger.
	 */
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	shot.flags = EXPTRACE_SNAPSHOT_WAIT;
	ASSERT_EQ(-ECANCELED, device_ioctl(self->reader, EXPTRACE_IOC_SNAPSHOT, &shot));
	stream = (struct stream){};
	ASSERT_EQ(0, drain_and_parse(self->reader, &stream)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_TRUE(stream_all_whole(&stream));
	stream_free(&stream);
}

TEST_F(module, thread_that_wakes_late_fires_the_trigger)
{
	struct exptrace_trigger trigger = { .latency_us = 3000000000ULL };
	struct waiter waiter = {};
	pthread_t thread;

	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
	waiter.fd = self->reader;
	ASSERT_EQ(0, start_flight(self->control, 4 << 20));
	/* No thread is that late. */
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_SET_TRIGGER, &trigger));
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_trigger, &waiter));
	ASSERT_TRUE(WAIT_FOR(is_waiting(&waiter)));
	ASSERT_LT(0, work_pingpong(10));
	EXPECT_EQ(0, device_info(self->control).triggers);
	/* Every thread is that late. */
	trigger.latency_us = 1;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_SET_TRIGGER, &trigger));
	ASSERT_LT(0, work_pingpong(ROUNDS / 3));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, waiter.err);
	EXPECT_LT(0, device_info(self->control).triggers);
	trigger.latency_us = 3600000001ULL;
	EXPECT_EQ(-EINVAL, device_ioctl(self->control, EXPTRACE_IOC_SET_TRIGGER, &trigger));
}

/* Count this thread's calls of a kernel function: a descriptor, or -errno. */
static int count_calls(const char *function)
{
	struct perf_event_attr attr = { .size = sizeof(attr), .kprobe_func = (uintptr_t)function };
	char type[16];
	int fd;

	attr.type = atoi(read_file("/sys/bus/event_source/devices/kprobe/type", type, sizeof(type)));
	if (!attr.type)
		return -ENOENT;
	fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static uint64_t calls(int fd)
{
	uint64_t n = 0;

	return read(fd, &n, sizeof(n)) == sizeof(n) ? n : UINT64_MAX;
}

TEST_F(module, snapshot_does_not_wait_for_a_normal_grace_period)
{
	struct exptrace_snapshot shot = {};
	int expedited = count_calls("synchronize_rcu_expedited");

	if (expedited == -ENOENT)
		SKIP(return, "the kernel has no kprobes for perf");
	ASSERT_LE(0, expedited);
	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, start_flight(self->control, 4 << 20));
	ASSERT_LT(0, device_advance(self->control));
	EXPECT_EQ(0, calls(expedited));
	ASSERT_EQ(0, device_ioctl(self->reader, EXPTRACE_IOC_SNAPSHOT, &shot));
	EXPECT_EQ(1, calls(expedited));
	close(expedited);
}

/* Snapshot arguments that the kernel can read but not write; NULL if out of memory. */
static struct exptrace_snapshot *read_only_snapshot(uint32_t flags)
{
	struct exptrace_snapshot *shot = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (shot == MAP_FAILED)
		return NULL;
	*shot = (struct exptrace_snapshot){ .flags = flags, .first = 0xcccccccc, .last = 0xcccccccc };
	return mprotect(shot, 4096, PROT_READ) ? NULL : shot;
}

static bool holds_nothing(void)
{
	static struct state s;

	return !state_read(&s) && !state_number(&s, "frozen") && !state_number(&s, "trigger_armed") &&
	       !state_number(&s, "trigger_done");
}

/* A process that fires the trigger as soon as a snapshot waits for it. */
static pid_t fork_trigger(int fd)
{
	static struct state s;
	pid_t pid = fork();

	if (!pid)
		_exit(!WAIT_FOR(!state_read(&s) && state_number(&s, "trigger_armed") == 1) ||
		      device_ioctl(fd, EXPTRACE_IOC_TRIGGER, NULL));
	return pid;
}

/* Take and read a snapshot with a valid argument. */
static int read_snapshot(int fd, struct exptrace_snapshot *shot, struct stream *stream)
{
	*shot = (struct exptrace_snapshot){};
	return device_ioctl(fd, EXPTRACE_IOC_SNAPSHOT, shot) ?: drain_and_parse(fd, stream);
}

TEST_F(module, snapshot_that_cannot_be_reported_is_not_held)
{
	static const uint32_t flags[] = { 0, EXPTRACE_SNAPSHOT_WAIT };
	struct exptrace_start start = start_small();
	struct exptrace_snapshot *bad, shot;
	struct stream stream;
	int i, status;
	size_t g;
	pid_t pid;

	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
	start.mode = EXPTRACE_MODE_FLIGHT;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	for (i = 0; i < 2; i++) {
		bad = read_only_snapshot(flags[i]);
		ASSERT_NE(NULL, bad);
		ASSERT_LT(0, work_pingpong(100));
		pid = flags[i] ? fork_trigger(self->control) : 0;
		EXPECT_EQ(-EFAULT, device_ioctl(self->reader, EXPTRACE_IOC_SNAPSHOT, bad));
		if (pid) {
			EXPECT_EQ(pid, waitpid(pid, &status, 0));
			EXPECT_EQ(0, status);
		}
		EXPECT_EQ(0xcccccccc, bad->first);
		EXPECT_TRUE(holds_nothing());
		stream = (struct stream){};
		ASSERT_EQ(0, read_snapshot(self->reader, &shot, &stream)) {
			TH_LOG("%s", stream.error);
		}
		/* Including the generations that the failed snapshots completed. */
		ASSERT_EQ(2 * (i + 1), stream.nr_generations);
		EXPECT_EQ(shot.first, stream.generations[0].number);
		EXPECT_EQ(shot.last, stream.generations[2 * i + 1].number);
		for (g = 0; g < stream.nr_generations; g++)
			EXPECT_TRUE(stream.generations[g].whole && stream.generations[g].ledger &&
				    stream.generations[g].ended);
		stream_free(&stream);
		munmap(bad, 4096);
	}
}

TEST_F(module, stream_continues_after_a_snapshot_that_cannot_be_reported)
{
	struct exptrace_snapshot *bad = read_only_snapshot(0);
	struct exptrace_start start = start_small();
	struct bytes bytes = {};
	struct stream stream = {};

	ASSERT_NE(NULL, bad);
	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	ASSERT_LT(0, work_pingpong(100));
	ASSERT_LT(0, device_advance(self->control));
	ASSERT_EQ(EXPTRACE_HEADER_SIZE, bytes_read(&bytes, self->reader, EXPTRACE_HEADER_SIZE));
	EXPECT_EQ(-EFAULT, device_ioctl(self->reader, EXPTRACE_IOC_SNAPSHOT, bad));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	/* The stream has no second header, lacks nothing, and ends where the recording does. */
	ASSERT_EQ(0, bytes_drain(&bytes, self->reader, 4096));
	ASSERT_EQ(0, stream_parse(&stream, bytes.data, bytes.size)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_EQ(3, stream.nr_generations);
	EXPECT_EQ(0, device_info(self->control).batches_full);
	bytes_free(&bytes);
	stream_free(&stream);
	munmap(bad, 4096);
}

/*
 * Read the header and the first batch, and not a byte more. Until the batch is complete, TAKE and
 * SNAPSHOT are refused.
 */
static int read_first_batch(int fd, struct bytes *bytes)
{
	struct exptrace_snapshot shot = {};
	struct exptrace_batch_ref ref;
	struct stream_batch batch;

	for (;;) {
		ssize_t n = bytes_read(bytes, fd, 1);

		if (n != 1)
			return n ? n : -EPIPE;
		if (bytes->size <= EXPTRACE_HEADER_SIZE)
			continue;
		if (stream_batch_at(bytes->data + EXPTRACE_HEADER_SIZE, bytes->size - EXPTRACE_HEADER_SIZE, &batch) == 1)
			return 0;
		if (device_ioctl(fd, EXPTRACE_IOC_TAKE, &ref) != -EBUSY ||
		    device_ioctl(fd, EXPTRACE_IOC_SNAPSHOT, &shot) != -EBUSY)
			return -EPROTO;
	}
}

/*
 * The tables around a generation are handed over several at a time, but a reader may stop after any
 * of them.
 */
TEST_F(module, reader_between_two_batches_may_TAKE_the_rest)
{
	struct exptrace_start start = start_small();
	unsigned int batches[1] = {};
	struct stream stream = {};
	struct bytes bytes = {};

	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	ASSERT_LT(0, work_pingpong(100));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, read_first_batch(self->reader, &bytes));
	ASSERT_EQ(0, stream_parse(&stream, bytes.data, bytes.size));
	ASSERT_EQ(1, stream.nr_generations);
	ASSERT_EQ(0, take_and_parse(self->reader, &stream, batches)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_EQ(1, stream.nr_generations);
	EXPECT_TRUE(stream.generations[0].whole && stream.generations[0].ledger && stream.generations[0].ended);
	stream_free(&stream);
	bytes_free(&bytes);
}

/*
 * A file keeps two positions, in the stream and in the snapshot. Each begins with a header, and
 * neither affects the other.
 */
TEST_F(module, reader_between_two_batches_may_snapshot_and_go_on)
{
	struct exptrace_snapshot *bad = read_only_snapshot(0), shot = {};
	struct exptrace_start start = start_small();
	struct stream stream = {};
	struct bytes bytes = {};

	ASSERT_NE(NULL, bad);
	start.mode = EXPTRACE_MODE_FLIGHT;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	ASSERT_LT(0, work_pingpong(100));
	ASSERT_LT(0, device_advance(self->control));
	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, read_first_batch(self->reader, &bytes));
	ASSERT_EQ(0, device_ioctl(self->reader, EXPTRACE_IOC_SNAPSHOT, &shot));
	/* No snapshot to read comes of this one. */
	EXPECT_EQ(-EFAULT, device_ioctl(self->reader, EXPTRACE_IOC_SNAPSHOT, bad));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	ASSERT_EQ(0, bytes_drain(&bytes, self->reader, 4096));
	ASSERT_EQ(0, stream_parse(&stream, bytes.data, bytes.size)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_EQ(4, stream.nr_generations);
	EXPECT_TRUE(stream.generations[0].whole && stream.generations[3].ended);
	bytes_free(&bytes);
	stream_free(&stream);
	munmap(bad, 4096);
}

TEST_HARNESS_MAIN
