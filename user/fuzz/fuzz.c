// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions shared by the fuzz targets.
 */
#include <stdarg.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

/* Limits for all inputs together; the command line can override them. */
static char *limits[] = {
	/* Reports must get out while a command's output is captured. */
	"-close_fd_mask=2",
	"-timeout=20",
	"-rss_limit_mb=2048",
	"-malloc_limit_mb=512",
	"-max_len=16384",
};

#define NR_LIMITS	(sizeof(limits) / sizeof(limits[0]))

/* Time limit: seconds per input, and additional ones per byte; both with sanitizers */
#define SECONDS		0.5
#define SECONDS_BYTE	50e-6

static FILE *messages;

/* Short stacks of allocations, for speed; ASAN_OPTIONS=malloc_context_size=30 shows full ones. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "malloc_context_size=3:quarantine_size_mb=64";
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static char **words;	/* the process keeps them */
	int n = 0, i;

	words = calloc(NR_LIMITS + (size_t)*argc + 1, sizeof(*words));
	messages = fdopen(dup(STDERR_FILENO), "w");
	if (!words || !messages)
		abort();
	setvbuf(messages, NULL, _IOLBF, 0);
	words[n++] = (*argv)[0];
	for (i = 0; i < (int)NR_LIMITS; i++)
		words[n++] = limits[i];
	/* of several equal options, the last one counts */
	for (i = 1; i < *argc; i++)
		words[n++] = (*argv)[i];
	*argc = n;
	*argv = words;
	return 0;
}

void fuzz_say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(messages, format, args);
	va_end(args);
	fputc('\n', messages);
}

int fuzz_file(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	return fd;
}

double fuzz_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void fuzz_limit(const char *what, double start, size_t size)
{
	double took = fuzz_seconds() - start;

	if (took > SECONDS + SECONDS_BYTE * (double)size)
		fuzz_fail("%s takes %.3f s for %zu bytes", what, took, size);
}
