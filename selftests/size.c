// SPDX-License-Identifier: GPL-2.0-only
/*
 * How large batches and the pool must be on any machine, including those with many possible CPUs.
 */
#include <sys/ioctl.h>

#include "fixture.h"

#define MIB		(1ULL << 20)

/* Start arguments with batches of this size, or of a page if that is larger. */
static struct exptrace_start batches_of(uint32_t size)
{
	return (struct exptrace_start){ .batch_size = size, .flags = EXPTRACE_START_DISCARD };
}

static uint32_t page_size(void)
{
	return (uint32_t)sysconf(_SC_PAGESIZE);
}

static int start(int fd, struct exptrace_start args)
{
	return device_ioctl(fd, EXPTRACE_IOC_START, &args);
}

/* The kernel's answer, with the whole argument. */
static int least_pool(int fd, struct exptrace_start *args)
{
	return device_ioctl(fd, EXPTRACE_IOC_LEAST_POOL, args);
}

TEST_F(module, defaults_work)
{
	struct exptrace_start args = { .batch_size = EXPTRACE_START_DEFAULT, .period_ms = EXPTRACE_START_DEFAULT };
	uint32_t size;

	EXPECT_EQ(0, write_file("/sys/class/misc/exptrace/recording", "1"));
	EXPECT_EQ(0, write_file("/sys/class/misc/exptrace/recording", "0"));
	args.flags = EXPTRACE_START_DISCARD;
	EXPECT_EQ(0, start(self->control, args));
	EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	for (size = page_size(); size <= EXPTRACE_BATCH_MAX; size *= 2) {
		EXPECT_EQ(0, start(self->control, batches_of(size))) {
			TH_LOG("batches of %u bytes", size);
		}
		EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	}
}

TEST_F(module, LEAST_POOL_returns_the_smallest_pool_that_START_accepts)
{
	struct exptrace_start args;
	uint64_t least;
	uint32_t size;

	for (size = page_size(); size <= EXPTRACE_BATCH_MAX; size *= 2) {
		args = batches_of(size);
		args.pool_size = 1;
		ASSERT_EQ(0, least_pool(self->control, &args));
		EXPECT_EQ(size, args.batch_size);
		least = args.pool_size;
		ASSERT_LT(size, least);
		EXPECT_EQ(0, least % size);
		args.pool_size = least - 1;
		EXPECT_EQ(-EINVAL, start(self->control, args));
		args.pool_size = least;
		ASSERT_EQ(0, start(self->control, args));
		/* It is enough for successive generations. */
		EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_ADVANCE, &(struct exptrace_advance){}));
		EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	}
}

TEST_F(module, LEAST_POOL_changes_nothing_and_works_on_any_open_file)
{
	struct exptrace_start args = batches_of(EXPTRACE_START_DEFAULT);
	struct exptrace_info before, after;

	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	before = device_info(self->control);
	ASSERT_EQ(0, least_pool(self->reader, &args));
	EXPECT_EQ(16384 > page_size() ? 16384 : page_size(), args.batch_size);
	EXPECT_EQ(EXPTRACE_START_DISCARD, args.flags);
	after = device_info(self->control);
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
	/* Also during a recording. */
	ASSERT_EQ(0, start(self->control, batches_of(EXPTRACE_START_DEFAULT)));
	EXPECT_EQ(0, least_pool(self->reader, &args));
	EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
}

TEST_F(module, LEAST_POOL_refuses_what_START_refuses)
{
	struct exptrace_start args = batches_of(3000);

	EXPECT_EQ(-EINVAL, least_pool(self->control, &args));
	args = batches_of(page_size() / 2);
	EXPECT_EQ(-EINVAL, least_pool(self->control, &args));
	args = batches_of(65536);
	args.mode = 2;
	EXPECT_EQ(-EINVAL, least_pool(self->control, &args));
	args = batches_of(65536);
	args.flags = 1U << 31;
	EXPECT_EQ(-EINVAL, least_pool(self->control, &args));
	args = batches_of(65536);
	args.reserved[0] = 1;
	EXPECT_EQ(-EINVAL, least_pool(self->control, &args));
	args = batches_of(65536);
	args.quota[0] = 101;
	EXPECT_EQ(-EINVAL, least_pool(self->control, &args));
	EXPECT_EQ(-EFAULT, device_ioctl(self->control, EXPTRACE_IOC_LEAST_POOL, NULL));
}

TEST_F(module, START_with_too_small_a_pool_logs_the_smallest)
{
	struct exptrace_start args = batches_of(65536);
	char want[64], line[256];
	int log = log_open();

	ASSERT_LE(0, log);
	ASSERT_EQ(0, least_pool(self->control, &args));
	snprintf(want, sizeof(want), "too small: %llu KiB (pool_mb=%llu)", args.pool_size / 1024,
		 (args.pool_size + MIB - 1) / MIB);
	args.pool_size = 65536;
	EXPECT_EQ(-EINVAL, start(self->control, args));
	EXPECT_TRUE(WAIT_FOR(log_has(log, want, line))) {
		TH_LOG("want %s", want);
	}
	close(log);
}

TEST_HARNESS_MAIN
