// SPDX-License-Identifier: GPL-2.0-only
/* Changes of threads are recorded, whatever is selected or filtered; lost changes are counted. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "recording.h"

#define NS_LAST_PID	"/proc/sys/kernel/ns_last_pid"
#define CGROUPS		"/tmp/exptrace-cgroups"
#define DOMAIN		CGROUPS "/et-domain"
#define THREADED	DOMAIN "/et-threaded"
#define NAME		"et-tasks"
/* Longer than a thread's name in the kernel, which is truncated. */
#define PROGRAM		"/tmp/exptrace-long-name"
#define PROGRAM_NAME	"exptrace-long-n"

/* A child whose second thread executes a program on request. Both report when they are ready. */
struct family {
	pid_t pid, tid;
	int ready, go;
};

static volatile pid_t second;
static int go_end;

static void *execute(void *unused)
{
	char byte;

	second = thread_id();
	if (read(go_end, &byte, 1) == 1)
		execl(PROGRAM, "true", NULL);
	_exit(1);
	return unused;
}

static void be_family(int ready)
{
	pthread_t thread;
	char path[64];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "et-own");
	if (pthread_create(&thread, NULL, execute, NULL) || !WAIT_FOR(second))
		_exit(1);
	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", second);
	if (write_file(path, "et-other") ||
	    write(ready, (const void *)&second, sizeof(second)) != sizeof(second))
		_exit(1);
	while (1)
		pause();
}

static int family_begin(struct family *family)
{
	int ready[2], go[2];

	if (pipe2(ready, O_CLOEXEC) || pipe2(go, O_CLOEXEC))
		return -errno;
	go_end = go[0];
	family->pid = fork();
	if (!family->pid)
		be_family(ready[1]);
	close(ready[1]);
	close(go[0]);
	family->go = go[1];
	return read(ready[0], &family->tid, sizeof(family->tid)) == sizeof(family->tid) ? 0 : -EIO;
}

