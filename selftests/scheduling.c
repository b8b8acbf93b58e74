// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUs and threads: idle states, frequencies, priorities, CPU time, wake-ups, and their description
 * in the statedump.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "compare.h"

static void leave_cpus_idle(void)
{
	usleep(50000);
}

TEST_F(module, idle_cpus_enter_and_leave_their_states)
{
	static const struct perf_tracepoint seen[] = { { "power/cpu_idle", { "state", "cpu_id" } } };
	int64_t state[STREAM_CPUS];
	struct comparison c = {};
	size_t i, n = 0;

	memset(state, 0xcc, sizeof(state));
	ASSERT_EQ(0, record_only(self->control, "cpu_idle", NULL));
	RECORD_AND_COMPARE(&c, seen, leave_cpus_idle);
	EXPECT_SAME(differs_on_cpus(&c, EXPTRACE_EVENT_CPU_IDLE, 0));
	for (i = 0; i < c.r.nr; i++) {
		const struct stream_event *e = c.r.sorted[i];
		unsigned int cpu = e->m >> 2;
		int64_t now;

		if (e->type != EXPTRACE_EVENT_CPU_IDLE)
			continue;
		now = e->arg[0].value;
		EXPECT_EQ(cpu, e->arg[1].value);
		EXPECT_EQ(0, e->pid);
		EXPECT_LE(-1, now);
		EXPECT_GT(16, now);
		/* A CPU that leaves was idle, and one that enters was not. */
		if (now == -1) {
			EXPECT_NE(-1, state[cpu]);
		} else if (state[cpu] < 16 && state[cpu] >= -1) {
			EXPECT_EQ(-1, state[cpu]);
		}
		state[cpu] = now;
		n++;
	}
	EXPECT_LT(0, n);
	comparison_free(&c);
}

/*
 * A test module reports what a driver would, so that it works on machines with a fixed frequency,
 * too.
 */
static void report_frequencies(void)
{
	/* The module does its work while it is loaded, and then fails to load. */
	if (module_load_helper("exptrace_frequency.ko", "changes=100") != -EAGAIN)
		_exit(1);
}

static const struct perf_tracepoint seen_frequency[] = { { "power/cpu_frequency", { "state", "cpu_id" } } };

TEST_F(module, frequencies_match_perf)
{
	struct comparison c = {};
	size_t at = 0, changes = 0;

	ASSERT_EQ(0, record_only(self->control, "cpu_frequency", NULL));
	RECORD_AND_COMPARE(&c, seen_frequency, report_frequencies);
	EXPECT_SAME(differs_in_child(&c, EXPTRACE_EVENT_CPU_FREQUENCY, 0));
	while (next_of(&c.r, EXPTRACE_EVENT_CPU_FREQUENCY, c.pid, &at))
		changes++;
	EXPECT_EQ(100 * sysconf(_SC_NPROCESSORS_CONF), changes);
	comparison_free(&c);
}

#define CPUFREQ "/sys/devices/system/cpu/cpu0/cpufreq/"

static char governor[64];

/* From one end to the other, and back to the original governor. */
static void change_governor(void)
{
	write_file(CPUFREQ "scaling_governor", "powersave");
	write_file(CPUFREQ "scaling_governor", "performance");
	write_file(CPUFREQ "scaling_governor", governor);
}

static uint64_t cpufreq_limit(const char *file)
{
	char text[32];

	return strtoull(read_file(file, text, sizeof(text)), NULL, 10);
}

/* Drivers that leave the frequency to the CPU report nothing, to perf neither. */
TEST_F(module, frequencies_stay_within_the_policy)
{
	const struct stream_event *e;
	struct comparison c = {};
	size_t at = 0;

	if (!*read_file(CPUFREQ "scaling_governor", governor, sizeof(governor)))
		SKIP(return, "this machine has no cpufreq");
	ASSERT_EQ(0, record_only(self->control, "cpu_frequency", NULL));
	RECORD_AND_COMPARE(&c, seen_frequency, change_governor);
	EXPECT_SAME(differs_on_cpus(&c, EXPTRACE_EVENT_CPU_FREQUENCY, 0));
	while ((e = next_of(&c.r, EXPTRACE_EVENT_CPU_FREQUENCY, 0, &at))) {
		EXPECT_LE(cpufreq_limit(CPUFREQ "cpuinfo_min_freq"), e->arg[0].value);
		EXPECT_GE(cpufreq_limit(CPUFREQ "cpuinfo_max_freq"), e->arg[0].value);
	}
	at = c.perf.nr;
	comparison_free(&c);
	if (!at)
		SKIP(return, "this machine's cpufreq driver reports no frequencies");
}

