// SPDX-License-Identifier: GPL-2.0-only
/* Filters: events inside and outside of each are provoked; those outside are not attempted, those inside are all there. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <linux/magic.h>

#include "recording.h"

#define CALLS		50
#define SYSFS_FILTER	"/sys/class/misc/exptrace/filter"
#define NS_LAST_PID	"/proc/sys/kernel/ns_last_pid"
#define MSEC		1000000ULL

/* A child that waits, works when it is told to, and then waits for its end. */
struct worker {
	pid_t pid;
	int go, done;
};

static void say(int fd)
{
	if (write(fd, "", 1) != 1)
		_exit(1);
}

/* False at the other side's end. */
static bool hear(int fd)
{
	char byte;

	return read(fd, &byte, 1) == 1;
}

static void call_the_kernel(void)
{
	int i;

	for (i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
}

static int worker_begin(struct worker *worker, void (*work)(void))
{
	int go[2], done[2];

	if (pipe2(go, O_CLOEXEC) || pipe2(done, O_CLOEXEC))
		return -errno;
	worker->pid = fork();
	if (!worker->pid) {
		close(go[1]);
		close(done[0]);
		say(done[1]);
		while (hear(go[0])) {
			work();
			say(done[1]);
		}
		_exit(0);
	}
	close(go[0]);
	close(done[1]);
	worker->go = go[1];
	worker->done = done[0];
	return worker->pid > 0 && hear(done[0]) ? 0 : -ECHILD;
}

/* Lets it work; returns when it has. */
static bool worker_run(struct worker *worker)
{
	say(worker->go);
	return hear(worker->done);
}

static void worker_end(struct worker *worker)
{
	int status;

	/* Others that were made later have its pipes, too. */
	kill(worker->pid, SIGKILL);
	waitpid(worker->pid, &status, 0);
	close(worker->go);
	close(worker->done);
}

static bool process_sleeps(pid_t pid)
{
	char path[32], stat[512], *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	state = strrchr(read_file(path, stat, sizeof(stat)), ')');
	return state && state[2] == 'S';
}

static int filter_set(int fd, struct exptrace_filter filter)
{
	return device_ioctl(fd, EXPTRACE_IOC_SET_FILTER, &filter);
}

static int filter_process(int fd, pid_t pid, uint32_t flags)
{
	uint32_t process = pid;

	return filter_set(fd, (struct exptrace_filter) {
		.flags = flags, .nr_processes = 1, .processes = (uintptr_t)&process,
	});
}

static int filter_thread(int fd, pid_t tid, uint32_t flags)
{
	uint32_t thread = tid;

	return filter_set(fd, (struct exptrace_filter) {
		.flags = flags, .nr_threads = 1, .threads = (uintptr_t)&thread,
	});
}

/* How often a thread (0: any) began a system call. */
static size_t calls_of(const struct recording *r, pid_t pid, uint64_t nr)
{
	const struct stream_event *e;
	size_t at = 0, n = 0;

	while ((e = next_of(r, EXPTRACE_EVENT_SYS_ENTER, pid, &at)))
		n += e->arg[0].value == nr;
	return n;
}

/* Events that can be filtered, as they are in the stream: all that were attempted. */
static uint64_t nr_events(const struct recording *r)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < r->nr; i++)
		n += !r->sorted[i]->experiment && !EXPTRACE_EVENT_IS_STATE(r->sorted[i]->type);
	return n;
}

/* What is filtered out is not in the ledger, and nothing else is missing there. */
#define EXPECT_EXACT(r)							\
	EXPECT_EQ(nr_events(r) + stream_lost(&(r)->stream), stream_attempted(&(r)->stream, 0))

static bool stream_says(const struct recording *r, const char *text)
{
	return memmem(r->bytes.data, r->bytes.size, text, strlen(text));
}

TEST_F(module, only_the_chosen_process_is_attempted)
{
	struct worker in, out;
	struct recording r = {};
	const struct stream_event *e;
	char text[64], line[256];
	size_t at = 0;

	ASSERT_EQ(0, worker_begin(&in, call_the_kernel));
	ASSERT_EQ(0, worker_begin(&out, call_the_kernel));
	ASSERT_EQ(0, record_only(self->control, "sys_enter", "sys_exit", NULL));
	EXPECT_STREQ("none", read_file(SYSFS_FILTER, line, sizeof(line)));
	ASSERT_EQ(0, filter_process(self->control, in.pid, 0));
	snprintf(text, sizeof(text), "processes %d", in.pid);
	EXPECT_STREQ(text, read_file(SYSFS_FILTER, line, sizeof(line)));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_TRUE(worker_run(&out));
	ASSERT_TRUE(worker_run(&in));
	STOP_AND_DECODE(&r);
	EXPECT_EQ(CALLS, calls_of(&r, in.pid, SYS_getppid));
	while ((e = next_of(&r, EXPTRACE_EVENT_SYS_ENTER, 0, &at)))
		EXPECT_EQ(in.pid, e->pid);
	at = 0;
	while ((e = next_of(&r, EXPTRACE_EVENT_SYS_EXIT, 0, &at)))
		EXPECT_EQ(in.pid, e->pid);
	EXPECT_EXACT(&r);
	EXPECT_TRUE(stream_says(&r, text));
	recording_free(&r);
	worker_end(&in);
	worker_end(&out);
}

