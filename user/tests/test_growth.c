// SPDX-License-Identifier: GPL-2.0-only
/*
 * Time and memory grow linearly with the size of a trace: runs each command on each hostile
 * trace, and on one four times as large.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hostile.h"
#include "run.h"
#include "tap.h"

#define SIZE		(256 * 1024)
#define TIMES		4
/* Quadratic growth would be TIMES * TIMES. */
#define MOST_TIMES	(2 * TIMES)
/* Smaller differences are noise. */
#define NOISE		0.03
#define TRIES		3
#define SECONDS		60
/* Limit for a large trace: ten times the present time. */
#define MOST_SECONDS	3

/* The limit in docs/exptrace.md: bytes of memory for each byte of the trace. */
#define MEMORY		170
#define BASE		(16 << 20)

/* Sanitizers change both time and memory: with them, each large trace is only read once. */
#ifdef __SANITIZE_ADDRESS__
#define MEASURES	0
#else
#define MEASURES	1
#endif

struct cost {
	double seconds;
	double bytes;
};

static const struct {
	const struct command *command;
	char *option;
} commands[] = {
	{ &command_check, NULL },
	{ &command_stat, NULL },
	{ &command_report, NULL },
	{ &command_report, "--json" },
	{ &command_dump, NULL },
};

#define COMMANDS	(sizeof(commands) / sizeof(commands[0]))

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double peak_bytes(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)usage.ru_maxrss * 1024;
}

static void run_child(size_t which, int fd, struct cost *cost)
{
	struct rlimit limit = { .rlim_cur = SECONDS, .rlim_max = SECONDS };
	char path[64], *argv[4] = { (char *)commands[which].command->name };
	int argc = 1, null = open("/dev/null", O_WRONLY);
	double seconds, bytes;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (commands[which].option)
		argv[argc++] = commands[which].option;
	argv[argc++] = path;
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	setrlimit(RLIMIT_CPU, &limit);
	bytes = peak_bytes();
	seconds = cpu_seconds();
	optind = 0;
	commands[which].command->run(argc, argv);
	cost->seconds = cpu_seconds() - seconds;
	cost->bytes = peak_bytes() - bytes;
	_exit(0);
}

/* Runs the command in a child; one that crashes or is killed has infinite cost. */
static struct cost measure(size_t which, int fd)
{
	struct cost *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0), cost;
	int status = -1;
	pid_t pid;

	if (shared == MAP_FAILED)
		abort();
	fflush(stdout);
	pid = fork();
	if (!pid)
		run_child(which, fd, shared);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		*shared = (struct cost) { 1e9, 1e18 };
	cost = *shared;
	munmap(shared, sizeof(*shared));
	return cost;
}

static int make_trace(const struct hostile *hostile, size_t size, size_t *bytes)
{
	struct writer w = { 0 };
	int fd;

	hostile_write(hostile, &w, size);
	fd = memory_file(w.data, w.size);
	*bytes = w.size;
	w_free(&w);
	return fd;
}

static double least(double a, double b)
{
	return a < b ? a : b;
}

static void compare(const struct hostile *hostile, size_t which, const int *fds,
		    const size_t *sizes)
{
	const char *option = commands[which].option ? commands[which].option : "";
	struct cost small = { 1e9, 1e18 }, large = { 1e9, 1e18 };
	double memory = 0;
	bool slow = true;
	int i;

	/* another process may have evicted the caches */
	for (i = 0; i < TRIES && slow; i++) {
		struct cost a = measure(which, fds[0]), b = measure(which, fds[1]);

		small.seconds = least(small.seconds, a.seconds);
		large.seconds = least(large.seconds, b.seconds);
		memory = (b.bytes - BASE) / (double)sizes[1];
		slow = large.seconds > MOST_TIMES * small.seconds + NOISE ||
		       large.seconds > MOST_SECONDS;
	}
	ok(!slow, "many %s: the time of %s %s grows with the size", hostile->name,
	   commands[which].command->name, option);
	if (slow)
		printf("# %.3f s for %zu bytes, %.3f s for %zu\n", small.seconds, sizes[0],
		       large.seconds, sizes[1]);
	ok(memory < MEMORY, "many %s: %s %s takes less than %d bytes for each byte", hostile->name,
	   commands[which].command->name, option, MEMORY);
	if (memory >= MEMORY)
		printf("# %.0f bytes\n", memory);
}

static void read_once(const struct hostile *hostile, size_t which)
{
	size_t size;
	int fd = make_trace(hostile, TIMES * SIZE, &size);

	ok(measure(which, fd).seconds < SECONDS, "many %s: %s %s reads them # time: plain build only",
	   hostile->name, commands[which].command->name,
	   commands[which].option ? commands[which].option : "");
	close(fd);
}

static void test_hostile(const struct hostile *hostile)
{
	size_t which, sizes[2];
	int fds[2] = {
		make_trace(hostile, SIZE, &sizes[0]), make_trace(hostile, TIMES * SIZE, &sizes[1]),
	};

	for (which = 0; which < COMMANDS; which++)
		compare(hostile, which, fds, sizes);
	close(fds[0]);
	close(fds[1]);
}

/* With an argument, tests only the trace of that name. */
int main(int argc, char **argv)
{
	const struct hostile *hostile;
	size_t which;

	for (hostile = hostiles; hostile->name; hostile++)
		if (argc >= 2 && strcmp(hostile->name, argv[1]))
			continue;
		else if (MEASURES)
			test_hostile(hostile);
		else
			for (which = 0; which < COMMANDS; which++)
				read_once(hostile, which);
	return tap_end();
}
