// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random calls of the device from several processes, with arguments that are valid, nearly valid or
 * invalid, until the processes are interrupted or killed. Afterwards the device records as if
 * nothing had happened. EXPTRACE_FUZZ_CALLS is the minimum number of calls (there are more while a
 * kind of call has never succeeded), and EXPTRACE_FUZZ_SEED the seed of the random numbers, which
 * the test prints.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "fixture.h"

#define CALLS		20000
#define PROCESSES	4

/* A kind of call that has not succeeded after this many times that number of calls never will. */
#define PATIENCE	20

#define FILES		3
#define PAGE		4096

/* Every blocking call is interrupted after this. */
#define INTERRUPT_US	20000

static uint64_t random_state;

/* xorshift64* */
static uint64_t rnd(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1dULL;
}

/* From 0 to n - 1. */
static unsigned int below(unsigned int n)
{
	return (rnd() >> 32) % n;
}

static bool one_in(unsigned int n)
{
	return !below(n);
}

/*
 * State of this process. The arena has pages for writing, for reading, without a mapping, and for
 * writing again.
 */
static int files[FILES] = { -1, -1, -1 };
static int fd;
static uint8_t *arena, *pool;
static size_t pool_size;
static bool pool_readable;
static volatile uint8_t sink;

/* Prefer an open one. */
static int random_file(void)
{
	int first = below(FILES), i, file = files[first];

	for (i = 1; i < FILES && file < 0 && !one_in(8); i++)
		file = files[(first + i) % FILES];
	return file;
}

static int make_arena(void)
{
	arena = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (arena == MAP_FAILED)
		return -1;
	return mprotect(arena + 60 * PAGE, PAGE, PROT_READ) || mprotect(arena + 61 * PAGE, PAGE, PROT_NONE);
}

/* An address that is invalid for an argument of this size. */
static void *bad_pointer(size_t size)
{
	switch (below(7)) {
	case 0: return NULL;
	case 1: return (void *)1;
	case 2: return arena + 60 * PAGE;			/* read-only */
	case 3: return arena + 61 * PAGE;			/* not mapped */
	case 4: return arena + 61 * PAGE - below(size + 1);	/* the rest is not mapped */
	case 5: return (void *)(0xffff888000000000ULL + rnd() % (1 << 30));
	default: return (void *)rnd();
	}
}

/*
 * An ioctl: mostly with its argument as it is, sometimes with a random byte in it, or with a bad
 * pointer.
 */
static int call(unsigned long request, void *argument, size_t size)
{
	if (size && one_in(8))
		((uint8_t *)argument)[below(size)] = rnd();
	if (one_in(8))
		argument = bad_pointer(size);
	return device_ioctl(fd, request, argument);
}

#define CALL(request, argument)	call(request, &(argument), sizeof(argument))

static int fuzz_open(void)
{
	static const int flags[] = { O_RDWR, O_RDWR, O_RDONLY, O_WRONLY };
	int i = below(FILES), file = device_open(flags[below(4)] | (one_in(4) ? 0 : O_NONBLOCK));

	if (file < 0)
		return file;
	if (files[i] >= 0)
		close(files[i]);
	files[i] = file;
	return 0;
}

static int fuzz_close(void)
{
	int i = below(FILES), err;

	err = close(files[i]) ? -errno : 0;
	files[i] = -1;
	return err;
}

static int fuzz_read(void)
{
	size_t size = one_in(2) ? below(60 * PAGE) : below(64);
	ssize_t n = read(fd, one_in(8) ? bad_pointer(size) : arena, size);

	return n < 0 ? -errno : 0;
}

static int fuzz_poll(void)
{
	struct pollfd fds = { .fd = fd, .events = rnd() };

	return poll(&fds, 1, below(3)) < 0 ? -errno : 0;
}

static void unmap(void)
{
	if (pool)
		munmap(pool, pool_size);
	pool = NULL;
}

