// SPDX-License-Identifier: GPL-2.0-only
/* The debugfs file "state" while generations are recorded, read and given up. */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "state.h"


#define HOLDER		"/sys/module/exptrace_holder/parameters/"

TEST_F(module, state_describes_each_generation_during_and_after_recording)
{
	struct exptrace_start start = start_small();
	unsigned int batches[3] = {};
	struct exptrace_info info;
	struct stream stream = {};
	static struct state s;
	uint64_t first;
	int i;

	ASSERT_EQ(0, state_read(&s));
	EXPECT_EQ(0, s.nr);
	EXPECT_EQ(1, state_number(&s, "lists_read"));
	EXPECT_EQ(0, state_number(&s, "recordings_begun"));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	first = device_info(self->control).generation;
	for (i = 0; i < 2; i++) {
		ASSERT_LT(0, work_pingpong(500));
		ASSERT_EQ(first + i, device_advance(self->control));
	}
	ASSERT_TRUE(WAIT_FOR(state_and_info(self->control, &s, &info)));
	ASSERT_EQ(3, s.nr);
	EXPECT_TRUE(is_listed(&s, 0, first, "complete", false));
	EXPECT_TRUE(is_listed(&s, 1, first + 1, "complete", false));
	EXPECT_TRUE(is_listed(&s, 2, first + 2, "open", false));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(1, s.list[i].recording);
		EXPECT_EQ(s.list[i].pushed, s.list[i].batches);
		EXPECT_EQ(i == 2, s.list[i].reserved > 0);
	}
	EXPECT_LT(0, s.list[0].events);
	EXPECT_EQ(info.batches_full, batches_listed(&s));
	EXPECT_EQ(3, state_number(&s, "generations"));
	EXPECT_EQ(s.list[2].reserved, state_number(&s, "reserved"));
	EXPECT_EQ(first + 2, info.generation);
	EXPECT_EQ(first % 2 ? 0 : first + 2, state_number(&s, "writing parity 0: generation"));
	EXPECT_EQ(first % 2 ? first + 2 : 0, state_number(&s, "writing parity 1: generation"));
	EXPECT_EQ(0, state_number(&s, "taken") | state_number(&s, "frozen") | state_number(&s, "reading") |
		     state_number(&s, "dead") | state_number(&s, "not_shown") | state_number(&s, "closed") |
		     state_number(&s, "periodic_pending") | state_number(&s, "recordings_ended"));

	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	ASSERT_TRUE(state_and_info(self->control, &s, &info));
	ASSERT_EQ(3, s.nr);
	EXPECT_TRUE(is_listed(&s, 2, first + 2, "complete", false));
	EXPECT_EQ(info.batches_full, batches_listed(&s));
	EXPECT_EQ(1, state_number(&s, "recordings_ended"));
	EXPECT_EQ(0, state_number(&s, "reserved") | s.list[2].reserved | state_number(&s, "writing parity 0: generation") |
		     state_number(&s, "writing parity 1: generation"));
	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, take_and_parse(self->reader, &stream, batches)) {
		TH_LOG("%s", stream.error);
	}
	ASSERT_EQ(3, stream.nr_generations);
	for (i = 0; i < 3; i++)
		EXPECT_TRUE(is_as_listed(&stream, i, batches[i], &s.list[i]));
	stream_free(&stream);
	ASSERT_EQ(0, state_read(&s));
	EXPECT_EQ(0, s.nr);
	EXPECT_EQ(0, state_number(&s, "generations"));
}

