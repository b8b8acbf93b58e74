// SPDX-License-Identifier: GPL-2.0-only
/*
 * Workloads of a fixed size, measured in ticks of the time-stamp counter. With QEMU's instruction counter these are
 * instructions, including those of the guest kernel. Each prints "TICKS ROUNDS ALL". TICKS and ROUNDS leave out the
 * parts that an interrupt hit, so that they repeat exactly; ALL is the number of all rounds.
 *
 *	workload switch N	N round trips through two pipes between two processes on one CPU: 2 N switches
 *	workload yield N	two processes on one CPU yield to each other: N switches, not measured
 *	workload syscall N	N system calls that do almost nothing
 *	workload storm SECONDS	on every CPU, such round trips, and opening and closing a file
 *	workload cpu FILE COMMAND...	runs COMMAND and writes the nanoseconds of CPU time it took to FILE
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

#define WARM_UP		5
#define SETTLE_US	20000
/* Ticks. Exchanging a buffer takes 500 to 4000. */
#define STRAY		5000

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity");
}

/*
 * Switches to SCHED_FIFO, also for children: preemption then does not depend on how long each process ran, and no other
 * task of the kernel runs in between.
 */
static void go_first(void)
{
	struct sched_param param = { .sched_priority = 1 };

	if (sched_setscheduler(0, SCHED_FIFO, &param))
		die("sched_setscheduler");
}

static uint64_t ticks(void)
{
	unsigned int aux;

	return __rdtscp(&aux);
}

/*
 * The number of interrupts so far on all CPUs, without irq_work's (IWI): recorders use those to wake their readers, so
 * they are part of the cost of an event.
 */
static unsigned long interrupts(void)
{
	static int fd = -1;
	unsigned long sum = 0;
	char text[16384], *line, *p, *end;
	ssize_t len;

	if (fd < 0)
		fd = open("/proc/interrupts", O_RDONLY | O_CLOEXEC);
	len = pread(fd, text, sizeof(text) - 1, 0);
	if (len < 0)
		die("/proc/interrupts");
	text[len] = 0;
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		p = strchr(line, ':');
		if (!p || strstr(line, "IWI:"))
			continue;
		for (p++;; p = end) {
			unsigned long n = strtoul(p, &end, 10);

			if (end == p)
				break;
			sum += n;
		}
	}
	return sum;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/*
 * Calls @part(@data, @size) until @n rounds are done, and prints the time of the calls without an interrupt. Before each
 * call, the kernel gets time for deferred work, mainly the end of RCU grace periods: every context switch takes longer
 * while one is pending. Work done once per timer tick, such as updating a file's time, falls into a few warm-up rounds
 * that are not counted. Calls that still took longer than the median by more than any recorder can explain are dropped.
 */
static void measure(void (*part)(void *data, unsigned long n), void *data, unsigned long n,
		    unsigned long size)
{
	uint64_t *taken = calloc(n / size + 1, sizeof(*taken)), start, sum = 0;
	unsigned long done, seen, parts = 0, all = 0, i;

	if (!taken)
		die("memory");
	for (done = 0; done < n; done += size) {
		usleep(SETTLE_US);
		part(data, WARM_UP);
		seen = interrupts();
		start = ticks();
		part(data, size);
		all += WARM_UP + size;
		taken[parts] = ticks() - start;
		parts += seen == interrupts();
	}
	qsort(taken, parts, sizeof(*taken), compare);
	for (i = 0; i < parts && taken[i] <= taken[parts / 2] + STRAY; i++)
		sum += taken[i];
	printf("%llu %lu %lu\n", (unsigned long long)sum, i * size, all);
	free(taken);
}

/* Sends back every byte until end of file. */
static void echo(int in, int out)
{
	char byte;

	while (read(in, &byte, 1) == 1)
		if (write(out, &byte, 1) != 1)
			break;
	_exit(0);
}

/* The parent's ends of the pipes. */
struct partner {
	int out, in;
};

static void round_trips(void *data, unsigned long n)
{
	struct partner *p = data;
	char byte = 0;

	while (n--)
		if (write(p->out, &byte, 1) != 1 || read(p->in, &byte, 1) != 1)
			die("pipe");
}

static void start_partner(struct partner *p)
{
	int there[2], back[2];
	pid_t pid;

	if (pipe(there) || pipe(back))
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		close(there[1]);
		close(back[0]);
		echo(there[0], back[1]);
	}
	close(there[0]);
	close(back[1]);
	p->out = there[1];
	p->in = back[0];
}

static void run_switch(unsigned long n)
{
	struct partner partner;

	pin(0);
	go_first();
	start_partner(&partner);
	measure(round_trips, &partner, n, 50);
	close(partner.out);
	wait(NULL);
}

static void run_yield(unsigned long n)
{
	pid_t pid;

	pin(0);
	pid = fork();
	if (pid < 0)
		die("fork");
	for (n /= 2; n; n--)
		sched_yield();
	if (!pid)
		_exit(0);
	wait(NULL);
}

static void call(void *data, unsigned long n)
{
	(void)data;
	while (n--)
		syscall(SYS_getppid);
}

static void run_syscall(unsigned long n)
{
	pin(0);
	go_first();
	measure(call, NULL, n, 500);
}

static void switch_forever(void)
{
	struct partner partner;

	start_partner(&partner);
	for (;;)
		round_trips(&partner, 1000);
}

static void allocate_forever(void)
{
	for (;;) {
		int fd = open("/proc/self/stat", O_RDONLY);

		if (fd < 0)
			die("/proc/self/stat");
		close(fd);
	}
}

/* Runs in a process group of its own, which is killed at the end. */
static void run_storm(unsigned int seconds)
{
	long cpu, cpus = sysconf(_SC_NPROCESSORS_ONLN);

	setpgid(0, 0);
	for (cpu = 0; cpu < cpus; cpu++) {
		if (!fork()) {
			pin(cpu);
			switch_forever();
		}
		if (!fork()) {
			pin(cpu);
			allocate_forever();
		}
	}
	sleep(seconds);
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	while (wait(NULL) > 0)
		;
}

static uint64_t ns(const struct timeval *t)
{
	return (t->tv_sec * 1000000ULL + t->tv_usec) * 1000;
}

static int run_cpu(const char *file, char **command)
{
	struct rusage usage;
	pid_t pid = fork();
	int status;
	FILE *f;

	if (pid < 0)
		die("fork");
	if (!pid) {
		execvp(command[0], command);
		die(command[0]);
	}
	/* Signals are for the command. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	while (wait4(pid, &status, 0, &usage) < 0)
		if (errno != EINTR)
			die("wait4");
	f = fopen(file, "w");
	if (!f || fprintf(f, "%llu\n", (unsigned long long)(ns(&usage.ru_utime) + ns(&usage.ru_stime))) < 0 ||
	    fclose(f))
		die(file);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";
	unsigned long n = argc > 2 ? strtoul(argv[2], NULL, 0) : 0;

	if (!strcmp(what, "switch"))
		run_switch(n);
	else if (!strcmp(what, "yield"))
		run_yield(n);
	else if (!strcmp(what, "syscall"))
		run_syscall(n);
	else if (!strcmp(what, "storm"))
		run_storm(n);
	else if (!strcmp(what, "cpu") && argc > 3)
		return run_cpu(argv[2], argv + 3);
	else
		return 2;
	return 0;
}