/* Returns its exit code. */
static int family_end(struct family *family)
{
	int status = -1;

	if (write(family->go, "", 1) != 1)
		kill(family->pid, SIGKILL);
	waitpid(family->pid, &status, 0);
	close(family->go);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int move_to_cgroup(const char *cgroup, const char *file, pid_t pid)
{
	char path[128], text[16];

	snprintf(path, sizeof(path), "%s/%s", cgroup, file);
	snprintf(text, sizeof(text), "%d", pid);
	return write_file(path, text);
}

/* Create both cgroups; false without the unified hierarchy, or without threaded cgroups. */
static bool cgroups_make(void)
{
	mkdir(CGROUPS, 0755);
	return !mount("none", CGROUPS, "cgroup2", 0, NULL) && !mkdir(DOMAIN, 0755) && !mkdir(THREADED, 0755) &&
	       !write_file(THREADED "/cgroup.type", "threaded");
}

static void cgroups_remove(void)
{
	rmdir(THREADED);
	rmdir(DOMAIN);
	umount(CGROUPS);
	rmdir(CGROUPS);
}

static uint64_t cgroup_of(const char *path)
{
	struct stat s = {};

	stat(path, &s);
	return s.st_ino;
}

/* Walks through the changes of one thread. */
struct changes {
	const struct recording *r;
	pid_t pid;
	size_t at;
};

/* The thread's next change of this type, after the previous one. */
static const struct stream_event *next(struct changes *changes, int type)
{
	const struct stream_event *e;

	while ((e = next_of(changes->r, type, 0, &changes->at)))
		if (e->arg[0].value == (uint64_t)changes->pid)
			break;
	return e;
}

/* Select only an event that nothing here causes, of a thread that does nothing. */
static int record_something_else(int fd)
{
	uint32_t thread = 1;
	struct exptrace_filter filter = { .nr_threads = 1, .threads = (uintptr_t)&thread };

	return record_only(fd, "console", NULL) ?: device_ioctl(fd, EXPTRACE_IOC_SET_FILTER, &filter) ?:
	       recording_start(fd);
}

TEST_F(module, changes_of_threads_are_recorded_whatever_is_selected)
{
	uint64_t before, after, domain = 0, threaded = 0;
	const struct stream_event *e;
	struct recording r = {};
	struct family family;
	bool cgroups = cgroups_make();
	struct changes of = { .r = &r };

	unlink(PROGRAM);
	ASSERT_EQ(0, symlink("/bin/true", PROGRAM));
	prctl(PR_SET_NAME, NAME);
	ASSERT_EQ(0, record_something_else(self->control));
	before = now_ns();
	ASSERT_EQ(0, family_begin(&family));
	after = now_ns();
	if (cgroups) {
		EXPECT_EQ(0, move_to_cgroup(DOMAIN, "cgroup.procs", family.pid));
		EXPECT_EQ(0, move_to_cgroup(THREADED, "cgroup.threads", family.tid));
		domain = cgroup_of(DOMAIN);
		threaded = cgroup_of(THREADED);
	}
	EXPECT_EQ(0, family_end(&family));
	unlink(PROGRAM);
	cgroups_remove();
	STOP_AND_DECODE(&r);

	/* The second thread, until it takes the id of the first. */
	of.pid = family.tid;
	ASSERT_NE(NULL, (e = next(&of, EXPTRACE_EVENT_TASK_NEW)));
	EXPECT_EQ((uint64_t)family.pid, e->arg[1].value);
	EXPECT_EQ((uint64_t)family.pid, e->arg[2].value);
	EXPECT_LE(before, e->arg[3].value);
	EXPECT_GE(after, e->arg[3].value);
	EXPECT_STREQ("et-own", e->arg[5].string);
	ASSERT_NE(NULL, (e = next(&of, EXPTRACE_EVENT_TASK_NAME)));
	EXPECT_STREQ("et-other", e->arg[1].string);
	if (cgroups) {
		ASSERT_NE(NULL, (e = next(&of, EXPTRACE_EVENT_TASK_CGROUP)));
		EXPECT_EQ(0, e->arg[1].value);
		EXPECT_EQ(threaded, e->arg[2].value);
	}
	EXPECT_EQ(NULL, next(&of, EXPTRACE_EVENT_TASK_EXIT));

	/* The first thread. */
	of = (struct changes){ .r = &r, .pid = family.pid };
	ASSERT_NE(NULL, (e = next(&of, EXPTRACE_EVENT_TASK_NEW)));
	EXPECT_EQ((uint64_t)family.pid, e->arg[1].value);
	EXPECT_EQ((uint64_t)getpid(), e->arg[2].value);
	EXPECT_LE(before, e->arg[3].value);
	EXPECT_GE(after, e->arg[3].value);
	EXPECT_STREQ(NAME, e->arg[5].string);
	ASSERT_NE(NULL, (e = next(&of, EXPTRACE_EVENT_TASK_NAME)));
	EXPECT_STREQ("et-own", e->arg[1].string);
	if (cgroups) {
		ASSERT_NE(NULL, (e = next(&of, EXPTRACE_EVENT_TASK_CGROUP)));
		EXPECT_EQ(1, e->arg[1].value);
		EXPECT_EQ(domain, e->arg[2].value);
	}
	/* It ends when the program begins, but its id does not. */
	ASSERT_NE(NULL, next(&of, EXPTRACE_EVENT_TASK_EXIT));
	ASSERT_NE(NULL, (e = next(&of, EXPTRACE_EVENT_TASK_NAME)));
	EXPECT_STREQ(PROGRAM_NAME, e->arg[1].string);
	ASSERT_NE(NULL, (e = next(&of, EXPTRACE_EVENT_TASK_EXEC)));
	EXPECT_EQ((uint64_t)family.tid, e->arg[1].value);
	EXPECT_STREQ(PROGRAM_NAME, e->arg[2].string);
	EXPECT_NE(NULL, next(&of, EXPTRACE_EVENT_TASK_EXIT));

	/* They do not count as attempted. */
	EXPECT_EQ(0, stream_attempted(&r.stream, 0));
	recording_free(&r);
	if (!cgroups)
		TH_LOG("without cgroups");
}

/* A child with this id, if it is free, that exits at once or waits: its id. */
static pid_t child_with(pid_t wanted, bool waits)
{
	char text[16];
	pid_t pid;

	snprintf(text, sizeof(text), "%d", wanted - 1);
	write_file(NS_LAST_PID, text);
	pid = fork();
	if (!pid && waits) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (1)
			pause();
	}
	if (!pid)
		_exit(0);
	return pid;
}

/*
 * Two processes with the same id, one after the other, of which the second is still there; -1 if
 * the id was not free.
 */
