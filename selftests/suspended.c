// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stopped reader holds up nobody: recording, ADVANCE and STOP continue. When the reader
 * continues, its stream is whole.
 */
#define _GNU_SOURCE
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "fixture.h"

#define PAGE		4096
#define LOG_SIZE	(64UL << 20)

/* At least this many generations are evicted while the reader is stopped. */
#define EVICTED		3

/* Where the reader is stopped. */
enum where {
	INSIDE_A_BATCH,		/* between two calls of read(2), after a part of a batch */
	IN_THE_COPY,		/* in read(2): the page that it copies to is missing */
	WAITING,		/* in read(2), which has nothing to deliver */
	WITH_A_BATCH,		/* with a batch of the mapped pool taken */
};

FIXTURE(suspended) {
	int log, control;
	pid_t reader;
	struct shared *shared;
	struct stream stream;
};

FIXTURE_VARIANT(suspended) {
	int mode;
	enum where where;
};

#define VARIANTS(where, WHERE)										\
	FIXTURE_VARIANT_ADD(suspended, stream_##where) { EXPTRACE_MODE_STREAM, WHERE };			\
	FIXTURE_VARIANT_ADD(suspended, flight_##where) { EXPTRACE_MODE_FLIGHT, WHERE }

VARIANTS(inside_a_batch, INSIDE_A_BATCH);
VARIANTS(in_the_copy, IN_THE_COPY);
VARIANTS(waiting, WAITING);
VARIANTS(with_a_batch, WITH_A_BATCH);

/* Shared by the reader and the test: what was read, and the reader's state. */
struct shared {
	bool in_the_copy;	/* the reader waits for the page */
	bool go_on;		/* the page may be provided */
	bool no_faults;		/* the kernel has no userfaultfd */
	size_t size;
	uint8_t data[];
};

FIXTURE_SETUP(suspended)
{
	(void)variant;
	memset(self, 0, sizeof(*self));
	self->reader = -1;
	LOAD_MODULE("");
	self->shared = mmap(NULL, LOG_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ASSERT_NE(MAP_FAILED, self->shared);
	ASSERT_EQ(0, event_set(self->control, "kmalloc", true));
	ASSERT_EQ(0, event_set(self->control, "kmem_cache_alloc", true));
	ASSERT_EQ(0, event_set(self->control, "kmem_cache_free", true));
	ASSERT_EQ(0, event_set(self->control, "kfree", true));
}

FIXTURE_TEARDOWN(suspended)
{
	(void)variant;
	if (self->reader > 0) {
		kill(self->reader, SIGKILL);
		waitpid(self->reader, NULL, 0);
	}
	UNLOAD_MODULE();
	stream_free(&self->stream);
	munmap(self->shared, LOG_SIZE);
}

/* The reader. Its exit code says what went wrong. */

static void keep(struct shared *s, const void *data, size_t n)
{
	if (s->size + n > LOG_SIZE - sizeof(*s))
		_exit(20);
	memcpy(s->data + s->size, data, n);
	__atomic_store_n(&s->size, s->size + n, __ATOMIC_RELEASE);
}

static void read_some(struct shared *s, int fd, void *buffer, size_t size)
{
	ssize_t n = read(fd, buffer, size);

	if (n <= 0)
		_exit(n ? 21 : 0);
	keep(s, buffer, n);
}

static void read_all(struct shared *s, int fd)
{
	static char buffer[65536];

	for (;;)
		read_some(s, fd, buffer, sizeof(buffer));
}

static void read_part_of_a_batch(struct shared *s, int fd)
{
	char buffer[EXPTRACE_HEADER_SIZE + 10];

	/* The header, and ten bytes of the first batch. */
	read_some(s, fd, buffer, sizeof(buffer));
	raise(SIGSTOP);
	read_all(s, fd);
}

struct fault {
	struct shared *shared;
	int uffd;
};

/*
 * Provide the missing page once allowed. A thread that waits for a page cannot be stopped by a
 * signal.
 */
static void *give_page(void *arg)
{
	struct fault *f = arg;
	struct uffdio_zeropage zero;
	struct uffd_msg message;

	if (read(f->uffd, &message, sizeof(message)) != sizeof(message))
		_exit(22);
	__atomic_store_n(&f->shared->in_the_copy, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&f->shared->go_on, __ATOMIC_ACQUIRE))
		usleep(1000);
	zero = (struct uffdio_zeropage){ .range = { message.arg.pagefault.address & -PAGE, PAGE } };
	if (ioctl(f->uffd, UFFDIO_ZEROPAGE, &zero))
		_exit(23);
	return NULL;
}

/* Make a page missing until allowed; false if the kernel has no userfaultfd. */
static bool make_fault(struct fault *f, void *page)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .range = { (uintptr_t)page, PAGE }, .mode = UFFDIO_REGISTER_MODE_MISSING };
	pthread_t thread;

	f->uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (f->uffd < 0 && errno == ENOSYS)
		return false;
	if (ioctl(f->uffd, UFFDIO_API, &api) || ioctl(f->uffd, UFFDIO_REGISTER, &reg) ||
	    pthread_create(&thread, NULL, give_page, f))
		_exit(24);
	return true;
}

