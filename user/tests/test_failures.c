// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lets each allocation and each access to a file fail in turn. The command must report it with exit
 * code 1, or print the correct output all the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cmd/cmd.h"
#include "run.h"
#include "sample.h"
#include "tap.h"

#define NO_CALL		UINT64_MAX
#define READ_MOST	500	/* bytes per read(2) while reads are to fail */

/* Which call fails. */
static struct {
	bool on;		/* in a child, while the command runs */
	uint64_t allocation;	/* number of the call that fails; NO_CALL: none */
	bool all_after;
	uint64_t read;
	bool read_ends;		/* the read returns 0 instead */
	bool fsync, close;
} fail;

/* Number of calls so far; shared with the child. */
static struct {
	uint64_t allocations, reads;
} *called;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *memory, size_t n);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t n);
ssize_t __real_read(int fd, void *bytes, size_t n);
ssize_t __real_pread(int fd, void *bytes, size_t n, off_t offset);
int __real_fsync(int fd);
int __real_close(int fd);

void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *memory, size_t n);
void *__wrap_reallocarray(void *memory, size_t n, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t n);
ssize_t __wrap_read(int fd, void *bytes, size_t n);
ssize_t __wrap_pread(int fd, void *bytes, size_t n, off_t offset);
int __wrap_fsync(int fd);
int __wrap_close(int fd);

static bool no_memory(void)
{
	uint64_t i = fail.on ? called->allocations++ : 0;

	if (!fail.on || i < fail.allocation || (i > fail.allocation && !fail.all_after))
		return false;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t n)
{
	return no_memory() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return no_memory() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *memory, size_t n)
{
	return no_memory() ? NULL : __real_realloc(memory, n);
}

void *__wrap_reallocarray(void *memory, size_t n, size_t size)
{
	return no_memory() ? NULL : __real_realloc(memory, n * size);
}

char *__wrap_strdup(const char *text)
{
	return no_memory() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t n)
{
	return no_memory() ? NULL : __real_strndup(text, n);
}

/* Returns the most bytes that this call may read; 0: it fails or ends the file, as *@ret says. */
static size_t next_read(size_t n, ssize_t *ret)
{
	if (!fail.on || fail.read == NO_CALL)
		return n;
	if (called->reads++ < fail.read)
		return n < READ_MOST ? n : READ_MOST;
	*ret = fail.read_ends ? 0 : -1;
	errno = EIO;
	return 0;
}

ssize_t __wrap_read(int fd, void *bytes, size_t n)
{
	ssize_t ret = 0;

	n = next_read(n, &ret);
	return n ? __real_read(fd, bytes, n) : ret;
}

ssize_t __wrap_pread(int fd, void *bytes, size_t n, off_t offset)
{
	ssize_t ret = 0;

	n = next_read(n, &ret);
	return n ? __real_pread(fd, bytes, n, offset) : ret;
}

int __wrap_fsync(int fd)
{
	if (!fail.on || !fail.fsync)
		return __real_fsync(fd);
	errno = EIO;
	return -1;
}

int __wrap_close(int fd)
{
	bool fails = fail.on && fail.close && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY;
	int ret = __real_close(fd);

	if (!fails)
		return ret;
	errno = EIO;
	return -1;
}

#define TEXT_MAX	(1 << 16)

struct result {
	int code;		/* -1: it was killed */
	size_t size;		/* of the output */
	char output[TEXT_MAX];
	char messages[TEXT_MAX];
};

static size_t take(int fd, char text[TEXT_MAX])
{
	ssize_t n = __real_pread(fd, text, TEXT_MAX - 1, 0);

	__real_close(fd);
	if (n < 0)
		abort();
	text[n] = 0;
	return (size_t)n;
}

static _Noreturn void child(const struct command *command, char **argv, int out, int err)
{
	int argc = 0, code;

	while (argv[argc])
		argc++;
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	optind = 0;
	fail.on = true;
	code = finish(command->run(argc, argv));
	fail.on = false;
	exit(code);
}

/* Runs the command on the trace @path; @option may be NULL. */
static void run(struct result *result, const struct command *command, const char *option,
		char *path)
{
	char name[16], word[16];
	char *argv[] = { name, option ? word : path, option ? path : NULL, NULL };
	int out = memory_file(NULL, 0), err = memory_file(NULL, 0), status;
	pid_t pid;

	snprintf(name, sizeof(name), "%s", command->name);
	snprintf(word, sizeof(word), "%s", option ? option : "");
	memset(called, 0, sizeof(*called));
	fflush(stdout);
	pid = fork();
	if (!pid)
		child(command, argv, out, err);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		abort();
	result->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	result->size = take(out, result->output);
	take(err, result->messages);
}

static const struct {
	const struct command *command;
	const char *option;
} runs[] = {
	{ &command_dump, NULL }, { &command_dump, "--json" }, { &command_stat, NULL },
	{ &command_report, NULL }, { &command_report, "--json" }, { &command_check, NULL },
	{ &command_cut, NULL },
};