/* It is gone, and the next trace doesn't tell of one. */
TEST_F(module, filter_that_is_taken_back_filters_nothing)
{
	struct recording r = {};
	struct worker worker;

	ASSERT_EQ(0, worker_begin(&worker, call_the_kernel));
	ASSERT_EQ(0, record_only(self->control, "sys_enter", NULL));
	ASSERT_EQ(0, filter_process(self->control, getpid(), 0));
	ASSERT_EQ(0, filter_set(self->control, (struct exptrace_filter) {}));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_TRUE(worker_run(&worker));
	STOP_AND_DECODE(&r);
	EXPECT_EQ(CALLS, calls_of(&r, worker.pid, SYS_getppid));
	EXPECT_EXACT(&r);
	EXPECT_FALSE(stream_says(&r, "processes "));
	recording_free(&r);
	worker_end(&worker);
}

/* How often this thread left its CPU in order to sleep. */
static long nr_sleeps(void)
{
	struct rusage usage = {};

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nvcsw;
}

static void sleep_often(void)
{
	long enough = nr_sleeps() + CALLS;

	/* On a busy machine, the time may be over before it has gone to sleep. */
	while (nr_sleeps() < enough)
		usleep(1000);
}

/* Who leaves, who comes, who is woken: one of them is the chosen one, whoever runs. */
TEST_F(module, events_about_the_chosen_thread_pass)
{
	size_t i, to = 0, from = 0, wakeups = 0;
	struct worker in, out;
	struct recording r = {};

	ASSERT_EQ(0, worker_begin(&in, sleep_often));
	ASSERT_EQ(0, worker_begin(&out, sleep_often));
	ASSERT_EQ(0, record_only(self->control, "sched_switch", "sched_wakeup", "sched_waking", NULL));
	ASSERT_EQ(0, filter_process(self->control, in.pid, 0));
	ASSERT_EQ(0, recording_start(self->control));
	say(out.go);
	ASSERT_TRUE(worker_run(&in));
	ASSERT_TRUE(hear(out.done));
	STOP_AND_DECODE(&r);
	for (i = 0; i < r.nr; i++) {
		const struct stream_event *e = r.sorted[i];

		if (e->experiment || EXPTRACE_EVENT_IS_STATE(e->type))
			continue;
		if (e->type == EXPTRACE_EVENT_SCHED_SWITCH) {
			EXPECT_TRUE(e->pid == in.pid || (pid_t)e->arg[1].value == in.pid);
			/* It comes, then it leaves; it slept when this began. */
			EXPECT_EQ(e->pid == in.pid, to > from);
			to += (pid_t)e->arg[1].value == in.pid;
			from += e->pid == in.pid;
		} else if ((pid_t)e->arg[0].value == in.pid) {
			wakeups += e->type == EXPTRACE_EVENT_SCHED_WAKEUP;
		} else if (e->pid != in.pid) {
			/* Others woken by an interrupt of its. */
			EXPECT_EQ(-1, e->pid);
		}
	}
	EXPECT_LE(CALLS, to);
	EXPECT_LE(CALLS, wakeups);
	EXPECT_EXACT(&r);
	recording_free(&r);
	worker_end(&in);
	worker_end(&out);
}

static void *call_in_thread(void *unused)
{
	call_the_kernel();
	return unused;
}

static void call_in_a_new_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, call_in_thread, NULL))
		_exit(1);
	pthread_join(thread, NULL);
	call_the_kernel();
}

