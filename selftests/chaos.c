// SPDX-License-Identifier: GPL-2.0-only
/* Everything at once, for a while; then every generation is whole and every ledger adds up. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "attempts.h"
#include "fixture.h"

/* Seconds of a round. There are as many as it takes for EXPTRACE_CHAOS_SECONDS. */
#define SECONDS		5
#define POOL		(16 << 20)

/* Between two looks at what the observer has counted, in microseconds; the most looks of a round. */
#define LOOK_US		10000
#define LOOKS		4096

/* Most snapshots of a round that are compared with that. */
#define SHOTS		1000

/* Recordings of a round that is about starting and stopping, at least. */
#define RESTARTS	6

/* That many rounds, in seconds; the runner's own limit is stricter (see the Makefile). */
#define TIMEOUT		7200

static volatile bool stop;
static int control;

static int rounds(void)
{
	const char *text = getenv("EXPTRACE_CHAOS_SECONDS");

	return text && atoi(text) > 0 ? (atoi(text) + SECONDS - 1) / SECONDS : 1;
}

/* The troublemakers. Each counts what it did, for a test in which one of them slept proves little. */

static void *advance_storm(void *count)
{
	struct exptrace_advance args;

	while (!stop) {
		args = (struct exptrace_advance){};
		if (!device_ioctl(control, EXPTRACE_IOC_ADVANCE, &args))
			++*(unsigned long *)count;
	}
	return NULL;
}

static void *alloc_storm(void *count)
{
	int pipes[2];

	while (!stop) {
		if (pipe(pipes))
			break;
		close(pipes[0]);
		close(pipes[1]);
		++*(unsigned long *)count;
	}
	return NULL;
}

static void *sched_storm(void *count)
{
	while (!stop && work_pingpong(50) > 0)
		++*(unsigned long *)count;
	return NULL;
}

static void *switch_storm(void *count)
{
	static const char *const names[] = { "kmalloc", "kfree", "sched_wakeup", "sched_migrate_task" };
	unsigned int i = 0;

	while (!stop) {
		event_set(control, names[i % 4], i / 4 % 2);
		usleep(20000);
		i++;
		++*(unsigned long *)count;
	}
	return NULL;
}

static void *hotplug_storm(void *count)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	char path[64];
	int i = 0;

	while (!stop && cpus > 1) {
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%ld/online", 1 + i++ % (cpus - 1));
		if (write_file(path, "0"))
			continue;
		usleep(10000);
		write_file(path, "1");
		++*(unsigned long *)count;
	}
	return NULL;
}

static void *observe_storm(void *count)
{
	char text[16384];

	while (!stop) {
		read_file("/sys/kernel/debug/exptrace/state", text, sizeof(text));
		read_file("/sys/class/misc/exptrace/events", text, sizeof(text));
		usleep(5000);
		++*(unsigned long *)count;
	}
	return NULL;
}

/* The observer's counts every now and then, and from when to when it took to read them, by CLOCK_MONOTONIC. */
struct look {
	uint64_t before, after;
	struct observation seen;
};

static struct observer *observer;	/* NULL: nobody observes */
static struct look looks[LOOKS];
static size_t nr_looks;		/* those before are there to stay */

static int look(void)
{
	struct look *new = &looks[nr_looks];
	int err;

	if (nr_looks == LOOKS)
		return -ENOSPC;
	new->before = now_ns();
	err = observer_read(observer, &new->seen);
	new->after = now_ns();
	if (!err)
		__atomic_store_n(&nr_looks, nr_looks + 1, __ATOMIC_RELEASE);
	return err;
}

/* Once more after the end of it all. */
static void *look_storm(void *count)
{
	bool last;

	do {
		last = stop;
		*(unsigned long *)count += !look();
		usleep(LOOK_US);
	} while (!last);
	return NULL;
}

static int start(int mode)
{
	struct exptrace_start args = start_small();

	args.mode = mode;
	args.pool_size = POOL;
	args.period_ms = 1;
	return device_ioctl(control, EXPTRACE_IOC_START, &args);
}

