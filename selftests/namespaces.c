// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pid namespaces: a filter uses the ids that its caller sees; events use those of the initial
 * namespace.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "recording.h"

#define CALLS	50

/* What the first process of a new namespace did and saw. */
struct seen {
	int set, set_outsider, set_zero;	/* results of SET_FILTER */
	int get;
	uint32_t returned;				/* the process that GET_FILTER returned */
	volatile int go, done;
};

static struct seen *seen;

static int set_process(int fd, uint32_t process)
{
	struct exptrace_filter filter = { .nr_processes = 1, .processes = (uintptr_t)&process };

	return device_ioctl(fd, EXPTRACE_IOC_SET_FILTER, &filter);
}

static int set_thread(int fd, uint32_t thread)
{
	struct exptrace_filter filter = { .nr_threads = 1, .threads = (uintptr_t)&thread };

	return device_ioctl(fd, EXPTRACE_IOC_SET_FILTER, &filter);
}

static int get_process(int fd, uint32_t *process)
{
	struct exptrace_filter filter = { .nr_processes = 1, .processes = (uintptr_t)process };

	return device_ioctl(fd, EXPTRACE_IOC_GET_FILTER, &filter);
}

static void call_the_kernel(void)
{
	int i;

	for (i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
}

/* Fork into a new pid namespace, whose first process calls @run: its id here, or -1. */
static pid_t namespace_begin(void (*run)(int control), int control)
{
	int ids[2], status;
	pid_t maker, pid = -1;

	seen = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (seen == MAP_FAILED || pipe2(ids, O_CLOEXEC))
		return -1;
	maker = fork();
	if (!maker) {
		if (unshare(CLONE_NEWPID))
			_exit(1);
		pid = fork();
		if (!pid) {
			run(control);
			_exit(0);
		}
		if (write(ids[1], &pid, sizeof(pid)) != sizeof(pid) || waitpid(pid, &status, 0) != pid)
			_exit(1);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
	}
	close(ids[1]);
	if (read(ids[0], &pid, sizeof(pid)) != sizeof(pid))
		pid = -1;
	close(ids[0]);
	return pid;
}

/* True if everything in the namespace succeeded. */
static bool namespace_end(void)
{
	int status;

	munmap(seen, 4096);
	return wait(&status) > 0 && !status;
}

static void choose_self(int control)
{
	/* No process in the namespace has a larger id. */
	seen->set_outsider = set_process(control, getppid() ?: 3);
	seen->set_zero = set_process(control, 0);
	seen->set = set_process(control, getpid());
	seen->get = get_process(control, &seen->returned);
	seen->done = 1;
	if (!WAIT_FOR(seen->go))
		_exit(1);
	call_the_kernel();
}

static size_t calls_of(const struct recording *r, pid_t pid)
{
	const struct stream_event *e;
	size_t at = 0, n = 0;

	while ((e = next_of(r, EXPTRACE_EVENT_SYS_ENTER, pid, &at)))
		n += e->arg[0].value == SYS_getppid;
	return n;
}

/* In the namespace its own id is 1, which outside is that of init. */
TEST_F(module, process_in_a_namespace_can_select_itself)
{
	struct recording r = {};
	uint32_t returned = 0;
	char text[64];
	size_t at = 0;
	pid_t pid;
	const struct stream_event *e;

	ASSERT_EQ(0, record_only(self->control, "sys_enter", NULL));
	pid = namespace_begin(choose_self, self->control);
	if (pid < 0)
		SKIP(return, "no pid namespace can be made here");
	ASSERT_TRUE(WAIT_FOR(seen->done));
	EXPECT_EQ(-ESRCH, seen->set_outsider);
	EXPECT_EQ(-ESRCH, seen->set_zero);
	EXPECT_EQ(0, seen->set);
	EXPECT_EQ(0, seen->get);
	EXPECT_EQ(1, seen->returned);
	/* The same process, seen from here. */
	EXPECT_EQ(0, get_process(self->control, &returned));
	EXPECT_EQ(pid, (pid_t)returned);
	ASSERT_EQ(0, recording_start(self->control));
	call_the_kernel();
	seen->go = 1;
	EXPECT_TRUE(namespace_end());
	STOP_AND_DECODE(&r);
	EXPECT_EQ(CALLS, calls_of(&r, pid));
	while ((e = next_of(&r, EXPTRACE_EVENT_SYS_ENTER, 0, &at)))
		EXPECT_EQ(pid, e->pid);
	/* The trace contains the ids of its events, wherever it is read. */
	snprintf(text, sizeof(text), "processes %d", pid);
	EXPECT_NE(NULL, memmem(r.bytes.data, r.bytes.size, text, strlen(text)));
	recording_free(&r);
}

static void choose_child(int control)
{
	int go[2];
	pid_t child;
	char byte;

	if (pipe(go))
		_exit(1);
	child = fork();
	if (!child) {
		if (read(go[0], &byte, 1) != 1)
			_exit(1);
		call_the_kernel();
		_exit(0);
	}
	seen->set = set_thread(control, child);
	seen->done = 1;
	if (!WAIT_FOR(seen->go) || write(go[1], "", 1) != 1 || waitpid(child, NULL, 0) != child)
		_exit(1);
	call_the_kernel();
}

TEST_F(module, process_in_a_namespace_selects_a_thread_by_the_id_it_has_there)
{
	struct recording r = {};
	const struct stream_event *e;
	int64_t child = -1;
	size_t at = 0;
	pid_t pid;

	ASSERT_EQ(0, record_only(self->control, "sys_enter", NULL));
	pid = namespace_begin(choose_child, self->control);
	if (pid < 0)
		SKIP(return, "no pid namespace can be made here");
	ASSERT_TRUE(WAIT_FOR(seen->done));
	EXPECT_EQ(0, seen->set);
	ASSERT_EQ(0, recording_start(self->control));
	seen->go = 1;
	EXPECT_TRUE(namespace_end());
	STOP_AND_DECODE(&r);
	EXPECT_EQ(CALLS, calls_of(&r, 0));
	EXPECT_EQ(0, calls_of(&r, pid));
	/* Only one process passes, which is neither of those that have these ids outside. */
	while ((e = next_of(&r, EXPTRACE_EVENT_SYS_ENTER, 0, &at))) {
		EXPECT_TRUE(child < 0 || child == e->pid);
		child = e->pid;
	}
	EXPECT_LT(pid, child);
	recording_free(&r);
}

static void look_at_the_filter(int control)
{
	seen->returned = 1;
	seen->get = get_process(control, &seen->returned);
	seen->set = set_process(control, seen->returned);
	seen->done = 1;
}

/* It cannot be mistaken for another process there, and set again. */
TEST_F(module, process_outside_a_namespace_has_no_id_in_it)
{
	uint32_t returned = 0;

	ASSERT_EQ(0, set_process(self->control, getpid()));
	if (namespace_begin(look_at_the_filter, self->control) < 0)
		SKIP(return, "no pid namespace can be made here");
	ASSERT_TRUE(WAIT_FOR(seen->done));
	EXPECT_EQ(0, seen->get);
	EXPECT_EQ(0, seen->returned);
	EXPECT_EQ(-ESRCH, seen->set);
	EXPECT_TRUE(namespace_end());
	EXPECT_EQ(0, get_process(self->control, &returned));
	EXPECT_EQ(getpid(), (pid_t)returned);
}

/* An exited process keeps the id by which it was set. */
TEST_F(module, filter_of_an_exited_process_keeps_its_id)
{
	uint32_t returned = 0;
	pid_t pid = fork();

	if (!pid) {
		pause();
		_exit(1);
	}
	EXPECT_EQ(0, set_process(self->control, pid));
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_EQ(0, get_process(self->control, &returned));
	EXPECT_EQ(pid, (pid_t)returned);
}

TEST_HARNESS_MAIN
