// SPDX-License-Identifier: GPL-2.0-only
/*
 * A CPU goes offline: what it recorded is handed over at once, for all its writers. It comes back
 * and records as if it were new.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "recording.h"

/* The CPU that goes offline. */
#define CPU		1
#define ONLINE		"/sys/devices/system/cpu/cpu1/online"

/* Experiments of test modules: kmod/test/renames.c and nmi.c. */
#define RENAMES		6
#define NMIS		7

/* After four cycles it has gone offline in generations of both parities. */
#define CYCLES		4

FIXTURE(hotplug) {
	int log, control, reader;
	bool nmis;		/* this machine can send them */
	struct bytes bytes;
};

FIXTURE_VARIANT(hotplug) {
	int mode;
};

FIXTURE_VARIANT_ADD(hotplug, stream) { .mode = EXPTRACE_MODE_STREAM };
FIXTURE_VARIANT_ADD(hotplug, flight) { .mode = EXPTRACE_MODE_FLIGHT };

FIXTURE_SETUP(hotplug)
{
	(void)variant;
	memset(self, 0, sizeof(*self));
	self->reader = -1;
	LOAD_MODULE("");
	ASSERT_EQ(0, module_load_helper("exptrace_renames.ko", ""));
}

FIXTURE_TEARDOWN(hotplug)
{
	(void)variant;
	write_file(ONLINE, "1");
	syscall(SYS_delete_module, "exptrace_test", O_NONBLOCK);
	syscall(SYS_delete_module, "exptrace_renames", O_NONBLOCK);
	if (self->reader >= 0)
		close(self->reader);
	UNLOAD_MODULE();
	bytes_free(&self->bytes);
}

static const char *hotplug_missing(void)
{
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		return "needs two CPUs";
	return access(ONLINE, W_OK) ? "the second CPU can't be switched off" : NULL;
}

static bool cpu_switch(bool on)
{
	/* The kernel may be busy with another CPU. */
	return WAIT_FOR(!write_file(ONLINE, on ? "1" : "0"));
}

/* A writer's slot in the debugfs file "state". */
struct slot {
	int cpu;
	unsigned int parity, experiment, context, batch, busy;
	unsigned long long attempted, recorded;
};

/* Call @look for every slot of the CPU that has attempted anything: the sum of the results. */
static unsigned int for_each_slot(unsigned int (*look)(const struct slot *slot, const void *arg), const void *arg)
{
	static char text[1 << 17];
	unsigned int sum = 0;
	struct slot s;
	char *line;

	read_file("/sys/kernel/debug/exptrace/state", text, sizeof(text));
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (sscanf(line, "cpu %d parity %u experiment %u context %u: attempted %llu recorded %llu batch %u busy %u",
			   &s.cpu, &s.parity, &s.experiment, &s.context, &s.attempted, &s.recorded, &s.batch, &s.busy) == 8 &&
		    s.cpu == CPU)
			sum += look(&s, arg);
	return sum;
}

/* A writer that must have events in a partly filled batch before the CPU goes offline. */
struct writer {
	unsigned int experiment, context;
};

static const struct writer wanted[] = {
	{ EXPTRACE_EXPERIMENT_STANDARD, EXPTRACE_CONTEXT_TASK },
	{ EXPTRACE_EXPERIMENT_STANDARD, EXPTRACE_CONTEXT_HARDIRQ },
	{ EXPTRACE_EXPERIMENT_ALLOCFREE, EXPTRACE_CONTEXT_TASK },
	{ RENAMES, EXPTRACE_CONTEXT_TASK },
	/* With PREEMPT_RT soft interrupts run as tasks. */
	{ EXPTRACE_EXPERIMENT_STANDARD, EXPTRACE_CONTEXT_SOFTIRQ },
	{ EXPTRACE_EXPERIMENT_ALLOCFREE, EXPTRACE_CONTEXT_SOFTIRQ },
};