static pthread_mutex_t mutex;
static volatile int have_mutex;
static volatile pid_t owner, waiter;

static void *hold_mutex(void *unused)
{
	pthread_mutex_lock(&mutex);
	owner = thread_id();
	have_mutex = 1;
	/* Until another thread waits for the mutex, which shows as its sleep. */
	WAIT_FOR(waiter && thread_sleeps(waiter));
	pthread_mutex_unlock(&mutex);
	return unused;
}

static void *wait_for_mutex(void *unused)
{
	waiter = thread_id();
	pthread_mutex_lock(&mutex);
	pthread_mutex_unlock(&mutex);
	return unused;
}

TEST_F(module, inherited_priority_is_recorded)
{
	struct sched_param fifo = { .sched_priority = 10 };
	const struct stream_event *e;
	pthread_mutexattr_t inherit;
	struct recording r = {};
	pthread_attr_t realtime;
	bool inherited = false;
	pthread_t low, high;
	uint64_t prio = 120;
	size_t at = 0;

	pthread_mutexattr_init(&inherit);
	pthread_mutexattr_setprotocol(&inherit, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&mutex, &inherit);
	pthread_attr_init(&realtime);
	pthread_attr_setinheritsched(&realtime, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&realtime, SCHED_FIFO);
	pthread_attr_setschedparam(&realtime, &fifo);
	ASSERT_EQ(0, record_only(self->control, "sched_pi_setprio", NULL));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_EQ(0, pthread_create(&low, NULL, hold_mutex, NULL));
	ASSERT_TRUE(WAIT_FOR(have_mutex));
	ASSERT_EQ(0, pthread_create(&high, &realtime, wait_for_mutex, NULL));
	pthread_join(low, NULL);
	pthread_join(high, NULL);
	STOP_AND_DECODE(&r);
	/*
	 * Each change begins where the previous one ended. With PREEMPT_RT, the kernel's own locks
	 * lend priority, too.
	 */
	while ((e = next_of(&r, EXPTRACE_EVENT_SCHED_PI_SETPRIO, 0, &at))) {
		if ((pid_t)e->arg[0].value != owner)
			continue;
		EXPECT_EQ(prio, e->arg[1].value);
		prio = e->arg[2].value;
		inherited |= prio == 99 - 10;
	}
	EXPECT_TRUE(inherited);
	EXPECT_EQ(120, prio);
	recording_free(&r);
}

static uint64_t *spent;

static void spend_time(void)
{
	struct timespec t;

	do
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	while (!t.tv_sec && t.tv_nsec < 50000000);
	*spent = t.tv_sec * 1000000000ULL + t.tv_nsec;
}

TEST_F(module, runtime_adds_up_to_the_cpu_time)
{
	const struct stream_event *e;
	struct recording r = {};
	uint64_t sum = 0;
	size_t at = 0;
	pid_t pid;

	spent = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, spent);
	ASSERT_EQ(0, record_only(self->control, "sched_stat_runtime", NULL));
	ASSERT_EQ(0, recording_start(self->control));
	pid = in_child(spend_time);
	ASSERT_LT(0, pid);
	STOP_AND_DECODE(&r);
	while ((e = next_of(&r, EXPTRACE_EVENT_SCHED_STAT_RUNTIME, 0, &at)))
		if ((pid_t)e->arg[0].value == pid)
			sum += e->arg[1].value;
	EXPECT_LE(*spent, sum);
	/* The thread cannot measure its own exit. */
	EXPECT_GT(*spent + 1000000000, sum);
	munmap(spent, 4096);
	recording_free(&r);
}

