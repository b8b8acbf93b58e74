// SPDX-License-Identifier: GPL-2.0-only
/*
 * Known work leaves exactly the expected events, with the expected tasks, names, CPUs, sizes and
 * addresses.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "recording.h"

#define SWITCHES	200
#define PIPES		100

/* fcntl(F_SETPIPE_SZ) to 64 pages: an array of 64 struct pipe_buffer of 40 bytes. */
#define PIPE_PAGES	64
#define PIPE_BYTES	2560

/* What kmalloc() allocates for it; a kernel that checks its objects adds to the 4096 bytes. */
static uint64_t pipe_slack(void)
{
	char text[32];

	read_file("/sys/kernel/slab/kmalloc-4k/slab_size", text, sizeof(text));
	return (text[0] ? strtoull(text, NULL, 10) : 4096) - PIPE_BYTES;
}

/*
 * The first event of a type from *from on whose argument number @arg (-1: any) has this value.
 * *from is then after it.
 */
static const struct stream_event *find(const struct recording *r, int experiment, int type, int arg, uint64_t value,
				       size_t *from)
{
	for (; *from < r->nr; ++*from) {
		const struct stream_event *e = r->sorted[*from];

		if (e->experiment == experiment && e->type == type && (arg < 0 || e->arg[arg].value == value)) {
			++*from;
			return e;
		}
	}
	return NULL;
}

static size_t count_by(const struct recording *r, int experiment, int type, int arg, uint64_t value)
{
	size_t from = 0, n = 0;

	while (find(r, experiment, type, arg, value, &from))
		n++;
	return n;
}

/* The letter of a task's state, or 0. */
static char state_of(pid_t pid)
{
	char path[64], text[512];
	const char *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	state = strrchr(read_file(path, text, sizeof(text)), ')');
	return state ? state[2] : 0;
}

/*
 * Has this stopped or dead task left its CPU? The state is reported just before that, and the task
 * may be preempted in between; until it has left, this file says "running".
 */
static bool has_left(pid_t pid)
{
	char path[64], text[512], state = state_of(pid);

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	read_file(path, text, sizeof(text));
	return (state == 'T' || state == 'Z' || state == 'X') && (text[0] == '-' || isdigit(text[0])) &&
	       state_of(pid) == state;
}

/* Wait until a child has stopped (WSTOPPED) or exited (WEXITED) and has left its CPU. */
static bool wait_until_gone(pid_t pid, int how)
{
	siginfo_t info;

	return !waitid(P_PID, pid, &info, how | WNOWAIT) && WAIT_FOR(has_left(pid));
}

TEST_F(module, fork_exec_and_exit_have_their_tasks)
{
	const struct stream_event *fork_event, *new, *exec, *renamed, *exit_event, *last;
	char *argv[] = { "true", NULL };
	struct recording r = {};
	size_t at = 0, behind;
	pid_t pid;

	ASSERT_EQ(0, prctl(PR_SET_NAME, "et-parent"));
	ASSERT_EQ(0, recording_start(self->control));
	pid = fork();
	if (!pid) {
		execv("/bin/true", argv);
		_exit(127);
	}
	ASSERT_TRUE(wait_until_gone(pid, WEXITED));
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	STOP_AND_DECODE(&r);

	fork_event = find(&r, 0, EXPTRACE_EVENT_SCHED_PROCESS_FORK, 1, pid, &at);
	ASSERT_NE(NULL, fork_event);
	EXPECT_EQ(getpid(), fork_event->arg[0].value);
	EXPECT_EQ(pid, fork_event->arg[2].value);
	EXPECT_STREQ("et-parent", fork_event->arg[3].string);
	EXPECT_EQ(getpid(), fork_event->pid);
	new = find(&r, 0, EXPTRACE_EVENT_SCHED_WAKEUP_NEW, 0, pid, &at);
	ASSERT_NE(NULL, new);
	EXPECT_GT(sysconf(_SC_NPROCESSORS_CONF), (long)new->arg[1].value);
	EXPECT_EQ(getpid(), new->pid);
	behind = at;
	renamed = find(&r, 0, EXPTRACE_EVENT_TASK_RENAME, 0, pid, &behind);
	ASSERT_NE(NULL, renamed);
	EXPECT_STREQ("true", renamed->arg[1].string);
	exec = find(&r, 0, EXPTRACE_EVENT_SCHED_PROCESS_EXEC, 0, pid, &at);
	ASSERT_NE(NULL, exec);
	EXPECT_EQ(pid, exec->arg[1].value);
	EXPECT_STREQ("true", exec->arg[2].string);
	EXPECT_STREQ("/bin/true", exec->arg[3].string);
	EXPECT_EQ(pid, exec->pid);
	EXPECT_LT(renamed->time, exec->time);
	exit_event = find(&r, 0, EXPTRACE_EVENT_SCHED_PROCESS_EXIT, 0, pid, &at);
	ASSERT_NE(NULL, exit_event);
	EXPECT_EQ(pid, exit_event->pid);
	/* The task leaves its CPU for the last time as a dead task. */
	for (last = NULL; at < r.nr; at++)
		if (r.sorted[at]->pid == pid && !r.sorted[at]->experiment &&
		    r.sorted[at]->type == EXPTRACE_EVENT_SCHED_SWITCH)
			last = r.sorted[at];
	ASSERT_NE(NULL, last);
	EXPECT_TRUE(last->arg[0].value == EXPTRACE_TASK_X || last->arg[0].value == EXPTRACE_TASK_Z) {
		TH_LOG("prev_state %llu", (unsigned long long)last->arg[0].value);
	}
	EXPECT_EQ(1, count_by(&r, 0, EXPTRACE_EVENT_SCHED_PROCESS_FORK, 1, pid));
	EXPECT_EQ(1, count_by(&r, 0, EXPTRACE_EVENT_SCHED_WAKEUP_NEW, 0, pid));
	EXPECT_EQ(1, count_by(&r, 0, EXPTRACE_EVENT_SCHED_PROCESS_EXEC, 0, pid));
	EXPECT_EQ(1, count_by(&r, 0, EXPTRACE_EVENT_SCHED_PROCESS_EXIT, 0, pid));
	recording_free(&r);
}

