// SPDX-License-Identifier: GPL-2.0-only
/*
 * Between the device and its readers: what could not be delivered is not lost, what was not given
 * back is delivered again, and waiting ends when there is nothing left to wait for.
 */
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>

#include "fixture.h"

#define ROUNDS		300
#define BAD_POINTER	((void *)8)

static int start(int fd, unsigned int flags)
{
	struct exptrace_start args = start_small();

	args.flags = flags;
	return device_ioctl(fd, EXPTRACE_IOC_START, &args);
}

static int stop(int fd)
{
	return device_ioctl(fd, EXPTRACE_IOC_STOP, NULL);
}

static int take(int fd, struct exptrace_batch_ref *ref)
{
	return device_ioctl(fd, EXPTRACE_IOC_TAKE, ref);
}

static bool same(const struct exptrace_batch_ref *a, const struct exptrace_batch_ref *b)
{
	return a->kind == b->kind && a->generation == b->generation && a->offset == b->offset && a->length == b->length;
}

/*
 * TAKE until the end, each time after a TAKE that could not report what it took: number of
 * references, or -errno.
 */
static int take_with_faults(int fd, unsigned int *batches, unsigned int *ends)
{
	struct exptrace_batch_ref ref;
	int err;

	*batches = *ends = 0;
	for (;;) {
		err = take(fd, BAD_POINTER);
		if (err != -EFAULT)
			return err ? err : -EPROTO;
		err = take(fd, &ref);
		if (err || ref.kind == EXPTRACE_REF_END)
			return err;
		*batches += ref.kind == EXPTRACE_REF_BATCH;
		*ends += ref.kind == EXPTRACE_REF_END_OF_GENERATION;
	}
}

static int record(int fd, unsigned int generations)
{
	struct exptrace_advance advance = {};
	int err = start(fd, 0);

	while (!err && --generations)
		err = work_pingpong(ROUNDS) < 0 ? -errno : device_ioctl(fd, EXPTRACE_IOC_ADVANCE, &advance);
	return err;
}

TEST_F(module, TAKE_that_cannot_report_takes_nothing)
{
	unsigned int batches, ends, full;

	ASSERT_EQ(0, record(self->control, 3));
	ASSERT_EQ(0, stop(self->control));
	full = device_info(self->control).batches_full;
	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, take_with_faults(self->reader, &batches, &ends));
	EXPECT_EQ(full, batches);
	EXPECT_EQ(3, ends);
}

TEST_F(module, TAKE_that_cannot_report_takes_nothing_of_a_snapshot)
{
	struct exptrace_snapshot shot = {};
	unsigned int batches, ends, again, ends_again;

	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, record(self->control, 3));
	ASSERT_EQ(0, stop(self->control));
	ASSERT_EQ(0, device_ioctl(self->reader, EXPTRACE_IOC_SNAPSHOT, &shot));
	ASSERT_EQ(0, take_with_faults(self->reader, &batches, &ends));
	EXPECT_EQ(device_info(self->control).batches_full, batches);
	EXPECT_EQ(3, ends);
	ASSERT_EQ(0, device_ioctl(self->reader, EXPTRACE_IOC_SNAPSHOT, &shot));
	ASSERT_EQ(0, take_with_faults(self->reader, &again, &ends_again));
	EXPECT_EQ(batches, again);
	EXPECT_EQ(ends, ends_again);
}

/*
 * The taker owns a batch, or the end of a generation, until it is given back. If the taker dies
 * first, it is delivered again.
 */
TEST_F(module, what_was_not_given_back_is_delivered_again)
{
	struct exptrace_batch_ref ref, again;
	unsigned int ends = 0;

	ASSERT_EQ(0, record(self->control, 2));
	ASSERT_EQ(0, stop(self->control));
	while (ends < 2) {
		self->reader = device_open(O_RDONLY);
		ASSERT_LE(0, self->reader);
		ASSERT_EQ(0, take(self->reader, &ref));
		close(self->reader);
		self->reader = device_open(O_RDONLY);
		ASSERT_LE(0, self->reader);
		ASSERT_EQ(0, take(self->reader, &again));
		EXPECT_TRUE(same(&ref, &again));
		ASSERT_EQ(0, device_ioctl(self->reader, EXPTRACE_IOC_GIVE, NULL));
		EXPECT_EQ(-EINVAL, device_ioctl(self->reader, EXPTRACE_IOC_GIVE, NULL));
		close(self->reader);
		self->reader = -1;
		ends += ref.kind == EXPTRACE_REF_END_OF_GENERATION;
	}
	EXPECT_EQ(0, device_info(self->control).batches_full);
}

static int events_now(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) < 0 ? -errno : p.revents;
}

/* poll(2) does not report the header to a reader that uses TAKE. */
TEST_F(module, poll_reports_when_TAKE_has_something)
{
	struct exptrace_batch_ref ref;
	int err;

	self->reader = device_open(O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, self->reader);
	EXPECT_EQ(POLLIN, events_now(self->reader));
	EXPECT_EQ(-EAGAIN, take(self->reader, &ref));
	EXPECT_EQ(0, events_now(self->reader));
	ASSERT_EQ(0, record(self->control, 2));
	while (!(err = take(self->reader, &ref)) && ref.kind != EXPTRACE_REF_END_OF_GENERATION)
		;
	ASSERT_EQ(0, err);
	/* What is available now comes after the end that the reader has taken. */
	while (events_now(self->reader)) {
		EXPECT_EQ(POLLIN, events_now(self->reader));
		ASSERT_EQ(0, take(self->reader, &ref));
		ASSERT_EQ(EXPTRACE_REF_BATCH, ref.kind);
	}
	EXPECT_EQ(-EAGAIN, take(self->reader, &ref));
	ASSERT_EQ(0, stop(self->control));
	EXPECT_EQ(POLLIN, events_now(self->reader));
	while (!(err = take(self->reader, &ref)) && ref.kind != EXPTRACE_REF_END_OF_GENERATION)
		;
	ASSERT_EQ(0, err);
	EXPECT_EQ(POLLIN | POLLHUP, events_now(self->reader));
	ASSERT_EQ(0, take(self->reader, &ref));
	EXPECT_EQ(EXPTRACE_REF_END, ref.kind);
}