/* What came of the restarts: the first error, and the generations that were given up. */
static volatile int restart_error;
static uint64_t given_up;

/* Nothing is given up any more when it has ended, and the next recording begins to count anew. */
static int end_recording(void)
{
	int err = device_ioctl(control, EXPTRACE_IOC_STOP, NULL);

	given_up += device_info(control).evicted_generations;
	return err;
}

/* A recording can begin when readers have all of the one before; none need begin when the storms end. */
static int start_when_read(int mode)
{
	int err;

	WAIT_FOR((err = start(mode)) != -EBUSY || stop);
	return err == -EBUSY && stop ? 0 : err;
}

/* Recordings of 1 to 128 ms, and more where the machine is slow. Their modes take turns. */
static void *restart_storm(void *count)
{
	unsigned int i = 0;

	while (!stop && !restart_error) {
		int err;

		usleep(1000 << i++ % 8);
		err = end_recording() ?: start_when_read(i % 2 ? EXPTRACE_MODE_FLIGHT : EXPTRACE_MODE_STREAM);
		*(unsigned long *)count += !err;
		restart_error = err;
	}
	return NULL;
}

/* Events are not switched while what was attempted is compared: that takes events away. */
static bool switching, restarting, looking;

static const struct {
	const char *name;
	void *(*run)(void *count);
	const bool *wanted;	/* NULL: always */
} storms[] = {
	{ "advance", advance_storm, NULL },
	{ "advance again", advance_storm, NULL },
	{ "alloc", alloc_storm, NULL },
	{ "sched", sched_storm, NULL },
	{ "switch", switch_storm, &switching },
	{ "hotplug", hotplug_storm, NULL },
	{ "observe", observe_storm, NULL },
	{ "restart", restart_storm, &restarting },
	{ "look", look_storm, &looking },
};

#define NR_STORMS	(sizeof(storms) / sizeof(storms[0]))

static pthread_t threads[NR_STORMS];
static unsigned long counts[NR_STORMS];

static bool is_wanted(size_t i)
{
	return !storms[i].wanted || *storms[i].wanted;
}

static unsigned long count_of(void *(*run)(void *count))
{
	size_t i;

	for (i = 0; storms[i].run != run; i++)
		;
	return __atomic_load_n(&counts[i], __ATOMIC_RELAXED);
}

static int begin_storms(void)
{
	size_t i;

	stop = false;
	memset(counts, 0, sizeof(counts));
	for (i = 0; i < NR_STORMS; i++)
		if (is_wanted(i) && pthread_create(&threads[i], NULL, storms[i].run, &counts[i]))
			return -1;
	return 0;
}

/* Returns the name of a storm that did nothing, or NULL. */
static const char *end_storms(void)
{
	const char *idle = NULL;
	size_t i;

	stop = true;
	for (i = 0; i < NR_STORMS; i++)
		if (is_wanted(i))
			pthread_join(threads[i], NULL);
	for (i = 0; i < NR_STORMS; i++)
		if (is_wanted(i) && !counts[i] && (storms[i].run != hotplug_storm || sysconf(_SC_NPROCESSORS_CONF) > 1))
			idle = storms[i].name;
	return idle;
}

static int alloc_on(int fd)
{
	return event_set(fd, "kmalloc", true) || event_set(fd, "kfree", true) ||
	       event_set(fd, "kmem_cache_alloc", true) || event_set(fd, "kmem_cache_free", true);
}

static int parse(const struct bytes *bytes, struct stream *stream)
{
	size_t g;

	if (stream_parse(stream, bytes->data, bytes->size))
		return -1;
	for (g = 0; g < stream->nr_generations; g++) {
		const struct stream_generation *gen = &stream->generations[g];

		if (!gen->whole || !gen->ended || !gen->ledger) {
			snprintf(stream->error, sizeof(stream->error), "generation %llu is not whole",
				 (unsigned long long)gen->number);
			return -1;
		}
	}
	return 0;
}