static void call_in_a_new_process(void)
{
	pid_t pid = fork();

	if (!pid) {
		call_in_a_new_thread();
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	call_the_kernel();
}

TEST_F(module, threads_of_the_chosen_process_are_followed)
{
	struct recording r = {};
	struct worker worker;

	ASSERT_EQ(0, worker_begin(&worker, call_in_a_new_thread));
	ASSERT_EQ(0, record_only(self->control, "sys_enter", NULL));
	ASSERT_EQ(0, filter_process(self->control, worker.pid, 0));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_TRUE(worker_run(&worker));
	STOP_AND_DECODE(&r);
	EXPECT_EQ(CALLS, calls_of(&r, worker.pid, SYS_getppid));
	EXPECT_EQ(2 * CALLS, calls_of(&r, 0, SYS_getppid));
	EXPECT_EXACT(&r);
	recording_free(&r);
	worker_end(&worker);
}

TEST_F(module, threads_of_a_chosen_thread_are_not_followed)
{
	struct recording r = {};
	struct worker worker;

	ASSERT_EQ(0, worker_begin(&worker, call_in_a_new_thread));
	ASSERT_EQ(0, record_only(self->control, "sys_enter", NULL));
	ASSERT_EQ(0, filter_thread(self->control, worker.pid, 0));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_TRUE(worker_run(&worker));
	STOP_AND_DECODE(&r);
	EXPECT_EQ(CALLS, calls_of(&r, worker.pid, SYS_getppid));
	EXPECT_EQ(CALLS, calls_of(&r, 0, SYS_getppid));
	EXPECT_EXACT(&r);
	recording_free(&r);
	worker_end(&worker);
}

TEST_F(module, children_are_followed_only_if_asked_for)
{
	struct recording r = {}, all = {};
	struct worker worker;

	ASSERT_EQ(0, worker_begin(&worker, call_in_a_new_process));
	ASSERT_EQ(0, record_only(self->control, "sys_enter", NULL));
	ASSERT_EQ(0, filter_process(self->control, worker.pid, 0));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_TRUE(worker_run(&worker));
	STOP_AND_DECODE(&r);
	EXPECT_EQ(CALLS, calls_of(&r, worker.pid, SYS_getppid));
	EXPECT_EQ(CALLS, calls_of(&r, 0, SYS_getppid));
	EXPECT_EXACT(&r);
	recording_free(&r);

	/* The process, its child, and the thread of that. */
	ASSERT_EQ(0, filter_process(self->control, worker.pid, EXPTRACE_FILTER_CHILDREN));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_TRUE(worker_run(&worker));
	STOP_AND_DECODE(&all);
	EXPECT_EQ(CALLS, calls_of(&all, worker.pid, SYS_getppid));
	EXPECT_EQ(3 * CALLS, calls_of(&all, 0, SYS_getppid));
	EXPECT_EXACT(&all);
	recording_free(&all);
	/* So for a thread. */
	memset(&r, 0, sizeof(r));
	ASSERT_EQ(0, filter_thread(self->control, worker.pid, EXPTRACE_FILTER_CHILDREN));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_TRUE(worker_run(&worker));
	STOP_AND_DECODE(&r);
	EXPECT_EQ(3 * CALLS, calls_of(&r, 0, SYS_getppid));
	EXPECT_EXACT(&r);
	recording_free(&r);
	worker_end(&worker);
}

static struct worker inner;

static void run_inner(void)
{
	if (!inner.pid && worker_begin(&inner, call_in_a_new_thread))
		_exit(1);
	else if (!worker_run(&inner))
		_exit(1);
}

/* One that exists already when the filter is set. */
TEST_F(module, existing_children_are_found)
{
	struct recording r = {};
	struct worker outer;

	ASSERT_EQ(0, worker_begin(&outer, run_inner));
	ASSERT_TRUE(worker_run(&outer));
	ASSERT_EQ(0, record_only(self->control, "sys_enter", NULL));
	ASSERT_EQ(0, filter_process(self->control, outer.pid, EXPTRACE_FILTER_CHILDREN));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_TRUE(worker_run(&outer));
	STOP_AND_DECODE(&r);
	EXPECT_EQ(2 * CALLS, calls_of(&r, 0, SYS_getppid));
	EXPECT_EXACT(&r);
	recording_free(&r);
	worker_end(&outer);
}

/* The next process gets this id, if nobody else takes it first. */
static pid_t fork_as(pid_t pid)
{
	char last[16];
	pid_t child;
	int i;

	for (i = 0; i < 100; i++) {
		snprintf(last, sizeof(last), "%d", pid - 1);
		if (write_file(NS_LAST_PID, last))
			return -1;
		child = fork();
		if (!child) {
			if (getpid() == pid)
				call_the_kernel();
			_exit(0);
		}
		waitpid(child, NULL, 0);
		if (child == pid)
			return child;
	}
	return -1;
}

TEST_F(module, id_that_is_used_again_is_another_process)
{
	struct recording r = {};
	struct worker worker;

	if (access(NS_LAST_PID, W_OK))
		SKIP(return, "this kernel lacks " NS_LAST_PID);
	ASSERT_EQ(0, worker_begin(&worker, call_the_kernel));
	ASSERT_EQ(0, record_only(self->control, "sys_enter", "sched_process_exit", NULL));
	ASSERT_EQ(0, filter_process(self->control, worker.pid, EXPTRACE_FILTER_CHILDREN));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_TRUE(worker_run(&worker));
	worker_end(&worker);
	if (fork_as(worker.pid) < 0) {
		device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL);
		SKIP(return, "the id cannot be had again");
	}
	STOP_AND_DECODE(&r);
	EXPECT_EQ(CALLS, calls_of(&r, worker.pid, SYS_getppid));
	/* The end of the first one is still its own. */
	EXPECT_EQ(1, stream_count(&r.stream, 0, EXPTRACE_EVENT_SCHED_PROCESS_EXIT, 0));
	EXPECT_EXACT(&r);
	recording_free(&r);
}

