// SPDX-License-Identifier: GPL-2.0-only
/*
 * No generation spans a time when the clocks stood still, and recording continues afterwards. A test module stops the
 * kernel's clocks as suspend does, without touching devices and files.
 *
 * Built with WHOLE_MACHINE, it does all of suspend to memory except for letting the hardware sleep (pm_test). This is for a
 * machine that no longer needs its files: suspend.sh runs it.
 */
#include <sys/ioctl.h>

#include "clocks.h"

#define ROUNDS		200
#define SLEEP_MS	1200
/*
 * Maximum delay between a marker's own time and its event on an emulated machine. The sleeps are
 * longer.
 */
#define LATE_NS		500000000ULL

/* The first three are those of exptrace_sleep. */
enum how { SLEEP, IDLE, WOKEN, MACHINE };

FIXTURE(suspend) {
	int log, control, reader;
	struct stream stream;
};

FIXTURE_VARIANT(suspend) {
	enum how how;
	unsigned int times;
};

#ifdef WHOLE_MACHINE
FIXTURE_VARIANT_ADD(suspend, of_the_machine) { MACHINE, 1 };
#else
FIXTURE_VARIANT_ADD(suspend, sleep_twice) { SLEEP, 2 };
FIXTURE_VARIANT_ADD(suspend, to_idle_thrice) { IDLE, 3 };
FIXTURE_VARIANT_ADD(suspend, that_is_woken_at_once) { WOKEN, 1 };

static void __attribute__((constructor)) skip_where_nothing_suspends(void)
{
	if (module_missing() || module_has_helper("exptrace_sleep.ko"))
		return;
	printf("TAP version 13\n1..0 # SKIP this kernel cannot suspend\n");
	exit(4);
}
#endif

FIXTURE_SETUP(suspend)
{
	(void)variant;
	self->reader = -1;
	LOAD_MODULE("");
}

FIXTURE_TEARDOWN(suspend)
{
	(void)variant;
	stream_free(&self->stream);
	close(self->reader);
	UNLOAD_MODULE();
}

/* A second is the shortest possible time. */
static int suspend_machine(void)
{
	int err = write_file("/sys/power/pm_test", "core");

	if (!err)
		err = write_file("/sys/module/suspend/parameters/pm_test_delay", "1");
	return err ? err : write_file("/sys/power/state", "mem");
}

/* Returns 0. The module returns -EAGAIN when it has done its work. */
static int sleep_for(enum how how, unsigned int ms, unsigned int times)
{
	char parameters[64];
	int err;

	if (how == MACHINE)
		return suspend_machine();
	snprintf(parameters, sizeof(parameters), "how=%d ms=%u times=%u", how, ms, times);
	err = module_load_helper("exptrace_sleep.ko", parameters);
	return err == -EAGAIN ? 0 : err ? err : -EPROTO;
}

/*
 * CLOCK_BOOTTIME minus CLOCK_MONOTONIC: the least of several readings, because the two clocks are
 * read one after the other.
 */
static uint64_t boottime_offset(void)
{
	uint64_t least = UINT64_MAX;
	int i;

	for (i = 0; i < 10; i++) {
		uint64_t before = now_ns(), offset;
		struct timespec t;

		clock_gettime(CLOCK_BOOTTIME, &t);
		offset = t.tv_sec * 1000000000ULL + t.tv_nsec - before;
		least = offset < least ? offset : least;
	}
	return least;
}

static bool is_near(uint64_t a, uint64_t b)
{
	return a - b <= SLACK_NS || b - a <= SLACK_NS;
}

static bool has_new_generation(int fd, uint64_t after)
{
	return WAIT_FOR(device_info(fd).generation > after);
}

static int start(int fd, unsigned int mode)
{
	struct exptrace_start args = start_small();

	args.mode = mode;
	args.pool_size = 8 << 20;
	return device_ioctl(fd, EXPTRACE_IOC_START, &args);
}

static int stop_and_read(int control, struct stream *stream)
{
	int err = device_ioctl(control, EXPTRACE_IOC_STOP, NULL), fd;

	if (err)
		return err;
	fd = device_open(O_RDONLY);
	if (fd < 0)
		return fd;
	err = drain_and_parse(fd, stream);
	close(fd);
	if (err)
		fprintf(stderr, "# %s\n", stream->error);
	return err;
}