static pid_t *executing;

static void *execute(void *unused)
{
	char *argv[] = { "true", NULL };

	*executing = thread_id();
	execv("/bin/true", argv);
	return unused;
}

/* Only one thread of the process is left, with the process's id. */
TEST_F(module, exec_by_a_thread_has_the_old_id)
{
	const struct stream_event *exec, *exit_event;
	struct recording r = {};
	pthread_t thread;
	size_t at = 0;
	int status;
	pid_t pid;

	executing = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, executing);
	ASSERT_EQ(0, recording_start(self->control));
	pid = fork();
	if (!pid) {
		if (!pthread_create(&thread, NULL, execute, NULL))
			pthread_join(thread, NULL);
		_exit(127);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	STOP_AND_DECODE(&r);
	EXPECT_NE(0, *executing);
	EXPECT_NE(pid, *executing);
	exec = find(&r, 0, EXPTRACE_EVENT_SCHED_PROCESS_EXEC, 0, pid, &at);
	ASSERT_NE(NULL, exec);
	EXPECT_EQ(*executing, exec->arg[1].value);
	EXPECT_STREQ("true", exec->arg[2].string);
	EXPECT_STREQ("/bin/true", exec->arg[3].string);
	EXPECT_EQ(pid, exec->pid);
	exit_event = find(&r, 0, EXPTRACE_EVENT_SCHED_PROCESS_EXIT, 0, pid, &at);
	ASSERT_NE(NULL, exit_event);
	EXPECT_EQ(pid, exit_event->pid);
	munmap(executing, 4096);
	recording_free(&r);
}

TEST_F(module, rename_has_the_new_name)
{
	static const char *const names[] = { "x", "et-fifteen-char", "with space %s", "\xff\x01utf" };
	struct recording r = {};
	size_t at = 0, i;

	ASSERT_EQ(0, recording_start(self->control));
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ASSERT_EQ(0, prctl(PR_SET_NAME, names[i]));
	STOP_AND_DECODE(&r);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct stream_event *e = find(&r, 0, EXPTRACE_EVENT_TASK_RENAME, 0, getpid(), &at);

		ASSERT_NE(NULL, e);
		EXPECT_STREQ(names[i], e->arg[1].string);
		EXPECT_EQ(getpid(), e->pid);
	}
	EXPECT_EQ(i, count_by(&r, 0, EXPTRACE_EVENT_TASK_RENAME, 0, getpid()));
	recording_free(&r);
}