static pid_t *thread_of_exec;

static void *exec_in_thread(void *unused)
{
	*thread_of_exec = thread_id();
	WAIT_FOR(*(volatile pid_t *)&thread_of_exec[1]);
	execl("/bin/true", "true", NULL);
	_exit(1);
	return unused;
}

static void exec_work(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, exec_in_thread, NULL);
	pthread_join(thread, NULL);
}

/* It takes its process's id then. */
TEST_F(module, thread_that_executes_a_program_is_still_followed)
{
	struct recording r = {};
	pid_t pid;

	thread_of_exec = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, thread_of_exec);
	ASSERT_EQ(0, record_only(self->control, "sys_enter", NULL));
	pid = fork();
	if (!pid) {
		exec_work();
		_exit(1);
	}
	ASSERT_TRUE(WAIT_FOR(*(volatile pid_t *)thread_of_exec));
	ASSERT_EQ(0, filter_thread(self->control, *thread_of_exec, 0));
	ASSERT_EQ(0, recording_start(self->control));
	thread_of_exec[1] = 1;
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	STOP_AND_DECODE(&r);
	EXPECT_EQ(1, calls_of(&r, pid, SYS_exit_group));
	EXPECT_EXACT(&r);
	recording_free(&r);
	munmap(thread_of_exec, 4096);
}

static int run_on(pid_t pid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(pid, sizeof(set), &set);
}

TEST_F(module, only_chosen_cpus_are_attempted)
{
	uint64_t cpus[2] = { 1 << 1 };
	struct recording r = {};
	struct worker in, out;
	size_t i;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "needs 2 CPUs");
	ASSERT_EQ(0, worker_begin(&in, call_the_kernel));
	ASSERT_EQ(0, worker_begin(&out, call_the_kernel));
	ASSERT_EQ(0, run_on(in.pid, 1));
	ASSERT_EQ(0, run_on(out.pid, 0));
	ASSERT_EQ(0, record_only(self->control, "sys_enter", "sched_switch", NULL));
	ASSERT_EQ(0, filter_set(self->control, (struct exptrace_filter) {
		.nr_cpu_words = 2, .cpus = (uintptr_t)cpus,
	}));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_TRUE(worker_run(&in));
	ASSERT_TRUE(worker_run(&out));
	STOP_AND_DECODE(&r);
	EXPECT_EQ(CALLS, calls_of(&r, in.pid, SYS_getppid));
	EXPECT_EQ(0, calls_of(&r, out.pid, SYS_getppid));
	for (i = 0; i < r.nr; i++)
		if (!EXPTRACE_EVENT_IS_STATE(r.sorted[i]->type)) {
			EXPECT_EQ(1, r.sorted[i]->m >> 2);
		}
	EXPECT_EXACT(&r);
	EXPECT_TRUE(stream_says(&r, "cpus 1"));
	recording_free(&r);
	worker_end(&in);
	worker_end(&out);
}

/* Where the unified hierarchy is, or NULL. */
static const char *cgroups(void)
{
	static const char *const paths[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	struct statfs fs;
	size_t i;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (!statfs(paths[i], &fs) && fs.f_type == CGROUP2_SUPER_MAGIC)
			return paths[i];
	return NULL;
}

static int move(pid_t pid, const char *cgroup)
{
	char path[256], text[16];

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	snprintf(text, sizeof(text), "%d", pid);
	return write_file(path, text);
}

/* One generation, in which these switches are told to be known; NULL: all. */
static bool knows_switches(int fd, const char *which)
{
	struct recording r = {};
	const struct stream_generation *g;
	bool right;

	if (recording_start(fd) || recording_stop(&r, fd) || r.stream.nr_generations != 1)
		return false;
	g = r.stream.generations;
	right = which ? g->limits == 2 && !strcmp(which, g->known_switches) : !g->limits;
	recording_free(&r);
	return right;
}

TEST_F(module, generation_tells_where_switches_are_known)
{
	struct exptrace_filter long_calls = { .min_syscall_ns = 1 }, long_runs = { .min_switch_ns = 1 };
	uint64_t words[2] = { 1 };
	struct exptrace_filter cpu = { .nr_cpu_words = 1, .cpus = (uintptr_t)words };
	struct exptrace_advance advance = {};
	struct recording r = {};

	ASSERT_EQ(0, record_only(self->control, "sched_switch", NULL));
	EXPECT_TRUE(knows_switches(self->control, NULL));
	ASSERT_EQ(0, filter_set(self->control, long_calls));
	EXPECT_TRUE(knows_switches(self->control, NULL));
	ASSERT_EQ(0, filter_set(self->control, long_runs));
	EXPECT_TRUE(knows_switches(self->control, ""));
	ASSERT_EQ(0, filter_process(self->control, getpid(), 0));
	EXPECT_TRUE(knows_switches(self->control, "chosen"));
	ASSERT_EQ(0, filter_set(self->control, cpu));
	EXPECT_TRUE(knows_switches(self->control, "0"));
	ASSERT_EQ(0, filter_set(self->control, (struct exptrace_filter) {}));
	ASSERT_EQ(0, record_only(self->control, "kfree", NULL));
	EXPECT_TRUE(knows_switches(self->control, ""));

	/* Switched on and off in the middle: at the end, and at the beginning. */
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_EQ(0, event_set(self->control, "sched_switch", true));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_ADVANCE, &advance));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_ADVANCE, &advance));
	ASSERT_EQ(0, event_set(self->control, "sched_switch", false));
	STOP_AND_DECODE(&r);
	ASSERT_EQ(3, r.stream.nr_generations);
	EXPECT_EQ(2, r.stream.generations[0].limits);
	EXPECT_EQ(0, r.stream.generations[1].limits);
	EXPECT_EQ(1, r.stream.generations[2].limits);
	recording_free(&r);
}

