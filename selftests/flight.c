// SPDX-License-Identifier: GPL-2.0-only
/* The flight recorder: old generations go, snapshots stay; quotas, triggers, the mapped pool. */
#define _GNU_SOURCE
#include <linux/perf_event.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "fixture.h"
#include "recording.h"

#define ROUNDS		3000
#define STORM		5000
/* Batches with which a generation ends by itself, at least. */
#define LARGE		64
#define SYSFS		"/sys/class/misc/exptrace/"

static int start_flight(int fd, uint64_t pool_size)
{
	struct exptrace_start args = start_small();

	args.mode = EXPTRACE_MODE_FLIGHT;
	args.pool_size = pool_size;
	return device_ioctl(fd, EXPTRACE_IOC_START, &args);
}

static int alloc_on(int fd)
{
	return event_set(fd, "kmalloc", true) || event_set(fd, "kfree", true) ||
	       event_set(fd, "kmem_cache_alloc", true) || event_set(fd, "kmem_cache_free", true);
}

static int advance(int fd)
{
	struct exptrace_advance args = {};

	return device_ioctl(fd, EXPTRACE_IOC_ADVANCE, &args);
}

/* Each makes and frees some ten slab objects. */
static void alloc_storm(unsigned int rounds)
{
	int pipes[2];

	while (rounds--) {
		if (pipe(pipes))
			return;
		close(pipes[0]);
		close(pipes[1]);
	}
}

/* So much that as many more generations are given up; how much that takes depends on the kernel. */
static bool storm_until_evicted(int fd, unsigned int nr)
{
	uint64_t goal = device_info(fd).evicted_generations + nr;

	return WAIT_FOR((alloc_storm(STORM / 10), !advance(fd) && device_info(fd).evicted_generations >= goal));
}

/* Of generations after @last. */
static uint64_t lost_after(const struct stream *stream, uint64_t last, int experiment, int reason)
{
	uint64_t sum = 0;
	size_t g;
	int cpu;

	for (g = 0; g < stream->nr_generations; g++)
		for (cpu = 0; stream->generations[g].number > last && cpu < STREAM_CPUS; cpu++)
			sum += stream->generations[g].count[experiment][cpu].lost[reason];
	return sum;
}

static uint64_t decoded_of(const struct stream_generation *g, int experiment)
{
	uint64_t sum = 0;
	int cpu;

	for (cpu = 0; cpu < STREAM_CPUS; cpu++)
		sum += g->count[experiment][cpu].decoded;
	return sum;
}

/* All that there is to read. */
static void read_all(struct __test_metadata *_metadata, FIXTURE_DATA(module) *self, struct stream *stream)
{
	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, drain_and_parse(self->reader, stream)) {
		TH_LOG("%s", stream->error);
	}
}

TEST_F(module, full_pool_gives_up_the_oldest_generations_whole)
{
	struct exptrace_info info;
	struct stream stream = {};
	uint64_t newest;
	int i;

	ASSERT_EQ(0, alloc_on(self->control));
	ASSERT_EQ(0, start_flight(self->control, 1 << 20));
	ASSERT_TRUE(storm_until_evicted(self->control, 1));
	for (i = 0; i < 3; i++) {
		alloc_storm(STORM / 10);
		ASSERT_EQ(0, advance(self->control));
	}
	newest = device_info(self->control).generation;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	info = device_info(self->control);
	EXPECT_LT(0, info.evicted_generations);
	EXPECT_LT(0, info.evicted_events);
	read_all(_metadata, self, &stream);
	EXPECT_TRUE(stream_all_whole(&stream));
	/* Of those given up too, where nothing may be lost. */
	EXPECT_EQ(0, access(REALTIME, F_OK) ? info.lost : stream_lost_needlessly(&stream));
	ASSERT_LT(1, stream.nr_generations);
	/* One may end by itself after the last that was asked for. */
	EXPECT_LE(newest, stream.generations[stream.nr_generations - 1].number);
	EXPECT_EQ(info.evicted_generations + 1, stream.generations[0].number);
	EXPECT_EQ(stream.generations[0].number + stream.nr_generations - 1,
		  stream.generations[stream.nr_generations - 1].number);
	stream_free(&stream);
}

/* Markers are all that is recorded, so how many there were is known. */
TEST_F(module, events_given_up_are_those_that_were_recorded)
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
		ASSERT_EQ(0, advance(self->control));
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