static int fuzz_mmap(void)
{
	struct exptrace_info info = device_info(fd);
	int prot = one_in(4) ? rnd() & (PROT_READ | PROT_WRITE | PROT_EXEC) : PROT_READ;

	unmap();
	pool_size = one_in(4) ? 1 + below(1 << 24) : info.pool_size;
	pool_readable = prot & PROT_READ;
	pool = mmap(NULL, pool_size, prot, one_in(4) ? MAP_PRIVATE : MAP_SHARED, fd,
		    one_in(8) ? (off_t)below(1 << 20) * PAGE : 0);
	if (pool != MAP_FAILED)
		return 0;
	pool = NULL;
	/* mmap(2) itself returns these. */
	return errno == EOVERFLOW || errno == ENODEV || errno == EACCES ? -EINVAL : -errno;
}

static int fuzz_unmap(void)
{
	if (!pool)
		return -EINVAL;
	if (pool_readable)
		sink = pool[rnd() % pool_size];
	if (one_in(2))
		unmap();
	return 0;
}

static int fuzz_info(void)
{
	struct exptrace_info info;

	return CALL(EXPTRACE_IOC_INFO, info);
}

static int fuzz_start(void)
{
	static const uint32_t sizes[] = { 4096, 4096, 16384, 65536 };
	struct exptrace_start start = {
		.flags = EXPTRACE_START_DISCARD | (one_in(8) ? EXPTRACE_START_STOP_ON_CLOSE : 0),
		.mode = below(2), .batch_size = sizes[below(4)], .pool_size = below(4 << 20),
		.period_ms = one_in(2) ? 0 : below(50),
	};

	start.quota[below(EXPTRACE_MAX_EXPERIMENTS)] = below(101);
	return CALL(EXPTRACE_IOC_START, start);
}

static int fuzz_stop(void)
{
	return device_ioctl(fd, EXPTRACE_IOC_STOP, NULL);
}

static int fuzz_advance(void)
{
	struct exptrace_advance advance = {};

	return CALL(EXPTRACE_IOC_ADVANCE, advance);
}

/* Number of events in the catalogue. */
static unsigned int nr_events;

static unsigned int count_events(int file)
{
	struct exptrace_event event = {};
	unsigned int nr;

	for (nr = 0; !device_ioctl(file, EXPTRACE_IOC_GET_EVENT, &event); nr++)
		event = (struct exptrace_event){ .index = nr + 1 };
	return nr;
}

/* An index of any event, or beyond the last one. */
static unsigned int random_event(void)
{
	return below(nr_events + 5);
}

static int fuzz_get_event(void)
{
	struct exptrace_event event = { .index = random_event() };

	return CALL(EXPTRACE_IOC_GET_EVENT, event);
}

static int fuzz_set_event(void)
{
	struct exptrace_event event = { .index = random_event(), .flags = below(2) };

	if (one_in(4))
		event.flags |= EXPTRACE_EVENT_F_STACK;
	if (one_in(2)) {
		event.experiment = below(EXPTRACE_MAX_EXPERIMENTS);
		strcpy(event.name, one_in(2) ? "kmalloc" : "sched_switch");
	}
	if (one_in(8))
		memset(event.name, 'x', sizeof(event.name));

	return CALL(EXPTRACE_IOC_SET_EVENT, event);
}

static int fuzz_snapshot(void)
{
	struct exptrace_snapshot snapshot = { .flags = one_in(4) ? EXPTRACE_SNAPSHOT_WAIT : 0 };

	return CALL(EXPTRACE_IOC_SNAPSHOT, snapshot);
}

static int fuzz_trigger(void)
{
	return device_ioctl(fd, EXPTRACE_IOC_TRIGGER, NULL);
}

static int fuzz_set_trigger(void)
{
	struct exptrace_trigger trigger = { .latency_us = one_in(2) ? 0 : rnd() >> below(64) };

	return CALL(EXPTRACE_IOC_SET_TRIGGER, trigger);
}