/* The statedump contains every task that existed when the generation began. */
TEST_F(module, statedump_lists_existing_tasks)
{
	struct recording r = {};
	size_t i, found = 0;
	pid_t sleeper;

	ASSERT_EQ(0, prctl(PR_SET_NAME, "et-statedump"));
	sleeper = fork();
	if (!sleeper) {
		pause();
		_exit(0);
	}
	ASSERT_EQ(0, recording_start(self->control));
	STOP_AND_DECODE(&r);
	kill(sleeper, SIGKILL);
	waitpid(sleeper, NULL, 0);
	for (i = 0; i < r.nr; i++) {
		const struct stream_event *e = r.sorted[i];

		if (e->experiment || e->type != EXPTRACE_EVENT_TASK)
			continue;
		if (e->arg[0].value == 1)
			found |= 1;
		if (e->arg[0].value == (uint64_t)getpid() && e->arg[1].value == (uint64_t)getpid() &&
		    !strcmp(e->arg[2].string, "et-statedump"))
			found |= 2;
		if (e->arg[0].value == (uint64_t)sleeper && !strcmp(e->arg[2].string, "et-statedump"))
			found |= 4;
	}
	EXPECT_EQ(7, found);
	recording_free(&r);
}

TEST_F(module, switches_are_complete_and_chained)
{
	uint64_t next[STREAM_CPUS];
	struct recording r = {};
	bool known[STREAM_CPUS] = {};
	size_t i, slept[2] = {}, left[2] = {};
	pid_t other;

	ASSERT_EQ(0, recording_start(self->control));
	other = work_pingpong(SWITCHES);
	ASSERT_LT(0, other);
	STOP_AND_DECODE(&r);
	for (i = 0; i < r.nr; i++) {
		const struct stream_event *e = r.sorted[i];
		unsigned int cpu = e->m >> 2;

		if (e->experiment || e->m == EXPTRACE_M_NONE || (e->m & 3) != EXPTRACE_CONTEXT_TASK)
			continue;
		/* The running task is the last one switched to, across all batches of the CPU. */
		if (e->type == EXPTRACE_EVENT_CURRENT && known[cpu]) {
			EXPECT_EQ(next[cpu], e->arg[0].value);
		}
		if (e->type != EXPTRACE_EVENT_SCHED_SWITCH)
			continue;
		if (known[cpu]) {
			EXPECT_EQ(next[cpu], (uint64_t)e->pid);
		}
		known[cpu] = true;
		next[cpu] = e->arg[1].value;
		if (e->pid == getpid() || e->pid == other) {
			left[e->pid == other]++;
			slept[e->pid == other] += e->arg[0].value == EXPTRACE_TASK_S;
		}
	}
	/*
	 * Each byte needs a switch there and back; one of the two tasks may always be woken before
	 * it sleeps.
	 */
	EXPECT_LE(SWITCHES, left[0]);
	EXPECT_LE(SWITCHES, left[1]);
	EXPECT_LE(SWITCHES, slept[0] + slept[1]);
	/* A task that slept was woken. */
	EXPECT_LE(slept[0], count_by(&r, 0, EXPTRACE_EVENT_SCHED_WAKEUP, 0, getpid()));
	EXPECT_LE(slept[1], count_by(&r, 0, EXPTRACE_EVENT_SCHED_WAKEUP, 0, other));
	recording_free(&r);
}

TEST_F(module, stopped_task_leaves_as_stopped)
{
	struct recording r = {};
	size_t i, stopped = 0;
	pid_t pid;

	ASSERT_EQ(0, recording_start(self->control));
	pid = fork();
	if (!pid) {
		raise(SIGSTOP);
		_exit(0);
	}
	ASSERT_TRUE(wait_until_gone(pid, WSTOPPED));
	kill(pid, SIGCONT);
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	STOP_AND_DECODE(&r);
	for (i = 0; i < r.nr; i++) {
		const struct stream_event *e = r.sorted[i];

		stopped += !e->experiment && e->type == EXPTRACE_EVENT_SCHED_SWITCH && e->pid == pid &&
			   e->arg[0].value == EXPTRACE_TASK_STOPPED;
	}
	EXPECT_EQ(1, stopped);
	recording_free(&r);
}

