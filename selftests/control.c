// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which calls wait for others: a control operation may take long, for a grace period or the memory
 * of a large pool.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "recording.h"

#define SYSFS		"/sys/class/misc/exptrace/"
#define GRACE		"/sys/module/exptrace_grace/parameters/"

#define ADVANCES	30

/* No grace period ends while kmod/test/grace.c holds one. */
static bool grace_is_held(void)
{
	char text[16];

	return !strcmp("Y", read_file(GRACE "holding", text, sizeof(text)));
}

static void *advance(void *control)
{
	struct exptrace_advance advance = {};

	return (void *)(intptr_t)device_ioctl(*(int *)control, EXPTRACE_IOC_ADVANCE, &advance);
}

/* Record on CPU 0. */
static int begin(int control)
{
	struct exptrace_start args = start_small();

	return pin_to_cpu(0, 0) ? -errno : device_ioctl(control, EXPTRACE_IOC_START, &args);
}

/*
 * CPU 1 is held, and an ADVANCE holds exptrace.control until CPU 1 is released. That takes seconds,
 * so test one call at a time.
 */
static bool hold_control(int *control, pthread_t *thread)
{
	uint64_t before = recorder_state("generation");

	if (module_load_helper("exptrace_grace.ko", "cpu=1") || pthread_create(thread, NULL, advance, control))
		return false;
	return WAIT_FOR(recorder_state("generation") == before + 1 && recorder_state("control_locked"));
}

static int let_control_go(pthread_t thread)
{
	void *result;

	if (write_file(GRACE "release", "1") || pthread_join(thread, &result) ||
	    syscall(SYS_delete_module, "exptrace_grace", 0))
		return -EIO;
	return (intptr_t)result;
}

/* All calls that only report something. */
TEST_F(module, queries_do_not_wait_for_control)
{
	static const char *const files[] = {
		SYSFS "recording", SYSFS "generation", SYSFS "events", SYSFS "filter", SYSFS "trigger_latency_us",
		"/sys/kernel/debug/exptrace/state",
	};
	struct exptrace_info info = {};
	struct exptrace_event event = {};
	struct exptrace_syscalls calls = {};
	struct exptrace_filter filter = {};
	static char text[65536];
	pthread_t thread;
	size_t i;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "needs two CPUs");
	ASSERT_EQ(0, begin(self->control));
	ASSERT_TRUE(hold_control(&self->control, &thread));
	EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_INFO, &info));
	EXPECT_EQ(2, info.generation);
	EXPECT_EQ(4 << 20, info.pool_size);
	EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_GET_EVENT, &event));
	EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_GET_SYSCALLS, &calls));
	EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_GET_FILTER, &filter));
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		EXPECT_NE(0, strlen(read_file(files[i], text, sizeof(text)))) {
			TH_LOG("%s", files[i]);
		}
	}
	EXPECT_TRUE(grace_is_held());
	EXPECT_EQ(0, let_control_go(thread));
}

static int ioctl_of_own(int flags, unsigned long request, void *arg)
{
	int fd = device_open(flags);

	return fd < 0 ? fd : device_ioctl(fd, request, arg);
}

static int start(void)
{
	struct exptrace_start args = start_small();

	return ioctl_of_own(O_WRONLY, EXPTRACE_IOC_START, &args);
}

static int stop(void)
{
	return ioctl_of_own(O_WRONLY, EXPTRACE_IOC_STOP, NULL);
}

static int advance_again(void)
{
	struct exptrace_advance args = {};

	return ioctl_of_own(O_WRONLY, EXPTRACE_IOC_ADVANCE, &args);
}

static int set_event(void)
{
	struct exptrace_event args = {};

	return ioctl_of_own(O_WRONLY, EXPTRACE_IOC_SET_EVENT, &args);
}

static int snapshot(void)
{
	struct exptrace_snapshot args = {};

	return ioctl_of_own(O_RDWR, EXPTRACE_IOC_SNAPSHOT, &args);
}

static int wait_for_snapshot(void)
{
	struct exptrace_snapshot args = { .flags = EXPTRACE_SNAPSHOT_WAIT };

	return ioctl_of_own(O_RDWR, EXPTRACE_IOC_SNAPSHOT, &args);
}

static int set_trigger(void)
{
	struct exptrace_trigger args = { .latency_us = 1000000 };

	return ioctl_of_own(O_WRONLY, EXPTRACE_IOC_SET_TRIGGER, &args);
}

static int set_syscalls(void)
{
	struct exptrace_syscalls args = {};

	return ioctl_of_own(O_WRONLY, EXPTRACE_IOC_SET_SYSCALLS, &args);
}

static int set_syscall_tables(void)
{
	struct exptrace_syscall_tables args = {};

	return ioctl_of_own(O_WRONLY, EXPTRACE_IOC_SET_SYSCALL_TABLES, &args);
}

static int set_filter(void)
{
	struct exptrace_filter args = { .min_switch_ns = 1 };

	return ioctl_of_own(O_WRONLY, EXPTRACE_IOC_SET_FILTER, &args);
}

static int write_recording(void)
{
	return write_file(SYSFS "recording", "0");
}

static int write_advance(void)
{
	return write_file(SYSFS "advance", "1");
}

static int write_events(void)
{
	return write_file(SYSFS "events", "none");
}

static int write_latency(void)
{
	return write_file(SYSFS "trigger_latency_us", "1000000");
}

