// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pool's lock is held for a bounded time, whatever the size of the pool and the number of generations.
 *
 *   scripts/vm.sh --icount -- make -C selftests run_tests ONLY=holds
 *
 * where a nanosecond of the guest is one instruction. EXPTRACE_HOLDS_POOL_MB is the size of the pool (64), and
 * EXPTRACE_HOLDS_GENERATIONS the number of generations in a snapshot (400).
 */
#include "fixture.h"

#include <sys/mman.h>

/*
 * In instructions, including those that read the clock twice. docs/design.md promises 10,000 on any
 * machine; a lower limit here shows earlier what grows with the pool.
 */
#define MOST		2000

#define LONGEST_HOLD	"/sys/kernel/debug/exptrace/longest_hold"

static void __attribute__((constructor)) skip_without_icount(void)
{
	if (getenv("EXPTRACE_ICOUNT"))
		return;
	printf("TAP version 13\n1..0 # SKIP time is not counted in instructions here: needs vm.sh --icount\n");
	exit(4);
}

FIXTURE(holds) {
	int log, control, reader;
	struct exptrace_start args;
	unsigned int generations;
};

FIXTURE_SETUP(holds)
{
	const char *pool = getenv("EXPTRACE_HOLDS_POOL_MB"), *generations = getenv("EXPTRACE_HOLDS_GENERATIONS");

	self->reader = -1;
	self->args = (struct exptrace_start){
		.pool_size = (uint64_t)(pool ? atoi(pool) : 64) << 20,
		.batch_size = 4096,
		.mode = EXPTRACE_MODE_FLIGHT,
	};
	self->generations = generations ? atoi(generations) : 400;
	LOAD_MODULE("time_holds=1");
	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
}

FIXTURE_TEARDOWN(holds)
{
	if (self->reader >= 0)
		close(self->reader);
	UNLOAD_MODULE();
}

/*
 * Write this many bytes of markers, the quickest way to fill batches; false if that fails for
 * another reason than a full pool.
 */
static bool fill(int fd, uint64_t bytes)
{
	static char text[1024];
	uint64_t written;

	memset(text, 'x', sizeof(text));
	for (written = 0; written < bytes; written += sizeof(text))
		if (write(fd, text, sizeof(text)) < 0 && errno != ENOBUFS)
			return false;
	return true;
}

static void forget(void)
{
	write_file(LONGEST_HOLD, "0");
}

/* Check and log the longest hold since the last check. */
#define EXPECT_SHORT_HOLDS(what)								\
	do {											\
		char _text[128];								\
		read_file(LONGEST_HOLD, _text, sizeof(_text));					\
		TH_LOG("%s: %s", what, _text);							\
		EXPECT_LT(0, atoll(_text));							\
		EXPECT_GE(MOST, atoll(_text));							\
		forget();									\
	} while (0)

/* Finding a generation to evict does not walk those that a snapshot holds. */
TEST_F_TIMEOUT(holds, frozen_generations_do_not_lengthen_holds, 1500)
{
	struct exptrace_snapshot shot = {};
	unsigned int i;

	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &self->args));
	for (i = 0; i < self->generations; i++)
		ASSERT_LT(0, device_advance(self->control));
	EXPECT_SHORT_HOLDS("many generations");
	ASSERT_EQ(0, device_ioctl(self->reader, EXPTRACE_IOC_SNAPSHOT, &shot));
	EXPECT_LE(self->generations / 2, shot.last - shot.first);
	EXPECT_SHORT_HOLDS("snapshot");
	/*
	 * First everything that is not held is evicted, then the current generation overwrites
	 * itself.
	 */
	ASSERT_TRUE(fill(self->control, self->args.pool_size));
	EXPECT_SHORT_HOLDS("storm beside a snapshot");
	for (i = 0; i < 10; i++) {
		int64_t done = device_advance(self->control);

		/* A very large snapshot may leave no room for another generation. */
		ASSERT_TRUE(done > 0 || done == -ENOBUFS);
		ASSERT_TRUE(fill(self->control, 1 << 20));
	}
	EXPECT_SHORT_HOLDS("advances beside a snapshot");
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	EXPECT_SHORT_HOLDS("stop beside a snapshot");
}

static int skim(int fd)
{
	static char buffer[1 << 20];
	ssize_t n;

	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		;
	return n;
}

/* A snapshot is released as a whole, with everything it held. */
TEST_F_TIMEOUT(holds, released_and_evicted_generations_do_not_lengthen_holds, 1500)
{
	struct exptrace_snapshot shot = {};
	unsigned int i;

	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &self->args));
	for (i = 0; i < self->generations / 4; i++) {
		ASSERT_LT(0, device_advance(self->control));
		ASSERT_TRUE(fill(self->control, 4096));
	}
	ASSERT_EQ(0, device_ioctl(self->reader, EXPTRACE_IOC_SNAPSHOT, &shot));
	ASSERT_EQ(0, skim(self->reader));
	EXPECT_SHORT_HOLDS("a snapshot that is read");
	/*
	 * Fill one large generation, so that all others are evicted; then begin another, which
	 * needs its reserve.
	 */
	ASSERT_TRUE(fill(self->control, self->args.pool_size + self->args.pool_size / 8));
	ASSERT_LT(0, device_advance(self->control));
	ASSERT_LT(0, device_advance(self->control));
	EXPECT_SHORT_HOLDS("a storm longer than the pool");
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	ASSERT_EQ(0, skim(self->reader));
	EXPECT_SHORT_HOLDS("all that is read");
}

/* A full pool is discarded as quickly as an empty one. */
TEST_F_TIMEOUT(holds, discarding_does_not_lengthen_holds, 1500)
{
	unsigned int i;

	self->args.mode = EXPTRACE_MODE_STREAM;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &self->args));
	for (i = 0; i < 20; i++)
		ASSERT_LT(0, device_advance(self->control));
	ASSERT_TRUE(fill(self->control, self->args.pool_size));
	EXPECT_SHORT_HOLDS("a pool that becomes full");
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	EXPECT_LT(device_info(self->control).batches / 2, device_info(self->control).batches_full);
	self->args.flags = EXPTRACE_START_DISCARD;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &self->args));
	EXPECT_SHORT_HOLDS("discard");
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
}

/* An experiment over its quota gives up its own batch, no matter what lies before it. */
TEST_F_TIMEOUT(holds, quotas_do_not_lengthen_holds, 1500)
{
	unsigned int i;

	self->args.quota[EXPTRACE_EXPERIMENT_ALLOCFREE] = 1;
	ASSERT_EQ(0, event_set(self->control, "kmalloc", true));
	ASSERT_EQ(0, event_set(self->control, "kfree", true));
	ASSERT_EQ(0, event_set(self->control, "kmem_cache_alloc", true));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &self->args));
	ASSERT_TRUE(fill(self->control, self->args.pool_size / 2));
	for (i = 0; i < 2000; i++)
		close(open("/proc/self/status", O_RDONLY));
	EXPECT_SHORT_HOLDS("an experiment over its quota");
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
}

TEST_HARNESS_MAIN
