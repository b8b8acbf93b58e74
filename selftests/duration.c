// SPDX-License-Identifier: GPL-2.0-only
/* Filters by duration: only long system calls, and only switches after long runs. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "filter.h"

static uint64_t *slept;

static uint64_t mono(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void sleep_and_call(void)
{
	struct timespec time = { .tv_nsec = 5 * MSEC };
	uint64_t begin = mono();

	syscall(SYS_nanosleep, &time, NULL);
	*slept = mono() - begin;
	call_the_kernel();
}

TEST_F(module, only_long_system_calls_are_attempted)
{
	const uint64_t min = 2 * MSEC;
	const struct stream_event *e;
	struct recording r = {};
	struct worker worker;
	size_t at = 0, long_ones = 0, sleeps = 0;

	slept = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, slept);
	ASSERT_EQ(0, worker_begin(&worker, sleep_and_call));
	ASSERT_EQ(0, record_only(self->control, "sys_enter", "sys_exit", "sys_enter_args", NULL));
	/*
	 * It sleeps in a call that began before the recording, so the duration is unknown when it
	 * ends.
	 */
	ASSERT_TRUE(WAIT_FOR(process_state(worker.pid) == 'S'));
	ASSERT_EQ(0, filter_set(self->control, (struct exptrace_filter) { .min_syscall_ns = min }));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_TRUE(worker_run(&worker));
	STOP_AND_DECODE(&r);
	while ((e = next_of(&r, EXPTRACE_EVENT_SYS_CALL, 0, &at))) {
		EXPECT_LE(min, e->arg[2].value);
		long_ones += e->pid == worker.pid;
		if (e->pid != worker.pid || e->arg[0].value != SYS_nanosleep)
			continue;
		EXPECT_EQ(0, (int64_t)e->arg[1].value);
		EXPECT_LE(5 * MSEC, e->arg[2].value);
		EXPECT_GE(*slept, e->arg[2].value);
		sleeps++;
	}
	EXPECT_EQ(1, sleeps);
	EXPECT_EQ(0, stream_count(&r.stream, 0, EXPTRACE_EVENT_SYS_ENTER, 0));
	EXPECT_EQ(0, stream_count(&r.stream, 0, EXPTRACE_EVENT_SYS_ENTER_ARGS, 0));
	/* The call with the unknown beginning. */
	at = 0;
	e = next_of(&r, EXPTRACE_EVENT_SYS_EXIT, worker.pid, &at);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(SYS_read, e->arg[0].value);
	EXPECT_EQ(NULL, next_of(&r, EXPTRACE_EVENT_SYS_EXIT, worker.pid, &at));
	/* As many calls were short, and most of them are missing. */
	EXPECT_GT(CALLS / 2, long_ones);
	EXPECT_EXACT(&r);
	EXPECT_TRUE(stream_says(&r, "system calls of 2000000 ns or more"));
	recording_free(&r);
	worker_end(&worker);
	munmap(slept, 4096);
}

/*
 * Notes about calls begin with the recording: a call that began in an earlier recording and ended
 * after it leaves none.
 */
TEST_F(module, calls_of_an_earlier_recording_are_forgotten)
{
	struct recording first = {}, r = {};
	const struct stream_event *e;
	struct worker worker;
	size_t at = 0, i;

	ASSERT_EQ(0, worker_begin(&worker, call_the_kernel));
	ASSERT_EQ(0, record_only(self->control, "sys_enter", "sys_exit", NULL));
	ASSERT_EQ(0, filter_set(self->control, (struct exptrace_filter) { .min_syscall_ns = MSEC }));
	ASSERT_EQ(0, recording_start(self->control));
	/* It waits for the next request; this call is noted. */
	ASSERT_TRUE(worker_run(&worker));
	ASSERT_TRUE(WAIT_FOR(process_state(worker.pid) == 'S'));
	STOP_AND_DECODE(&first);
	for (i = 0; i < 2; i++)
		ASSERT_TRUE(worker_run(&worker));
	ASSERT_TRUE(WAIT_FOR(process_state(worker.pid) == 'S'));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_TRUE(worker_run(&worker));
	STOP_AND_DECODE(&r);
	/* The same call again, begun without a note, must not last since the old note. */
	while ((e = next_of(&r, EXPTRACE_EVENT_SYS_CALL, worker.pid, &at)))
		EXPECT_NE(SYS_read, e->arg[0].value);
	at = 0;
	e = next_of(&r, EXPTRACE_EVENT_SYS_EXIT, worker.pid, &at);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(SYS_read, e->arg[0].value);
	recording_free(&first);
	recording_free(&r);
	worker_end(&worker);
}

