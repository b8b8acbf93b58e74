// SPDX-License-Identifier: GPL-2.0-only
/* The flight recorder: which generations are given up, quotas, generations that end by themselves. */
#define _GNU_SOURCE
#include <pthread.h>

#include "flight.h"

/* A generation ends by itself when it has this many batches. */
#define LARGE		64

TEST_F(module, full_pool_evicts_the_oldest_generations_whole)
{
	struct exptrace_info info;
	struct stream stream = {};
	uint64_t newest;
	int i;

	ASSERT_EQ(0, alloc_events_on(self->control));
	ASSERT_EQ(0, start_flight(self->control, 1 << 20));
	ASSERT_TRUE(storm_until_evicted(self->control, 1));
	for (i = 0; i < 3; i++) {
		alloc_storm(STORM / 10);
		ASSERT_LT(0, device_advance(self->control));
	}
	newest = device_info(self->control).generation;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	info = device_info(self->control);
	EXPECT_LT(0, info.evicted_generations);
	EXPECT_LT(0, info.evicted_events);
	read_all(_metadata, self, &stream);
	EXPECT_TRUE(stream_all_whole(&stream));
	/* Evicted generations count as well, except where events may be refused without need. */
	EXPECT_EQ(0, access(REALTIME, F_OK) ? info.lost : stream_lost_needlessly(&stream));
	ASSERT_LT(1, stream.nr_generations);
	/* Another generation may have ended by itself after the last advance. */
	EXPECT_LE(newest, stream.generations[stream.nr_generations - 1].number);
	EXPECT_EQ(info.evicted_generations + 1, stream.generations[0].number);
	EXPECT_EQ(stream.generations[0].number + stream.nr_generations - 1,
		  stream.generations[stream.nr_generations - 1].number);
	stream_free(&stream);
}

/* Only markers are recorded, so their number is known. */
TEST_F(module, evicted_events_add_up_with_those_read)
{
	char text[512];
	struct exptrace_info info;
	struct stream stream = {};
	unsigned int marked = 0, i;

	memset(text, 'x', sizeof(text));
	ASSERT_EQ(0, record_only(self->control, NULL));
	ASSERT_EQ(0, start_flight(self->control, 1 << 20));
	do {
		for (i = 0; i < 100; i++)
			ASSERT_EQ(sizeof(text), write(self->control, text, sizeof(text)));
		marked += i;
		ASSERT_LT(0, device_advance(self->control));
		info = device_info(self->control);
	} while (info.evicted_generations < 5 && marked < 100000);
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	info = device_info(self->control);
	EXPECT_LE(5, info.evicted_generations);
	EXPECT_LT(0, info.evicted_events);
	read_all(_metadata, self, &stream);
	EXPECT_EQ(marked, info.evicted_events + stream_attempted(&stream, 0));
	stream_free(&stream);
}

/*
 * Work in small steps until the generation has overwritten two batches: once no batch is empty,
 * each new one replaces an old one.
 */
static bool storm_until_overwritten(int fd)
{
	uint64_t generation = device_info(fd).generation, flushed;

	if (!WAIT_FOR((alloc_storm(10), recorder_state("empty") <= recorder_state("reserved"))))
		return false;
	flushed = recorder_state("flushed");
	return WAIT_FOR((alloc_storm(10), recorder_state("flushed") >= flushed + 2)) &&
	       device_info(fd).generation == generation;
}

