// SPDX-License-Identifier: GPL-2.0-only
/* Everything at once, for a while. Then every generation is whole and every ledger adds up. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "fixture.h"
#include "looks.h"
#include "storms.h"

/* In seconds. There are as many rounds as EXPTRACE_CHAOS_SECONDS takes. */
#define SECONDS		5

/* A restart round makes at least this many recordings. */
#define RESTARTS	6

/* For that many rounds, in seconds. The runner's own limit is stricter (see the Makefile). */
#define TIMEOUT		7200

static int rounds(void)
{
	const char *text = getenv("EXPTRACE_CHAOS_SECONDS");

	return text && atoi(text) > 0 ? (atoi(text) + SECONDS - 1) / SECONDS : 1;
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

/* The number of the recording's first generation, for snapshot_child(). */
static uint64_t first_generation;

/*
 * A child that reads a snapshot, slowly enough to be killed in between. Its exit code is the
 * result. The generations of a snapshot are not evicted: it has every generation up to its last
 * one, except those evicted before. These need not be the oldest, because while an earlier snapshot
 * was held, later generations were evicted first.
 */
static pid_t snapshot_child(bool slow, struct shot *result)
{
	struct exptrace_snapshot shot = {};
	struct stream stream = { .flight = true, .forget = true };
	struct bytes bytes = {};
	uint64_t evicted;
	ssize_t n;
	pid_t pid;
	int fd;

	pid = fork();
	if (pid)
		return pid;
	fd = device_open(O_RDWR);
	if (fd < 0 || device_ioctl(fd, EXPTRACE_IOC_SNAPSHOT, &shot))
		_exit(2);
	evicted = device_info(fd).evicted_generations;
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
	if (shot.last + 1 - first_generation > stream.nr_generations + evicted)
		_exit(6);
	describe_shot(result, &stream);
	_exit(0);
}

/*
 * Compare everything that was attempted. Recorded events are in the generations that were read, or
 * were evicted with others; lost events were counted when their generation was complete. Both
 * counts cover all experiments together.
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
	TH_LOG("%llu attempted, %llu of them evicted, the observer saw %llu to %llu", (unsigned long long)attempted,
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
	ASSERT_EQ(0, alloc_events_on(control));
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
	/*
	 * On a slow machine a round may last longer: at least one snapshot must be read to its end
	 * and be comparable, and one must be killed.
	 */
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
	TH_LOG("%u snapshots, %u killed, %llu generations evicted", snapshots, killed,
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

/*
 * What a reader copies from the stream, in shared memory so that nothing is lost when the reader is
 * killed.
 */
struct log {
	size_t size;
	uint8_t data[];
};

#define LOG_SIZE	(512UL << 20)

/* Mapping fails for a moment while a recording begins or ends. */
static const uint8_t *map_pool(int fd, size_t *size)
{
	void *pool;

	*size = device_info(fd).pool_size;
	return WAIT_FOR((pool = mmap(NULL, *size, PROT_READ, MAP_SHARED, fd, 0)) != MAP_FAILED) ? pool : NULL;
}

/*
 * Copy until the end of the recording or, if @fd does not wait, of the available data: 0, or an
 * exit code.
 */
static int copy_recording(struct log *log, int fd)
{
	static const uint8_t mark = EXPTRACE_WIRE_END_OF_GENERATION;
	struct exptrace_batch_ref ref;
	const uint8_t *pool = NULL;
	size_t size;
	int err;

	while (!(err = device_ioctl(fd, EXPTRACE_IOC_TAKE, &ref)) && ref.kind != EXPTRACE_REF_END) {
		size_t n = ref.kind == EXPTRACE_REF_BATCH ? ref.length : 1;

		/* The pool exists while the reader holds something of it. */
		if (!pool)
			pool = map_pool(fd, &size);
		if (!pool)
			return 3;
		if (log->size + n > LOG_SIZE - sizeof(*log))
			return 4;
		memcpy(log->data + log->size, ref.kind == EXPTRACE_REF_BATCH ? pool + ref.offset : &mark, n);
		__atomic_store_n(&log->size, log->size + n, __ATOMIC_RELEASE);
	}
	/* No recording can start while the pool is mapped. */
	if (pool)
		munmap((void *)pool, size);
	return err && err != -EAGAIN ? 5 : 0;
}

/*
 * Copy one recording after the other until killed. With @last, when nothing is being recorded any
 * more, copy the rest.
 */
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

/*
 * Upper bound of the stream's batches per batch of the pool: the tables around a generation are
 * short.
 */
#define TAKEN_AT_ONCE	16

/*
 * Is the batch at @at one of the last that were kept? No two are equal, because each has its time.
 */
static bool is_known(const struct bytes *bytes, const size_t *kept, const uint8_t *at, size_t size)
{
	int i;

	for (i = 0; i < TAKEN_AT_ONCE; i++)
		if (kept[i] && size <= bytes->size - kept[i] && !memcmp(bytes->data + kept[i], at, size))
			return true;
	return false;
}

/*
 * The next reader gets again what a killed reader had copied but not given back, batches or an end
 * mark: drop the copies.
 */
static void drop_copies(const struct log *log, struct bytes *bytes)
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

static struct log *map_log(void)
{
	return map_shared(LOG_SIZE);
}

/* Read the rest, and parse everything. Every generation is whole, and each ledger adds up. */
static void read_rest(struct __test_metadata *_metadata, struct log *log, struct stream *stream)
{
	pid_t pid = stream_child(log, true);
	struct bytes bytes = {};
	int status;

	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
	drop_copies(log, &bytes);
	ASSERT_EQ(0, parse(&bytes, stream)) {
		TH_LOG("%s", stream->error);
	}
	bytes_free(&bytes);
	munmap(log, LOG_SIZE);
}

static void stream_round(struct __test_metadata *_metadata, FIXTURE_DATA(module) *self)
{
	struct stream stream = { .forget = true };
	struct log *log = map_log();
	struct attempts attempts = {};
	struct edges edges;
	unsigned int killed = 0;
	const char *idle;
	long long end;
	size_t g;

	ASSERT_NE(NULL, log);
	control = self->control;
	ASSERT_EQ(0, alloc_events_on(control));
	ASSERT_EQ(0, edge(&edges.before_start));
	switching = !observer;
	restarting = looking = false;
	ASSERT_EQ(0, start(EXPTRACE_MODE_STREAM));
	ASSERT_EQ(0, edge(&edges.after_start));
	ASSERT_EQ(0, begin_storms());
	end = now_ms() + 1000LL * SECONDS;
	/* A fast machine fills the log earlier. */
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

/* The recording includes everything that it lost. */
TEST_F_TIMEOUT(module, attempted_events_match_bpf_programs, TIMEOUT)
{
	const char *missing = observer_missing();

	if (missing)
		SKIP(return, "%s", missing);
	observe_rounds(_metadata, self, stream_round);
}

/* Includes everything that was evicted; its snapshots are compared, too. */
TEST_F_TIMEOUT(module, attempted_events_match_bpf_programs_in_flight_mode, TIMEOUT)
{
	const char *missing = observer_missing();

	if (missing)
		SKIP(return, "%s", missing);
	observe_rounds(_metadata, self, flight_round);
}

static void restart_round(struct __test_metadata *_metadata, FIXTURE_DATA(module) *self)
{
	/* Generations may have been evicted between two that were read: they are counted. */
	struct stream stream = { .forget = true, .flight = true };
	struct log *log = map_log();
	unsigned int killed = 0;
	const char *idle;
	uint64_t first;
	long long end;

	ASSERT_NE(NULL, log);
	control = self->control;
	ASSERT_EQ(0, alloc_events_on(control));
	switching = restarting = true;
	looking = false;
	restart_error = 0;
	evicted = 0;
	first = recorder_state("next_generation");
	ASSERT_LT(0, first);
	ASSERT_EQ(0, start(EXPTRACE_MODE_STREAM));
	ASSERT_EQ(0, begin_storms());
	end = now_ms() + 1000LL * SECONDS;
	while ((now_ms() < end || count_restarts() < RESTARTS) && log->size < LOG_SIZE / 2 && !restart_error) {
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
	EXPECT_LE(RESTARTS, count_restarts());
	if (device_info(control).state == EXPTRACE_STATE_RECORDING)
		ASSERT_EQ(0, end_recording());
	read_rest(_metadata, log, &stream);
	TH_LOG("%lu restarts, %u readers killed, %zu generations, %llu evicted, %zu events, %llu lost",
	       count_restarts(), killed, stream.nr_generations, (unsigned long long)evicted,
	       stream.forgotten, (unsigned long long)stream_lost(&stream));
	/* Of all recordings together. */
	EXPECT_EQ(recorder_state("next_generation") - first, stream.nr_generations + evicted);
	stream_free(&stream);
}

TEST_F_TIMEOUT(module, recordings_that_start_and_stop_during_everything_are_whole, TIMEOUT)
{
	int i;

	for (i = 0; i < rounds(); i++)
		restart_round(_metadata, self);
}

TEST_HARNESS_MAIN
