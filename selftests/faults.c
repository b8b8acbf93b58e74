// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each step in the life of a recording fails cleanly if an allocation or a copy fails: loading,
 * start, advance, reading, stop.
 */
#define _GNU_SOURCE

#include "faults.h"


#define STATE		"/sys/kernel/debug/exptrace/state"

static int load(FIXTURE_DATA(fault) *self, const char *parameters)
{
	return syscall(SYS_init_module, self->image, self->size, parameters) ? -errno : 0;
}

/* Number of calls that could fail while the module is loaded. */
static unsigned int count_loading(FIXTURE_DATA(fault) *self, const char *parameters)
{
	unsigned int left;

	inject(self->nth, MANY);
	if (load(self, parameters))
		return 0;
	left = injection_left(self->nth);
	return module_unload() ? 0 : MANY - left;
}

/*
 * The kernel copies and relocates the module with hundreds of its own allocations before it calls
 * us, so only some of those fail. @ours is an upper bound of our own allocations.
 */
static void fail_loading(struct __test_metadata *_metadata, FIXTURE_DATA(fault) *self, const char *parameters,
			 unsigned int ours)
{
	unsigned int all = count_loading(self, parameters), n, failed = 0;

	ASSERT_LT(0, all);
	for (n = 1; n < all + 5; n += n + ours < all ? 16 : 1) {
		int err, left;

		inject(self->nth, n);
		err = load(self, parameters);
		left = injection_left(self->nth);
		failed += !left && err;
		EXPECT_TRUE(is_clean(err)) {
			TH_LOG("allocation %u of %u: %s", n, all, strerror(-err));
		}
		if (err) {
			EXPECT_EQ(-ENOENT, module_remove());
		}
		ASSERT_EQ(0, module_unload());
	}
	TH_LOG("%u allocations, loading failed %u times", all, failed);
	EXPECT_LT(0, failed);
	EXPECT_EQ(0, load(self, parameters));
}

TEST_F_TIMEOUT(fault, loading_fails_cleanly, TIMEOUT)
{
	fail_loading(_metadata, self, "", 200);
}

TEST_F_TIMEOUT(fault, loading_with_autostart_fails_cleanly, TIMEOUT)
{
	fail_loading(_metadata, self, "autostart=1 pool_mb=4 batch_kb=64 events=all", 300);
}

TEST_F_TIMEOUT(fault, open_fails_cleanly, TIMEOUT)
{
	ASSERT_EQ(0, module_load(""));
#define CLOSE_AGAIN(err)				\
	do {						\
		if (!(err))				\
			close(self->device);		\
		self->device = -1;			\
	} while (0)
	FAIL_EACH(-ENOMEM, open_device(&self->device), CLOSE_AGAIN);
}

TEST_F_TIMEOUT(fault, start_fails_cleanly, TIMEOUT)
{
	ASSERT_EQ(0, module_load("events=all"));
	ASSERT_EQ(0, open_device(&self->device));

	FAIL_EACH(-ENOMEM, start(self), CHECK_STARTED);
	/* The last start succeeded with nothing left of those that failed. */
	check_whole(_metadata, self);
}

TEST_F_TIMEOUT(fault, start_in_flight_mode_fails_cleanly, TIMEOUT)
{
	ASSERT_EQ(0, module_load("events=all"));
	ASSERT_EQ(0, open_device(&self->device));
	FAIL_EACH(-ENOMEM, start_flight(self), CHECK_STARTED);
	check_whole(_metadata, self);
}

/*
 * A reader that waits for the first recording keeps waiting after a failed start. Failures begin at
 * the last call, because once a start has succeeded, the reader may reach the end.
 */