#define NR_WANTED	(sizeof(wanted) / sizeof(wanted[0]) - (access(REALTIME, F_OK) ? 0 : 2))

static unsigned int has_batch_of(const struct slot *s, const void *arg)
{
	const struct writer *w = arg;

	return s->batch && s->experiment == w->experiment && s->context == w->context;
}

static bool holds(const struct writer *writer)
{
	return for_each_slot(has_batch_of, writer);
}

static bool all_hold(void)
{
	size_t i;

	for (i = 0; i < NR_WANTED; i++)
		if (!holds(&wanted[i]))
			return false;
	return true;
}

static unsigned int is_in_use(const struct slot *s, const void *unused)
{
	(void)unused;
	return s->batch || s->busy;
}

/*
 * Threads, memory, names, timer interrupts, and a datagram to a closed port, which a soft interrupt
 * answers.
 */
static void make_events(void)
{
	struct sockaddr_in nobody = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), pipes[2], i;
	long long end;

	for (i = 0; i < 20 && !pipe(pipes); i++) {
		close(pipes[0]);
		close(pipes[1]);
		prctl(PR_SET_NAME, i % 2 ? "one" : "other");
		sendto(fd, "", 1, 0, (struct sockaddr *)&nobody, sizeof(nobody));
		usleep(200);
	}
	close(fd);
	/* The timer ticks while a thread runs. */
	for (end = now_ms() + 10; now_ms() < end;)
		;
}

/* Run make_events() on the CPU. */
static bool work(void)
{
	cpu_set_t old, one;

	CPU_ZERO(&one);
	CPU_SET(CPU, &one);
	if (sched_getaffinity(0, sizeof(old), &old) || sched_setaffinity(0, sizeof(one), &one))
		return false;
	make_events();
	return !sched_setaffinity(0, sizeof(old), &old);
}

/* Make events until each writer has some, in a batch that is not full. */
static void fill_slots(struct __test_metadata *_metadata, FIXTURE_DATA(hotplug) *self)
{
	static const struct writer in_nmi = { NMIS, EXPTRACE_CONTEXT_NMI };
	int err = module_load_helper("exptrace_test.ko", "rounds=10");
	size_t i;

	/* Not every machine can send NMIs. */
	ASSERT_TRUE(!err || err == -ENOENT);
	self->nmis = !err;
	EXPECT_TRUE(WAIT_FOR(work() && all_hold())) {
		for (i = 0; i < NR_WANTED; i++)
			TH_LOG("experiment %u, context %u: %d", wanted[i].experiment, wanted[i].context, holds(&wanted[i]));
	}
	EXPECT_TRUE(!self->nmis || holds(&in_nmi));
}

static void free_slots(FIXTURE_DATA(hotplug) *self)
{
	if (self->nmis)
		syscall(SYS_delete_module, "exptrace_test", 0);
}

static int start(FIXTURE_DATA(hotplug) *self, const FIXTURE_VARIANT(hotplug) *variant)
{
	struct exptrace_start args = { .mode = variant->mode, .batch_size = 16384, .pool_size = 64 << 20 };

	return record_only(self->control, "sched_switch", "sched_wakeup", "task_rename", "softirq_entry", "softirq_exit",
			   "softirq_raise", "hrtimer_expire_entry", "irq_handler_entry", "kmalloc", "kfree",
			   "kmem_cache_alloc", "kmem_cache_free", "test_rename", NULL) ?:
	       device_ioctl(self->control, EXPTRACE_IOC_START, &args);
}

/*
 * Parse what was delivered so far. NMIs may find a lock taken; nothing else may be lost without
 * need.
 */
static void parse(struct __test_metadata *_metadata, FIXTURE_DATA(hotplug) *self, struct stream *stream)
{
	ASSERT_EQ(0, stream_parse(stream, self->bytes.data, self->bytes.size)) {
		TH_LOG("%s", stream->error);
	}
	EXPECT_EQ(0, stream->cut);
	EXPECT_EQ(stream_lost_for(stream, -1, EXPTRACE_LOST_CONTENDED), stream_lost_needlessly(stream));
}