TEST_F(module, only_the_chosen_cgroup_is_attempted)
{
	char outer[128], below[160], text[64];
	struct worker in, deep, out;
	struct recording r = {};
	struct stat st;

	if (!cgroups())
		SKIP(return, "no unified hierarchy of cgroups");
	snprintf(outer, sizeof(outer), "%s/exptrace-filter", cgroups());
	snprintf(below, sizeof(below), "%s/below", outer);
	ASSERT_EQ(0, mkdir(outer, 0755));
	ASSERT_EQ(0, mkdir(below, 0755));
	ASSERT_EQ(0, stat(outer, &st));
	ASSERT_EQ(0, worker_begin(&in, call_the_kernel));
	ASSERT_EQ(0, worker_begin(&deep, call_the_kernel));
	ASSERT_EQ(0, worker_begin(&out, call_the_kernel));
	ASSERT_EQ(0, move(in.pid, outer));
	ASSERT_EQ(0, move(deep.pid, below));
	ASSERT_EQ(0, record_only(self->control, "sys_enter", NULL));
	ASSERT_EQ(0, filter_set(self->control, (struct exptrace_filter) { .cgroup = st.st_ino }));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_TRUE(worker_run(&in));
	ASSERT_TRUE(worker_run(&deep));
	ASSERT_TRUE(worker_run(&out));
	/* Who moves in is in it. */
	ASSERT_EQ(0, move(out.pid, below));
	ASSERT_TRUE(worker_run(&out));
	STOP_AND_DECODE(&r);
	EXPECT_EQ(CALLS, calls_of(&r, in.pid, SYS_getppid));
	EXPECT_EQ(CALLS, calls_of(&r, deep.pid, SYS_getppid));
	EXPECT_EQ(CALLS, calls_of(&r, out.pid, SYS_getppid));
	EXPECT_EQ(3 * CALLS, calls_of(&r, 0, SYS_getppid));
	EXPECT_EXACT(&r);
	snprintf(text, sizeof(text), "cgroup %llu", (unsigned long long)st.st_ino);
	EXPECT_TRUE(stream_says(&r, text));
	recording_free(&r);
	/* Another condition besides: both have to be met. */
	memset(&r, 0, sizeof(r));
	ASSERT_EQ(0, filter_set(self->control, (struct exptrace_filter) {
		.cgroup = st.st_ino, .nr_processes = 1, .processes = (uintptr_t)&(uint32_t){ in.pid },
	}));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_TRUE(worker_run(&in));
	ASSERT_TRUE(worker_run(&deep));
	STOP_AND_DECODE(&r);
	EXPECT_EQ(CALLS, calls_of(&r, in.pid, SYS_getppid));
	EXPECT_EQ(CALLS, calls_of(&r, 0, SYS_getppid));
	EXPECT_EXACT(&r);
	recording_free(&r);
	worker_end(&in);
	worker_end(&deep);
	worker_end(&out);
	/* The filter may outlive its cgroup. */
	EXPECT_EQ(0, rmdir(below));
	EXPECT_EQ(0, rmdir(outer));
	EXPECT_EQ(-ENOENT, filter_set(self->control, (struct exptrace_filter) { .cgroup = st.st_ino }));
}

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
	/* It sleeps in a call that began before: when that ends, nobody knows how long it took. */
	ASSERT_TRUE(WAIT_FOR(process_sleeps(worker.pid)));
	ASSERT_EQ(0, filter_set(self->control, (struct exptrace_filter) { .min_syscall_ns = min }));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_TRUE(worker_run(&worker));
	STOP_AND_DECODE(&r);
	while ((e = next_of(&r, EXPTRACE_EVENT_SYS_CALL, 0, &at))) {
		EXPECT_LE(min, e->arg[2].value);
		long_ones++;
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
	/* The one whose beginning is not known. */
	at = 0;
	e = next_of(&r, EXPTRACE_EVENT_SYS_EXIT, worker.pid, &at);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(SYS_read, e->arg[0].value);
	EXPECT_EQ(NULL, next_of(&r, EXPTRACE_EVENT_SYS_EXIT, worker.pid, &at));
	/* As many calls were short, and most of them are not there. */
	EXPECT_GT(CALLS / 2, long_ones);
	EXPECT_EXACT(&r);
	EXPECT_TRUE(stream_says(&r, "system calls of 2000000 ns or more"));
	recording_free(&r);
	worker_end(&worker);
	munmap(slept, 4096);
}