/* Works in small steps until the generation has given up two batches: from the last empty one on, it gives one for another. */
static bool storm_until_overwritten(int fd)
{
	uint64_t generation = device_info(fd).generation, flushed;

	if (!WAIT_FOR((alloc_storm(10), recorder_state("empty") <= recorder_state("reserved"))))
		return false;
	flushed = recorder_state("flushed");
	return WAIT_FOR((alloc_storm(10), recorder_state("flushed") >= flushed + 2)) &&
	       device_info(fd).generation == generation;
}

/* There is nothing to give up but what the present generation has: a snapshot holds all others. */
TEST_F(module, single_generation_gives_up_its_oldest_batches_and_says_so)
{
	struct exptrace_start args = start_small();
	struct exptrace_snapshot shot = {};
	struct stream stream = {};
	struct exptrace_info info;
	uint64_t before;

	ASSERT_EQ(0, alloc_on(self->control));
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
	/* What was held is still there. */
	EXPECT_EQ(shot.first, stream.generations[0].number);
	EXPECT_LT(before, info.lost);
	EXPECT_EQ(info.lost - before, lost_after(&stream, shot.last, 0, EXPTRACE_LOST_OVERWRITTEN) +
				      lost_after(&stream, shot.last, 1, EXPTRACE_LOST_OVERWRITTEN));
	stream_free(&stream);
}

TEST_F(module, snapshots_in_a_row_each_hold_all_complete_generations)
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
		/* A snapshot takes nothing away: the next one has it too. */
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

	ASSERT_EQ(0, alloc_on(self->control));
	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, start_flight(self->control, 2 << 20));
	ASSERT_LT(0, work_pingpong(ROUNDS / 3));
	ASSERT_EQ(0, device_ioctl(self->reader, EXPTRACE_IOC_SNAPSHOT, &shot));
	ASSERT_LT(0, bytes_read(&bytes, self->reader, 5000));
	/* More than what is left of the pool. */
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

TEST_F(module, trigger_wakes_who_waits_for_a_snapshot)
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

/* Each thing that is read has a header, the stream too, of which nothing was read. */
TEST_F(module, thread_that_waits_leaves_the_stream_of_another_that_snapshots)
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
	/* It leaves the snapshot, and makes none: nothing is recorded that could fire. */
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

TEST_F(module, late_thread_fires_the_trigger)
{
	struct exptrace_trigger trigger = { .latency_us = 3000000000ULL };
	struct waiter waiter = {};
	pthread_t thread;

	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
	waiter.fd = self->reader;
	ASSERT_EQ(0, start_flight(self->control, 4 << 20));
	/* Nothing is as late as that. */
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_SET_TRIGGER, &trigger));
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_trigger, &waiter));
	ASSERT_TRUE(WAIT_FOR(is_waiting(&waiter)));
	ASSERT_LT(0, work_pingpong(10));
	EXPECT_EQ(0, device_info(self->control).triggers);
	/* Everything is. */
	trigger.latency_us = 1;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_SET_TRIGGER, &trigger));
	ASSERT_LT(0, work_pingpong(ROUNDS / 3));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, waiter.err);
	EXPECT_LT(0, device_info(self->control).triggers);
	trigger.latency_us = 3600000001ULL;
	EXPECT_EQ(-EINVAL, device_ioctl(self->control, EXPTRACE_IOC_SET_TRIGGER, &trigger));
}

TEST_F(module, quota_keeps_an_allocation_storm_from_the_scheduler)
{
	struct exptrace_start args = start_small();
	struct stream stream = {};

	ASSERT_EQ(0, alloc_on(self->control));
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

/* In flight mode it is a share of each generation: old events stay, and the newest are there too. */
TEST_F(module, quota_in_flight_mode_is_a_share_of_each_generation)
{
	struct exptrace_start args = start_small();
	struct stream stream = {};
	unsigned int i;

	ASSERT_EQ(0, alloc_on(self->control));
	args.mode = EXPTRACE_MODE_FLIGHT;
	args.pool_size = 4 << 20;
	args.quota[EXPTRACE_EXPERIMENT_ALLOCFREE] = 10;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &args));
	for (i = 0; i < 5; i++) {
		ASSERT_LT(0, work_pingpong(ROUNDS / 5));
		alloc_storm(STORM / 20);
		ASSERT_EQ(0, advance(self->control));
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

/* What an experiment gives up for its own new events makes no generation large: a storm would leave nothing but its own. */
TEST_F(module, lasting_storm_leaves_the_schedulers_history)
{
	struct exptrace_start args = start_small();
	struct stream stream = {};

	ASSERT_EQ(0, alloc_on(self->control));
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
	/* More than the pool could hold: they take 7 bytes on average. */
	EXPECT_LT(args.pool_size / 6, stream_lost_for(&stream, EXPTRACE_EXPERIMENT_ALLOCFREE, EXPTRACE_LOST_OVERWRITTEN));
	stream_free(&stream);
}

TEST_F(module, large_generation_ends_by_itself)
{
	uint64_t first;

	ASSERT_EQ(0, alloc_on(self->control));
	/* A sixteenth of it is a large generation. */
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

/* On all CPUs at once, with batches and a pool as they are when nobody says otherwise. */
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

	ASSERT_EQ(0, alloc_on(self->control));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &args));
	first = device_info(self->control).generation;
	storm_ends = false;
	for (i = 0; i < cpus; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, lasting_storm, NULL));
	/* One takes half a minute where everything is checked. */
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