struct delivered {
	const struct stream *stream;
	uint64_t generation;
};

/* Does the stream have a different number of events of this writer than it recorded? */
static unsigned int differs(const struct slot *s, const void *arg)
{
	const struct delivered *d = arg;
	unsigned long long n = 0;
	size_t i;

	if (s->parity != (d->generation & 1))
		return 0;
	for (i = 0; i < d->stream->nr_events; i++) {
		const struct stream_event *e = &d->stream->events[i];

		n += e->generation == d->generation && e->m == 4ULL * CPU + s->context &&
		     e->experiment == s->experiment && !EXPTRACE_EVENT_IS_STATE(e->type);
	}
	if (n != s->recorded)
		fprintf(stderr, "# experiment %u, context %u: %llu recorded, %llu delivered\n", s->experiment, s->context,
			s->recorded, n);
	return n != s->recorded;
}

/* The CPU is offline and its generation continues: everything it recorded has been delivered. */
static void check_handed_over(struct __test_metadata *_metadata, FIXTURE_DATA(hotplug) *self, uint64_t generation)
{
	struct stream stream = {};
	struct delivered delivered = { &stream, generation };

	EXPECT_EQ(0, for_each_slot(is_in_use, NULL));
	ASSERT_EQ(-EAGAIN, bytes_drain(&self->bytes, self->reader, 65536));
	parse(_metadata, self, &stream);
	EXPECT_EQ(0, for_each_slot(differs, &delivered));
	ASSERT_EQ(generation, device_info(self->control).generation);
	stream_free(&stream);
}

/*
 * The CPU records with all writers, goes offline, comes back in the same generation or a later one,
 * and records with all writers again.
 */
static void cycle_cpu(struct __test_metadata *_metadata, FIXTURE_DATA(hotplug) *self, bool same_generation)
{
	uint64_t generation;

	fill_slots(_metadata, self);
	generation = device_info(self->control).generation;
	ASSERT_TRUE(cpu_switch(false));
	check_handed_over(_metadata, self, generation);
	if (!same_generation)
		ASSERT_LT(0, device_advance(self->control));
	EXPECT_EQ(0, for_each_slot(is_in_use, NULL));
	ASSERT_TRUE(cpu_switch(true));
	EXPECT_TRUE(WAIT_FOR(work() && all_hold()));
	free_slots(self);
}

TEST_F(hotplug, cpu_hands_over_everything_and_comes_back_clean)
{
	struct stream stream = {};
	uint64_t parities = 0;
	int i;

	if (hotplug_missing())
		SKIP(return, "%s", hotplug_missing());
	self->reader = device_open(O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, start(self, variant));
	for (i = 0; i < CYCLES; i++)
		cycle_cpu(_metadata, self, i % 2 == 0);
	fill_slots(_metadata, self);
	ASSERT_TRUE(cpu_switch(false));
	/* STOP while the CPU is offline. */
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	EXPECT_EQ(0, for_each_slot(is_in_use, NULL));
	ASSERT_EQ(0, bytes_drain(&self->bytes, self->reader, 65536));
	parse(_metadata, self, &stream);
	EXPECT_TRUE(stream_all_whole(&stream));
	/* The parser has compared the ledger of each CPU with the events. */
	for (i = 0; i < (int)stream.nr_generations; i++)
		if (stream.generations[i].count[RENAMES][CPU].recorded)
			parities |= 1 << (stream.generations[i].number & 1);
	EXPECT_EQ(3, parities);
	free_slots(self);
	stream_free(&stream);
}