/* The page is missing after the header and ten bytes of the first batch. */
static void read_to_a_missing_page(struct shared *s, int fd)
{
	uint8_t *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t before = EXPTRACE_HEADER_SIZE + 10;
	struct fault fault = { .shared = s };

	if (pages == MAP_FAILED)
		_exit(25);
	if (!make_fault(&fault, pages + PAGE)) {
		__atomic_store_n(&s->no_faults, true, __ATOMIC_RELEASE);
		_exit(0);
	}
	read_some(s, fd, pages + PAGE - before, before + PAGE);
	read_all(s, fd);
}

/* A taken batch does not change. */
static void stop_with_a_batch(const uint8_t *batch, size_t size)
{
	uint8_t *copy = malloc(size);

	memcpy(copy, batch, size);
	raise(SIGSTOP);
	if (memcmp(copy, batch, size))
		_exit(26);
	free(copy);
}

static void take_all(struct shared *s, int fd)
{
	static const char header[EXPTRACE_HEADER_SIZE] = EXPTRACE_HEADER_MAGIC;
	static const uint8_t mark = EXPTRACE_WIRE_END_OF_GENERATION;
	uint8_t *pool = mmap(NULL, device_info(fd).pool_size, PROT_READ, MAP_SHARED, fd, 0);
	struct exptrace_batch_ref ref;

	if (pool == MAP_FAILED)
		_exit(27);
	keep(s, header, sizeof(header));
	while (!device_ioctl(fd, EXPTRACE_IOC_TAKE, &ref)) {
		if (ref.kind == EXPTRACE_REF_END)
			_exit(0);
		if (ref.kind == EXPTRACE_REF_BATCH && s->size == sizeof(header))
			stop_with_a_batch(pool + ref.offset, ref.length);
		if (ref.kind == EXPTRACE_REF_BATCH)
			keep(s, pool + ref.offset, ref.length);
		else
			keep(s, &mark, 1);
	}
	_exit(28);
}

static pid_t begin_to_read(struct shared *s, enum where where)
{
	pid_t pid = fork();
	int fd;

	if (pid)
		return pid;
	fd = device_open(O_RDONLY);
	if (fd < 0)
		_exit(29);
	switch (where) {
	case INSIDE_A_BATCH:
		read_part_of_a_batch(s, fd);
		break;
	case IN_THE_COPY:
		read_to_a_missing_page(s, fd);
		break;
	case WAITING:
		read_all(s, fd);
		break;
	case WITH_A_BATCH:
		take_all(s, fd);
		break;
	}
	_exit(30);
}

/* The test. */

/* The reader has read everything. It sleeps nowhere else. */
static bool waits_for_more(FIXTURE_DATA(suspended) *self)
{
	return __atomic_load_n(&self->shared->size, __ATOMIC_ACQUIRE) > EXPTRACE_HEADER_SIZE && process_state(self->reader) == 'S';
}

static bool is_in_the_copy(const struct shared *s)
{
	return __atomic_load_n(&s->in_the_copy, __ATOMIC_ACQUIRE) || __atomic_load_n(&s->no_faults, __ATOMIC_ACQUIRE);
}

static void suspend(struct __test_metadata *_metadata, FIXTURE_DATA(suspended) *self, enum where where)
{
	int status;

	self->reader = begin_to_read(self->shared, where);
	ASSERT_LT(0, self->reader);
	if (where == IN_THE_COPY) {
		ASSERT_TRUE(WAIT_FOR(is_in_the_copy(self->shared)));
		return;
	}
	if (where == WAITING) {
		ASSERT_TRUE(WAIT_FOR(waits_for_more(self)));
		ASSERT_EQ(0, kill(self->reader, SIGSTOP));
	}
	ASSERT_EQ(self->reader, waitpid(self->reader, &status, WUNTRACED));
	ASSERT_TRUE(WIFSTOPPED(status)) {
		TH_LOG("the reader has ended: %#x", status);
	}
}

/* Let the reader continue to the end of the stream. */
static void resume(struct __test_metadata *_metadata, FIXTURE_DATA(suspended) *self)
{
	int status;

	__atomic_store_n(&self->shared->go_on, true, __ATOMIC_RELEASE);
	ASSERT_EQ(0, kill(self->reader, SIGCONT));
	ASSERT_EQ(self->reader, waitpid(self->reader, &status, 0));
	self->reader = -1;
	ASSERT_TRUE(WIFEXITED(status));
	ASSERT_EQ(0, WEXITSTATUS(status));
}