/* Number of gaps between generations; -1 if something is wrong. */
static int count_gaps(const struct stream *stream)
{
	size_t i;
	int gaps = 0;

	if (!stream_all_whole(stream))
		return -1;
	for (i = 0; i < stream->nr_generations; i++) {
		if (!clock_is_even(&stream->generations[i]))
			return -1;
		gaps += stream->generations[i].gap;
	}
	return gaps;
}

TEST_F(suspend, ends_a_generation_and_begins_another)
{
	const struct stream_generation *first, *last;
	struct exptrace_advance advance = {};
	uint64_t before, offset_before, offset;
	unsigned int i;

	ASSERT_EQ(0, record_only(self->control, "sched_switch", "sched_wakeup", NULL));
	ASSERT_EQ(0, start(self->control, EXPTRACE_MODE_STREAM));
	before = device_info(self->control).generation;
	offset_before = boottime_offset();
	for (i = 0; i < 5; i++)
		ASSERT_EQ(0, mark_time(self->control));
	ASSERT_LT(0, work_pingpong(ROUNDS));
	/* The clock that measures the sleep may count whole seconds only. */
	ASSERT_EQ(0, sleep_for(variant->how, variant->how == SLEEP ? SLEEP_MS : 200, variant->times));
	ASSERT_TRUE(has_new_generation(self->control, before));
	/* If a device measured the sleep, that may be known only after the generation began. */
	if (variant->how == MACHINE)
		ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_ADVANCE, &advance));
	offset = boottime_offset();
	for (i = 0; i < 5; i++)
		ASSERT_EQ(0, mark_time(self->control));
	ASSERT_LT(0, work_pingpong(ROUNDS));
	ASSERT_EQ(0, stop_and_read(self->control, &self->stream));
	ASSERT_EQ(1, count_gaps(&self->stream));
	EXPECT_EQ(10, markers_are_in_time(&self->stream, LATE_NS));
	/* The trace reports the same time asleep as the kernel. */
	first = &self->stream.generations[0];
	last = &self->stream.generations[self->stream.nr_generations - 1];
	EXPECT_TRUE(is_near(offset_before, first->boottime_offset));
	EXPECT_TRUE(is_near(offset, last->boottime_offset));
	/* A pending wake-up ends the machine's sleep before a second has passed. */
	if (variant->how == MACHINE && offset == offset_before)
		TH_LOG("the machine was woken at once");
	else if (variant->how == SLEEP || variant->how == MACHINE)
		EXPECT_LT(offset_before, offset);
	/* CLOCK_REALTIME agrees in each generation. */
	for (i = 1; i < self->stream.nr_generations; i++) {
		const struct stream_generation *g = &self->stream.generations[i];

		EXPECT_TRUE(is_near(g->open.wall - first->open.wall, g->open.mono - first->open.mono +
				    g->boottime_offset - first->boottime_offset)) {
			TH_LOG("generation %lu: CLOCK_REALTIME went on by %lu ns, CLOCK_MONOTONIC by %lu, and the time asleep is %lu",
			       g->number, g->open.wall - first->open.wall, g->open.mono - first->open.mono,
			       g->boottime_offset - first->boottime_offset);
		}
	}
	EXPECT_LE(2 * ROUNDS, stream_count(&self->stream, 0, EXPTRACE_EVENT_SCHED_SWITCH, before));
	EXPECT_LE(2 * ROUNDS, stream_count(&self->stream, 0, EXPTRACE_EVENT_SCHED_SWITCH, last->number));
}

TEST_F(suspend, before_STOP_leaves_the_recording_whole)
{
	ASSERT_EQ(0, start(self->control, EXPTRACE_MODE_STREAM));
	ASSERT_LT(0, work_pingpong(ROUNDS));
	ASSERT_EQ(0, sleep_for(variant->how, 50, variant->times));
	ASSERT_EQ(0, stop_and_read(self->control, &self->stream));
	EXPECT_LE(0, count_gaps(&self->stream));
}

