// SPDX-License-Identifier: GPL-2.0-only
/*
 * Load beside the measurements of latency.sh, without any I/O.
 *
 *   latency_load work    switches, allocations and forks
 *   latency_load trace   the recorder's worst cases: storms, many generations, snapshots, discards
 *
 * Both run until they are killed; "trace" also ends when a call of the recorder fails that must succeed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <exptrace/exptrace.h>

#define POOL	(64ULL << 20)

static void die(const char *what)
{
	fprintf(stderr, "latency_load: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* A child that exits when its parent does. */
static pid_t child(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* Two processes pass a byte back and forth. */
static void pass_bytes(int from, int to)
{
	char byte = 0;

	while (write(to, &byte, 1) == 1 && read(from, &byte, 1) == 1)
		;
	exit(1);
}

static void pingpong(void)
{
	int there[2], back[2];

	if (pipe(there) || pipe(back))
		die("pipe");
	if (!child())
		pass_bytes(there[0], back[1]);
	if (!child())
		pass_bytes(back[0], there[1]);
}

/* Files in memory, mappings, children: allocations of all sizes. */
static void allocate(void)
{
	for (;;) {
		void *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		int pipes[2], i;
		pid_t pid;

		if (p == MAP_FAILED)
			die("mmap");
		for (i = 0; i < 16; i++)
			((char *)p)[i << 12] = 1;
		munmap(p, 1 << 20);
		if (!pipe(pipes)) {
			close(pipes[0]);
			close(pipes[1]);
		}
		pid = fork();
		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
}

static void work(void)
{
	pingpong();
	pingpong();
	allocate();
}

/* A call that must succeed. */
static void control(int fd, unsigned long request, void *argument, const char *what)
{
	if (ioctl(fd, request, argument))
		die(what);
}

static void advance(int fd)
{
	struct exptrace_advance args = {};

	if (ioctl(fd, EXPTRACE_IOC_ADVANCE, &args) && errno != ENOBUFS)
		die("ADVANCE");
}

static void all_events_on(int fd)
{
	struct exptrace_event event = {};

	while (!ioctl(fd, EXPTRACE_IOC_GET_EVENT, &event)) {
		unsigned int index = event.index;

		event.flags = EXPTRACE_EVENT_F_ENABLED;
		if (ioctl(fd, EXPTRACE_IOC_SET_EVENT, &event) && errno != ENOENT)
			die("SET_EVENT");
		event = (struct exptrace_event){ .index = index + 1 };
	}
}

static void storm(int fd, uint64_t bytes)
{
	static char text[1024];
	uint64_t written;

	memset(text, 'x', sizeof(text));
	for (written = 0; written < bytes; written += sizeof(text))
		if (write(fd, text, sizeof(text)) < 0 && errno != ENOBUFS)
			die("marker");
}

/*
 * A recording with many generations, half of which a snapshot holds while others come and go. The
 * next recording discards it all.
 */
static void one_recording(int fd, unsigned int mode)
{
	struct exptrace_start start = {
		.flags = EXPTRACE_START_DISCARD, .mode = mode, .pool_size = POOL, .batch_size = 4096,
	};
	struct exptrace_snapshot shot = {};
	static char buffer[1 << 16];
	int i;

	control(fd, EXPTRACE_IOC_START, &start, "START");
	for (i = 0; i < 40; i++)
		advance(fd);
	control(fd, EXPTRACE_IOC_SNAPSHOT, &shot, "SNAPSHOT");
	storm(fd, 2 << 20);
	for (i = 0; i < 5; i++)
		advance(fd);
	while (read(fd, buffer, sizeof(buffer)) > 0)
		;
	storm(fd, 4 << 20);
	control(fd, EXPTRACE_IOC_STOP, NULL, "STOP");
}

static void trace(void)
{
	int fd = open(EXPTRACE_DEVICE, O_RDWR | O_CLOEXEC), i;

	if (fd < 0)
		die(EXPTRACE_DEVICE);
	all_events_on(fd);
	for (i = 0;; i++)
		one_recording(fd, i % 2 ? EXPTRACE_MODE_STREAM : EXPTRACE_MODE_FLIGHT);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "work"))
		work();
	else if (argc == 2 && !strcmp(argv[1], "trace"))
		trace();
	fprintf(stderr, "usage: latency_load work|trace\n");
	return 2;
}