static int edge(struct observation *seen)
{
	return observer ? observer_read(observer, seen) : 0;
}

/*
 * What a child tells of its snapshot: how much was attempted in its generations but the first and the last. The times are
 * those of Syncs, in the order in which they were written. The second generation was published between the first two: its
 * opening Sync is written before that, and the closing one of the first when no writer uses that any more. Likewise the last
 * one between the last two. So all events in the middle are of the generations in between, and those outside are not.
 */
struct shot {
	uint64_t second_opens, first_closes, last_opens, last_but_one_closes;
	struct attempts attempts;
	bool done;
};

static void describe_shot(struct shot *shot, const struct stream *stream)
{
	const struct stream_generation *gens = stream->generations;
	size_t n = stream->nr_generations, g;

	*shot = (struct shot){};
	if (n < 3)
		return;
	shot->second_opens = gens[1].open.mono;
	shot->first_closes = gens[0].close.mono;
	shot->last_opens = gens[n - 1].open.mono;
	shot->last_but_one_closes = gens[n - 2].close.mono;
	for (g = 1; g < n - 1; g++)
		attempts_add(&shot->attempts, &gens[g]);
	shot->done = true;
}

/* The last look that was over at that time, or the first that had not begun; NULL: there is none. */
static const struct look *look_before(uint64_t time)
{
	size_t i = __atomic_load_n(&nr_looks, __ATOMIC_ACQUIRE);

	while (i && looks[i - 1].after > time)
		i--;
	return i ? &looks[i - 1] : NULL;
}

static const struct look *look_after(uint64_t time)
{
	size_t n = __atomic_load_n(&nr_looks, __ATOMIC_ACQUIRE), i = 0;

	while (i < n && looks[i].before < time)
		i++;
	return i < n ? &looks[i] : NULL;
}

/* False if nothing is told, or there were no looks in between, or none around it. */
static bool find_edges(struct edges *edges, const struct shot *shot)
{
	const struct look *before_start = look_before(shot->second_opens);
	const struct look *after_start = look_after(shot->first_closes);
	const struct look *before_stop = look_before(shot->last_opens);
	const struct look *after_stop = look_after(shot->last_but_one_closes);

	if (!shot->done || !before_start || !after_start || !before_stop || !after_stop || after_start >= before_stop)
		return false;
	*edges = (struct edges){ before_start->seen, after_start->seen, before_stop->seen, after_stop->seen };
	return true;
}

static unsigned int comparable(const struct shot *shots)
{
	struct edges edges;
	unsigned int i, n = 0;

	for (i = 0; i < SHOTS; i++)
		n += find_edges(&edges, &shots[i]);
	return n;
}

/* How often what is in snapshots is not what the observer saw; tells of the last one in any case. */
static int differences_of_shots(const struct shot *shots)
{
	struct edges edges;
	bool tell = true;
	int i, n = 0;

	for (i = SHOTS - 1; i >= 0; i--) {
		if (!find_edges(&edges, &shots[i]))
			continue;
		n += attempts_differ(&shots[i].attempts, &edges, tell);
		tell = false;
	}
	return n;
}

/* The number of the recording's first generation, for snapshot_child(). */
static uint64_t first_generation;

/*
 * A child that reads a snapshot, slowly enough to be killed in the middle. Its exit code says how it went. No generation
 * of a snapshot is given up: all that the recording had until its last one are in it, but for those that were given up
 * before. These need not be the oldest: while an earlier snapshot was held, what came behind it went first.
 */