TEST_F(module, migration_has_both_cpus)
{
	const struct stream_event *e;
	struct recording r = {};
	size_t at = 0, i, there = 0;
	pid_t pid;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "needs two CPUs");
	ASSERT_EQ(0, recording_start(self->control));
	pid = fork();
	if (!pid)
		_exit(pin_to_cpu(0, 0) || pin_to_cpu(0, 1) || prctl(PR_SET_NAME, "there") || pin_to_cpu(0, 0));
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	STOP_AND_DECODE(&r);
	while ((e = find(&r, 0, EXPTRACE_EVENT_SCHED_MIGRATE_TASK, 0, pid, &at)) && e->arg[2].value != 1)
		;
	ASSERT_NE(NULL, e);
	EXPECT_EQ(0, e->arg[1].value);
	for (i = at; i < r.nr; i++)
		if (!r.sorted[i]->experiment && r.sorted[i]->type == EXPTRACE_EVENT_TASK_RENAME &&
		    r.sorted[i]->arg[0].value == (uint64_t)pid)
			there += r.sorted[i]->m == 4;
	EXPECT_EQ(1, there);
	e = find(&r, 0, EXPTRACE_EVENT_SCHED_MIGRATE_TASK, 0, pid, &at);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(1, e->arg[1].value);
	EXPECT_EQ(0, e->arg[2].value);
	recording_free(&r);
}

/* Allocate and free arrays of pipe buffers, whose size is known. */
static void use_pipes(void)
{
	int fds[2], i;

	for (i = 0; i < PIPES; i++) {
		if (pipe(fds) || fcntl(fds[0], F_SETPIPE_SZ, PIPE_PAGES * 4096) < 0)
			_exit(1);
		close(fds[0]);
		close(fds[1]);
	}
}

static int switch_alloc(int fd, bool on)
{
	return event_set(fd, "kmalloc", on) || event_set(fd, "kfree", on) || event_set(fd, "kmem_cache_alloc", on) ||
	       event_set(fd, "kmem_cache_free", on);
}