TEST_F(suspend, before_close_leaves_the_recording_whole)
{
	struct exptrace_start args = start_small();

	args.flags = EXPTRACE_START_STOP_ON_CLOSE;
	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &args));
	ASSERT_LT(0, work_pingpong(ROUNDS));
	ASSERT_EQ(0, sleep_for(variant->how, 50, variant->times));
	close(self->control);
	self->control = -1;
	ASSERT_EQ(0, drain_and_parse(self->reader, &self->stream)) {
		TH_LOG("%s", self->stream.error);
	}
	EXPECT_LE(0, count_gaps(&self->stream));
}

TEST_F(suspend, before_ADVANCE_is_distinguished_from_it)
{
	struct exptrace_advance advance = {};
	/* Suspending the machine takes longer. */
	int i, rounds = variant->how == MACHINE ? 1 : 3;

	ASSERT_EQ(0, start(self->control, EXPTRACE_MODE_STREAM));
	for (i = 0; i < rounds; i++) {
		ASSERT_LT(0, work_pingpong(ROUNDS));
		ASSERT_EQ(0, sleep_for(variant->how, 50, variant->times));
		ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_ADVANCE, &advance));
		EXPECT_LT(advance.generation, device_info(self->control).generation);
	}
	ASSERT_EQ(0, stop_and_read(self->control, &self->stream));
	EXPECT_EQ(rounds, count_gaps(&self->stream));
}

TEST_F(suspend, before_SNAPSHOT_keeps_what_came_before)
{
	struct exptrace_snapshot shot = {};
	uint64_t before;

	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, start(self->control, EXPTRACE_MODE_FLIGHT));
	ASSERT_LT(0, work_pingpong(ROUNDS));
	before = device_info(self->control).generation;
	ASSERT_EQ(0, sleep_for(variant->how, 50, variant->times));
	ASSERT_EQ(0, device_ioctl(self->reader, EXPTRACE_IOC_SNAPSHOT, &shot));
	ASSERT_EQ(0, drain_and_parse(self->reader, &self->stream)) {
		TH_LOG("%s", self->stream.error);
	}
	EXPECT_GE(before, shot.first);
	EXPECT_LE(before, shot.last);
	EXPECT_LE(0, count_gaps(&self->stream));
	EXPECT_LE(2 * ROUNDS, stream_count(&self->stream, 0, EXPTRACE_EVENT_SCHED_SWITCH, before));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
}

/* Start with the smallest pool that START accepts. */
static int start_smallest(int fd)
{
	struct exptrace_start args = start_small();
	int err = -EINVAL;

	for (args.pool_size = 4096; err == -EINVAL && args.pool_size < 64 << 20; args.pool_size += 4096)
		err = device_ioctl(fd, EXPTRACE_IOC_START, &args);
	return err;
}

TEST_F(suspend, with_a_full_pool_completes_the_generation_and_continues_when_there_is_room)
{
	struct bytes bytes = {};
	uint64_t before;

	self->reader = device_open(O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, start_smallest(self->control));
	before = device_info(self->control).generation;
	ASSERT_TRUE(WAIT_FOR(work_pingpong(3000) > 0 && device_info(self->control).lost > 100));
	ASSERT_EQ(0, sleep_for(variant->how, 50, variant->times));
	/* There is no room for another generation until this one has been read. */
	EXPECT_TRUE(WAIT_FOR(!device_info(self->control).generation));
	EXPECT_LT(0, work_pingpong(ROUNDS));
	EXPECT_EQ(EXPTRACE_STATE_RECORDING, device_info(self->control).state);
	EXPECT_EQ(-ENOBUFS, mark_time(self->control));
	ASSERT_TRUE(WAIT_FOR(bytes_drain(&bytes, self->reader, 65536) == -EAGAIN &&
			     device_info(self->control).generation > before));
	EXPECT_EQ(0, mark_time(self->control));
	ASSERT_LT(0, work_pingpong(10));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	ASSERT_EQ(0, bytes_drain(&bytes, self->reader, 65536));
	ASSERT_EQ(0, stream_parse(&self->stream, bytes.data, bytes.size)) {
		TH_LOG("%s", self->stream.error);
	}
	EXPECT_EQ(1, count_gaps(&self->stream));
	EXPECT_EQ(1, markers_are_in_time(&self->stream, LATE_NS));
	bytes_free(&bytes);
}

TEST_HARNESS_MAIN
