// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the commands that read a trace on the input, and checks their output.
 *
 * The last byte of the header selects a command; 0 runs all of them and compares the output.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../cmd/cmd.h"
#include "fuzz.h"

#define WORDS	5

static const struct {
	const struct command *command;
	const char *words[WORDS];	/* before the file */
} runs[] = {
	{ &command_dump, { NULL } },
	{ &command_dump, { "--json" } },
	{ &command_dump, { "--all" } },
	{ &command_dump, { "--all", "--raw-time" } },
	{ &command_dump, { "--all", "--json" } },
	{ &command_dump, { "-e", "sched,-sched_wakeup,+allocfree,syscalls:openat,+syscalls:7" } },
	{ &command_dump, { "-e", "-syscalls:read,-timer", "-n", "3" } },
	{ &command_stat, { NULL } },
	{ &command_report, { NULL } },
	{ &command_report, { "--json" } },
	{ &command_report, { "-e", "-sched,-sys_exit", "-n", "1" } },
	{ &command_check, { NULL } },
	{ &command_check, { "--allow-partial-first" } },
	{ &command_cut, { NULL } },
	{ &command_cut, { "-g", "2-3" } },
	{ &command_cut, { "-g", "1", "-o", "/dev/null" } },
};

#define RUNS	(sizeof(runs) / sizeof(runs[0]))

/* Output of the last run */
static struct {
	char *bytes;
	size_t size, room;
} out, err;

static int out_fd = -1, err_fd;

/* Redirects standard output and error into memory. */
static void keep_output(void)
{
	if (out_fd >= 0)
		return;
	out_fd = fuzz_file(NULL, 0);
	err_fd = fuzz_file(NULL, 0);
	dup2(out_fd, STDOUT_FILENO);
	dup2(err_fd, STDERR_FILENO);
}

static void take(int fd, char **bytes, size_t *size, size_t *room)
{
	off_t n = lseek(fd, 0, SEEK_END);

	if ((size_t)n >= *room) {
		*room = 2 * (size_t)n + 4096;
		*bytes = realloc(*bytes, *room);
	}
	if (!*bytes || pread(fd, *bytes, (size_t)n, 0) != (ssize_t)n || ftruncate(fd, 0))
		abort();
	lseek(fd, 0, SEEK_SET);
	*size = (size_t)n;
	(*bytes)[n] = 0;
}

/* The output must not contain control bytes that a terminal would obey. */
static void check_text(size_t run, const char *text, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
			fuzz_fail("%s %s prints the byte 0x%02x", runs[run].command->name,
				  runs[run].words[0] ? runs[run].words[0] : "", c);
	}
}

/* Each line must be an object; the tests check its contents. */
static void check_json(size_t run)
{
	const char *line = out.bytes, *end;

	for (; *line; line = end + 1) {
		end = strchr(line, '\n');
		if (!end || *line != '{' || end[-1] != '}')
			fuzz_fail("%s prints what is no JSON: %.80s", runs[run].command->name, line);
	}
}

static void check_output(size_t run)
{
	const struct command *command = runs[run].command;
	const char *const *words = runs[run].words;

	check_text(run, err.bytes, err.size);
	if (command == &command_cut)
		return;
	check_text(run, out.bytes, out.size);
	if ((words[0] && !strcmp(words[0], "--json")) || (words[1] && !strcmp(words[1], "--json")))
		check_json(run);
}

static int run_on(size_t run, const char *path, size_t size)
{
	const struct command *command = runs[run].command;
	double start = fuzz_seconds();
	char words[WORDS + 2][80], *argv[WORDS + 3];
	int argc = 0, i, ret;

	snprintf(words[argc++], sizeof(words[0]), "%s", command->name);
	for (i = 0; i < WORDS && runs[run].words[i]; i++)
		snprintf(words[argc++], sizeof(words[0]), "%s", runs[run].words[i]);
	snprintf(words[argc++], sizeof(words[0]), "%s", path);
	for (i = 0; i < argc; i++)
		argv[i] = words[i];
	argv[argc] = NULL;
	optind = 0;
	ret = command->run(argc, argv);
	fflush(stdout);
	fflush(stderr);
	take(out_fd, &out.bytes, &out.size, &out.room);
	take(err_fd, &err.bytes, &err.size, &err.room);
	if (ret < EXIT_OK || ret > EXIT_PROBLEM)
		fuzz_fail("%s ends with %d", command->name, ret);
	check_output(run);
	fuzz_limit(command->name, start, size);
	return ret;
}

static void name_file(char *path, size_t size, int fd)
{
	snprintf(path, size, "/proc/self/fd/%d", fd);
}

/* The output of cut for a valid trace must show the same. */
static void compare_cut(const char *path, size_t size)
{
	char cut_path[64], *shown;
	size_t run, length;
	int fd;

	for (run = 0; runs[run].command != &command_cut; run++)
		;
	if (run_on(0, path, size) != EXIT_OK)
		return;
	length = out.size;
	shown = malloc(length + 1);
	if (!shown)
		abort();
	memcpy(shown, out.bytes, length);
	if (run_on(run, path, size) == EXIT_OK) {
		fd = fuzz_file((const uint8_t *)out.bytes, out.size);
		name_file(cut_path, sizeof(cut_path), fd);
		if (run_on(0, cut_path, size) != EXIT_OK || out.size != length ||
		    memcmp(out.bytes, shown, length))
			fuzz_fail("what was cut shows something else");
		close(fd);
	}
	free(shown);
}

static void try_commands(const char *path, size_t size, size_t choice)
{
	size_t run;

	for (run = 0; run < RUNS; run++)
		if (!choice || choice % (RUNS + 2) == run + 1)
			run_on(run, path, size);
	if (!choice || choice % (RUNS + 2) == 0)
		compare_cut(path, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t zero;
	char path[64];
	int fd;

	keep_output();
	fd = fuzz_file(data, size);
	if (size > FUZZ_CHOICE && pwrite(fd, &zero, 1, FUZZ_CHOICE) != 1)
		abort();
	name_file(path, sizeof(path), fd);
	try_commands(path, size, size > FUZZ_CHOICE ? data[FUZZ_CHOICE] : 1);
	close(fd);
	return 0;
}