TEST_F_TIMEOUT(fault, reader_keeps_waiting_after_a_failed_start, TIMEOUT)
{
	char header[EXPTRACE_HEADER_SIZE], c;
	unsigned int n, places;

	ASSERT_EQ(0, module_load("events=all"));
	ASSERT_EQ(0, open_device(&self->device));
	inject(self->nth, MANY);
	ASSERT_EQ(0, start(self));
	places = MANY - injection_left(self->nth);
	for (n = places; n > places - 25; n--) {
		int err;

		load_afresh(_metadata, self, "events=all");
		ASSERT_EQ((ssize_t)sizeof(header), read(self->device, header, sizeof(header)));
		inject(self->nth, n);
		err = start(self);
		injection_left(self->nth);
		if (!err)
			continue;
		fcntl(self->device, F_SETFL, O_NONBLOCK);
		errno = 0;
		EXPECT_EQ(-1, read(self->device, &c, 1)) {
			TH_LOG("allocation %u of %u: end of file", n, places);
		}
		EXPECT_EQ(EAGAIN, errno);
	}
}

static int advance(FIXTURE_DATA(fault) *self)
{
	struct exptrace_advance advance = {};

	return device_ioctl(self->device, EXPTRACE_IOC_ADVANCE, &advance);
}

TEST_F_TIMEOUT(fault, advance_fails_cleanly, TIMEOUT)
{
	struct observed o;

	start_observed(_metadata, self, &o);
	FAIL_EACH(-ENOMEM, advance(self), STILL_RECORDS);
	stop_observed(_metadata, self, &o);
}

/* Stopping allocates nothing that may fail. */
TEST_F_TIMEOUT(fault, stop_never_fails, TIMEOUT)
{
	ASSERT_EQ(0, module_load("events=all"));
	ASSERT_EQ(0, open_device(&self->device));
	ASSERT_EQ(0, start(self));
#define STOPPED(err)							\
	do {								\
		EXPECT_EQ(0, err);					\
		EXPECT_EQ(0, device_info(self->device).state);		\
		check_whole(_metadata, self);				\
		EXPECT_EQ(0, start(self));				\
	} while (0)
	FAIL_EACH(0, stop(self), STOPPED);
	EXPECT_EQ(0, stop(self));
}

static int snapshot(FIXTURE_DATA(fault) *self, struct exptrace_snapshot *s)
{
	*s = (struct exptrace_snapshot){};
	return device_ioctl(self->device, EXPTRACE_IOC_SNAPSHOT, s);
}

/*
 * A failed snapshot may have completed a generation, but has no other effect; the next snapshot is
 * whole.
 */
TEST_F_TIMEOUT(fault, snapshot_fails_cleanly, TIMEOUT)
{
	struct exptrace_snapshot s;
	struct observed o;

	start_observed(_metadata, self, &o);
	FAIL_EACH(-ENOMEM, snapshot(self, &s), STILL_RECORDS);
	check_whole(_metadata, self);
	stop_observed(_metadata, self, &o);
}