static const struct waiting_call {
	const char *name;
	int (*call)(void);
} waiting_calls[] = {
	{ "START", start }, { "STOP", stop }, { "ADVANCE", advance_again }, { "SET_EVENT", set_event },
	{ "SNAPSHOT", snapshot }, { "SNAPSHOT, waiting", wait_for_snapshot }, { "SET_TRIGGER", set_trigger },
	{ "SET_SYSCALLS", set_syscalls }, { "SET_SYSCALL_TABLES", set_syscall_tables },
	{ "SET_FILTER", set_filter }, { "recording", write_recording },
	{ "advance", write_advance }, { "events", write_events }, { "trigger_latency_us", write_latency },
};

static bool is_asleep(pid_t pid)
{
	char state = process_state(pid);

	return state == 'S' || state == 'D';
}

/* A process that sleeps in the call. */
static pid_t fork_waiting(int (*call)(void))
{
	int ready[2];
	pid_t pid;
	char c;

	if (pipe(ready))
		return -1;
	pid = fork();
	if (!pid) {
		if (write(ready[1], "", 1) == 1)
			call();
		_exit(1);
	}
	if (read(ready[0], &c, 1) != 1 || !WAIT_FOR(is_asleep(pid)))
		pid = -1;
	close(ready[0]);
	close(ready[1]);
	return pid;
}

TEST_F(module, process_waiting_for_control_can_be_killed)
{
	pthread_t thread;
	int status;
	size_t i;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "needs two CPUs");
	ASSERT_EQ(0, begin(self->control));
	for (i = 0; i < sizeof(waiting_calls) / sizeof(waiting_calls[0]); i++) {
		pid_t pid;

		ASSERT_TRUE(hold_control(&self->control, &thread));
		pid = fork_waiting(waiting_calls[i].call);
		ASSERT_LT(0, pid);
		kill(pid, SIGKILL);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status)) {
			TH_LOG("%s did not wait", waiting_calls[i].name);
		}
		ASSERT_TRUE(grace_is_held()) {
			TH_LOG("%s was not to be killed", waiting_calls[i].name);
		}
		ASSERT_EQ(0, let_control_go(thread));
	}
}

static void ignore(int signal)
{
	(void)signal;
}

TEST_F(module, signal_ends_the_wait_for_control)
{
	struct sigaction action = { .sa_handler = ignore };
	pthread_t thread;
	int status;
	size_t i;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "needs two CPUs");
	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	ASSERT_EQ(0, begin(self->control));
	for (i = 0; i < sizeof(waiting_calls) / sizeof(waiting_calls[0]); i++) {
		int (*call)(void) = waiting_calls[i].call;
		int ready[2];
		pid_t pid;
		char c;

		ASSERT_TRUE(hold_control(&self->control, &thread));
		ASSERT_EQ(0, pipe(ready));
		pid = fork();
		if (!pid)
			_exit(write(ready[1], "", 1) != 1 || call() != -EINTR);
		ASSERT_EQ(1, read(ready[0], &c, 1));
		ASSERT_TRUE(WAIT_FOR(is_asleep(pid)));
		kill(pid, SIGUSR1);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_EQ(0, status) {
			TH_LOG("%s", waiting_calls[i].name);
		}
		ASSERT_TRUE(grace_is_held()) {
			TH_LOG("%s went on waiting", waiting_calls[i].name);
		}
		close(ready[0]);
		close(ready[1]);
		ASSERT_EQ(0, let_control_go(thread));
	}
}

static volatile bool working;

static void *write_markers(void *control)
{
	while (working)
		if (write(*(int *)control, "marker", 6) < 0 && errno != ENOBUFS)
			break;
	return NULL;
}

/* How often the number decreased. */
static void *watch_lost(void *control)
{
	intptr_t backwards = 0;
	uint64_t before = 0;

	while (working) {
		uint64_t lost = device_info(*(int *)control).lost;

		backwards += lost < before;
		before = lost;
	}
	return (void *)backwards;
}

/* Lost events move from the CPUs' counters to a sum, one generation after the other. */
TEST_F(module, lost_events_are_counted_once_and_never_decrease)
{
	struct exptrace_start args = start_small();
	struct exptrace_advance advance = {};
	struct recording r = {};
	pthread_t writer, watcher;
	void *backwards;
	uint64_t lost;
	int i;

	ASSERT_EQ(0, record_only(self->control, NULL));
	args.quota[EXPTRACE_EXPERIMENT_STANDARD] = 1;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &args));
	working = true;
	ASSERT_EQ(0, pthread_create(&writer, NULL, write_markers, &self->control));
	ASSERT_EQ(0, pthread_create(&watcher, NULL, watch_lost, &self->control));
	for (i = 0; i < ADVANCES; i++)
		EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_ADVANCE, &advance));
	EXPECT_TRUE(WAIT_FOR(device_info(self->control).lost));
	working = false;
	pthread_join(writer, NULL);
	pthread_join(watcher, &backwards);
	EXPECT_EQ(NULL, backwards);
	lost = device_info(self->control).lost;
	EXPECT_EQ(0, recording_stop_lossy(&r, self->control)) {
		TH_LOG("%s", r.stream.error);
	}
	EXPECT_EQ(lost, stream_lost(&r.stream));
	recording_free(&r);
}

TEST_HARNESS_MAIN