/* The snapshot holds all other generations, so only the current one has anything to give up. */
TEST_F(module, single_generation_overwrites_its_oldest_batches_and_counts_them)
{
	struct exptrace_start args = start_small();
	struct exptrace_snapshot shot = {};
	struct stream stream = {};
	struct exptrace_info info;
	uint64_t before;

	ASSERT_EQ(0, alloc_events_on(self->control));
	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
	args.mode = EXPTRACE_MODE_FLIGHT;
	for (args.pool_size = 4096; device_ioctl(self->control, EXPTRACE_IOC_START, &args); args.pool_size += 4096)
		ASSERT_GT(64 << 20, args.pool_size);
	ASSERT_TRUE(storm_until_evicted(self->control, 1));
	ASSERT_EQ(0, device_ioctl(self->reader, EXPTRACE_IOC_SNAPSHOT, &shot));
	before = device_info(self->control).lost;
	ASSERT_TRUE(storm_until_overwritten(self->control));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	info = device_info(self->control);
	close(self->reader);
	read_all(_metadata, self, &stream);
	EXPECT_TRUE(stream_all_whole(&stream));
	ASSERT_LT(0, stream.nr_generations);
	/* What the snapshot holds is still there. */
	EXPECT_EQ(shot.first, stream.generations[0].number);
	EXPECT_LT(before, info.lost);
	EXPECT_EQ(info.lost - before, lost_after(&stream, shot.last, 0, EXPTRACE_LOST_OVERWRITTEN) +
				      lost_after(&stream, shot.last, 1, EXPTRACE_LOST_OVERWRITTEN));
	stream_free(&stream);
}

TEST_F(module, quota_protects_the_scheduler_from_an_allocation_storm)
{
	struct exptrace_start args = start_small();
	struct stream stream = {};

	ASSERT_EQ(0, alloc_events_on(self->control));
	args.pool_size = 2 << 20;
	args.quota[EXPTRACE_EXPERIMENT_ALLOCFREE] = 10;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &args));
	ASSERT_TRUE(WAIT_FOR((alloc_storm(STORM / 10), device_info(self->control).lost)));
	ASSERT_LT(0, work_pingpong(ROUNDS));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	read_all(_metadata, self, &stream);
	EXPECT_LT(0, stream_lost_for(&stream, EXPTRACE_EXPERIMENT_ALLOCFREE, EXPTRACE_LOST_QUOTA));
	EXPECT_EQ(0, stream_lost_for(&stream, EXPTRACE_EXPERIMENT_ALLOCFREE, EXPTRACE_LOST_POOL));
	EXPECT_EQ(0, stream_lost_for(&stream, EXPTRACE_EXPERIMENT_STANDARD, EXPTRACE_LOST_QUOTA));
	EXPECT_EQ(0, stream_lost_for(&stream, EXPTRACE_EXPERIMENT_STANDARD, EXPTRACE_LOST_POOL));
	EXPECT_LE(2 * ROUNDS, stream_count(&stream, 0, EXPTRACE_EVENT_SCHED_SWITCH, 0));
	stream_free(&stream);
}

/*
 * In flight mode the quota is a share of each generation: old events stay, and the newest are
 * there, too.
 */
TEST_F(module, quota_in_flight_mode_is_a_share_of_each_generation)
{
	struct exptrace_start args = start_small();
	struct stream stream = {};
	unsigned int i;

	ASSERT_EQ(0, alloc_events_on(self->control));
	args.mode = EXPTRACE_MODE_FLIGHT;
	args.pool_size = 4 << 20;
	args.quota[EXPTRACE_EXPERIMENT_ALLOCFREE] = 10;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &args));
	for (i = 0; i < 5; i++) {
		ASSERT_LT(0, work_pingpong(ROUNDS / 5));
		alloc_storm(STORM / 20);
		ASSERT_LT(0, device_advance(self->control));
	}
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	EXPECT_EQ(0, device_info(self->control).evicted_generations);
	read_all(_metadata, self, &stream);
	EXPECT_LE(2 * (ROUNDS / 5 * 5), stream_count(&stream, 0, EXPTRACE_EVENT_SCHED_SWITCH, 0));
	EXPECT_LT(0, stream_lost_for(&stream, EXPTRACE_EXPERIMENT_ALLOCFREE, EXPTRACE_LOST_OVERWRITTEN));
	EXPECT_EQ(0, stream_lost_for(&stream, EXPTRACE_EXPERIMENT_ALLOCFREE, EXPTRACE_LOST_QUOTA));
	EXPECT_EQ(0, stream_lost_for(&stream, EXPTRACE_EXPERIMENT_STANDARD, EXPTRACE_LOST_OVERWRITTEN));
	for (i = 0; i < 5; i++)
		EXPECT_LT(0, decoded_of(&stream.generations[i], EXPTRACE_EXPERIMENT_ALLOCFREE));
	stream_free(&stream);
}