/* A refused START does not affect what its own file reads, not even with DISCARD. */
TEST_F(module, refused_DISCARD_drops_nothing)
{
	struct exptrace_start args = start_small();
	struct stream stream = {};
	struct bytes bytes = {};

	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, record(self->control, 2));
	ASSERT_EQ(0, stop(self->control));
	ASSERT_EQ(100, bytes_read(&bytes, self->reader, 100));
	args.flags = EXPTRACE_START_DISCARD;
	args.batch_size = 5000;
	EXPECT_EQ(-EINVAL, device_ioctl(self->reader, EXPTRACE_IOC_START, &args));
	args.batch_size = 4096;
	args.pool_size = 4096;
	EXPECT_EQ(-EINVAL, device_ioctl(self->reader, EXPTRACE_IOC_START, &args));
	EXPECT_EQ(-EBUSY, start(self->reader, 0));
	ASSERT_EQ(0, bytes_drain(&bytes, self->reader, 65536));
	ASSERT_EQ(0, stream_parse(&stream, bytes.data, bytes.size)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_EQ(2, stream.nr_generations);
	EXPECT_EQ(0, stream.cut);
	stream_free(&stream);
	bytes_free(&bytes);
}

TEST_F(module, mapped_pool_is_not_discarded)
{
	struct exptrace_info info;
	void *pool;

	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, record(self->control, 2));
	ASSERT_EQ(0, stop(self->control));
	info = device_info(self->control);
	pool = mmap(NULL, info.pool_size, PROT_READ, MAP_SHARED, self->reader, 0);
	ASSERT_NE(MAP_FAILED, pool);
	EXPECT_EQ(-EBUSY, start(self->reader, EXPTRACE_START_DISCARD));
	EXPECT_EQ(info.batches_full, device_info(self->control).batches_full);
	ASSERT_EQ(0, munmap(pool, info.pool_size));
	EXPECT_EQ(0, start(self->reader, EXPTRACE_START_DISCARD));
}

struct waiter {
	pthread_t thread;
	int fd, err;
	pid_t tid;
};

static void *wait_for_trigger(void *arg)
{
	struct exptrace_snapshot shot = { .flags = EXPTRACE_SNAPSHOT_WAIT };
	struct waiter *waiter = arg;

	__atomic_store_n(&waiter->tid, thread_id(), __ATOMIC_RELEASE);
	waiter->err = device_ioctl(waiter->fd, EXPTRACE_IOC_SNAPSHOT, &shot);
	return NULL;
}

static bool begin_to_wait(struct waiter *waiter, int fd)
{
	waiter->fd = fd;
	return !pthread_create(&waiter->thread, NULL, wait_for_trigger, waiter) &&
	       WAIT_FOR(__atomic_load_n(&waiter->tid, __ATOMIC_ACQUIRE) && thread_sleeps(waiter->tid));
}

TEST_F(module, STOP_ends_waiting_for_the_trigger)
{
	struct exptrace_snapshot shot = { .flags = EXPTRACE_SNAPSHOT_WAIT };
	struct waiter waiter = {};

	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, record(self->control, 2));
	ASSERT_TRUE(begin_to_wait(&waiter, self->reader));
	/* One thread is waiting. */
	EXPECT_EQ(-EBUSY, device_ioctl(self->reader, EXPTRACE_IOC_SNAPSHOT, &shot));
	ASSERT_EQ(0, stop(self->control));
	ASSERT_EQ(0, pthread_join(waiter.thread, NULL));
	EXPECT_EQ(-ECANCELED, waiter.err);
	/* The recording is still there. */
	shot.flags = 0;
	EXPECT_EQ(0, device_ioctl(self->reader, EXPTRACE_IOC_SNAPSHOT, &shot));
}

/* A threshold is removed when the file that set it is closed; one set by sysfs stays. */
TEST_F(module, threshold_is_removed_with_the_file_that_set_it)
{
	static const char file[] = "/sys/class/misc/exptrace/trigger_latency_us";
	struct exptrace_trigger trigger = { .latency_us = 3000000000ULL };
	int fd = device_open(O_WRONLY);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, device_ioctl(fd, EXPTRACE_IOC_SET_TRIGGER, &trigger));
	EXPECT_EQ(trigger.latency_us, device_info(self->control).latency_us);
	trigger.latency_us = 3600000001ULL;
	EXPECT_EQ(-EINVAL, device_ioctl(fd, EXPTRACE_IOC_SET_TRIGGER, &trigger));
	EXPECT_EQ(3000000000ULL, device_info(self->control).latency_us);
	close(fd);
	EXPECT_EQ(0, device_info(self->control).latency_us);

	fd = device_open(O_WRONLY);
	ASSERT_LE(0, fd);
	trigger.latency_us = 1000000;
	ASSERT_EQ(0, device_ioctl(fd, EXPTRACE_IOC_SET_TRIGGER, &trigger));
	ASSERT_EQ(0, write_file(file, "2000000"));
	close(fd);
	EXPECT_EQ(2000000, device_info(self->control).latency_us);
}

TEST_HARNESS_MAIN