/* The last thread leaves the CPU unseen, and must not seem to run on. */
TEST_F(hotplug, no_thread_runs_on_an_offline_cpu)
{
	const struct stream_event *e, *last = NULL;
	struct stream stream = {};
	size_t i;

	if (hotplug_missing())
		SKIP(return, "%s", hotplug_missing());
	self->reader = device_open(O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, start(self, variant));
	ASSERT_TRUE(work());
	ASSERT_TRUE(cpu_switch(false));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	ASSERT_EQ(0, bytes_drain(&self->bytes, self->reader, 65536));
	parse(_metadata, self, &stream);
	for (i = 0; i < stream.nr_events; i++) {
		e = &stream.events[i];
		if (!e->experiment && e->m == 4ULL * CPU + EXPTRACE_CONTEXT_TASK && (!last || e->time >= last->time))
			last = e;
	}
	ASSERT_NE(NULL, last);
	EXPECT_EQ(EXPTRACE_EVENT_CURRENT, last->type);
	EXPECT_EQ(0, last->arg[0].value);
	stream_free(&stream);
}

/* The CPU is offline when the recording begins. */
TEST_F(hotplug, cpu_that_comes_online_during_a_recording_records)
{
	const struct stream_generation *last;
	struct stream stream = {};
	int x;

	if (hotplug_missing())
		SKIP(return, "%s", hotplug_missing());
	self->reader = device_open(O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, self->reader);
	ASSERT_TRUE(cpu_switch(false));
	ASSERT_EQ(0, start(self, variant));
	ASSERT_LT(0, device_advance(self->control));
	EXPECT_EQ(0, for_each_slot(is_in_use, NULL));
	ASSERT_TRUE(cpu_switch(true));
	EXPECT_TRUE(WAIT_FOR(work() && all_hold()));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	ASSERT_EQ(0, bytes_drain(&self->bytes, self->reader, 65536));
	parse(_metadata, self, &stream);
	ASSERT_TRUE(stream_all_whole(&stream));
	last = &stream.generations[stream.nr_generations - 1];
	for (x = 0; x < STREAM_EXPERIMENTS; x++) {
		EXPECT_EQ(0, stream.generations[0].count[x][CPU].attempted);
		if (x < 2 || x == RENAMES)
			EXPECT_LT(0, last->count[x][CPU].recorded);
	}
	stream_free(&stream);
}

struct advancing {
	FIXTURE_DATA(hotplug) *self;
	bool enough;
	int err;
};

/* Advance and read as fast as possible: while a generation ends, the CPU's writers use two. */
static void *advance_and_read(void *arg)
{
	struct advancing *a = arg;

	while (!a->err && !__atomic_load_n(&a->enough, __ATOMIC_RELAXED)) {
		int64_t done = device_advance(a->self->control);

		a->err = done < 0 ? done : 0;
		if (!a->err && bytes_drain(&a->self->bytes, a->self->reader, 65536) != -EAGAIN)
			a->err = -EIO;
	}
	return NULL;
}

TEST_F(hotplug, cpu_that_goes_offline_while_generations_end_loses_nothing)
{
	struct advancing advancing = { .self = self };
	struct stream stream = {};
	pthread_t thread;
	int i;

	if (hotplug_missing())
		SKIP(return, "%s", hotplug_missing());
	self->reader = device_open(O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, start(self, variant));
	ASSERT_EQ(0, pthread_create(&thread, NULL, advance_and_read, &advancing));
	for (i = 0; i < 2 * CYCLES; i++) {
		EXPECT_TRUE(work());
		EXPECT_TRUE(cpu_switch(false));
		EXPECT_EQ(0, for_each_slot(is_in_use, NULL));
		EXPECT_TRUE(cpu_switch(true));
	}
	__atomic_store_n(&advancing.enough, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, advancing.err);
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	ASSERT_EQ(0, bytes_drain(&self->bytes, self->reader, 65536));
	parse(_metadata, self, &stream);
	EXPECT_TRUE(stream_all_whole(&stream));
	EXPECT_EQ(0, device_info(self->control).evicted_generations);
	EXPECT_LE(2 * CYCLES, stream.nr_generations);
	stream_free(&stream);
}

TEST_HARNESS_MAIN