static int fuzz_take(void)
{
	struct exptrace_batch_ref ref;
	int err = CALL(EXPTRACE_IOC_TAKE, ref);

	if (!err && pool && pool_readable && ref.kind == EXPTRACE_REF_BATCH && ref.offset < pool_size)
		sink = pool[ref.offset];
	return err;
}

static int fuzz_syscalls(void)
{
	struct exptrace_syscalls calls = { .wanted[0] = rnd() };

	if (one_in(2))
		memset(calls.wanted, 0xff, sizeof(calls.wanted));
	return one_in(2) ? CALL(EXPTRACE_IOC_GET_SYSCALLS, calls) : CALL(EXPTRACE_IOC_SET_SYSCALLS, calls);
}

static int fuzz_syscall_tables(void)
{
	struct exptrace_syscall_tables calls = { .wanted[0][0] = rnd(), .wanted[1][1] = rnd() };

	if (one_in(2))
		memset(calls.wanted, 0xff, sizeof(calls.wanted));
	return one_in(2) ? CALL(EXPTRACE_IOC_GET_SYSCALL_TABLES, calls) :
			   CALL(EXPTRACE_IOC_SET_SYSCALL_TABLES, calls);
}

/*
 * A few ids, most of which exist, and a CPU. Each list is often missing, and now and then at a bad
 * address.
 */
static struct exptrace_filter random_filter(void)
{
	static uint32_t ids[8];
	static uint64_t cpus[2];
	struct exptrace_filter filter = {
		.flags = one_in(4), .nr_threads = one_in(3) ? below(4) : 0, .nr_processes = one_in(3) ? below(8) : 0,
		.nr_cpu_words = one_in(4) ? below(3) : 0, .threads = (uintptr_t)ids, .processes = (uintptr_t)ids,
		.cpus = (uintptr_t)cpus, .cgroup = one_in(8) ? below(100) : 0,
		.min_syscall_ns = one_in(4) ? below(1000000) : 0, .min_switch_ns = one_in(4) ? rnd() >> below(64) : 0,
	};
	size_t i;

	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		ids[i] = one_in(4) ? 1 + below(300) : one_in(2) ? (uint32_t)getpid() : 1;
	cpus[0] = 1 + below(3);
	cpus[1] = one_in(8);
	if (one_in(16))
		filter.processes = (uintptr_t)bad_pointer(sizeof(ids));
	return filter;
}

static int fuzz_get_filter(void)
{
	struct exptrace_filter filter = random_filter();

	return CALL(EXPTRACE_IOC_GET_FILTER, filter);
}

static int fuzz_set_filter(void)
{
	struct exptrace_filter filter = random_filter();

	return CALL(EXPTRACE_IOC_SET_FILTER, filter);
}

static int fuzz_give(void)
{
	return device_ioctl(fd, EXPTRACE_IOC_GIVE, NULL);
}

static int fuzz_write(void)
{
	size_t size = one_in(2) ? below(60 * PAGE) : below(64);
	ssize_t n = write(fd, one_in(8) ? bad_pointer(size) : arena, size);

	return n < 0 ? -errno : 0;
}

static int fuzz_mark(void)
{
	struct exptrace_mark mark = { .kind = below(4), .length = below(1100) };

	mark.text = (uintptr_t)(one_in(8) ? bad_pointer(mark.length) : arena);
	if (mark.kind != EXPTRACE_MARK_LOG && !one_in(8))
		return CALL(EXPTRACE_IOC_MARK, mark);
	mark.key_length = below(1100);
	mark.key = (uintptr_t)(one_in(8) ? bad_pointer(mark.key_length) : arena);
	return CALL(EXPTRACE_IOC_MARK, mark);
}

/* A valid request with one bit flipped. */
static int fuzz_unknown(void)
{
	unsigned long request = one_in(2) ? rnd() : EXPTRACE_IOC_INFO ^ 1U << below(32);
	int err = device_ioctl(fd, request, one_in(2) ? arena : bad_pointer(64));

	return err == -ENOTTY ? 0 : err;
}

