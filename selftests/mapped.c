// SPDX-License-Identifier: GPL-2.0-only
/* The mapped pool: TAKE and GIVE. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "flight.h"

/* Take the whole recording out of the mapped pool. */
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
	ASSERT_LT(0, device_advance(self->control));
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
	/* The pool stays while it is mapped. */
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
	/* Nor can it be written the way a debugger writes to read-only memory. */
	memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, memory);
	EXPECT_EQ(1, pread(memory, &c, 1, (off_t)pool));
	EXPECT_EQ(-1, pwrite(memory, &c, 1, (off_t)pool));
	close(memory);
	ASSERT_EQ(0, munmap(pool, info.pool_size));
	/* A private mapping cannot be written, either. */
	pool = mmap(NULL, info.pool_size, PROT_READ, MAP_PRIVATE, self->reader, 0);
	ASSERT_NE(MAP_FAILED, pool);
	EXPECT_EQ(-1, mprotect(pool, info.pool_size, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	ASSERT_EQ(0, munmap(pool, info.pool_size));
}

/*
 * A child keeps half of the mapping, moved elsewhere: any part of a mapping keeps the pool, and no
 * mapping can grow.
 */
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
	/* When everything has been read, only the mapping keeps the pool. */
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
		/* Blocks until the parent closes the other end. */
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

TEST_F(module, killed_reader_returns_its_batch)
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

TEST_HARNESS_MAIN