/* Read everything. A copy fails in every second read(2), but the trace is whole nevertheless. */
static void read_with_faults(struct __test_metadata *_metadata, FIXTURE_DATA(fault) *self)
{
	struct stream stream = {};
	struct bytes bytes = {};
	unsigned int failed = 0;
	ssize_t n;

	do {
		inject(self->nth, 1);
		n = bytes_read(&bytes, self->device, 1000);
		failed += injection_left(self->nth) == 0;
		if (n == -EFAULT)
			n = bytes_read(&bytes, self->device, 1000);
	} while (n > 0);
	EXPECT_EQ(0, n);
	EXPECT_LT(0, failed);
	EXPECT_EQ(0, stream_parse(&stream, bytes.data, bytes.size)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_EQ(0, stream.cut);
	bytes_free(&bytes);
	stream_free(&stream);
}

static void record_two_generations(struct __test_metadata *_metadata, FIXTURE_DATA(fault) *self)
{
	ASSERT_EQ(0, module_load("events=all"));
	ASSERT_EQ(0, open_device(&self->device));
	ASSERT_EQ(0, start_roomy(self));
	ASSERT_LT(0, work_pingpong(100));
	ASSERT_EQ(0, advance(self));
	ASSERT_LT(0, work_pingpong(100));
}

TEST_F_TIMEOUT(fault, failed_copy_in_a_read_loses_nothing, TIMEOUT)
{
	record_two_generations(_metadata, self);
	ASSERT_EQ(0, stop(self));
	read_with_faults(_metadata, self);
}

TEST_F_TIMEOUT(fault, failed_copy_in_a_read_of_a_snapshot_loses_nothing, TIMEOUT)
{
	struct exptrace_snapshot s;

	record_two_generations(_metadata, self);
	ASSERT_EQ(0, snapshot(self, &s));
	read_with_faults(_metadata, self);
	ASSERT_EQ(0, stop(self));
}

/* Take everything: batches and ends of generations. With @faults, each TAKE fails once first. */
static void count_taken(struct __test_metadata *_metadata, FIXTURE_DATA(fault) *self, bool faults,
			unsigned int count[2])
{
	struct exptrace_batch_ref ref;
	int err;

	count[0] = count[1] = 0;
	do {
		if (faults) {
			inject(self->nth, 1);
			err = device_ioctl(self->device, EXPTRACE_IOC_TAKE, &ref);
			EXPECT_EQ(0, injection_left(self->nth));
			EXPECT_EQ(-EFAULT, err);
		}
		ASSERT_EQ(0, device_ioctl(self->device, EXPTRACE_IOC_TAKE, &ref));
		if (ref.kind != EXPTRACE_REF_END)
			count[ref.kind]++;
	} while (ref.kind != EXPTRACE_REF_END);
}

TEST_F_TIMEOUT(fault, failed_copy_in_TAKE_loses_nothing, TIMEOUT)
{
	unsigned int want[2], got[2], full;
	struct exptrace_snapshot s;

	record_two_generations(_metadata, self);
	ASSERT_EQ(0, snapshot(self, &s));
	count_taken(_metadata, self, false, want);
	EXPECT_EQ(2, want[EXPTRACE_REF_END_OF_GENERATION]);
	ASSERT_EQ(0, stop(self));
	ASSERT_EQ(0, snapshot(self, &s));
	count_taken(_metadata, self, false, want);
	EXPECT_EQ(3, want[EXPTRACE_REF_END_OF_GENERATION]);
	ASSERT_EQ(0, snapshot(self, &s));
	count_taken(_metadata, self, true, got);
	EXPECT_EQ(want[0], got[0]);
	EXPECT_EQ(want[1], got[1]);
	/* Now without the snapshot. */
	close(self->device);
	ASSERT_EQ(0, open_device(&self->device));
	full = device_info(self->device).batches_full;
	EXPECT_EQ(want[0], full);
	count_taken(_metadata, self, true, got);
	EXPECT_EQ(full, got[0]);
	EXPECT_EQ(want[1], got[1]);
}

/* Open the file and read it to its end. */
static int read_state(char *text, size_t size)
{
	int fd = open(STATE, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	do {
		n = read(fd, text + used, size - 1 - used);
		used += n > 0 ? n : 0;
	} while (n > 0);
	n = n ? -errno : 0;
	text[used] = '\0';
	close(fd);
	return n;
}

/* Without memory it shows everything but the lists. */
TEST_F_TIMEOUT(fault, reading_the_state_fails_cleanly, TIMEOUT)
{
	unsigned int with = 0, without = 0;
	char text[65536] = "";

	ASSERT_EQ(0, module_load(""));
	ASSERT_EQ(0, open_device(&self->device));
	ASSERT_EQ(0, start(self));
#define STATE_READ(err)								\
	do {									\
		if (!(err)) {							\
			EXPECT_TRUE(strstr(text, "recording 1\n"));		\
			with += !!strstr(text, "\nlists_read 1\n");		\
			without += !!strstr(text, "\nlists_read 0: there is no memory\n"); \
		}								\
		text[0] = '\0';							\
	} while (0)
	FAIL_EACH(-ENOMEM, read_state(text, sizeof(text)), STATE_READ);
	EXPECT_LT(0, with);
	EXPECT_LT(0, without);
	EXPECT_EQ(0, stop(self));
	check_whole(_metadata, self);
}

TEST_HARNESS_MAIN