static pid_t snapshot_child(bool slow, struct shot *tell)
{
	struct exptrace_snapshot shot = {};
	struct stream stream = { .flight = true, .forget = true };
	struct bytes bytes = {};
	uint64_t given_up;
	ssize_t n;
	pid_t pid;
	int fd;

	pid = fork();
	if (pid)
		return pid;
	fd = device_open(O_RDWR);
	if (fd < 0 || device_ioctl(fd, EXPTRACE_IOC_SNAPSHOT, &shot))
		_exit(2);
	given_up = device_info(fd).evicted_generations;
	while ((n = bytes_read(&bytes, fd, slow ? 1000 : 65536)) > 0)
		if (slow)
			usleep(1000);
	if (n < 0)
		_exit(3);
	if (parse(&bytes, &stream)) {
		fprintf(stderr, "# snapshot: %s\n", stream.error);
		_exit(4);
	}
	if (!stream.nr_generations || stream.generations[0].number != shot.first ||
	    stream.generations[stream.nr_generations - 1].number != shot.last)
		_exit(5);
	if (shot.last + 1 - first_generation > stream.nr_generations + given_up)
		_exit(6);
	describe_shot(tell, &stream);
	_exit(0);
}

/*
 * All that was attempted. What was recorded is in the generations that were read, or was given up with others; what was
 * lost in any of them was counted when it was complete. Both of all experiments together, for so they are counted.
 */
static void compare_all(struct __test_metadata *_metadata, const struct edges *e, const struct stream *stream,
			const struct exptrace_info *info)
{
	uint64_t attempted = info->evicted_events + info->lost, least = 0, most = 0;
	size_t g;
	int x, cpu;

	for (g = 0; g < stream->nr_generations; g++)
		for (x = 0; x < STREAM_EXPERIMENTS; x++)
			for (cpu = 0; cpu < STREAM_CPUS; cpu++)
				attempted += stream->generations[g].count[x][cpu].recorded;
	for (x = 0; x < OBSERVED_EXPERIMENTS; x++) {
		least += observed_between(&e->after_start, &e->before_stop, x);
		most += observed_between(&e->before_start, &e->after_stop, x);
	}
	TH_LOG("%llu attempted, %llu of them given up, the observer saw %llu to %llu", (unsigned long long)attempted,
	       (unsigned long long)info->evicted_events, (unsigned long long)least, (unsigned long long)most);
	EXPECT_LT(0, least);
	EXPECT_LE(least, attempted + observer_slack());
	EXPECT_GE(most, attempted);
}