static void end_in_a_call(void)
{
	pid_t pid = fork();

	if (!pid)
		syscall(SYS_exit, 0);
	waitpid(pid, NULL, 0);
	*slept = pid;
}

/* A thread exits during a call. A new thread with the same id must not inherit the note. */
TEST_F(module, note_of_an_exited_thread_is_not_inherited)
{
	const struct stream_event *e;
	struct recording r = {};
	struct worker worker;
	size_t at = 0;
	pid_t pid;

	if (access(NS_LAST_PID, W_OK))
		SKIP(return, "this kernel lacks " NS_LAST_PID);
	slept = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, slept);
	ASSERT_EQ(0, worker_begin(&worker, end_in_a_call));
	ASSERT_EQ(0, record_only(self->control, "sys_enter", "sys_exit", NULL));
	ASSERT_EQ(0, filter_set(self->control, (struct exptrace_filter) { .min_syscall_ns = MSEC }));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_TRUE(worker_run(&worker));
	pid = *slept;
	usleep(20000);
	if (fork_as(pid) < 0) {
		device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL);
		SKIP(return, "the id cannot be had again");
	}
	STOP_AND_DECODE(&r);
	/* Its first end is that of the fork(2) that it did not begin. */
	e = next_of(&r, EXPTRACE_EVENT_SYS_EXIT, pid, &at);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(0, e->arg[1].value);
	at = 0;
	while ((e = next_of(&r, EXPTRACE_EVENT_SYS_CALL, pid, &at)))
		EXPECT_NE(SYS_exit, e->arg[0].value);
	EXPECT_EXACT(&r);
	recording_free(&r);
	worker_end(&worker);
	munmap(slept, 4096);
}

/* fork(2) with this pid for the child: 0 in the child; -1 if the pid is taken. */
static pid_t fork_with_id(pid_t pid)
{
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
			 set_tid_size, cgroup;
	} args = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1 };

	return syscall(SYS_clone3, &args, sizeof(args));
}

/* Threads whose notes hash to the same few slots; see kmod/filter/duration.c. */
#define NOTES		8
#define GROUP_OF(pid)	((uint32_t)(pid) * 0x61c88647U >> (32 - 11))
#define SLEEPERS	(NOTES + 3)

/* A call that finds no slot in the table is recorded, without its duration. */
TEST_F(module, call_without_a_note_is_recorded)
{
	size_t at = 0, n = 0, i, timed = 0, untimed = 0;
	pid_t sleepers[SLEEPERS], pid;
	const struct stream_event *e;
	struct recording r = {};
	int wake[2];

	ASSERT_EQ(0, pipe(wake));
	ASSERT_EQ(0, record_only(self->control, "sys_enter", "sys_exit", NULL));
	ASSERT_EQ(0, filter_set(self->control, (struct exptrace_filter) { .min_syscall_ns = MSEC }));
	ASSERT_EQ(0, recording_start(self->control));
	for (pid = 10000; n < SLEEPERS && pid < 32768; pid++) {
		if (GROUP_OF(pid) != GROUP_OF(10000))
			continue;
		sleepers[n] = fork_with_id(pid);
		if (!sleepers[n]) {
			close(wake[1]);
			await(wake[0]);
			_exit(0);
		}
		n += sleepers[n] > 0;
	}
	/* All are in that call at the same time, for longer than the minimum duration. */
	for (i = 0; i < n; i++)
		ASSERT_TRUE(WAIT_FOR(process_state(sleepers[i]) == 'S'));
	usleep(2000);
	close(wake[1]);
	close(wake[0]);
	for (i = 0; i < n; i++)
		waitpid(sleepers[i], NULL, 0);
	STOP_AND_DECODE(&r);
	if (n < SLEEPERS) {
		recording_free(&r);
		SKIP(return, "not enough ids are free");
	}
	for (i = 0; i < n; i++) {
		size_t of_this = timed + untimed;

		at = 0;
		while ((e = next_of(&r, EXPTRACE_EVENT_SYS_CALL, sleepers[i], &at)))
			timed += e->arg[0].value == SYS_read;
		at = 0;
		while ((e = next_of(&r, EXPTRACE_EVENT_SYS_EXIT, sleepers[i], &at)))
			untimed += e->arg[0].value == SYS_read;
		EXPECT_EQ(of_this + 1, timed + untimed);
	}
	/* Threads that wake may take the slots of sleeping ones, so there may be fewer. */
	EXPECT_GE(NOTES, timed);
	EXPECT_EXACT(&r);
	recording_free(&r);
}

