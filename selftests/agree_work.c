// SPDX-License-Identifier: GPL-2.0-only
/*
 * The workload of agree.sh: a known number of wake-ups and system calls, timed by exptrace and
 * perf. All tasks share one CPU, so that they wait for it, and so that a reaped child has left it:
 * both recorders have then seen its whole life. Each task prints its name and pid. No other task
 * makes these system calls.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SLEEPS		200
#define SLEEP_NS	2000000
#define CALLS		1000
#define ROUNDS		200
#define SPIN_MS		600
/* A real-time priority; interrupt threads have 50. */
#define URGENT		90

static int ping[2], pong[2];

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static const struct timespec sleep_time = { .tv_nsec = SLEEP_NS };

static int sleeps(void)
{
	int i;

	for (i = 0; i < SLEEPS; i++)
		if (syscall(SYS_nanosleep, &sleep_time, NULL))
			return 1;
	return 0;
}

/* With priority URGENT nothing ever preempts it. It waits for no signal, and each wait fails. */
static int sleeps_urgently(void)
{
	unsigned long signals = 0;
	int i;

	for (i = 0; i < SLEEPS; i++)
		if (syscall(SYS_rt_sigtimedwait, &signals, NULL, &sleep_time, sizeof(signals)) != -1 || errno != EAGAIN)
			return 1;
	return 0;
}

/* Short calls, some of which fail. */
static int calls(void)
{
	int i;

	for (i = 0; i < CALLS; i++)
		if (syscall(SYS_getpgid, 0) < 0 || syscall(SYS_getsid, -1) != -1 || errno != ESRCH)
			return 1;
	return 0;
}

static int plays_ping(void)
{
	char ball = 0;
	int i;

	for (i = 0; i < ROUNDS; i++)
		if (write(ping[1], &ball, 1) != 1 || read(pong[0], &ball, 1) != 1)
			return 1;
	return 0;
}

static int plays_pong(void)
{
	char ball;
	int i;

	for (i = 0; i < ROUNDS; i++)
		if (read(ping[0], &ball, 1) != 1 || write(pong[1], &ball, 1) != 1)
			return 1;
	return 0;
}

static int spins(void)
{
	long long end = now_ms() + SPIN_MS;

	while (now_ms() < end)
		;
	return 0;
}

static const struct {
	const char *name;
	int (*run)(void);
	int priority;		/* real-time priority, or 0 */
} tasks[] = {
	{ "agree-sleep", sleeps, 0 },
	{ "agree-urgent", sleeps_urgently, URGENT },
	{ "agree-call", calls, 0 },
	{ "agree-ping", plays_ping, 0 },
	{ "agree-pong", plays_pong, 0 },
	{ "agree-spin", spins, 0 },
};

#define TASKS	(sizeof(tasks) / sizeof(tasks[0]))

static int set_priority(int priority)
{
	const struct sched_param param = { .sched_priority = priority };

	return sched_setscheduler(0, priority ? SCHED_FIFO : SCHED_OTHER, &param);
}

/* A child inherits its parent's priority. */
static pid_t start(size_t i)
{
	pid_t pid;

	if (set_priority(tasks[i].priority))
		return -1;
	pid = fork();
	if (!pid) {
		prctl(PR_SET_NAME, tasks[i].name);
		_exit(tasks[i].run());
	}
	if (set_priority(0))
		return -1;
	printf("%s %d\n", tasks[i].name, pid);
	fflush(stdout);
	return pid;
}

int main(void)
{
	cpu_set_t cpus;
	size_t i;
	int status, failed = 0;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) || pipe(ping) || pipe(pong))
		return 1;
	for (i = 0; i < TASKS; i++)
		if (start(i) < 0)
			return 1;
	for (i = 0; i < TASKS; i++)
		failed |= wait(&status) < 0 || status;
	return failed;
}