static void *map_shared(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void flight_round(struct __test_metadata *_metadata, FIXTURE_DATA(module) *self)
{
	unsigned int snapshots = 0, killed = 0, i;
	struct stream stream = { .flight = true, .forget = true };
	struct shot *shots = map_shared(SHOTS * sizeof(*shots));
	struct exptrace_info info;
	struct bytes bytes = {};
	struct edges edges;
	const char *idle;
	uint64_t first;
	long long end;
	int status;
	pid_t pid;

	ASSERT_NE(NULL, shots);
	control = self->control;
	ASSERT_EQ(0, alloc_on(control));
	switching = !observer;
	restarting = false;
	looking = observer;
	nr_looks = 0;
	ASSERT_EQ(0, looking ? look() : 0);
	first = recorder_state("next_generation");
	first_generation = first;
	ASSERT_LT(0, first);
	ASSERT_EQ(0, edge(&edges.before_start));
	ASSERT_EQ(0, start(EXPTRACE_MODE_FLIGHT));
	ASSERT_EQ(0, edge(&edges.after_start));
	ASSERT_EQ(0, begin_storms());
	end = now_ms() + 1000LL * SECONDS;
	/* On a slow machine a round may last longer: one snapshot is read to its end, and can be compared, and one is not. */
	for (i = 0; now_ms() < end || !snapshots || !killed || (observer && nr_looks < LOOKS && !comparable(shots)); i++) {
		pid = snapshot_child(i % 2, &shots[i % SHOTS]);
		if (i % 2) {
			usleep(50000);
			kill(pid, SIGKILL);
		}
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
		snapshots += WIFEXITED(status) && !WEXITSTATUS(status);
		EXPECT_EQ(WIFSIGNALED(status) ? SIGKILL : 0, WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	}
	idle = end_storms();
	EXPECT_EQ(NULL, idle) {
		TH_LOG("%s did nothing", idle);
	}
	EXPECT_LT(0, snapshots);
	EXPECT_LT(0, killed);
	ASSERT_EQ(0, edge(&edges.before_stop));
	ASSERT_EQ(0, device_ioctl(control, EXPTRACE_IOC_STOP, NULL));
	ASSERT_EQ(0, edge(&edges.after_stop));
	info = device_info(control);
	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, bytes_drain(&bytes, self->reader, 65536));
	ASSERT_EQ(0, parse(&bytes, &stream)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_LT(0, stream.nr_generations);
	EXPECT_EQ(recorder_state("next_generation") - first, stream.nr_generations + info.evicted_generations);
	if (observer) {
		compare_all(_metadata, &edges, &stream, &info);
		EXPECT_EQ(0, differences_of_shots(shots));
		TH_LOG("%u of %u snapshots compared, %zu looks", comparable(shots), snapshots, nr_looks);
		EXPECT_LT(0, comparable(shots));
	}
	TH_LOG("%u snapshots, %u killed, %llu generations given up", snapshots, killed,
	       (unsigned long long)info.evicted_generations);
	close(self->reader);
	self->reader = -1;
	stream_free(&stream);
	bytes_free(&bytes);
	munmap(shots, SHOTS * sizeof(*shots));
}

TEST_F_TIMEOUT(module, flight_recorder_survives_everything_at_once, TIMEOUT)
{
	int i;

	for (i = 0; i < rounds(); i++)
		flight_round(_metadata, self);
}

/* A reader of the stream, in the parent's memory so that it can be killed without losing what it got. */
struct log {
	size_t size;
	uint8_t data[];
};

#define LOG_SIZE	(512UL << 20)

/* Not while a recording begins or ends, which is a moment. */
static const uint8_t *map_pool(int fd, size_t *size)
{
	void *pool;

	*size = device_info(fd).pool_size;
	return WAIT_FOR((pool = mmap(NULL, *size, PROT_READ, MAP_SHARED, fd, 0)) != MAP_FAILED) ? pool : NULL;
}

/* To the end of the recording, or of what there is if @fd does not wait: 0, or an exit code. */
static int copy_recording(struct log *log, int fd)
{
	static const uint8_t mark = EXPTRACE_WIRE_END_OF_GENERATION;
	struct exptrace_batch_ref ref;
	const uint8_t *pool = NULL;
	size_t size;
	int err;

	while (!(err = device_ioctl(fd, EXPTRACE_IOC_TAKE, &ref)) && ref.kind != EXPTRACE_REF_END) {
		size_t n = ref.kind == EXPTRACE_REF_BATCH ? ref.length : 1;

		/* As long as it has something in its hands, there is a pool. */
		if (!pool)
			pool = map_pool(fd, &size);
		if (!pool)
			return 3;
		if (log->size + n > LOG_SIZE - sizeof(*log))
			return 4;
		memcpy(log->data + log->size, ref.kind == EXPTRACE_REF_BATCH ? pool + ref.offset : &mark, n);
		__atomic_store_n(&log->size, log->size + n, __ATOMIC_RELEASE);
	}
	/* As long as the pool is mapped, no recording can begin. */
	if (pool)
		munmap((void *)pool, size);
	return err && err != -EAGAIN ? 5 : 0;
}

/* Copies recordings one after the other until it is killed; or, if nothing is being recorded any more, what there is. */
static pid_t stream_child(struct log *log, bool last)
{
	pid_t pid = fork();
	int fd, code;

	if (pid)
		return pid;
	do {
		fd = device_open(last ? O_RDONLY | O_NONBLOCK : O_RDONLY);
		if (fd < 0)
			_exit(2);
		code = copy_recording(log, fd);
		close(fd);
	} while (!code && !last);
	_exit(code);
}

/* As many batches of the stream as one of the pool may have: the tables around a generation are short. */
#define TAKEN_AT_ONCE	16

/* Is the batch at @at one of the last that were kept? No two are the same, for they have their times. */
static bool is_known(const struct bytes *bytes, const size_t *kept, const uint8_t *at, size_t size)
{
	int i;

	for (i = 0; i < TAKEN_AT_ONCE; i++)
		if (kept[i] && size <= bytes->size - kept[i] && !memcmp(bytes->data + kept[i], at, size))
			return true;
	return false;
}

/* What a killed reader had copied but not given back, batches or end mark, its successor gets again: drop that. */
static void mend(const struct log *log, struct bytes *bytes)
{
	size_t at = 0, kept[TAKEN_AT_ONCE] = {};
	struct stream_batch batch;
	unsigned int nr = 0;
	bool ended = false;
	int kind;

	bytes->room = EXPTRACE_HEADER_SIZE + log->size;
	bytes->data = malloc(bytes->room);
	memset(bytes->data, 0, EXPTRACE_HEADER_SIZE);
	memcpy(bytes->data, EXPTRACE_HEADER_MAGIC, strlen(EXPTRACE_HEADER_MAGIC));
	bytes->size = EXPTRACE_HEADER_SIZE;
	while (at < log->size) {
		kind = stream_batch_at(log->data + at, log->size - at, &batch);
		if (kind == 2) {
			/* No generation is empty. */
			if (!ended)
				bytes->data[bytes->size++] = log->data[at];
			ended = true;
			at++;
			continue;
		}
		if (kind != 1)
			break;
		ended = false;
		if (!is_known(bytes, kept, log->data + at, batch.total)) {
			kept[nr++ % TAKEN_AT_ONCE] = bytes->size;
			memcpy(bytes->data + bytes->size, log->data + at, batch.total);
			bytes->size += batch.total;
		}
		at += batch.total;
	}
}

static void kill_a_reader(struct __test_metadata *_metadata, struct log *log)
{
	pid_t pid = stream_child(log, false);
	int status;

	usleep(200000);
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status)) {
		TH_LOG("reader exited with %d", WEXITSTATUS(status));
	}
}