TEST_F(module, state_shows_what_a_reader_and_a_snapshot_hold)
{
	struct exptrace_start start = start_small();
	struct exptrace_snapshot shot = {};
	struct exptrace_batch_ref ref;
	unsigned int batches[3] = {};
	struct exptrace_info info;
	struct stream stream = {};
	static struct state s;
	struct listed before;
	size_t i;

	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	for (i = 0; i < 2; i++) {
		ASSERT_LT(0, work_pingpong(500));
		ASSERT_LT(0, device_advance(self->control));
	}
	ASSERT_EQ(0, state_read(&s));
	before = s.list[0];
	ASSERT_EQ(0, device_ioctl(self->reader, EXPTRACE_IOC_TAKE, &ref));
	ASSERT_TRUE(WAIT_FOR(state_and_info(self->control, &s, &info)));
	EXPECT_EQ(1, state_number(&s, "taken"));
	EXPECT_EQ(ref.generation, state_number(&s, "reading"));
	EXPECT_TRUE(is_listed(&s, 0, ref.generation, "complete", true));
	EXPECT_TRUE(is_listed(&s, 1, ref.generation + 1, "complete", false));
	EXPECT_EQ(before.batches - 1, s.list[0].batches);
	EXPECT_EQ(before.pushed, s.list[0].pushed);
	EXPECT_EQ(info.batches_full, batches_listed(&s));
	ASSERT_EQ(0, device_ioctl(self->reader, EXPTRACE_IOC_GIVE, NULL));
	ASSERT_EQ(0, state_read(&s));
	EXPECT_EQ(0, state_number(&s, "taken"));

	ASSERT_EQ(0, device_ioctl(self->reader, EXPTRACE_IOC_SNAPSHOT, &shot));
	ASSERT_EQ(0, state_read(&s));
	EXPECT_EQ(ref.generation + 1, shot.first);
	EXPECT_EQ(shot.last, state_number(&s, "frozen"));
	EXPECT_TRUE(is_listed(&s, 0, ref.generation, "complete", true));
	EXPECT_TRUE(is_listed(&s, 2, shot.last, "complete", false));
	EXPECT_TRUE(is_listed(&s, 3, shot.last + 1, "open", false));
	ASSERT_EQ(0, take_and_parse(self->reader, &stream, batches)) {
		TH_LOG("%s", stream.error);
	}
	ASSERT_EQ(2, stream.nr_generations);
	for (i = 0; i < 2; i++)
		EXPECT_TRUE(is_as_listed(&stream, i, batches[i], &s.list[1 + i]));
	stream_free(&stream);
	ASSERT_EQ(0, state_read(&s));
	EXPECT_EQ(0, state_number(&s, "frozen"));
}

TEST_F(module, state_shows_the_oldest_and_newest_of_many_generations)
{
	struct exptrace_start start = start_small();
	unsigned long long first, last;
	static struct state s;
	int i;

	start.pool_size = 16 << 20;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	for (i = 1; i < MOST_LISTED; i++)
		ASSERT_LT(0, device_advance(self->control));
	last = device_info(self->control).generation;
	first = last - MOST_LISTED + 1;
	ASSERT_EQ(0, state_read(&s));
	EXPECT_EQ(0, state_number(&s, "not_shown"));
	ASSERT_EQ(MOST_LISTED, s.nr);
	for (i = 0; i < MOST_LISTED; i++)
		EXPECT_EQ(first + i, s.list[i].gen);
	for (i = 0; i < 3; i++)
		ASSERT_LT(0, device_advance(self->control));
	ASSERT_EQ(0, state_read(&s));
	EXPECT_EQ(MOST_LISTED + 3, state_number(&s, "generations"));
	EXPECT_EQ(3, state_number(&s, "not_shown"));
	ASSERT_EQ(MOST_LISTED, s.nr);
	for (i = 0; i < MOST_LISTED; i++)
		EXPECT_EQ(first + i + (i < MOST_LISTED / 2 ? 0 : 3), s.list[i].gen);
	EXPECT_STREQ("open", s.list[MOST_LISTED - 1].state);
}