/* Exit by one of the calls that do not return. */
static void end_by(unsigned int way)
{
	if (way % 3 == 0)
		syscall(SYS_exit, 0);
	if (way % 3 == 1)
		syscall(SYS_exit_group, 0);
#ifdef __x86_64__
	/* The exit(2) of 32-bit programs, where the kernel runs them. */
	if (!access("/proc/sys/abi/vsyscall32", F_OK))
		asm volatile("int $0x80" : : "a" (1), "b" (0));
#endif
	_exit(0);
}

/* One after the other they take the slots that the note of @pid could have. */
static unsigned int end_threads_like(pid_t pid)
{
	unsigned int n = 0;
	pid_t id, child;

	for (id = 1000; id < 32768; id++) {
		if (id == pid || GROUP_OF(id) != GROUP_OF(pid))
			continue;
		child = fork_with_id(id);
		if (!child)
			end_by(n);
		if (child > 0)
			waitpid(child, NULL, 0);
		n += child > 0;
	}
	return n;
}

/* No matter how many threads exit, a thread that is in a call keeps its slot. */
TEST_F(module, exited_threads_leave_no_note)
{
	size_t at = 0, timed = 0, others = 0;
	const struct stream_event *e;
	struct recording r = {};
	unsigned int ended;
	struct worker worker;

	ASSERT_EQ(0, worker_begin(&worker, call_the_kernel));
	ASSERT_EQ(0, record_only(self->control, "sys_enter", "sys_exit", NULL));
	ASSERT_EQ(0, filter_set(self->control, (struct exptrace_filter) { .min_syscall_ns = 1 }));
	ASSERT_TRUE(WAIT_FOR(process_state(worker.pid) == 'S'));
	ASSERT_EQ(0, recording_start(self->control));
	/* The next call, in which it then waits, is noted. */
	ASSERT_TRUE(worker_run(&worker));
	ASSERT_TRUE(WAIT_FOR(process_state(worker.pid) == 'S'));
	ended = end_threads_like(worker.pid);
	ASSERT_TRUE(worker_run(&worker));
	STOP_AND_DECODE(&r);
	if (ended < NOTES) {
		recording_free(&r);
		worker_end(&worker);
		SKIP(return, "not enough ids are free");
	}
	while ((e = next_of(&r, EXPTRACE_EVENT_SYS_CALL, worker.pid, &at)))
		timed += e->arg[0].value == SYS_read;
	at = 0;
	while ((e = next_of(&r, EXPTRACE_EVENT_SYS_EXIT, worker.pid, &at)))
		others += e->arg[0].value == SYS_read;
	EXPECT_EQ(1, timed);
	/* The call that began before the recording. */
	EXPECT_EQ(1, others);
	recording_free(&r);
	worker_end(&worker);
}

/* Real-time priority, so that no other thread preempts it. */
static void run_and_sleep(void)
{
	struct sched_param fifo = { .sched_priority = 60 };
	uint64_t end;
	int i;

	if (sched_setscheduler(0, SCHED_FIFO, &fifo))
		_exit(1);
	for (i = 0; i < 5; i++) {
		end = mono() + 50 * MSEC;
		while (mono() < end)
			;
		usleep(1000);
	}
}

/* One thread runs for long, and two do not. */
TEST_F(module, only_switches_after_long_runs_are_attempted)
{
	uint64_t last[STREAM_CPUS] = {};
	const struct stream_event *e;
	struct recording all = {}, r = {};
	struct worker worker;
	size_t at = 0, from = 0;

	ASSERT_EQ(0, worker_begin(&worker, run_and_sleep));
	ASSERT_EQ(0, record_only(self->control, "sched_switch", NULL));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_LT(0, work_pingpong(200));
	STOP_AND_DECODE(&all);
	recording_free(&all);

	ASSERT_EQ(0, filter_set(self->control, (struct exptrace_filter) { .min_switch_ns = 20 * MSEC }));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_LT(0, work_pingpong(200));
	ASSERT_TRUE(worker_run(&worker));
	STOP_AND_DECODE(&r);
	while ((e = next_of(&r, EXPTRACE_EVENT_SCHED_SWITCH, 0, &at))) {
		uint64_t cpu = e->m >> 2;

		/*
		 * Two recorded switches of a CPU are at least as far apart as the run before the
		 * second.
		 */
		if (last[cpu]) {
			EXPECT_LE(15 * MSEC, (e->time - last[cpu]) * 1000000000ULL /
				  r.stream.generations[0].open.frequency);
		}
		last[cpu] = e->time;
		from += e->pid == worker.pid;
	}
	EXPECT_LE(1, from);
	EXPECT_GT(100, nr_events(&r));
	EXPECT_EXACT(&r);
	recording_free(&r);
	worker_end(&worker);
}

TEST_HARNESS_MAIN