static pid_t twins(pid_t first_try)
{
	pid_t wanted, pid;

	for (wanted = first_try; wanted < first_try + 20; wanted++) {
		pid = child_with(wanted, false);
		waitpid(pid, NULL, 0);
		if (pid != wanted)
			continue;
		pid = child_with(wanted, true);
		if (pid == wanted)
			return pid;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return -1;
}

TEST_F(module, reused_id_is_recorded_as_another_thread)
{
	const struct stream_event *first, *again, *described = NULL, *e;
	struct exptrace_advance advance = {};
	struct recording r = {};
	struct changes of = { .r = &r };
	size_t at = 0;

	ASSERT_EQ(0, record_something_else(self->control));
	of.pid = twins(getpid() + 1000);
	if (of.pid < 0)
		SKIP(return, "no id could be used again");
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_ADVANCE, &advance));
	kill(of.pid, SIGKILL);
	waitpid(of.pid, NULL, 0);
	STOP_AND_DECODE(&r);
	ASSERT_NE(NULL, (first = next(&of, EXPTRACE_EVENT_TASK_NEW)));
	ASSERT_NE(NULL, next(&of, EXPTRACE_EVENT_TASK_EXIT));
	ASSERT_NE(NULL, (again = next(&of, EXPTRACE_EVENT_TASK_NEW)));
	ASSERT_NE(NULL, next(&of, EXPTRACE_EVENT_TASK_EXIT));
	EXPECT_LT(first->arg[3].value, again->arg[3].value);
	while ((e = next_of(&r, EXPTRACE_EVENT_TASK, 0, &at)))
		if (e->arg[0].value == (uint64_t)of.pid)
			described = e;
	/* The statedump of the generation in which it exits identifies it in the same way. */
	ASSERT_NE(NULL, described);
	EXPECT_EQ(again->arg[3].value, described->arg[7].value);
	recording_free(&r);
}

#define FORKS	200

static void fork_some(void)
{
	int i;

	for (i = 0; i < FORKS; i++)
		waitpid(child_with(2, false), NULL, 0);
}

static uint64_t changes_recorded(const struct recording *r)
{
	return stream_count(&r->stream, 0, EXPTRACE_EVENT_TASK_NEW, 0) +
	       stream_count(&r->stream, 0, EXPTRACE_EVENT_TASK_EXIT, 0);
}

/* Start with the smallest pool. */
static int start_smallest(int fd, uint32_t mode)
{
	struct exptrace_start args = start_small();
	int err = -EINVAL;

	args.mode = mode;
	for (args.pool_size = 65536; err == -EINVAL && args.pool_size < 64 << 20; args.pool_size += 65536)
		err = device_ioctl(fd, EXPTRACE_IOC_START, &args);
	return err;
}

/*
 * Check that what the only generation lacks is counted, there and by INFO, and that all other
 * changes by fork_some() are recorded.
 */
static void stop_and_count_missing(struct __test_metadata *_metadata, FIXTURE_DATA(module) *self, struct recording *r)
{
	uint64_t missing;

	ASSERT_EQ(0, recording_stop_lossy(r, self->control)) {
		TH_LOG("%s", r->stream.error);
	}
	ASSERT_EQ(1, r->stream.nr_generations);
	missing = r->stream.generations[0].missing_changes;
	EXPECT_LT(0, missing);
	EXPECT_EQ(missing, device_info(self->control).missing_changes);
	EXPECT_LE(2 * FORKS, changes_recorded(r) + missing);
	recording_free(r);
}

TEST_F(module, changes_without_room_are_counted)
{
	struct recording r = {};

	ASSERT_EQ(0, record_only(self->control, "sched_switch", "sched_wakeup", NULL));
	ASSERT_EQ(0, start_smallest(self->control, EXPTRACE_MODE_STREAM));
	ASSERT_TRUE(WAIT_FOR(work_pingpong(1000) > 0 && device_info(self->control).lost > 100));
	fork_some();
	stop_and_count_missing(_metadata, self, &r);
}

TEST_F(module, changes_in_overwritten_batches_are_counted)
{
	struct recording r = { .stream.flight = true };
	uint64_t last;

	ASSERT_EQ(0, record_only(self->control, "sched_switch", "sched_wakeup", NULL));
	ASSERT_EQ(0, start_smallest(self->control, EXPTRACE_MODE_FLIGHT));
	fork_some();
	/*
	 * Until the pool was filled twice. In such a small pool, a generation does not end by
	 * itself.
	 */
	last = recorder_state("flushed") + 2 * device_info(self->control).batches;
	ASSERT_TRUE(WAIT_FOR(work_pingpong(1000) > 0 && recorder_state("flushed") >= last));
	stop_and_count_missing(_metadata, self, &r);
}

TEST_HARNESS_MAIN