/*
 * What is known of calls begins with the recording: of one that began in an earlier recording
 * and ended after it, nothing is left.
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
	/* It waits for the next order: this is noted. */
	ASSERT_TRUE(worker_run(&worker));
	ASSERT_TRUE(WAIT_FOR(process_sleeps(worker.pid)));
	STOP_AND_DECODE(&first);
	for (i = 0; i < 2; i++)
		ASSERT_TRUE(worker_run(&worker));
	ASSERT_TRUE(WAIT_FOR(process_sleeps(worker.pid)));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_TRUE(worker_run(&worker));
	STOP_AND_DECODE(&r);
	/* The same call again, begun without a note, and not as long as since the note of then. */
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

/* A thread ends in a call; who gets its id has not been in that call. */
TEST_F(module, note_of_an_ended_thread_is_nobody_elses)
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
	/* Its first one ends the fork(2) that it did not begin. */
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

/* A fork(2) whose child gets this id: 0 in the child; -1 if the id is taken. */
static pid_t fork_with_id(pid_t pid)
{
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
			 set_tid_size, cgroup;
	} args = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1 };

	return syscall(SYS_clone3, &args, sizeof(args));
}

/* Threads whose notes share the same few places; see kmod/duration.c. */
#define NOTES		8
#define GROUP_OF(pid)	((uint32_t)(pid) * 0x61c88647U >> (32 - 11))
#define SLEEPERS	(NOTES + 3)

/* What finds no place in the table is recorded, without its duration. */
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
			hear(wake[0]);
			_exit(0);
		}
		n += sleepers[n] > 0;
	}
	/* All are in that call at a time, and for longer than it takes to be recorded. */
	for (i = 0; i < n; i++)
		ASSERT_TRUE(WAIT_FOR(process_sleeps(sleepers[i])));
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
	/* Those that wake may take the places of those that sleep, so there may be fewer. */
	EXPECT_GE(NOTES, timed);
	EXPECT_EXACT(&r);
	recording_free(&r);
}

/* Ends in one of the calls that do not return. */
static void end_by(unsigned int way)
{
	if (way % 3 == 0)
		syscall(SYS_exit, 0);
	if (way % 3 == 1)
		syscall(SYS_exit_group, 0);
#ifdef __x86_64__
	/* The exit(2) of 32-bit programs, where there are such. */
	if (!access("/proc/sys/abi/vsyscall32", F_OK))
		asm volatile("int $0x80" : : "a" (1), "b" (0));
#endif
	_exit(0);
}

/* They take the places that the note of another one could have, one after the other. */
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

/* However many threads end, one that is in a call keeps its place in the table. */
TEST_F(module, threads_that_end_leave_no_note)
{
	size_t at = 0, timed = 0, others = 0;
	const struct stream_event *e;
	struct recording r = {};
	unsigned int ended;
	struct worker worker;

	ASSERT_EQ(0, worker_begin(&worker, call_the_kernel));
	ASSERT_EQ(0, record_only(self->control, "sys_enter", "sys_exit", NULL));
	ASSERT_EQ(0, filter_set(self->control, (struct exptrace_filter) { .min_syscall_ns = 1 }));
	ASSERT_TRUE(WAIT_FOR(process_sleeps(worker.pid)));
	ASSERT_EQ(0, recording_start(self->control));
	/* When this has ended, the call in which it waits is one that is noted. */
	ASSERT_TRUE(worker_run(&worker));
	ASSERT_TRUE(WAIT_FOR(process_sleeps(worker.pid)));
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
	/* The one that began before the recording. */
	EXPECT_EQ(1, others);
	recording_free(&r);
	worker_end(&worker);
}

/* So that others don't take it from the CPU meanwhile. */
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

/* Of a thread that runs for long, and two that don't. */
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

		/* Between two of a CPU that are there is at least the run before the second. */
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

