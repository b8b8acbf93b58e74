// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs subcommands inside the test, on traces in memory, and keeps their output.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "run.h"

char run_output[RUN_OUTPUT];
size_t run_size;

int memory_file(const uint8_t *data, size_t n)
{
	int fd = memfd_create("trace", MFD_CLOEXEC);

	if (fd < 0 || pwrite(fd, data, n, 0) != (ssize_t)n)
		abort();
	return fd;
}

/* Redirects stdout and stderr to @fd; @old gets duplicates of the original ones. */
static void redirect(int fd, int *old)
{
	fflush(stdout);
	old[0] = dup(STDOUT_FILENO);
	old[1] = dup(STDERR_FILENO);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
}

static void restore(const int *old)
{
	fflush(stdout);
	dup2(old[0], STDOUT_FILENO);
	dup2(old[1], STDERR_FILENO);
	close(old[0]);
	close(old[1]);
}

static void keep_output(int fd)
{
	ssize_t n = pread(fd, run_output, RUN_OUTPUT - 1, 0);

	run_size = n < 0 ? 0 : (size_t)n;
	run_output[run_size] = 0;
	close(fd);
}

#define WORDS_MAX	8

int run_words(const struct command *command, const char *const *words)
{
	int output = memory_file(NULL, 0), old[2], argc = 0, ret;
	char *argv[WORDS_MAX + 2], *copies[WORDS_MAX + 1];

	copies[argc] = strdup(command->name);
	for (argv[argc] = copies[argc], argc++; argc <= WORDS_MAX && words[argc - 1]; argc++)
		argv[argc] = copies[argc] = strdup(words[argc - 1]);
	argv[argc] = NULL;
	optind = 0;
	redirect(output, old);
	ret = command->run(argc, argv);
	restore(old);
	/* getopt() reorders argv */
	while (argc--)
		free(copies[argc]);
	keep_output(output);
	return ret;
}

int run_bytes(const struct command *command, const char *option, const uint8_t *data, size_t n)
{
	int fd = memory_file(data, n), ret;
	char path[64];
	const char *words[] = { option ? option : path, option ? path : NULL, NULL };

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ret = run_words(command, words);
	close(fd);
	return ret;
}

int run_trace(const struct command *command, const char *option, const struct writer *w)
{
	return run_bytes(command, option, w->data, w->size);
}

int run_dump_json(const uint8_t *data, size_t n)
{
	int fd = memory_file(data, n), ret;
	char path[64];
	const char *const words[] = { "--all", "--json", path, NULL };

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ret = run_words(&command_dump, words);
	close(fd);
	return ret;
}

bool run_printed(const char *text)
{
	if (strstr(run_output, text))
		return true;
	printf("# '%s' is missing in:\n", text);
	fwrite("# ", 1, 2, stdout);
	for (const char *c = run_output; *c; c++) {
		putchar(*c);
		if (*c == '\n')
			fputs("# ", stdout);
	}
	putchar('\n');
	return false;
}

struct exptrace_trace *test_open(const struct writer *w, int *fd)
{
	struct exptrace_trace *trace;

	*fd = memory_file(w->data, w->size);
	if (exptrace_open_fd(*fd, &trace))
		abort();
	return trace;
}

void test_close(struct exptrace_trace *trace, int fd)
{
	exptrace_close(trace);
	close(fd);
}