/* Counts calls of a function of the kernel by this thread: a descriptor, or -errno. */
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

TEST_F(module, snapshot_does_not_wait_for_a_leisurely_grace_period)
{
	struct exptrace_snapshot shot = {};
	int expedited = count_calls("synchronize_rcu_expedited");

	if (expedited == -ENOENT)
		SKIP(return, "the kernel has no kprobes for perf");
	ASSERT_LE(0, expedited);
	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, start_flight(self->control, 4 << 20));
	ASSERT_EQ(0, advance(self->control));
	EXPECT_EQ(0, calls(expedited));
	ASSERT_EQ(0, device_ioctl(self->reader, EXPTRACE_IOC_SNAPSHOT, &shot));
	EXPECT_EQ(1, calls(expedited));
	close(expedited);
}

/* Takes the whole recording out of the mapped pool. */
static int take_all(int fd, const uint8_t *pool, struct bytes *bytes)
{
	static const char header[EXPTRACE_HEADER_SIZE] = EXPTRACE_HEADER_MAGIC;
	struct exptrace_batch_ref ref;
	const uint8_t *from;
	size_t n;
	int err;

	bytes->room = 64 << 20;
	bytes->data = realloc(bytes->data, bytes->room);
	memcpy(bytes->data, header, sizeof(header));
	bytes->size = sizeof(header);
	for (;;) {
		static const uint8_t mark = EXPTRACE_WIRE_END_OF_GENERATION;

		memset(&ref, 0xcc, sizeof(ref));
		err = device_ioctl(fd, EXPTRACE_IOC_TAKE, &ref);
		if (err || ref.kind == EXPTRACE_REF_END)
			return err;
		from = ref.kind == EXPTRACE_REF_BATCH ? pool + ref.offset : &mark;
		n = ref.kind == EXPTRACE_REF_BATCH ? ref.length : 1;
		memcpy(bytes->data + bytes->size, from, n);
		bytes->size += n;
	}
}

TEST_F(module, mapped_pool_delivers_the_same_stream)
{
	struct exptrace_info info;
	struct stream stream = {};
	struct bytes bytes = {};
	uint8_t *pool;

	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, start_flight(self->control, 4 << 20));
	info = device_info(self->control);
	pool = mmap(NULL, info.pool_size, PROT_READ, MAP_SHARED, self->reader, 0);
	ASSERT_NE(MAP_FAILED, pool);
	ASSERT_LT(0, work_pingpong(ROUNDS));
	ASSERT_EQ(0, advance(self->control));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	ASSERT_EQ(0, take_all(self->reader, pool, &bytes));
	ASSERT_EQ(0, stream_parse(&stream, bytes.data, bytes.size)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_TRUE(stream_all_whole(&stream));
	EXPECT_LE(2 * ROUNDS, stream_count(&stream, 0, EXPTRACE_EVENT_SCHED_SWITCH, 0));
	info = device_info(self->control);
	EXPECT_EQ(info.batches, info.batches_empty);
	EXPECT_EQ(-EINVAL, device_ioctl(self->reader, EXPTRACE_IOC_GIVE, NULL));
	/* As long as it is mapped the pool stays. */
	EXPECT_EQ(-EBUSY, start_flight(self->control, 4 << 20));
	ASSERT_EQ(0, munmap(pool, info.pool_size));
	EXPECT_EQ(0, start_flight(self->control, 4 << 20));
	stream_free(&stream);
	bytes_free(&bytes);
}