static const struct {
	const char *name;
	int (*run)(void);
	unsigned int weight;	/* low for slow calls */
} calls[] = {
	{ "open", fuzz_open, 60 },
	{ "close", fuzz_close, 30 },
	{ "read", fuzz_read, 200 },
	{ "poll", fuzz_poll, 40 },
	{ "mmap", fuzz_mmap, 60 },
	{ "munmap", fuzz_unmap, 60 },
	{ "INFO", fuzz_info, 50 },
	{ "START", fuzz_start, 40 },
	{ "STOP", fuzz_stop, 5 },
	{ "ADVANCE", fuzz_advance, 20 },
	{ "GET_EVENT", fuzz_get_event, 50 },
	{ "SET_EVENT", fuzz_set_event, 10 },
	{ "SNAPSHOT", fuzz_snapshot, 40 },
	{ "TRIGGER", fuzz_trigger, 10 },
	{ "SET_TRIGGER", fuzz_set_trigger, 10 },
	{ "TAKE", fuzz_take, 200 },
	{ "GIVE", fuzz_give, 100 },
	{ "write", fuzz_write, 30 },
	{ "MARK", fuzz_mark, 50 },
	{ "SYSCALLS", fuzz_syscalls, 20 },
	{ "SYSCALL_TABLES", fuzz_syscall_tables, 20 },
	{ "GET_FILTER", fuzz_get_filter, 30 },
	{ "SET_FILTER", fuzz_set_filter, 20 },
	{ "unknown", fuzz_unknown, 50 },
};

#define NR_CALLS	(sizeof(calls) / sizeof(calls[0]))

static unsigned int random_call(void)
{
	unsigned int sum = 0, i;

	for (i = 0; i < NR_CALLS; i++)
		sum += calls[i].weight;
	sum = below(sum);
	for (i = 0; sum >= calls[i].weight; i++)
		sum -= calls[i].weight;
	return i;
}

/* Is this an error that docs/uapi.md lists, or one of a closed file or an interrupted call? */
static bool is_documented(int err)
{
	static const int known[] = { 0, EINVAL, EFAULT, EBADF, EBUSY, EAGAIN, EINTR, ECANCELED, ENOBUFS, ENOMEM, ENOENT, EPERM, ESRCH };
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (err == -known[i])
			return true;
	return false;
}

/*
 * Reported by the processes: number of calls, number of successful calls of each kind, and an
 * undocumented error.
 */
struct tally {
	unsigned long made, succeeded[NR_CALLS];
	int call, err;
};

static void ignore(int signal)
{
	(void)signal;
}

/* Interrupt whatever this process waits for, again and again. */
static void set_alarm(void)
{
	struct itimerval interval = { { 0, INTERRUPT_US }, { 0, INTERRUPT_US } };
	struct sigaction action = { .sa_handler = ignore };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &interval, NULL);
}

/*
 * Is there more to do? A kind of call that never succeeds tests little. Success may depend on what
 * other processes left behind, so that some calls, such as a snapshot, may take long to succeed.
 */
static bool is_unfinished(struct tally *tally, unsigned long total)
{
	unsigned long made = __atomic_load_n(&tally->made, __ATOMIC_RELAXED);
	unsigned int i;

	if (made < total)
		return true;
	for (i = 0; i < NR_CALLS && made < PATIENCE * total; i++)
		if (!__atomic_load_n(&tally->succeeded[i], __ATOMIC_RELAXED))
			return true;
	return false;
}

/* The life of a process: some calls, then it exits or is killed with everything it holds. */
static void live(struct tally *tally, unsigned long total, uint64_t seed)
{
	unsigned int left, kind;
	int err;

	random_state = seed;
	if (make_arena())
		_exit(2);
	set_alarm();
	for (left = 1 + below(1000); left && is_unfinished(tally, total); left--) {
		__atomic_fetch_add(&tally->made, 1, __ATOMIC_RELAXED);
		fd = random_file();
		kind = random_call();
		err = calls[kind].run();
		if (!is_documented(err)) {
			tally->call = kind;
			tally->err = err;
			_exit(3);
		}
		__atomic_fetch_add(&tally->succeeded[kind], !err, __ATOMIC_RELAXED);
	}
	if (one_in(2))
		raise(SIGKILL);
	_exit(0);
}