static void work(void)
{
	int i, pipes[2];

	for (i = 0; i < 500 && !pipe(pipes); i++) {
		close(pipes[0]);
		close(pipes[1]);
	}
}

/* The pool fills, then new events are lost and counted. No call waits for the reader. */
static void record_beside_a_stream(struct __test_metadata *_metadata, int fd)
{
	uint64_t lost;
	int64_t done;

	work();
	EXPECT_LT(0, device_advance(fd));
	ASSERT_TRUE(WAIT_FOR((work(), lost = device_info(fd).lost)));
	ASSERT_TRUE(WAIT_FOR((work(), device_info(fd).lost > lost)));
	done = device_advance(fd);
	EXPECT_TRUE(done > 0 || done == -ENOBUFS);
}

/*
 * New generations begin, and the oldest that nobody reads are evicted. A generation that has its
 * share of the pool ends by itself, at any time.
 */
static void record_beside_a_flight(struct __test_metadata *_metadata, int fd)
{
	ASSERT_TRUE(WAIT_FOR((work(), device_advance(fd) > 0 && device_info(fd).evicted_generations >= EVICTED)));
}

static uint64_t decoded_in(const struct stream_generation *g)
{
	uint64_t sum = 0;
	int cpu;

	for (cpu = 0; cpu < STREAM_CPUS; cpu++)
		sum += g->count[EXPTRACE_EXPERIMENT_ALLOCFREE][cpu].decoded;
	return sum;
}

/* From generation @first on. */
static uint64_t decoded_from(const struct stream *stream, uint64_t first)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < stream->nr_generations; i++)
		if (stream->generations[i].number >= first)
			sum += decoded_in(&stream->generations[i]);
	return sum;
}

/* The generations in between were evicted and counted; none is missing after that. */
static void check_flight(struct __test_metadata *_metadata, const struct stream *stream, uint64_t evicted, uint64_t newest)
{
	const struct stream_generation *g = stream->generations, *last = g + stream->nr_generations - 1;

	ASSERT_LE(3, stream->nr_generations);
	EXPECT_EQ(g->number + evicted + 1, g[1].number);
	EXPECT_EQ(last->number - g[1].number, last - &g[1]);
	EXPECT_LE(newest, last->number);
	EXPECT_LT(0, decoded_from(stream, newest));
}

TEST_F(suspended, stopped_reader_holds_up_nobody)
{
	struct exptrace_start args = start_small();
	struct exptrace_info info;
	uint64_t first, newest, last;
	size_t i;

	/* Small enough to fill on the debug kernel. */
	args.pool_size = 1 << 20;
	args.mode = variant->mode;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &args));
	first = device_info(self->control).generation;
	if (variant->where != WAITING) {
		work();
		ASSERT_LT(0, device_advance(self->control));
	}
	suspend(_metadata, self, variant->where);
	if (self->shared->no_faults)
		SKIP(return, "the kernel has no userfaultfd");
	if (variant->mode == EXPTRACE_MODE_STREAM)
		record_beside_a_stream(_metadata, self->control);
	else
		record_beside_a_flight(_metadata, self->control);
	newest = device_info(self->control).generation;
	work();
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	info = device_info(self->control);
	/* A generation may have ended by itself after @newest was read. */
	last = recorder_state("next_generation") - 1;
	ASSERT_LE(newest, last);
	resume(_metadata, self);
	self->stream.flight = variant->mode == EXPTRACE_MODE_FLIGHT;
	ASSERT_EQ(0, stream_parse(&self->stream, self->shared->data, self->shared->size)) {
		TH_LOG("%s", self->stream.error);
	}
	EXPECT_EQ(0, self->stream.cut);
	ASSERT_LE(2, self->stream.nr_generations);
	for (i = 0; i < self->stream.nr_generations; i++)
		EXPECT_TRUE(self->stream.generations[i].whole && self->stream.generations[i].ended &&
			    self->stream.generations[i].ledger);
	/* The generation that was being read is there, and so is the last one. */
	EXPECT_EQ(first, self->stream.generations[0].number);
	EXPECT_LT(0, decoded_in(&self->stream.generations[0]));
	EXPECT_EQ(last, self->stream.generations[self->stream.nr_generations - 1].number);
	if (variant->mode == EXPTRACE_MODE_FLIGHT) {
		check_flight(_metadata, &self->stream, info.evicted_generations, newest);
	} else {
		EXPECT_EQ(info.lost, stream_lost(&self->stream));
	}
	TH_LOG("%zu generations, %llu evicted, %llu events lost", self->stream.nr_generations,
	       (unsigned long long)info.evicted_generations, (unsigned long long)info.lost);
}

TEST_HARNESS_MAIN