TEST_F(module, mapping_is_read_only)
{
	struct exptrace_info info;
	uint8_t *pool;
	int memory;
	char c;

	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->reader, 0));
	EXPECT_EQ(EINVAL, errno);
	ASSERT_EQ(0, start_flight(self->control, 4 << 20));
	info = device_info(self->control);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, info.pool_size, PROT_READ | PROT_WRITE, MAP_SHARED, self->reader, 0));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, info.pool_size - 4096, PROT_READ, MAP_SHARED, self->reader, 0));
	EXPECT_EQ(EINVAL, errno);
	pool = mmap(NULL, info.pool_size, PROT_READ, MAP_SHARED, self->reader, 0);
	ASSERT_NE(MAP_FAILED, pool);
	EXPECT_EQ(-1, mprotect(pool, info.pool_size, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	/* Nor as a debugger writes to what a program may only read. */
	memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, memory);
	EXPECT_EQ(1, pread(memory, &c, 1, (off_t)pool));
	EXPECT_EQ(-1, pwrite(memory, &c, 1, (off_t)pool));
	close(memory);
	ASSERT_EQ(0, munmap(pool, info.pool_size));
	/* A private mapping is not to be written to, either. */
	pool = mmap(NULL, info.pool_size, PROT_READ, MAP_PRIVATE, self->reader, 0);
	ASSERT_NE(MAP_FAILED, pool);
	EXPECT_EQ(-1, mprotect(pool, info.pool_size, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	ASSERT_EQ(0, munmap(pool, info.pool_size));
}

/* Half of it, elsewhere, in a child: whatever is left of a mapping keeps the pool, and nothing makes it larger. */
TEST_F(module, pool_stays_while_any_part_of_it_is_mapped)
{
	uint8_t *pool, *copy, *elsewhere;
	struct stream stream = {};
	int status, pipes[2];
	size_t size, half;
	pid_t child;

	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, start_flight(self->control, 4 << 20));
	size = device_info(self->control).pool_size;
	half = size / 2;
	elsewhere = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ASSERT_NE(MAP_FAILED, elsewhere);
	pool = mmap(NULL, size, PROT_READ, MAP_SHARED, self->reader, 0);
	ASSERT_NE(MAP_FAILED, pool);
	ASSERT_LT(0, work_pingpong(ROUNDS));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	/* When all is read, nothing but the mapping keeps it. */
	ASSERT_EQ(0, drain_and_parse(self->reader, &stream)) {
		TH_LOG("%s", stream.error);
	}
	copy = malloc(size);
	ASSERT_NE(NULL, copy);
	memcpy(copy, pool, size);
	EXPECT_EQ(MAP_FAILED, mremap(pool, size, 2 * size, MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
	ASSERT_EQ(0, pipe(pipes));
	child = fork();
	if (!child) {
		char c;

		close(pipes[1]);
		/* Until the parent closes the other end. */
		_exit(read(pipes[0], &c, 1) || memcmp(copy, pool, size));
	}
	ASSERT_LT(0, child);
	ASSERT_EQ(elsewhere, mremap(pool, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, elsewhere));
	EXPECT_EQ(-EBUSY, start_flight(self->control, 4 << 20));
	ASSERT_EQ(0, munmap(elsewhere, half));
	EXPECT_EQ(-EBUSY, start_flight(self->control, 4 << 20));
	EXPECT_EQ(0, memcmp(copy + half, elsewhere + half, half));
	ASSERT_EQ(0, munmap(elsewhere + half, half));
	EXPECT_EQ(-EBUSY, start_flight(self->control, 4 << 20));
	close(pipes[1]);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, start_flight(self->control, 4 << 20));
	close(pipes[0]);
	free(copy);
	stream_free(&stream);
}

TEST_F(module, killed_reader_gives_its_batch_back)
{
	struct exptrace_batch_ref ref;
	struct stream stream = {};
	int status, pipes[2];
	pid_t child;
	char c;

	ASSERT_EQ(0, start_flight(self->control, 4 << 20));
	ASSERT_LT(0, work_pingpong(ROUNDS));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	ASSERT_EQ(0, pipe(pipes));
	child = fork();
	if (!child) {
		int fd = device_open(O_RDONLY);

		c = device_ioctl(fd, EXPTRACE_IOC_TAKE, &ref) ? 'x' : 'k';
		if (write(pipes[1], &c, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	ASSERT_EQ(1, read(pipes[0], &c, 1));
	EXPECT_EQ('k', c);
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	read_all(_metadata, self, &stream);
	EXPECT_TRUE(stream_all_whole(&stream));
	stream_free(&stream);
	close(pipes[0]);
	close(pipes[1]);
}

TEST_F(module, recorder_can_be_observed)
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
