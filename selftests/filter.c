// SPDX-License-Identifier: GPL-2.0-only
/*
 * Filters: each test causes events inside and outside of a filter. Those outside are not attempted;
 * those inside are all recorded.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <linux/magic.h>

#include "filter.h"


#define SYSFS_FILTER	"/sys/class/misc/exptrace/filter"

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

/* The next trace does not mention the filter, either. */
TEST_F(module, removed_filter_filters_nothing)
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

/* How often this thread left its CPU to sleep. */
static long nr_sleeps(void)
{
	struct rusage usage = {};

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nvcsw;
}

static void sleep_often(void)
{
	long enough = nr_sleeps() + CALLS;

	/* On a busy machine, the time may be over before the thread has gone to sleep. */
	while (nr_sleeps() < enough)
		usleep(1000);
}

/*
 * An event passes if the chosen thread leaves the CPU, gets it or is woken, no matter which thread
 * is running.
 */
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
	notify(out.go);
	ASSERT_TRUE(worker_run(&in));
	ASSERT_TRUE(await(out.done));
	STOP_AND_DECODE(&r);
	for (i = 0; i < r.nr; i++) {
		const struct stream_event *e = r.sorted[i];

		if (e->experiment || EXPTRACE_EVENT_IS_STATE(e->type))
			continue;
		if (e->type == EXPTRACE_EVENT_SCHED_SWITCH) {
			EXPECT_TRUE(e->pid == in.pid || (pid_t)e->arg[1].value == in.pid);
			/*
			 * It gets the CPU before it leaves it, because it slept when the recording
			 * began.
			 */
			EXPECT_EQ(e->pid == in.pid, to > from);
			to += (pid_t)e->arg[1].value == in.pid;
			from += e->pid == in.pid;
		} else if ((pid_t)e->arg[0].value == in.pid) {
			wakeups += e->type == EXPTRACE_EVENT_SCHED_WAKEUP;
		} else if (e->pid != in.pid) {
			/* Woken by an interrupt while the chosen thread ran. */
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
	ASSERT_EQ(0, pin_to_cpu(in.pid, 1));
	ASSERT_EQ(0, pin_to_cpu(out.pid, 0));
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

/* The mount point of the unified hierarchy, or NULL. */
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

static int move_to_cgroup(pid_t pid, const char *cgroup)
{
	char path[256], text[16];

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	snprintf(text, sizeof(text), "%d", pid);
	return write_file(path, text);
}

/* Record one generation: does it report @which as known_switches? NULL stands for all. */
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

TEST_F(module, generation_reports_which_switches_are_known)
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

	/*
	 * Disabled and enabled again in the middle: both the beginning and the end of the
	 * generation report it.
	 */
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
	ASSERT_EQ(0, move_to_cgroup(in.pid, outer));
	ASSERT_EQ(0, move_to_cgroup(deep.pid, below));
	ASSERT_EQ(0, record_only(self->control, "sys_enter", NULL));
	ASSERT_EQ(0, filter_set(self->control, (struct exptrace_filter) { .cgroup = st.st_ino }));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_TRUE(worker_run(&in));
	ASSERT_TRUE(worker_run(&deep));
	ASSERT_TRUE(worker_run(&out));
	/* A process that moves into the cgroup passes. */
	ASSERT_EQ(0, move_to_cgroup(out.pid, below));
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
	/* With a second condition, both have to be met. */
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

TEST_F(module, GET_FILTER_returns_the_filter_that_was_set)
{
	uint32_t processes[] = { getpid(), 1 }, threads[] = { getpid() }, returned[3];
	struct exptrace_filter filter = {
		.flags = EXPTRACE_FILTER_CHILDREN, .nr_processes = 2, .processes = (uintptr_t)processes,
		.nr_threads = 1, .threads = (uintptr_t)threads, .nr_cpu_words = 1,
		.cpus = (uintptr_t)&(uint64_t){ 1 }, .min_syscall_ns = 5, .min_switch_ns = 7,
	};
	uint64_t cpus[2] = { 0xcccccccccccccccc, 0xcccccccccccccccc };
	struct exptrace_filter got = {
		.nr_processes = 1, .processes = (uintptr_t)returned, .nr_threads = 1, .threads = (uintptr_t)&returned[2],
		.nr_cpu_words = 2, .cpus = (uintptr_t)cpus,
	};

	memset(returned, 0xcc, sizeof(returned));
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
	EXPECT_EQ((uintptr_t)returned, got.processes);
	/* Only as many as the buffer has room for. */
	EXPECT_EQ(processes[0], returned[0]);
	EXPECT_EQ(0xcccccccc, returned[1]);
	EXPECT_EQ(threads[0], returned[2]);
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

/* After each attempt the filter, and what is recorded, are as before. */
TEST_F(module, invalid_filter_changes_nothing)
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
	uint32_t returned;
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
		before = (struct exptrace_filter) { .nr_processes = 1, .processes = (uintptr_t)&returned };
		ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_GET_FILTER, &before));
		EXPECT_EQ(1, before.nr_processes);
		EXPECT_EQ(worker.pid, (pid_t)returned);
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

static void switch_and_fork(void)
{
	int i;

	for (i = 0; i < 5; i++) {
		work_pingpong(20);
		call_in_a_new_process();
	}
}

/*
 * Filters change while threads and processes come and go, and the ledger of each generation is
 * right.
 */
TEST_F(module, filters_can_change_during_a_storm)
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
	notify(worker.go);
	for (i = 0; i < 5 * nr; i++)
		ASSERT_EQ(0, filter_set(self->control, filters[i % nr])) {
			TH_LOG("filter %zu", i % nr);
		}
	ASSERT_TRUE(await(worker.done));
	STOP_AND_DECODE(&r);
	/* Each filter that changed something began a generation. */
	EXPECT_LE(5 * nr, r.stream.nr_generations);
	EXPECT_EXACT(&r);
	recording_free(&r);
	worker_end(&worker);
}

TEST_HARNESS_MAIN
