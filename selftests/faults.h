/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * If an allocation or a copy from user space fails inside an operation, the operation fails cleanly
 * and as a whole, nothing is lost, and it works when tried again. Each operation runs with its
 * first, second, ... call failing, until no call is left to fail: once with this call alone, and
 * once with all allocations after it failing as well, because what has a fallback (kvmalloc(), one
 * of the kernel's own caches) fails only then. This needs the fault injection of a debug kernel
 * (scripts/debug-kernel.sh). scripts/leakcheck.sh looks for leaks once at the end, because a scan
 * of kmemleak takes half a minute.
 */
#ifndef EXPTRACE_SELFTEST_FAULTS_H
#define EXPTRACE_SELFTEST_FAULTS_H

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "attempts.h"
#include "fixture.h"


#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define MAKE_IT_FAIL	"/proc/thread-self/make-it-fail"

/* More than any operation allocates. */
#define MANY		1000000

/*
 * The kernel reports allocations of its own that failed; vm.sh ignores such reports between these
 * lines.
 */
#define LOG_BEGIN	"exptrace-faults: failed allocations are wanted\n"
#define LOG_END		"exptrace-faults: failed allocations are not wanted any more\n"

/* In seconds. Loading the module makes some hundred allocations, and so takes as many attempts. */
#define TIMEOUT		1200

static inline void __attribute__((constructor)) skip_without_fault_injection(void)
{
	if (!access(FAIL_NTH, W_OK))
		return;
	printf("TAP version 13\n1..0 # SKIP the kernel has no fault injection (%s)\n", FAIL_NTH);
	exit(4);
}

static inline void set_injection(const char *what, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s", what);
	write_file(path, value);
}

/*
 * Let every allocation fail, even those that may sleep, and do not log it. All allocations of a
 * marked thread (make-it-fail) fail, but only after its countdown to the first failure (fail-nth)
 * has ended. Those of other threads do not fail.
 */
static inline void set_up_injection(void)
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

static inline void take_injection_down(void)
{
	set_injection("failslab/probability", "0");
	set_injection("fail_page_alloc/probability", "0");
}

/*
 * While all allocations fail, a page fault of ours would be retried forever, and one failure to
 * grow the stack is a segmentation fault. So fault everything in first. A struct stream takes 700
 * KiB of stack.
 */
static inline int hold_our_pages(void)
{
	char stack[3 << 20];

	explicit_bzero(stack, sizeof(stack));
	return mlockall(MCL_CURRENT);
}

/* Let this thread's @n-th call from now on fail. */
static inline void inject(int fd, unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	if (pwrite(fd, text, len, 0) != len)
		abort();
}

/* Should all allocations after that call fail, too? */
static inline void inject_all(int fd, bool all)
{
	if (pwrite(fd, all ? "1" : "0", 1, 0) != 1)
		abort();
}

/* End the injection: how many calls before the failing one were left, 0 if it has failed. */
static inline unsigned int injection_left(int fd)
{
	char text[16] = "";
	/* These two copy, too: with one call left, the failure happens here. */
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

static inline int read_image(void **image, size_t *size)
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

static inline bool is_clean(int err)
{
	return err == 0 || err == -ENOMEM || err == -EFAULT;
}

/* Attempts at an operation, each with another failure. */
struct sweep {
	const char *what;
	int error;	/* expected at least once */
	/*
	 * Number of this attempt. In even attempts all calls from one on fail; in the odd attempt
	 * that follows, only that one.
	 */
	unsigned int attempt;
	/* How many attempts in a row, including this one, had nothing left to fail. */
	unsigned int unharmed;
	/*
	 * How often the operation failed, by kind of attempt; of those where all calls failed, how
	 * often with the expected error.
	 */
	unsigned int failed[2], wanted;
};

static inline bool begin_attempt(FIXTURE_DATA(fault) *self, const struct sweep *sweep)
{
	if (sweep->unharmed == 2)
		return false;
	inject_all(self->all, !(sweep->attempt % 2));
	inject(self->nth, sweep->attempt / 2 + 1);
	return true;
}

static inline void end_attempt(struct __test_metadata *_metadata, FIXTURE_DATA(fault) *self, struct sweep *sweep, int err)
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

/* If nothing failed, nothing was tested, unless that is expected. */
static inline void end_sweep(struct __test_metadata *_metadata, const struct sweep *sweep)
{
	TH_LOG("%s: %u attempts, failed with all calls failing from one on: %u (%u: %s), with one failing: %u", sweep->what,
	       sweep->attempt, sweep->failed[0], sweep->wanted, strerror(-sweep->error), sweep->failed[1]);
	EXPECT_LT(2, sweep->attempt);
	EXPECT_LT(0, sweep->wanted);
	EXPECT_EQ(!!sweep->error, !!sweep->failed[0]);
	EXPECT_EQ(!!sweep->error, !!sweep->failed[1]);
}

/*
 * Call @operation with one failure after the other until there is none left, and after each call
 * @check with the result. @check restores the state for the next attempt. @want is the error that
 * must occur at least once: -ENOMEM if the operation allocates, -EFAULT if it only copies, 0 if
 * nothing can fail.
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

static inline int open_device(int *fd)
{
	*fd = open(EXPTRACE_DEVICE, O_RDWR | O_CLOEXEC);
	return *fd < 0 ? -errno : 0;
}

static inline void load_afresh(struct __test_metadata *_metadata, FIXTURE_DATA(fault) *self, const char *parameters)
{
	if (self->device >= 0)
		close(self->device);
	ASSERT_EQ(0, module_unload());
	ASSERT_EQ(0, module_load(parameters));
	ASSERT_EQ(0, open_device(&self->device));
}

static inline int start_with(FIXTURE_DATA(fault) *self, uint64_t pool_size, uint32_t mode)
{
	struct exptrace_start how = {
		.batch_size = 65536, .pool_size = pool_size, .mode = mode, .flags = EXPTRACE_START_DISCARD,
	};

	return device_ioctl(self->device, EXPTRACE_IOC_START, &how);
}

/* Every batch is an allocation that may fail, so the pool is as small as possible. */
static inline int start(FIXTURE_DATA(fault) *self)
{
	return start_with(self, 4 << 20, EXPTRACE_MODE_STREAM);
}

static inline int start_flight(FIXTURE_DATA(fault) *self)
{
	return start_with(self, 4 << 20, EXPTRACE_MODE_FLIGHT);
}

/* Room for a generation after each failure. */
static inline int start_roomy(FIXTURE_DATA(fault) *self)
{
	return start_with(self, 64 << 20, EXPTRACE_MODE_STREAM);
}

/* Either a recording is on, or nothing is left of it. */
static inline void check_started(struct __test_metadata *_metadata, FIXTURE_DATA(fault) *self, int err)
{
	struct exptrace_info info = device_info(self->device);

	EXPECT_EQ(!err, info.state);
	EXPECT_EQ(!err, !!info.generation);
	EXPECT_EQ(!err, !!info.batches);
	if (!err) {
		EXPECT_EQ(0, device_ioctl(self->device, EXPTRACE_IOC_STOP, NULL));
	}
}

#define CHECK_STARTED(err) check_started(_metadata, self, err)

static inline void check_whole(struct __test_metadata *_metadata, FIXTURE_DATA(fault) *self)
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

/*
 * The events that the observer counts. A recording that is compared with it must attempt no others.
 */
#define OBSERVED_EVENTS	"events=sched,kmalloc,kfree,kmem_cache_alloc,kmem_cache_free"

/* A recording whose events are also counted by BPF programs. */
struct observed {
	struct observer *observer;
	struct edges edges;
};

/* Where the kernel has no such programs, nothing is compared. */
static inline void start_observed(struct __test_metadata *_metadata, FIXTURE_DATA(fault) *self, struct observed *o)
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

/* Another reader than the disturbed one finds every event that was attempted. */
static inline void stop_observed(struct __test_metadata *_metadata, FIXTURE_DATA(fault) *self, struct observed *o)
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

#define STILL_RECORDS(err)	EXPECT_EQ(1, device_info(self->device).state)

static inline int stop(FIXTURE_DATA(fault) *self)
{
	return device_ioctl(self->device, EXPTRACE_IOC_STOP, NULL);
}

#endif
