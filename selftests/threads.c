// SPDX-License-Identifier: GPL-2.0-only
/*
 * Thousands of threads: their description in a generation leaves room for events and for history.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "fixture.h"
#include "recording.h"

#define THREADS		6000
#define STACK		1024
#define PERIOD_MS	100
#define SECONDS		4

/* A child with many threads that do nothing. */
struct crowd {
	pid_t pid;
	int pipe;
};

static int sleep_for_ever(void *unused)
{
	(void)unused;
	while (syscall(SYS_pause))
		;
	return 0;
}

/*
 * The threads share everything but their stacks, so that each costs little more than its kernel
 * part.
 */
static void create_threads(int pipe, unsigned int nr)
{
	const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
	char *stacks = mmap(NULL, (size_t)nr * STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int made = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	syscall(SYS_gettid);	/* resolve it now: the dynamic linker needs more than such a small stack */
	while (stacks != MAP_FAILED && made < nr && clone(sleep_for_ever, stacks + (size_t)(made + 1) * STACK, flags, NULL) > 0)
		made++;
	if (write(pipe, &made, sizeof(made)) < 0)
		_exit(1);
	sleep_for_ever(NULL);
}

/* Returns the number of threads. */
static unsigned int crowd_begin(struct crowd *crowd, unsigned int nr)
{
	unsigned int made = 0;
	int ends[2];

	if (pipe(ends))
		return 0;
	crowd->pid = fork();
	if (!crowd->pid)
		create_threads(ends[1], nr);
	close(ends[1]);
	if (read(ends[0], &made, sizeof(made)) != sizeof(made))
		made = 0;
	close(ends[0]);
	return made;
}

static void crowd_end(struct crowd *crowd)
{
	kill(crowd->pid, SIGKILL);
	waitpid(crowd->pid, NULL, 0);
}

static int start_flight(int fd, uint64_t pool_size, unsigned int period_ms)
{
	struct exptrace_start args = {
		.batch_size = 4096, .mode = EXPTRACE_MODE_FLIGHT, .pool_size = pool_size, .period_ms = period_ms,
		.flags = EXPTRACE_START_DISCARD,
	};

	return device_ioctl(fd, EXPTRACE_IOC_START, &args);
}

/* Time from the first generation's beginning to the last one's end. */
static double seconds_of(const struct stream *stream)
{
	const struct stream_generation *first = &stream->generations[0];
	const struct stream_generation *last = &stream->generations[stream->nr_generations - 1];

	return (last->close.mono - first->open.mono) / 1e9;
}

static void work_for(unsigned int ms)
{
	long long end = now_ms() + ms;

	while (now_ms() < end) {
		work_pingpong(20);
		usleep(1000);
	}
}

TEST_F(module, generations_of_many_threads_leave_room_for_history)
{
	struct exptrace_snapshot shot = {};
	struct stream stream = { .flight = true };
	struct crowd crowd = {};
	unsigned int made;
	uint64_t first;
	double seconds;

	made = crowd_begin(&crowd, THREADS);
	if (made < THREADS) {
		crowd_end(&crowd);
		SKIP(return, "only %u threads of %u can be made here", made, THREADS);
	}
	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, start_flight(self->control, 2 << 20, PERIOD_MS));
	first = device_info(self->control).generation;
	work_for(SECONDS * 1000);
	ASSERT_EQ(0, device_ioctl(self->reader, EXPTRACE_IOC_SNAPSHOT, &shot));
	ASSERT_EQ(0, drain_and_parse(self->reader, &stream)) {
		TH_LOG("%s", stream.error);
	}
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	crowd_end(&crowd);
	ASSERT_LT(0, stream.nr_generations);
	seconds = seconds_of(&stream);
	TH_LOG("%llu generations, of which %zu are there, span %.2f s", shot.last - first + 1, stream.nr_generations, seconds);
	EXPECT_TRUE(stream_all_whole(&stream));
	EXPECT_GT(SECONDS * 1000 / PERIOD_MS / 2, shot.last - first);
	EXPECT_LT(SECONDS / 2., seconds);
	stream_free(&stream);
}

TEST_HARNESS_MAIN