static struct log *make_log(void)
{
	return map_shared(LOG_SIZE);
}

/* The rest of what was recorded, and all of it together. Every generation is whole, and each ledger adds up. */
static void read_rest(struct __test_metadata *_metadata, struct log *log, struct stream *stream)
{
	pid_t pid = stream_child(log, true);
	struct bytes bytes = {};
	int status;

	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
	mend(log, &bytes);
	ASSERT_EQ(0, parse(&bytes, stream)) {
		TH_LOG("%s", stream->error);
	}
	bytes_free(&bytes);
	munmap(log, LOG_SIZE);
}

static void stream_round(struct __test_metadata *_metadata, FIXTURE_DATA(module) *self)
{
	struct stream stream = { .forget = true };
	struct log *log = make_log();
	struct attempts attempts = {};
	struct edges edges;
	unsigned int killed = 0;
	const char *idle;
	long long end;
	size_t g;

	ASSERT_NE(NULL, log);
	control = self->control;
	ASSERT_EQ(0, alloc_on(control));
	ASSERT_EQ(0, edge(&edges.before_start));
	switching = !observer;
	restarting = looking = false;
	ASSERT_EQ(0, start(EXPTRACE_MODE_STREAM));
	ASSERT_EQ(0, edge(&edges.after_start));
	ASSERT_EQ(0, begin_storms());
	end = now_ms() + 1000LL * SECONDS;
	/* A fast machine fills the log sooner. */
	while (now_ms() < end && log->size < LOG_SIZE / 2) {
		kill_a_reader(_metadata, log);
		killed++;
	}
	idle = end_storms();
	EXPECT_EQ(NULL, idle) {
		TH_LOG("%s did nothing", idle);
	}
	ASSERT_EQ(0, edge(&edges.before_stop));
	ASSERT_EQ(0, device_ioctl(control, EXPTRACE_IOC_STOP, NULL));
	ASSERT_EQ(0, edge(&edges.after_stop));
	read_rest(_metadata, log, &stream);
	EXPECT_LT(0, stream.nr_generations);
	for (g = 0; g < stream.nr_generations; g++)
		attempts_add(&attempts, &stream.generations[g]);
	if (observer)
		EXPECT_EQ(0, attempts_differ(&attempts, &edges, true));
	TH_LOG("%u readers killed, %zu generations, %zu events, %llu lost", killed, stream.nr_generations,
	       stream.forgotten, (unsigned long long)stream_lost(&stream));
	stream_free(&stream);
}