TEST_F(module, markers_pass_every_filter)
{
	struct recording r = {};
	struct worker worker;

	ASSERT_EQ(0, worker_begin(&worker, call_the_kernel));
	ASSERT_EQ(0, record_only(self->control, "sys_enter", NULL));
	ASSERT_EQ(0, filter_process(self->control, worker.pid, 0));
	ASSERT_EQ(0, recording_start(self->control));
	EXPECT_EQ(5, write(self->control, "hello", 5));
	STOP_AND_DECODE(&r);
	EXPECT_EQ(1, stream_count(&r.stream, 0, EXPTRACE_EVENT_MARKER, 0));
	EXPECT_EQ(1, stream_attempted(&r.stream, 0));
	recording_free(&r);
	worker_end(&worker);
}

TEST_F(module, filter_is_told_as_it_was_set)
{
	uint32_t processes[] = { getpid(), 1 }, threads[] = { getpid() }, told[3];
	struct exptrace_filter filter = {
		.flags = EXPTRACE_FILTER_CHILDREN, .nr_processes = 2, .processes = (uintptr_t)processes,
		.nr_threads = 1, .threads = (uintptr_t)threads, .nr_cpu_words = 1,
		.cpus = (uintptr_t)&(uint64_t){ 1 }, .min_syscall_ns = 5, .min_switch_ns = 7,
	};
	uint64_t cpus[2] = { 0xcccccccccccccccc, 0xcccccccccccccccc };
	struct exptrace_filter got = {
		.nr_processes = 1, .processes = (uintptr_t)told, .nr_threads = 1, .threads = (uintptr_t)&told[2],
		.nr_cpu_words = 2, .cpus = (uintptr_t)cpus,
	};

	memset(told, 0xcc, sizeof(told));
	ASSERT_EQ(0, filter_set(self->control, filter));
	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, device_ioctl(self->reader, EXPTRACE_IOC_GET_FILTER, &got));
	EXPECT_EQ(EXPTRACE_FILTER_CHILDREN, got.flags);
	EXPECT_EQ(2, got.nr_processes);
	EXPECT_EQ(1, got.nr_threads);
	EXPECT_EQ(1, got.nr_cpu_words);
	EXPECT_EQ(0, got.cgroup);
	EXPECT_EQ(5, got.min_syscall_ns);
	EXPECT_EQ(7, got.min_switch_ns);
	EXPECT_EQ((uintptr_t)told, got.processes);
	/* Only where there was room. */
	EXPECT_EQ(processes[0], told[0]);
	EXPECT_EQ(0xcccccccc, told[1]);
	EXPECT_EQ(threads[0], told[2]);
	EXPECT_EQ(1, cpus[0]);
	EXPECT_EQ(0xcccccccccccccccc, cpus[1]);
	EXPECT_EQ(-EBADF, filter_set(self->reader, filter));
	got.nr_processes = 2;
	got.processes = 8;
	EXPECT_EQ(-EFAULT, device_ioctl(self->reader, EXPTRACE_IOC_GET_FILTER, &got));
	got.reserved[7] = 1;
	EXPECT_EQ(-EINVAL, device_ioctl(self->reader, EXPTRACE_IOC_GET_FILTER, &got));
	EXPECT_EQ(-EFAULT, device_ioctl(self->reader, EXPTRACE_IOC_GET_FILTER, NULL));
}