#define NR_RUNS	(sizeof(runs) / sizeof(runs[0]))

static struct result right, got;

static bool show(const char *what, uint64_t i)
{
	printf("# %s %" PRIu64 ": code %d, want %d: %.*s\n", what, i, got.code, right.code,
	       (int)strcspn(got.messages, "\n"), got.messages);
	return false;
}

static bool ends_well(const char *what, uint64_t i)
{
	if (got.code == EXIT_PROBLEM && strstr(got.messages, "out of memory while ") &&
	    !strncmp(got.messages, "exptrace: /proc/self/fd/", 24))
		return true;
	if (got.code == right.code && got.size == right.size &&
	    !memcmp(got.output, right.output, right.size))
		return true;
	return show(what, i);
}

/* Counts the runs with a failed allocation that end in another way. */
static unsigned int without_memory(const struct command *command, const char *option, char *path,
				   uint64_t *failed)
{
	unsigned int wrong = 0;
	uint64_t n, i;

	fail.allocation = NO_CALL;
	run(&right, command, option, path);
	n = called->allocations;
	for (i = 0; i < n; i++) {
		fail.allocation = i;
		fail.all_after = false;
		run(&got, command, option, path);
		wrong += !ends_well(command->name, i);
		fail.all_after = true;
		run(&got, command, option, path);
		wrong += !ends_well(command->name, i);
	}
	*failed += n;
	fail.allocation = NO_CALL;
	return wrong;
}

static void test_memory(const struct writer *w, const char *what)
{
	int fd = memory_file(w->data, w->size);
	unsigned int wrong = 0;
	uint64_t failed = 0;
	char path[64];
	size_t i;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (i = 0; i < NR_RUNS; i++)
		wrong += without_memory(runs[i].command, runs[i].option, path, &failed);
	is(wrong, 0, "every command reports that memory ran out: %s (%" PRIu64 " allocations)", what,
	   failed);
	close(fd);
}

/* Each read fails in turn, or returns the end of the file. */
static void test_reading(const struct writer *w)
{
	int fd = memory_file(w->data, w->size);
	unsigned int wrong = 0, shrunk = 0;
	char path[64];
	size_t i, n, reads = w->size / READ_MOST;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (i = 0; i < NR_RUNS * reads; i++) {
		n = i / NR_RUNS;
		fail.read = n;
		fail.read_ends = false;
		run(&got, runs[i % NR_RUNS].command, runs[i % NR_RUNS].option, path);
		if (got.code != EXIT_PROBLEM ||
		    strncmp(got.messages, "exptrace: /proc/self/fd/", 24) ||
		    !strstr(got.messages, ": cannot read: Input/output error at offset "))
			wrong += !show(runs[i % NR_RUNS].command->name, n);
		fail.read_ends = true;
		run(&got, runs[i % NR_RUNS].command, runs[i % NR_RUNS].option, path);
		if (got.code != EXIT_PROBLEM ||
		    (!strstr(got.messages, n ? "cut off in " : "there is no data") &&
		     !strstr(got.output, "cut off in ")))
			shrunk += !show(runs[i % NR_RUNS].command->name, n);
	}
	fail.read = NO_CALL;
	is(wrong, 0, "every command reports where reading failed");
	is(shrunk, 0, "every command reports where a file that has shrunk ends");
	close(fd);
}

/* Written data is on the disk only after fsync() and close() succeed. */
static void test_closing(const struct writer *w)
{
	int fd = memory_file(w->data, w->size);
	char path[64], option[64], out[] = "/tmp/exptrace-XXXXXX";
	int out_fd = mkstemp(out);

	if (out_fd < 0)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	snprintf(option, sizeof(option), "-o%s", out);
	fail.fsync = true;
	run(&got, &command_cut, option, path);
	ok(got.code == EXIT_PROBLEM && strstr(got.messages, ": cannot write: Input/output error"),
	   "a failure of fsync() is reported");
	fail.fsync = false;
	fail.close = true;
	run(&got, &command_cut, option, path);
	ok(got.code == EXIT_PROBLEM && strstr(got.messages, ": cannot write: Input/output error"),
	   "a failure of close() is reported");
	fail.close = false;
	unlink(out);
	close(out_fd);
	close(fd);
}

int main(void)
{
	static const struct sample_faults none;
	struct writer w = { 0 };

	fail.allocation = fail.read = NO_CALL;
	called = mmap(NULL, sizeof(*called), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (called == MAP_FAILED)
		abort();
	sample_trace(&w, 2);
	test_memory(&w, "a sound trace");
	test_reading(&w);
	test_closing(&w);
	memset(w.data + 700, 0, w.size / 2 - 900);
	test_memory(&w, "a trace with a hole");
	w_free(&w);

	w_header(&w);
	sample_batches(&w, 1, &none);
	sample_closing(&w, 1, &none);
	sample_generation(&w, 2, &none);
	test_memory(&w, "a trace without its beginning");
	w_free(&w);
	return tap_end();
}