static pid_t begin_life(struct tally *tally, unsigned long total, uint64_t seed)
{
	pid_t pid = fork();

	if (!pid)
		live(tally, total, seed | 1);
	return pid;
}

static uint64_t number_from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

/* Whatever state the device is in, it can be made to record, and the recording is whole. */
static void check_that_it_records(struct __test_metadata *_metadata, FIXTURE_DATA(module) *self)
{
	struct exptrace_start start = start_small();
	struct exptrace_trigger trigger = {};
	struct exptrace_filter filter = {};
	struct exptrace_info info;
	struct stream stream = {};
	struct bytes bytes = {};

	if (device_info(self->control).state == EXPTRACE_STATE_RECORDING)
		ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	info = device_info(self->control);
	EXPECT_EQ(info.batches, info.batches_empty + info.batches_full);
	EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_SET_TRIGGER, &trigger));
	EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_SET_FILTER, &filter));
	ASSERT_EQ(0, event_set(self->control, "sched_switch", true));
	ASSERT_EQ(0, event_set(self->control, "kmalloc", true));
	start.flags = EXPTRACE_START_DISCARD;
	start.pool_size = 16 << 20;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	ASSERT_LT(0, work_pingpong(100));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, bytes_drain(&bytes, self->reader, 65536));
	ASSERT_EQ(0, stream_parse(&stream, bytes.data, bytes.size)) {
		TH_LOG("%s", stream.error);
	}
	ASSERT_EQ(1, stream.nr_generations);
	EXPECT_TRUE(stream.generations[0].whole && stream.generations[0].ended && stream.generations[0].ledger);
	EXPECT_EQ(0, stream_lost_needlessly(&stream));
	EXPECT_LE(200, stream_count(&stream, 0, EXPTRACE_EVENT_SCHED_SWITCH, 0));
	info = device_info(self->control);
	EXPECT_EQ(info.batches, info.batches_empty);
	stream_free(&stream);
	bytes_free(&bytes);
}

TEST_F_TIMEOUT(module, device_survives_random_calls, 7200)
{
	unsigned long total = number_from_environment("EXPTRACE_FUZZ_CALLS", CALLS);
	uint64_t seed = number_from_environment("EXPTRACE_FUZZ_SEED", now_ms());
	unsigned int alive, lives = 0, i;
	struct tally *tally;
	int status;

	TH_LOG("EXPTRACE_FUZZ_SEED=%llu", (unsigned long long)seed);
	random_state = seed | 1;
	nr_events = count_events(self->control);
	ASSERT_LT(20, nr_events);
	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, tally);
	for (alive = 0; alive < PROCESSES; alive++)
		ASSERT_LT(0, begin_life(tally, total, rnd()));
	while (alive) {
		ASSERT_LT(0, wait(&status));
		lives++;
		EXPECT_TRUE(WIFEXITED(status) ? !WEXITSTATUS(status) : WTERMSIG(status) == SIGKILL) {
			TH_LOG("status %#x, %s: %s", status, calls[tally->call].name, strerror(-tally->err));
		}
		if (!is_unfinished(tally, total))
			alive--;
		else
			ASSERT_LT(0, begin_life(tally, total, rnd()));
	}
	TH_LOG("%lu calls of %u processes", tally->made, lives);
	for (i = 0; i < NR_CALLS; i++) {
		TH_LOG("%-12s %lu succeeded", calls[i].name, tally->succeeded[i]);
		EXPECT_LT(0, tally->succeeded[i]);
	}
	check_that_it_records(_metadata, self);
	munmap(tally, sizeof(*tally));
}

TEST_HARNESS_MAIN