/*
 * Batches that an experiment overwrites with its own events do not make a generation large.
 * Otherwise a storm would leave only its own events.
 */
TEST_F(module, lasting_storm_leaves_the_history_of_the_scheduler)
{
	struct exptrace_start args = start_small();
	struct stream stream = {};

	ASSERT_EQ(0, alloc_events_on(self->control));
	args.mode = EXPTRACE_MODE_FLIGHT;
	args.pool_size = 512 << 10;
	args.quota[EXPTRACE_EXPERIMENT_ALLOCFREE] = 10;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &args));
	ASSERT_LT(0, work_pingpong(ROUNDS / 5));
	alloc_storm(2 * STORM);
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	EXPECT_EQ(0, device_info(self->control).evicted_generations);
	read_all(_metadata, self, &stream);
	EXPECT_LE(2 * (ROUNDS / 5), stream_count(&stream, 0, EXPTRACE_EVENT_SCHED_SWITCH, 0));
	EXPECT_EQ(0, stream_lost_for(&stream, EXPTRACE_EXPERIMENT_STANDARD, EXPTRACE_LOST_OVERWRITTEN));
	/* More than the pool could hold, at 7 bytes per event on average. */
	EXPECT_LT(args.pool_size / 6, stream_lost_for(&stream, EXPTRACE_EXPERIMENT_ALLOCFREE, EXPTRACE_LOST_OVERWRITTEN));
	stream_free(&stream);
}

TEST_F(module, large_generation_ends_by_itself)
{
	uint64_t first;

	ASSERT_EQ(0, alloc_events_on(self->control));
	/* A generation is large at a sixteenth of the pool. */
	ASSERT_EQ(0, start_flight(self->control, 16 * LARGE * 4096));
	ASSERT_EQ(0, device_info(self->control).period_ms);
	first = device_info(self->control).generation;
	EXPECT_TRUE(WAIT_FOR((alloc_storm(STORM / 50), device_info(self->control).generation >= first + 2)));
}

static volatile bool storm_ends;

static void *lasting_storm(void *unused)
{
	(void)unused;
	while (!storm_ends)
		alloc_storm(10);
	return NULL;
}

/* On all CPUs at once, with the default batch and pool sizes. */
TEST_F(module, generations_of_a_storm_stay_below_an_eighth_of_the_pool)
{
	struct exptrace_start args = { .batch_size = 16384, .pool_size = 16 << 20, .mode = EXPTRACE_MODE_FLIGHT };
	long cpus = sysconf(_SC_NPROCESSORS_ONLN), i;
	pthread_t threads[cpus];
	struct stream stream = { .flight = true, .forget = true };
	unsigned int batches, most = 0;
	long long end;
	uint64_t first;
	size_t g;

	ASSERT_EQ(0, alloc_events_on(self->control));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &args));
	first = device_info(self->control).generation;
	storm_ends = false;
	for (i = 0; i < cpus; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, lasting_storm, NULL));
	/* On the debug kernel one takes half a minute. */
	end = now_ms() + 10000;
	EXPECT_TRUE(WAIT_FOR(device_info(self->control).generation >= first + (now_ms() < end ? 3 : 1)));
	storm_ends = true;
	for (i = 0; i < cpus; i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	batches = device_info(self->control).batches;
	read_all(_metadata, self, &stream);
	EXPECT_LE(2, stream.nr_generations);
	for (g = 0; g < stream.nr_generations; g++)
		most = stream.generations[g].batches > most ? stream.generations[g].batches : most;
	TH_LOG("at most %u of %u batches in a generation", most, batches);
	EXPECT_LE(most, batches / 8);
	stream_free(&stream);
}

TEST_F(module, state_is_readable_in_flight_mode)
{
	char text[8192];

	ASSERT_EQ(0, start_flight(self->control, 4 << 20));
	ASSERT_LT(0, work_pingpong(100));
	read_file("/sys/kernel/debug/exptrace/state", text, sizeof(text));
	EXPECT_NE(NULL, strstr(text, "recording 1\n"));
	EXPECT_NE(NULL, strstr(text, "\nempty "));
	EXPECT_NE(NULL, strstr(text, "cpu 0 parity "));
}

TEST_HARNESS_MAIN