/* After each of them the filter is what it was before, and so is what is recorded. */
TEST_F(module, filter_that_is_wrong_changes_nothing)
{
	uint32_t here[2] = { getpid(), 0x7fffffff }, gone[1], huge = EXPTRACE_FILTER_MAX_PIDS + 1;
	uint64_t none = 0, far[EXPTRACE_FILTER_MAX_CPU_WORDS] = { 1 };
	struct worker worker;
	const struct {
		int err;
		struct exptrace_filter filter;
	} wrong[] = {
		{ -EINVAL, { .flags = 2 } },
		{ -EINVAL, { .flags = EXPTRACE_FILTER_CHILDREN } },
		{ -EINVAL, { .reserved[0] = 1 } },
		{ -EINVAL, { .reserved[7] = 1 } },
		{ -EINVAL, { .nr_threads = huge, .threads = (uintptr_t)here } },
		{ -EINVAL, { .nr_processes = huge, .processes = (uintptr_t)here } },
		{ -EINVAL, { .nr_cpu_words = EXPTRACE_FILTER_MAX_CPU_WORDS + 1, .cpus = (uintptr_t)far } },
		{ -EINVAL, { .nr_cpu_words = 1, .cpus = (uintptr_t)&none } },
		{ -EINVAL, { .nr_cpu_words = EXPTRACE_FILTER_MAX_CPU_WORDS, .cpus = (uintptr_t)far } },
		{ -EFAULT, { .nr_threads = 1, .threads = 8 } },
		{ -EFAULT, { .nr_threads = 1, .threads = (uintptr_t)here, .nr_processes = 1, .processes = 8 } },
		{ -EFAULT, { .nr_processes = 1, .processes = (uintptr_t)here, .nr_cpu_words = 1, .cpus = 8 } },
		{ -ESRCH, { .nr_threads = 2, .threads = (uintptr_t)here } },
		{ -ESRCH, { .nr_processes = 1, .processes = (uintptr_t)gone, .min_switch_ns = 1 } },
		{ -ESRCH, { .nr_processes = 1, .processes = (uintptr_t)&none } },
		{ -ENOENT, { .cgroup = 0x7fffffffffffffff, .min_syscall_ns = 1 } },
	};
	struct exptrace_filter before;
	struct recording r = {};
	uint32_t told;
	size_t i;

	far[EXPTRACE_FILTER_MAX_CPU_WORDS - 1] = 1ULL << 63;
	gone[0] = fork();
	if (!gone[0])
		_exit(0);
	ASSERT_EQ((pid_t)gone[0], waitpid(gone[0], NULL, 0));
	ASSERT_EQ(0, worker_begin(&worker, call_the_kernel));
	ASSERT_EQ(0, record_only(self->control, "sys_enter", NULL));
	ASSERT_EQ(0, filter_process(self->control, worker.pid, 0));
	ASSERT_EQ(0, recording_start(self->control));
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		EXPECT_EQ(wrong[i].err, filter_set(self->control, wrong[i].filter)) {
			TH_LOG("filter %zu", i);
		}
		before = (struct exptrace_filter) { .nr_processes = 1, .processes = (uintptr_t)&told };
		ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_GET_FILTER, &before));
		EXPECT_EQ(1, before.nr_processes);
		EXPECT_EQ(worker.pid, (pid_t)told);
		EXPECT_EQ(0, before.nr_threads + before.nr_cpu_words + before.flags);
		EXPECT_EQ(0, before.cgroup + before.min_syscall_ns + before.min_switch_ns);
	}
	EXPECT_EQ(-EFAULT, device_ioctl(self->control, EXPTRACE_IOC_SET_FILTER, NULL));
	ASSERT_TRUE(worker_run(&worker));
	STOP_AND_DECODE(&r);
	EXPECT_EQ(CALLS, calls_of(&r, worker.pid, SYS_getppid));
	EXPECT_EQ(CALLS, calls_of(&r, 0, SYS_getppid));
	EXPECT_EXACT(&r);
	recording_free(&r);
	worker_end(&worker);
}

static volatile pid_t waiting_thread;

static void *wait_in_thread(void *unused)
{
	waiting_thread = thread_id();
	WAIT_FOR(!waiting_thread);
	return unused;
}

TEST_F(module, id_of_a_thread_is_no_process)
{
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_in_thread, NULL));
	ASSERT_TRUE(WAIT_FOR(waiting_thread));
	EXPECT_EQ(-ESRCH, filter_process(self->control, waiting_thread, 0));
	EXPECT_EQ(0, filter_thread(self->control, waiting_thread, 0));
	waiting_thread = 0;
	pthread_join(thread, NULL);
}

static void switch_and_fork(void)
{
	int i;

	for (i = 0; i < 5; i++) {
		work_pingpong(20);
		call_in_a_new_process();
	}
}

/* Filters come and go while threads and processes do, and the ledger is right for each generation. */
TEST_F(module, filters_are_changed_in_a_storm)
{
	uint32_t ids[2] = { 0, getpid() };
	const struct exptrace_filter filters[] = {
		{ .nr_processes = 1, .processes = (uintptr_t)ids, .flags = EXPTRACE_FILTER_CHILDREN },
		{ .min_syscall_ns = 1000, .min_switch_ns = 10000 },
		{ .nr_threads = 2, .threads = (uintptr_t)ids },
		{ .nr_cpu_words = 1, .cpus = (uintptr_t)&(uint64_t){ 1 }, .cgroup = cgroups() ? 1 : 0 },
		{},
		{ .nr_processes = 2, .processes = (uintptr_t)ids, .min_syscall_ns = 1,
		  .flags = EXPTRACE_FILTER_CHILDREN },
	};
	const size_t nr = sizeof(filters) / sizeof(filters[0]);
	struct exptrace_start start = start_small();
	struct recording r = {};
	struct worker worker;
	size_t i;

	ASSERT_EQ(0, worker_begin(&worker, switch_and_fork));
	ids[0] = worker.pid;
	ASSERT_EQ(0, record_only(self->control, "sys_enter", "sys_exit", "sched_switch", "sched_waking",
				 "sched_process_fork", NULL));
	start.pool_size = 32 << 20;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	say(worker.go);
	for (i = 0; i < 5 * nr; i++)
		ASSERT_EQ(0, filter_set(self->control, filters[i % nr])) {
			TH_LOG("filter %zu", i % nr);
		}
	ASSERT_TRUE(hear(worker.done));
	STOP_AND_DECODE(&r);
	/* Each filter began a generation, but for one that changed nothing. */
	EXPECT_LE(5 * nr, r.stream.nr_generations);
	EXPECT_EXACT(&r);
	recording_free(&r);
	worker_end(&worker);
}

TEST_HARNESS_MAIN