TEST_F_TIMEOUT(module, stream_survives_everything_at_once, TIMEOUT)
{
	int i;

	for (i = 0; i < rounds(); i++)
		stream_round(_metadata, self);
}

static void observe_rounds(struct __test_metadata *_metadata, FIXTURE_DATA(module) *self,
			   void (*round)(struct __test_metadata *_metadata, FIXTURE_DATA(module) *self))
{
	int i;

	observer = observer_open();
	ASSERT_NE(NULL, observer) {
		TH_LOG("the kernel has BPF programs for tracepoints, but those of the test can't be attached: %s",
		       strerror(errno));
	}
	for (i = 0; i < rounds(); i++)
		round(_metadata, self);
	observer_close(observer);
	observer = NULL;
}

/* Of a recording in the midst of it all, with all that it lost. */
TEST_F_TIMEOUT(module, as_many_events_are_attempted_as_bpf_programs_saw, TIMEOUT)
{
	const char *missing = observer_missing();

	if (missing)
		SKIP(return, "%s", missing);
	observe_rounds(_metadata, self, stream_round);
}

/* Likewise with all that was given up; and of the snapshots of it. */
TEST_F_TIMEOUT(module, as_many_events_are_attempted_in_flight_as_bpf_programs_saw, TIMEOUT)
{
	const char *missing = observer_missing();

	if (missing)
		SKIP(return, "%s", missing);
	observe_rounds(_metadata, self, flight_round);
}

static void restart_round(struct __test_metadata *_metadata, FIXTURE_DATA(module) *self)
{
	/* Between two generations may be some that were given up: they are counted. */
	struct stream stream = { .forget = true, .flight = true };
	struct log *log = make_log();
	unsigned int killed = 0;
	const char *idle;
	uint64_t first;
	long long end;

	ASSERT_NE(NULL, log);
	control = self->control;
	ASSERT_EQ(0, alloc_on(control));
	switching = restarting = true;
	looking = false;
	restart_error = 0;
	given_up = 0;
	first = recorder_state("next_generation");
	ASSERT_LT(0, first);
	ASSERT_EQ(0, start(EXPTRACE_MODE_STREAM));
	ASSERT_EQ(0, begin_storms());
	end = now_ms() + 1000LL * SECONDS;
	while ((now_ms() < end || count_of(restart_storm) < RESTARTS) && log->size < LOG_SIZE / 2 && !restart_error) {
		kill_a_reader(_metadata, log);
		killed++;
	}
	idle = end_storms();
	EXPECT_EQ(NULL, idle) {
		TH_LOG("%s did nothing", idle);
	}
	EXPECT_EQ(0, restart_error) {
		TH_LOG("%s", strerror(-restart_error));
	}
	EXPECT_LE(RESTARTS, count_of(restart_storm));
	if (device_info(control).state == EXPTRACE_STATE_RECORDING)
		ASSERT_EQ(0, end_recording());
	read_rest(_metadata, log, &stream);
	TH_LOG("%lu restarts, %u readers killed, %zu generations, %llu given up, %zu events, %llu lost",
	       count_of(restart_storm), killed, stream.nr_generations, (unsigned long long)given_up,
	       stream.forgotten, (unsigned long long)stream_lost(&stream));
	/* All of all recordings. */
	EXPECT_EQ(recorder_state("next_generation") - first, stream.nr_generations + given_up);
	stream_free(&stream);
}

TEST_F_TIMEOUT(module, recordings_that_begin_and_end_amid_everything_are_whole, TIMEOUT)
{
	int i;

	for (i = 0; i < rounds(); i++)
		restart_round(_metadata, self);
}

TEST_HARNESS_MAIN