TEST_F(module, state_counts_evicted_generations)
{
	struct exptrace_start start = start_small();
	static struct state s;

	start.mode = EXPTRACE_MODE_FLIGHT;
	start.pool_size = 1 << 20;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	ASSERT_TRUE(WAIT_FOR(device_advance(self->control) > 0 && device_info(self->control).evicted_generations));
	ASSERT_EQ(0, state_read(&s));
	EXPECT_LE(1, state_number(&s, "dead"));
	EXPECT_GE(device_info(self->control).evicted_generations, state_number(&s, "dead"));
	EXPECT_EQ(state_number(&s, "generations"), s.nr + state_number(&s, "not_shown"));
}

/*
 * A generation that becomes large is ended, but not one that becomes large while it ends: the
 * batches that every CPU has begun, and the tables, may make it large.
 */
TEST_F(module, advance_does_not_trigger_another_advance)
{
	struct exptrace_start start = start_small();
	char text[1000];
	static struct state s;
	uint64_t first;

	memset(text, 'x', sizeof(text));
	/* 128 batches, so a generation of 16 is large. */
	start.pool_size = 512 << 10;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	first = device_info(self->control).generation;
	do {
		ASSERT_EQ((ssize_t)sizeof(text), write(self->control, text, sizeof(text)));
		ASSERT_EQ(0, state_read(&s));
	} while (s.list[0].pushed < 14);
	ASSERT_GT(16, s.list[0].pushed);
	ASSERT_EQ(first, device_advance(self->control));
	usleep(300000);
	ASSERT_EQ(0, state_read(&s));
	EXPECT_LE(16, s.list[0].pushed);
	EXPECT_EQ(first + 1, device_info(self->control).generation);
}

static bool holder_is(const char *answer)
{
	char text[16];

	return !strcmp(answer, read_file(HOLDER "holding", text, sizeof(text)));
}

/* A process on CPU 1 that takes the pool's lock, because it opens the device for reading. */
static pid_t fork_holder(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(pin_to_cpu(0, 1) || device_open(O_RDONLY) < 0);
	return pid;
}

/*
 * Poll without sleeping: while one CPU has interrupts off, a sleeper on any CPU may not be woken in
 * time.
 */
static bool lock_is_held(void)
{
	long long end = now_ms() + DEADLINE_MS;

	while (!holder_is("Y"))
		if (now_ms() > end)
			return false;
	return true;
}

/*
 * Nothing is recorded: a CPU that recorded would wait for the lock, too, and nobody would release
 * it.
 */
TEST_F(module, state_is_readable_while_the_pool_lock_is_held)
{
	struct exptrace_start start = start_small();
	static struct state before, held, after;
	bool was_held;
	int status;
	pid_t pid;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "needs two CPUs");
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	syscall(SYS_delete_module, "exptrace_holder", 0);
	if (access("/sys/kernel/debug/kprobes", F_OK))
		SKIP(return, "the kernel has no kprobes");
	ASSERT_EQ(0, module_load_helper("exptrace_holder.ko", "cpu=1"));
	ASSERT_EQ(0, pin_to_cpu(0, 0));
	ASSERT_EQ(0, state_read(&before));
	ASSERT_EQ(1, state_number(&before, "lists_read"));
	pid = fork_holder();
	was_held = lock_is_held();
	EXPECT_EQ(0, state_read(&held));
	EXPECT_TRUE(was_held);
	EXPECT_TRUE(holder_is("Y"));
	EXPECT_EQ(0, write_file(HOLDER "release", "1"));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(1, state_number(&held, "pool_locked"));
	EXPECT_EQ(0, state_number(&held, "lists_read"));
	EXPECT_EQ(0, held.nr);
	EXPECT_EQ(state_number(&before, "full"), state_number(&held, "full"));
	EXPECT_EQ(state_number(&before, "generations"), state_number(&held, "generations"));
	EXPECT_EQ(0, state_read(&after));
	EXPECT_EQ(1, state_number(&after, "lists_read"));
	EXPECT_EQ(before.nr, after.nr);
	EXPECT_EQ(0, syscall(SYS_delete_module, "exptrace_holder", 0));
}

TEST_HARNESS_MAIN
