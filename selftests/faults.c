// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whatever allocation or copy from user space fails inside an operation, the operation fails cleanly and whole, nothing is
 * lost, and it works when it is tried again. Each operation is tried with its first, second, ... call failing, until none
 * is left to fail: once with that one alone, once with all allocations after it failing as well, for what has something to
 * fall back on (kvmalloc(), a cache of the kernel's own) fails only then. Needs the fault injection of a debug kernel
 * (scripts/debug-kernel.sh); what was lost meanwhile, scripts/leakcheck.sh finds at the end, for a look of kmemleak takes
 * half a minute.
 */
#define _GNU_SOURCE
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "attempts.h"
#include "fixture.h"

#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define MAKE_IT_FAIL	"/proc/thread-self/make-it-fail"
#define STATE		"/sys/kernel/debug/exptrace/state"
#define SYSFS		"/sys/class/misc/exptrace/"

/* More than any operation allocates. */
#define MANY		1000000

/* The kernel itself tells that an allocation of its own failed; vm.sh overlooks that between these lines. */
#define LOG_BEGIN	"exptrace-faults: failed allocations are wanted\n"
#define LOG_END		"exptrace-faults: failed allocations are not wanted any more\n"

/* Seconds; loading the module takes some hundred allocations, and as many attempts. */
#define TIMEOUT		1200

static void __attribute__((constructor)) skip_without_fault_injection(void)
{
	if (!access(FAIL_NTH, W_OK))
		return;
	printf("TAP version 13\n1..0 # SKIP the kernel has no fault injection (%s)\n", FAIL_NTH);
	exit(4);
}

static void set_injection(const char *what, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s", what);
	write_file(path, value);
}

/*
 * Every allocation may fail, not only those that may not sleep; and no word about it. Of a thread that is marked
 * (make-it-fail) all do, but only when its countdown to the first one (fail-nth) has ended; of other threads none does.
 */
static void set_up_injection(void)
{
	set_injection("failslab/ignore-gfp-wait", "0");
	set_injection("failslab/verbose", "0");
	set_injection("failslab/task-filter", "1");
	set_injection("failslab/times", "-1");
	set_injection("failslab/probability", "100");
	set_injection("fail_page_alloc/ignore-gfp-wait", "0");
	set_injection("fail_page_alloc/ignore-gfp-highmem", "0");
	set_injection("fail_page_alloc/min-order", "0");
	set_injection("fail_page_alloc/verbose", "0");
	set_injection("fail_page_alloc/task-filter", "1");
	set_injection("fail_page_alloc/times", "-1");
	set_injection("fail_page_alloc/probability", "100");
	set_injection("fail_usercopy/verbose", "0");
}

static void take_injection_down(void)
{
	set_injection("failslab/probability", "0");
	set_injection("fail_page_alloc/probability", "0");
}

/*
 * A page of ours that has to come while all allocations fail would be tried for over and over, and a stack that has to grow
 * while one fails is a segmentation fault. A struct stream takes 700 KiB of it.
 */
static int hold_our_pages(void)
{
	char stack[3 << 20];

	explicit_bzero(stack, sizeof(stack));
	return mlockall(MCL_CURRENT);
}

/* Of this thread, n calls from now on. */
static void inject(int fd, unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	if (pwrite(fd, text, len, 0) != len)
		abort();
}

/* Are all allocations to fail that come after it? */
static void inject_all(int fd, bool all)
{
	if (pwrite(fd, all ? "1" : "0", 1, 0) != 1)
		abort();
}

/* Ends the injection: how many calls it had still to wait for, 0 if it struck. */
static unsigned int injection_left(int fd)
{
	char text[16] = "";
	/* These two copy too: with one call left, it strikes here. */
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	while (pwrite(fd, "0", 1, 0) != 1)
		;
	return n > 0 ? strtoul(text, NULL, 10) : 1;
}

FIXTURE(fault) {
	int log, nth, all, device;
	void *image;
	size_t size;
};

static int read_image(void **image, size_t *size)
{
	int fd = open(getenv("EXPTRACE_KO"), O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	*size = st.st_size;
	*image = malloc(*size);
	if (!*image || read(fd, *image, *size) != (ssize_t)*size)
		return -EIO;
	close(fd);
	return 0;
}

FIXTURE_SETUP(fault)
{
	self->device = -1;
	self->log = log_open();
	ASSERT_LE(0, self->log);
	ASSERT_EQ(0, module_unload());
	set_up_injection();
	self->nth = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->nth);
	self->all = open(MAKE_IT_FAIL, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->all);
	ASSERT_EQ(0, read_image(&self->image, &self->size));
	ASSERT_EQ(0, hold_our_pages());
	write_file("/dev/kmsg", LOG_BEGIN);
}

FIXTURE_TEARDOWN(fault)
{
	char line[256];

	take_injection_down();
	write_file("/dev/kmsg", LOG_END);
	if (self->device >= 0)
		close(self->device);
	EXPECT_EQ(0, module_unload());
	while (log_has(self->log, NULL, line)) {
		/* The kernel's own report of the failed allocation. */
		if (!strncmp(line, "Call Trace", 10))
			continue;
		EXPECT_TRUE(false) {
			TH_LOG("kernel log: %s", line);
		}
	}
	close(self->log);
	close(self->nth);
	close(self->all);
	free(self->image);
}

static bool is_clean(int err)
{
	return err == 0 || err == -ENOMEM || err == -EFAULT;
}

/* Attempts at an operation with one failure after the other. */
struct sweep {
	const char *what;
	int error;	/* which it is to return */
	/* This one, from 0 on; every even one fails all from a call on, the one after it that call alone. */
	unsigned int attempt;
	/* How many in a row, up to this one, had nothing left to fail. */
	unsigned int unharmed;
	/* How often the operation failed; of those where all failed, how often as it is to. */
	unsigned int failed[2], wanted;
};

static bool begin_attempt(FIXTURE_DATA(fault) *self, const struct sweep *sweep)
{
	if (sweep->unharmed == 2)
		return false;
	inject_all(self->all, !(sweep->attempt % 2));
	inject(self->nth, sweep->attempt / 2 + 1);
	return true;
}

static void end_attempt(struct __test_metadata *_metadata, FIXTURE_DATA(fault) *self, struct sweep *sweep, int err)
{
	unsigned int left = injection_left(self->nth), one = sweep->attempt % 2;

	inject_all(self->all, false);
	EXPECT_TRUE(left ? !err : is_clean(err)) {
		TH_LOG("%s, call %u%s: %s", sweep->what, sweep->attempt / 2 + 1, one ? "" : " and all after it",
		       strerror(-err));
	}
	sweep->unharmed = left ? sweep->unharmed + 1 : 0;
	sweep->failed[one] += !!err;
	sweep->wanted += !one && err == sweep->error;
	sweep->attempt++;
}

/* None that failed means that nothing was tested, unless that is what is wanted. */
static void end_sweep(struct __test_metadata *_metadata, const struct sweep *sweep)
{
	TH_LOG("%s: %u attempts, failed with all calls failing from one on: %u (%u: %s), with one failing: %u", sweep->what,
	       sweep->attempt, sweep->failed[0], sweep->wanted, strerror(-sweep->error), sweep->failed[1]);
	EXPECT_LT(2, sweep->attempt);
	EXPECT_LT(0, sweep->wanted);
	EXPECT_EQ(!!sweep->error, !!sweep->failed[0]);
	EXPECT_EQ(!!sweep->error, !!sweep->failed[1]);
}

/*
 * Calls @operation with one failure after the other until there is none left, and each time @check with what it returned;
 * that sees to it that the next attempt finds what the first one found. @want is the error that it is to return at least
 * once: -ENOMEM if it allocates, -EFAULT if it only copies, 0 if nothing makes it fail.
 */
#define FAIL_EACH(want, operation, check)					\
	do {									\
		struct sweep _sweep = { .what = #operation, .error = (want) };	\
		int _err;							\
		while (begin_attempt(self, &_sweep)) {				\
			_err = (operation);					\
			end_attempt(_metadata, self, &_sweep, _err);		\
			check(_err);						\
		}								\
		end_sweep(_metadata, &_sweep);					\
	} while (0)

static int load(FIXTURE_DATA(fault) *self, const char *parameters)
{
	return syscall(SYS_init_module, self->image, self->size, parameters) ? -errno : 0;
}

/* How many calls could fail while the module is loaded. */
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
 * The kernel copies and relocates the module with hundreds of allocations of its own before it calls us: of these, only
 * some are made to fail. @ours is more than ours are.
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

static int open_device(int *fd)
{
	*fd = open(EXPTRACE_DEVICE, O_RDWR | O_CLOEXEC);
	return *fd < 0 ? -errno : 0;
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

static void load_afresh(struct __test_metadata *_metadata, FIXTURE_DATA(fault) *self, const char *parameters)
{
	if (self->device >= 0)
		close(self->device);
	ASSERT_EQ(0, module_unload());
	ASSERT_EQ(0, module_load(parameters));
	ASSERT_EQ(0, open_device(&self->device));
}

static int start_with(FIXTURE_DATA(fault) *self, uint64_t pool_size, uint32_t mode)
{
	struct exptrace_start how = {
		.batch_size = 65536, .pool_size = pool_size, .mode = mode, .flags = EXPTRACE_START_DISCARD,
	};

	return device_ioctl(self->device, EXPTRACE_IOC_START, &how);
}

/* Every batch is an allocation that may fail: just as many as are needed. */
static int start(FIXTURE_DATA(fault) *self)
{
	return start_with(self, 4 << 20, EXPTRACE_MODE_STREAM);
}

static int start_flight(FIXTURE_DATA(fault) *self)
{
	return start_with(self, 4 << 20, EXPTRACE_MODE_FLIGHT);
}

/* Room for a generation after each failure. */
static int start_roomy(FIXTURE_DATA(fault) *self)
{
	return start_with(self, 64 << 20, EXPTRACE_MODE_STREAM);
}

/* A recording is on, or there is nothing of it. */
static void check_started(struct __test_metadata *_metadata, FIXTURE_DATA(fault) *self, int err)
{
	struct exptrace_info info = device_info(self->device);

	EXPECT_EQ(!err, info.state);
	EXPECT_EQ(!err, !!info.generation);
	EXPECT_EQ(!err, !!info.batches);
	if (!err) {
		EXPECT_EQ(0, device_ioctl(self->device, EXPTRACE_IOC_STOP, NULL));
	}
}

static void check_whole(struct __test_metadata *_metadata, FIXTURE_DATA(fault) *self)
{
	struct stream stream = {};
	struct bytes bytes = {};

	ASSERT_EQ(0, bytes_drain(&bytes, self->device, 65536));
	EXPECT_EQ(0, stream_parse(&stream, bytes.data, bytes.size)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_EQ(0, stream.cut);
	bytes_free(&bytes);
	stream_free(&stream);
}

/* What the observer counts: nothing else may be attempted in a recording that is compared with it. */
#define OBSERVED_EVENTS	"events=sched,kmalloc,kfree,kmem_cache_alloc,kmem_cache_free"

/* A recording whose events BPF programs count, too. */
struct observed {
	struct observer *observer;
	struct edges edges;
};

/* Works where the kernel has no such programs: then nothing is compared. */
static void start_observed(struct __test_metadata *_metadata, FIXTURE_DATA(fault) *self, struct observed *o)
{
	const char *missing = observer_missing();

	*o = (struct observed){};
	ASSERT_EQ(0, module_load(OBSERVED_EVENTS));
	ASSERT_EQ(0, open_device(&self->device));
	if (missing) {
		TH_LOG("not compared: %s", missing);
	} else {
		o->observer = observer_open();
		ASSERT_NE(NULL, o->observer);
		ASSERT_EQ(0, observer_read(o->observer, &o->edges.before_start));
	}
	ASSERT_EQ(0, start_roomy(self));
	if (o->observer)
		ASSERT_EQ(0, observer_read(o->observer, &o->edges.after_start));
}

/* All of it is there, as it was attempted, and read by another than who was disturbed. */
static void stop_observed(struct __test_metadata *_metadata, FIXTURE_DATA(fault) *self, struct observed *o)
{
	struct attempts attempts = {};
	struct stream stream = {};
	size_t g;

	if (o->observer)
		ASSERT_EQ(0, observer_read(o->observer, &o->edges.before_stop));
	ASSERT_EQ(0, device_ioctl(self->device, EXPTRACE_IOC_STOP, NULL));
	if (o->observer)
		ASSERT_EQ(0, observer_read(o->observer, &o->edges.after_stop));
	close(self->device);
	ASSERT_EQ(0, open_device(&self->device));
	EXPECT_EQ(0, drain_and_parse(self->device, &stream)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_EQ(0, stream.cut);
	for (g = 0; g < stream.nr_generations; g++)
		attempts_add(&attempts, &stream.generations[g]);
	if (o->observer)
		EXPECT_EQ(0, attempts_differ(&attempts, &o->edges, true));
	observer_close(o->observer);
	stream_free(&stream);
}

TEST_F_TIMEOUT(fault, start_fails_cleanly, TIMEOUT)
{
	ASSERT_EQ(0, module_load("events=all"));
	ASSERT_EQ(0, open_device(&self->device));
#define CHECK_STARTED(err) check_started(_metadata, self, err)
	FAIL_EACH(-ENOMEM, start(self), CHECK_STARTED);
	/* The last one was whole: nothing is left of those that failed. */
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
 * A reader that waits for the first recording goes on waiting when it could not be started. From the last place on, since
 * once it could be started, the reader may be at an end.
 */
TEST_F_TIMEOUT(fault, reader_waits_on_when_a_start_failed, TIMEOUT)
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

#define STILL_RECORDS(err)	EXPECT_EQ(1, device_info(self->device).state)

TEST_F_TIMEOUT(fault, advance_fails_cleanly, TIMEOUT)
{
	struct observed o;

	start_observed(_metadata, self, &o);
	FAIL_EACH(-ENOMEM, advance(self), STILL_RECORDS);
	stop_observed(_metadata, self, &o);
}

static int stop(FIXTURE_DATA(fault) *self)
{
	return device_ioctl(self->device, EXPTRACE_IOC_STOP, NULL);
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

static int set_event(FIXTURE_DATA(fault) *self, int index, bool on)
{
	struct exptrace_event event = { .index = index, .flags = on ? EXPTRACE_EVENT_F_ENABLED : 0 };

	return device_ioctl(self->device, EXPTRACE_IOC_SET_EVENT, &event);
}

static bool event_is_on(FIXTURE_DATA(fault) *self, int index)
{
	struct exptrace_event event = { .index = index };

	return !device_ioctl(self->device, EXPTRACE_IOC_GET_EVENT, &event) && event.flags & EXPTRACE_EVENT_F_ENABLED;
}

/* What an event is said to be is what it is: off is possible without memory, and on what failed is off. */
TEST_F_TIMEOUT(fault, switching_an_event_fails_cleanly, TIMEOUT)
{
	int index;

	ASSERT_EQ(0, module_load(""));
	ASSERT_EQ(0, open_device(&self->device));
	index = event_index(self->device, "kmalloc");
	ASSERT_LE(0, index);
	ASSERT_EQ(0, start(self));
#define SWITCHED_ON(err)						\
	do {								\
		EXPECT_EQ(!(err), event_is_on(self, index));		\
		EXPECT_EQ(0, set_event(self, index, false));		\
	} while (0)
	FAIL_EACH(-ENOMEM, set_event(self, index, true), SWITCHED_ON);
	EXPECT_EQ(0, set_event(self, index, true));
#define SWITCHED_OFF(err)						\
	do {								\
		EXPECT_EQ(!!(err), event_is_on(self, index));		\
		EXPECT_EQ(0, set_event(self, index, true));		\
	} while (0)
	FAIL_EACH(-EFAULT, set_event(self, index, false), SWITCHED_OFF);
	EXPECT_EQ(0, stop(self));
	check_whole(_metadata, self);
}

static int set_event_with_stack(FIXTURE_DATA(fault) *self, int index)
{
	struct exptrace_event event = { .index = index, .flags = EXPTRACE_EVENT_F_ENABLED | EXPTRACE_EVENT_F_STACK };

	return device_ioctl(self->device, EXPTRACE_IOC_SET_EVENT, &event);
}

/* The room for stacks, once it is there, stays until the module is unloaded. */
TEST_F_TIMEOUT(fault, first_event_with_a_stack_fails_cleanly, TIMEOUT)
{
	int index;

	ASSERT_EQ(0, module_load(""));
	ASSERT_EQ(0, open_device(&self->device));
	index = event_index(self->device, "kmalloc");
	ASSERT_LE(0, index);
	ASSERT_EQ(0, start_roomy(self));
#define FIRST_STACK(err)						\
	do {								\
		EXPECT_EQ(!(err), event_is_on(self, index));		\
		if (!(err)) {						\
			ASSERT_EQ(0, stop(self));			\
			check_whole(_metadata, self);			\
			load_afresh(_metadata, self, "");		\
			ASSERT_EQ(0, start_roomy(self));		\
		}							\
	} while (0)
	FAIL_EACH(-ENOMEM, set_event_with_stack(self, index), FIRST_STACK);
	ASSERT_EQ(0, stop(self));
}

static int snapshot(FIXTURE_DATA(fault) *self, struct exptrace_snapshot *s)
{
	*s = (struct exptrace_snapshot){};
	return device_ioctl(self->device, EXPTRACE_IOC_SNAPSHOT, s);
}

/* A snapshot that failed may have no more than completed a generation; the next one is whole. */
TEST_F_TIMEOUT(fault, snapshot_fails_cleanly, TIMEOUT)
{
	struct exptrace_snapshot s;
	struct observed o;

	start_observed(_metadata, self, &o);
	FAIL_EACH(-ENOMEM, snapshot(self, &s), STILL_RECORDS);
	check_whole(_metadata, self);
	stop_observed(_metadata, self, &o);
}

static int set_trigger(FIXTURE_DATA(fault) *self, uint64_t us)
{
	struct exptrace_trigger trigger = { .latency_us = us };

	return device_ioctl(self->device, EXPTRACE_IOC_SET_TRIGGER, &trigger);
}

TEST_F_TIMEOUT(fault, setting_the_trigger_fails_cleanly, TIMEOUT)
{
	ASSERT_EQ(0, module_load(""));
	ASSERT_EQ(0, open_device(&self->device));
#define TRIGGER_SET(err)	EXPECT_EQ(0, set_trigger(self, 0))
	FAIL_EACH(-ENOMEM, set_trigger(self, 1000000), TRIGGER_SET);
}

/* With its probes. */
TEST_F_TIMEOUT(fault, setting_the_trigger_while_it_records_fails_cleanly, TIMEOUT)
{
	struct observed o;

	start_observed(_metadata, self, &o);
	FAIL_EACH(-ENOMEM, set_trigger(self, 1000000), TRIGGER_SET);
	stop_observed(_metadata, self, &o);
}

static int set_filter(FIXTURE_DATA(fault) *self, uint32_t cpu)
{
	uint32_t pids[] = { getpid(), getppid() };
	uint64_t cpus = 1ULL << cpu;
	struct exptrace_filter filter = {
		.flags = EXPTRACE_FILTER_CHILDREN, .nr_threads = 1, .threads = (uintptr_t)pids,
		.nr_processes = 2, .processes = (uintptr_t)pids, .nr_cpu_words = 1, .cpus = (uintptr_t)&cpus,
		.min_syscall_ns = 1, .min_switch_ns = 1,
	};

	return device_ioctl(self->device, EXPTRACE_IOC_SET_FILTER, &filter);
}

static bool has_filter(FIXTURE_DATA(fault) *self)
{
	struct exptrace_filter filter = {};

	return !device_ioctl(self->device, EXPTRACE_IOC_GET_FILTER, &filter) && filter.min_syscall_ns;
}

static int take_filter_back(FIXTURE_DATA(fault) *self)
{
	struct exptrace_filter none = {};

	return device_ioctl(self->device, EXPTRACE_IOC_SET_FILTER, &none);
}

/* All of a filter or nothing of it, whether there is one already or not. */
TEST_F_TIMEOUT(fault, setting_a_filter_fails_cleanly, TIMEOUT)
{
	ASSERT_EQ(0, module_load("events=all"));
	ASSERT_EQ(0, open_device(&self->device));
	ASSERT_EQ(0, start_roomy(self));
#define FILTER_SET(err)							\
	do {								\
		EXPECT_EQ(!(err), has_filter(self));			\
		EXPECT_EQ(0, take_filter_back(self));			\
	} while (0)
	FAIL_EACH(-ENOMEM, set_filter(self, 0), FILTER_SET);
	EXPECT_EQ(0, set_filter(self, 0));
#define FILTER_STAYS(err)	EXPECT_TRUE(has_filter(self))
	FAIL_EACH(-ENOMEM, set_filter(self, 0), FILTER_STAYS);
	ASSERT_EQ(0, stop(self));
	check_whole(_metadata, self);
}

/* As set_filter() sets it; what is told of it. */
struct told {
	struct exptrace_filter filter;
	uint32_t threads[2], processes[2];
	uint64_t cpus[1];
};

static int get_filter(FIXTURE_DATA(fault) *self, struct told *told)
{
	memset(told, 0xcc, sizeof(*told));
	told->filter = (struct exptrace_filter){
		.nr_threads = 2, .threads = (uintptr_t)told->threads, .nr_processes = 2,
		.processes = (uintptr_t)told->processes, .nr_cpu_words = 1, .cpus = (uintptr_t)told->cpus,
	};
	return device_ioctl(self->device, EXPTRACE_IOC_GET_FILTER, &told->filter);
}

static bool is_told(const struct told *told)
{
	return told->filter.nr_threads == 1 && told->filter.nr_processes == 2 && told->filter.nr_cpu_words &&
	       told->threads[0] == (uint32_t)getpid() && told->threads[1] == 0xcccccccc &&
	       told->processes[0] + told->processes[1] == (uint32_t)(getpid() + getppid()) && told->cpus[0] == 1;
}

/* What could not be told is told the next time. */
TEST_F_TIMEOUT(fault, getting_a_filter_fails_cleanly, TIMEOUT)
{
	struct told told;

	ASSERT_EQ(0, module_load(""));
	ASSERT_EQ(0, open_device(&self->device));
#define FILTER_TOLD(err)						\
	do {								\
		EXPECT_TRUE((err) || is_told(&told));			\
		EXPECT_EQ(0, get_filter(self, &told));			\
		EXPECT_TRUE(is_told(&told));				\
	} while (0)
	ASSERT_EQ(0, set_filter(self, 0));
	FAIL_EACH(-ENOMEM, get_filter(self, &told), FILTER_TOLD);
	EXPECT_EQ(0, take_filter_back(self));
}

/* Notes of when system calls begin are the largest allocation that a filter makes. */
static int set_syscall_filter(FIXTURE_DATA(fault) *self)
{
	struct exptrace_filter filter = { .min_syscall_ns = 1 };

	return device_ioctl(self->device, EXPTRACE_IOC_SET_FILTER, &filter);
}

TEST_F_TIMEOUT(fault, setting_a_filter_while_nothing_is_recorded_fails_cleanly, TIMEOUT)
{
	ASSERT_EQ(0, module_load(""));
	ASSERT_EQ(0, open_device(&self->device));
	FAIL_EACH(-ENOMEM, set_syscall_filter(self), FILTER_SET);
	FAIL_EACH(-ENOMEM, set_filter(self, 0), FILTER_SET);
}

static int mark(FIXTURE_DATA(fault) *self, int kind)
{
	struct exptrace_mark mark = { .kind = kind, .length = 1000, .text = (uintptr_t)self->image };

	if (kind == EXPTRACE_MARK_LOG) {
		mark.key_length = 1000;
		mark.key = (uintptr_t)self->image;
	}
	return device_ioctl(self->device, EXPTRACE_IOC_MARK, &mark);
}

static int write_marker(FIXTURE_DATA(fault) *self)
{
	ssize_t n = write(self->device, self->image, 1000);

	return n < 0 ? -errno : n == 1000 ? 0 : -EIO;
}

/* One that failed is not in the stream, and every other is once. */
TEST_F_TIMEOUT(fault, markers_fail_cleanly, TIMEOUT)
{
	static const int types[] = {
		EXPTRACE_EVENT_MARKER, EXPTRACE_EVENT_MARKER_BEGIN, EXPTRACE_EVENT_MARKER_END, EXPTRACE_EVENT_MARKER_LOG,
	};
	unsigned int made[4] = {}, kind;
	struct stream stream = {};
	struct bytes bytes = {};

	ASSERT_EQ(0, module_load(""));
	ASSERT_EQ(0, open_device(&self->device));
	ASSERT_EQ(0, start_roomy(self));
#define MARKED(err)	made[kind] += !(err)
	for (kind = EXPTRACE_MARK_TEXT; kind <= EXPTRACE_MARK_LOG; kind++)
		FAIL_EACH(-ENOMEM, mark(self, kind), MARKED);
	kind = EXPTRACE_MARK_TEXT;
	FAIL_EACH(-ENOMEM, write_marker(self), MARKED);
	ASSERT_EQ(0, stop(self));
	ASSERT_EQ(0, bytes_drain(&bytes, self->device, 65536));
	EXPECT_EQ(0, stream_parse(&stream, bytes.data, bytes.size)) {
		TH_LOG("%s", stream.error);
	}
	for (kind = EXPTRACE_MARK_TEXT; kind <= EXPTRACE_MARK_LOG; kind++) {
		EXPECT_LT(0, made[kind]);
		EXPECT_EQ(made[kind], stream_count(&stream, 0, types[kind], 0));
	}
	bytes_free(&bytes);
	stream_free(&stream);
}

/* Their probes are attached then: all of them or none. */
TEST_F_TIMEOUT(fault, start_with_a_filter_and_a_trigger_fails_cleanly, TIMEOUT)
{
	ASSERT_EQ(0, module_load(""));
	ASSERT_EQ(0, open_device(&self->device));
	ASSERT_EQ(0, set_filter(self, 0));
	ASSERT_EQ(0, set_trigger(self, 3000000000ULL));
	FAIL_EACH(-ENOMEM, start(self), CHECK_STARTED);
	check_whole(_metadata, self);
	EXPECT_TRUE(has_filter(self));
	EXPECT_EQ(0, take_filter_back(self));
	EXPECT_EQ(0, set_trigger(self, 0));
}

/* Reads all there is, and every second read(2) meets a copy that fails; the trace is whole nevertheless. */
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

TEST_F_TIMEOUT(fault, copy_that_fails_in_a_read_loses_nothing, TIMEOUT)
{
	record_two_generations(_metadata, self);
	ASSERT_EQ(0, stop(self));
	read_with_faults(_metadata, self);
}

TEST_F_TIMEOUT(fault, copy_that_fails_in_the_read_of_a_snapshot_loses_nothing, TIMEOUT)
{
	struct exptrace_snapshot s;

	record_two_generations(_metadata, self);
	ASSERT_EQ(0, snapshot(self, &s));
	read_with_faults(_metadata, self);
	ASSERT_EQ(0, stop(self));
}

/* Takes all there is: batches, ends of generations. Optionally every TAKE fails first. */
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

TEST_F_TIMEOUT(fault, copy_that_fails_in_a_take_loses_nothing, TIMEOUT)
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
	/* Without a snapshot. */
	close(self->device);
	ASSERT_EQ(0, open_device(&self->device));
	full = device_info(self->device).batches_full;
	EXPECT_EQ(want[0], full);
	count_taken(_metadata, self, true, got);
	EXPECT_EQ(full, got[0]);
	EXPECT_EQ(want[1], got[1]);
}

static int write_attribute(int fd, const char *text)
{
	ssize_t n = pwrite(fd, text, strlen(text), 0);

	return n < 0 ? -errno : 0;
}

TEST_F_TIMEOUT(fault, sysfs_writes_fail_cleanly, TIMEOUT)
{
	int recording, advance, events;
	char before[4096], after[4096];

	ASSERT_EQ(0, module_load("pool_mb=4 batch_kb=64"));
	ASSERT_EQ(0, open_device(&self->device));
	recording = open(SYSFS "recording", O_WRONLY | O_CLOEXEC);
	advance = open(SYSFS "advance", O_WRONLY | O_CLOEXEC);
	events = open(SYSFS "events", O_WRONLY | O_CLOEXEC);
	ASSERT_LE(0, recording);
	ASSERT_LE(0, advance);
	ASSERT_LE(0, events);
	/* A file reads one recording. */
#define STARTED_BY_SYSFS(err)						\
	do {								\
		check_started(_metadata, self, err);			\
		if (!(err))						\
			check_whole(_metadata, self);			\
		close(self->device);					\
		ASSERT_EQ(0, open_device(&self->device));		\
	} while (0)
	FAIL_EACH(-ENOMEM, write_attribute(recording, "1"), STARTED_BY_SYSFS);
	ASSERT_EQ(0, start_roomy(self));
	FAIL_EACH(-ENOMEM, write_attribute(advance, "1"), STILL_RECORDS);

	/* All of a selection or nothing. */
	read_file(SYSFS "events", before, sizeof(before));
#define SELECTED(err)							\
	do {								\
		read_file(SYSFS "events", after, sizeof(after));	\
		if (err) {						\
			EXPECT_STREQ(before, after);			\
		} else {						\
			EXPECT_STRNE(before, after);			\
		}							\
		EXPECT_EQ(0, write_attribute(events, "sched"));		\
	} while (0)
	FAIL_EACH(-ENOMEM, write_attribute(events, "alloc"), SELECTED);
	FAIL_EACH(-ENOMEM, write_attribute(events, "+sched_waking:stack,alloc:stack"), SELECTED);

#define STOPPED_BY_SYSFS(err)						\
	do {								\
		EXPECT_EQ(!!(err), device_info(self->device).state);	\
		if (!(err)) {						\
			check_whole(_metadata, self);			\
			EXPECT_EQ(0, start(self));			\
		}							\
	} while (0)
	FAIL_EACH(-ENOMEM, write_attribute(recording, "0"), STOPPED_BY_SYSFS);
	EXPECT_EQ(0, stop(self));
	check_whole(_metadata, self);
	close(recording);
	close(advance);
	close(events);
}

/* Opened and read to its end. */
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

/* It tells what it can without memory: all but the lists. */
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