TEST_F(module, kmalloc_has_its_size_and_is_freed_again)
{
	struct recording r = {};
	uint64_t ptr = 0, slack = pipe_slack();
	size_t at = 0, allocs = 0, frees = 0;
	int status;
	pid_t pid;

	ASSERT_EQ(0, switch_alloc(self->control, true));
	ASSERT_EQ(0, recording_start(self->control));
	pid = fork();
	if (!pid) {
		use_pipes();
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	STOP_AND_DECODE(&r);
	for (; at < r.nr; at++) {
		const struct stream_event *e = r.sorted[at];

		if (e->experiment != 1 || e->pid != pid)
			continue;
		if (e->type == EXPTRACE_EVENT_KMALLOC && e->arg[1].value == PIPE_BYTES && e->arg[2].value == slack) {
			EXPECT_EQ(0, ptr);
			ptr = e->arg[0].value;
			allocs++;
			/* In the linear map, or in the kernel's text. */
			EXPECT_LE(0xffff800000000000ULL, ptr);
			EXPECT_LE(0xffffffff80000000ULL, e->arg[3].value);
		} else if (e->type == EXPTRACE_EVENT_KFREE && ptr && e->arg[0].value == ptr) {
			frees++;
			ptr = 0;
		}
	}
	EXPECT_EQ(PIPES, allocs);
	EXPECT_EQ(PIPES, frees);
	EXPECT_TRUE(r.stream.raw_addresses);
	/* A pipe has at least two files. */
	EXPECT_LE(2 * PIPES, stream_count(&r.stream, 1, EXPTRACE_EVENT_KMEM_CACHE_ALLOC, 0));
	EXPECT_LE(2 * PIPES, stream_count(&r.stream, 1, EXPTRACE_EVENT_KMEM_CACHE_FREE, 0));
	recording_free(&r);
}

/*
 * Without the right to see addresses, objects can be recognized, and nothing looks like an address.
 */
TEST_F(module, identifiers_stand_for_the_same_object)
{
	struct recording r = {};
	size_t i, allocs = 0, frees = 0;
	uint64_t ptr = 0;
	pid_t pid;

	ASSERT_EQ(0, write_file("/proc/sys/kernel/kptr_restrict", "2"));
	ASSERT_EQ(0, switch_alloc(self->control, true));
	ASSERT_EQ(0, recording_start(self->control));
	EXPECT_EQ(0, write_file("/proc/sys/kernel/kptr_restrict", "0"));
	pid = fork();
	if (!pid) {
		use_pipes();
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	STOP_AND_DECODE(&r);
	EXPECT_FALSE(r.stream.raw_addresses);
	EXPECT_EQ(0, r.stream.text_base);
	EXPECT_EQ(0, r.stream.data_base);
	for (i = 0; i < r.nr; i++) {
		const struct stream_event *e = r.sorted[i];

		if (e->experiment != 1 || EXPTRACE_EVENT_IS_STATE(e->type))
			continue;
		EXPECT_GT(0xffff000000000000ULL, e->arg[0].value);
		EXPECT_GT(0xffff000000000000ULL, e->arg[e->type == EXPTRACE_EVENT_KMALLOC ? 3 :
							e->type == EXPTRACE_EVENT_KFREE ? 1 : 2].value);
		if (e->pid != pid)
			continue;
		if (e->type == EXPTRACE_EVENT_KMALLOC && e->arg[1].value == PIPE_BYTES) {
			ptr = e->arg[0].value;
			EXPECT_NE(0, ptr);
			allocs++;
		} else if (e->type == EXPTRACE_EVENT_KFREE && ptr && e->arg[0].value == ptr) {
			frees++;
			ptr = 0;
		}
	}
	EXPECT_EQ(PIPES, allocs);
	EXPECT_EQ(PIPES, frees);
	recording_free(&r);
}

static int64_t next_generation(int fd)
{
	struct exptrace_advance args = {};
	int err = device_ioctl(fd, EXPTRACE_IOC_ADVANCE, &args);

	return err ? err : (int64_t)args.generation + 1;
}

/* A change during the recording takes effect with the next generation at the latest. */
TEST_F(module, events_can_be_switched_while_recording)
{
	int64_t all, without, again, alloc;
	struct recording r = {};

	ASSERT_EQ(0, recording_start(self->control));
	all = device_info(self->control).generation;
	ASSERT_LT(0, work_pingpong(20));

	ASSERT_EQ(0, event_set(self->control, "sched_wakeup", false));
	without = next_generation(self->control);
	ASSERT_LT(0, without);
	ASSERT_LT(0, work_pingpong(20));

	ASSERT_LT(0, next_generation(self->control));
	ASSERT_EQ(0, event_set(self->control, "sched_wakeup", true));
	again = device_info(self->control).generation;
	ASSERT_LT(0, work_pingpong(20));

	ASSERT_EQ(0, event_set(self->control, "kmalloc", true));
	alloc = next_generation(self->control);
	ASSERT_LT(0, work_pingpong(20));
	STOP_AND_DECODE(&r);

	/* The first round may need none: see waking_precedes_wakeup. */
	EXPECT_LE(20 - 1, stream_count(&r.stream, 0, EXPTRACE_EVENT_SCHED_WAKEUP, all));
	EXPECT_EQ(0, stream_count(&r.stream, 0, EXPTRACE_EVENT_SCHED_WAKEUP, without));
	EXPECT_LE(40, stream_count(&r.stream, 0, EXPTRACE_EVENT_SCHED_SWITCH, without));
	EXPECT_LE(20 - 1, stream_count(&r.stream, 0, EXPTRACE_EVENT_SCHED_WAKEUP, again));
	EXPECT_EQ(0, stream_count(&r.stream, 1, EXPTRACE_EVENT_KMALLOC, without));
	EXPECT_LT(0, stream_count(&r.stream, 1, EXPTRACE_EVENT_KMALLOC, alloc));
	EXPECT_EQ(0, stream_count(&r.stream, 1, EXPTRACE_EVENT_KFREE, 0));
	EXPECT_EQ(0, stream_count(&r.stream, 1, EXPTRACE_EVENT_KMEM_CACHE_ALLOC, 0));
	recording_free(&r);
}

/* With all events disabled, a recording is a complete stream without events. */
TEST_F(module, no_events_enabled_no_events_recorded)
{
	struct exptrace_event event = {};
	struct recording r = {};
	size_t i;

	while (!device_ioctl(self->control, EXPTRACE_IOC_GET_EVENT, &event)) {
		ASSERT_EQ(0, event_set(self->control, event.name, false));
		event = (struct exptrace_event){ .index = event.index + 1 };
	}
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_LT(0, work_pingpong(20));
	STOP_AND_DECODE(&r);
	for (i = 0; i < r.nr; i++)
		EXPECT_TRUE(EXPTRACE_EVENT_IS_STATE(r.sorted[i]->type));
	EXPECT_EQ(0, stream_attempted(&r.stream, 0));
	EXPECT_EQ(0, stream_attempted(&r.stream, 1));
	recording_free(&r);
}

TEST_HARNESS_MAIN