/*
 * A wakeup is preceded by a waking. Of two tasks that wake each other, one may never sleep, so
 * either will do. In the first round neither sleeps if the child runs only when there is something
 * to read.
 */
TEST_F(module, waking_precedes_wakeup)
{
	size_t at = 0, waking[2] = {}, wakeups[2] = {};
	const struct stream_event *e;
	struct recording r = {};
	pid_t other;

	ASSERT_EQ(0, record_only(self->control, "sched_waking", "sched_wakeup", NULL));
	ASSERT_EQ(0, recording_start(self->control));
	other = work_pingpong(50);
	ASSERT_LT(0, other);
	STOP_AND_DECODE(&r);
	while (at < r.nr) {
		bool is_other;

		e = r.sorted[at++];
		is_other = (pid_t)e->arg[0].value == other;
		if (EXPTRACE_EVENT_IS_STATE(e->type) || (!is_other && (pid_t)e->arg[0].value != getpid()))
			continue;
		waking[is_other] += e->type == EXPTRACE_EVENT_SCHED_WAKING;
		wakeups[is_other] += e->type == EXPTRACE_EVENT_SCHED_WAKEUP;
		EXPECT_LE(wakeups[is_other], waking[is_other]);
	}
	EXPECT_LE(50 - 1, wakeups[0] + wakeups[1]);
	recording_free(&r);
}

#define CGROUP	"/sys/fs/cgroup/exptrace-test"

static volatile pid_t sleeper;

static void *sleep_in_thread(void *unused)
{
	sleeper = thread_id();
	pause();
	return unused;
}

/*
 * A nice process in its own cgroup on CPU 0, whose second thread sleeps. It writes to @ready when
 * it is set up.
 */
static void live_for_the_statedump(int ready)
{
	pthread_t thread;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	if (sched_setaffinity(0, sizeof(set), &set) || nice(5) != 5 ||
	    pthread_create(&thread, NULL, sleep_in_thread, NULL) || !WAIT_FOR(sleeper && thread_sleeps(sleeper)) ||
	    write(ready, (const void *)&sleeper, sizeof(sleeper)) != sizeof(sleeper))
		_exit(1);
	pause();
}

TEST_F(module, statedump_describes_threads)
{
	const struct stream_event *e, *leader = NULL, *thread = NULL;
	bool cgroups = !mkdir(CGROUP, 0755);
	struct recording r = {};
	struct stat cgroup = {};
	size_t at = 0;
	char text[16];
	int ready[2];
	pid_t pid, tid;

	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	if (!pid) {
		live_for_the_statedump(ready[1]);
		_exit(0);
	}
	snprintf(text, sizeof(text), "%d", pid);
	cgroups = cgroups && !write_file(CGROUP "/cgroup.procs", text) && !stat(CGROUP, &cgroup);
	ASSERT_EQ((ssize_t)sizeof(tid), read(ready[0], &tid, sizeof(tid)));
	ASSERT_EQ(0, recording_start(self->control));
	STOP_AND_DECODE(&r);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	rmdir(CGROUP);
	while ((e = next_of(&r, EXPTRACE_EVENT_TASK, 0, &at))) {
		if ((pid_t)e->arg[0].value == pid)
			leader = e;
		if ((pid_t)e->arg[0].value == tid)
			thread = e;
	}
	ASSERT_NE(NULL, leader);
	ASSERT_NE(NULL, thread);
	EXPECT_EQ(pid, (pid_t)leader->arg[1].value);
	EXPECT_EQ(pid, (pid_t)thread->arg[1].value);
	EXPECT_EQ(EXPTRACE_TASK_S, thread->arg[3].value);
	EXPECT_EQ(0, thread->arg[4].value);
	EXPECT_EQ(125, thread->arg[5].value);
	if (cgroups) {
		EXPECT_EQ(cgroup.st_ino, thread->arg[6].value);
		EXPECT_EQ(cgroup.st_ino, leader->arg[6].value);
	}
	recording_free(&r);
}

TEST_HARNESS_MAIN
