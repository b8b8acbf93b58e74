// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pipe that nobody reads does not keep record and snapshot from ending.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../cmd/cmd.h"
#include "fake_device.h"
#include "run.h"
#include "tap.h"

/* The command in a child process, which writes to a pipe that is full from the beginning. */
struct child {
	pid_t pid;
	int out;	/* read end of its standard output */
	int calls;	/* read end of the log of calls, see fake_calls */
	int err;	/* a file with its standard error */
	size_t filled;
};

static size_t fill(int fd)
{
	static const char zeros[4096];
	char path[64];
	size_t n = 0;
	ssize_t ret;
	int other;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	other = open(path, O_WRONLY | O_NONBLOCK);
	while ((ret = write(other, zeros, sizeof(zeros))) > 0)
		n += (size_t)ret;
	close(other);
	return n;
}

static _Noreturn void run_child(const struct command *command, char **argv, int argc,
				const int *out, const int *calls, int err)
{
	close(out[0]);
	close(calls[0]);
	fake_calls = calls[1];
	dup2(out[1], STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	close(out[1]);
	optind = 0;
	_exit(command->run(argc, argv));
}

static void start(struct child *child, const struct command *command, char **argv)
{
	int out[2], calls[2], argc = 0;

	while (argv[argc])
		argc++;
	child->err = memfd_create("messages", MFD_CLOEXEC);
	if (pipe2(out, O_CLOEXEC) || pipe2(calls, O_CLOEXEC) || child->err < 0)
		abort();
	child->filled = fill(out[1]);
	fflush(stdout);
	child->pid = fork();
	if (!child->pid)
		run_child(command, argv, argc, out, calls, child->err);
	close(out[1]);
	close(calls[1]);
	child->out = out[0];
	child->calls = calls[0];
}

static void short_sleep(void)
{
	nanosleep(&(struct timespec) { 0, 10000000 }, NULL);
}

static void print_messages(const struct child *child)
{
	char messages[4096] = "";

	if (pread(child->err, messages, sizeof(messages) - 1, 0) > 0)
		printf("# %s", messages);
}

/* Waits until the child is in write(2) to standard output. */
static void wait_until_stalled(const struct child *child)
{
	char path[64], text[8] = "?";
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/syscall", child->pid);
	while (strncmp(text, "1 0x1 ", 6)) {
		short_sleep();
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || read(fd, text, sizeof(text)) <= 0 ||
		    waitpid(child->pid, NULL, WNOHANG)) {
			print_messages(child);
			exit(1);
		}
		close(fd);
	}
}

/* Whether the device gets exactly the calls @expected while the command still runs. */
static bool gets_calls(const struct child *child, const char *expected)
{
	char call;

	for (; *expected; expected++)
		if (read(child->calls, &call, 1) != 1 || call != *expected)
			return false;
	return !waitpid(child->pid, NULL, WNOHANG);
}

/* Returns the exit code, or 128 plus the signal that ended the child. */
static int wait_for_end(const struct child *child)
{
	int status;

	waitpid(child->pid, &status, 0);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static bool has_message(const struct child *child, const char *text)
{
	char messages[4096] = "";

	return pread(child->err, messages, sizeof(messages) - 1, 0) >= 0 && strstr(messages, text);
}

static void finish_child(const struct child *child)
{
	close(child->out);
	close(child->calls);
	close(child->err);
}

static char *record_words[] = { "record", "-o", "-", NULL };

static void test_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct child child;
	size_t i;

	for (i = 0; i < 3; i++) {
		start(&child, &command_record, record_words);
		wait_until_stalled(&child);
		kill(child.pid, signals[i]);
		ok(gets_calls(&child, "fsfc"), "signal %d ends a recording into a stalled pipe, and "
		   "filter and events are restored", signals[i]);
		kill(child.pid, signals[i]);
		ok(wait_for_end(&child) == EXIT_PROBLEM &&
		   has_message(&child, "interrupted while standard output took nothing") &&
		   has_message(&child, "are left in the device"),
		   "a second signal %d ends the command", signals[i]);
		finish_child(&child);
	}
}

static void test_duration(void)
{
	char *words[] = { "record", "-o", "-", "--duration", "0.1", NULL };
	struct child child;

	start(&child, &command_record, words);
	ok(gets_calls(&child, "fsfc"), "the duration ends a recording into a stalled pipe");
	ok(wait_for_end(&child) == EXIT_PROBLEM &&
	   has_message(&child, "standard output took nothing for 5 s"),
	   "the command ends then although nobody reads the pipe");
	finish_child(&child);
}

static void test_command(void)
{
	char *words[] = { "record", "-o", "-", "--", "true", NULL };
	struct child child;

	start(&child, &command_record, words);
	ok(gets_calls(&child, "fsfc"), "the command's end ends a recording into a stalled pipe");
	kill(child.pid, SIGTERM);
	wait_for_end(&child);
	finish_child(&child);
}

/* Reads the trace after the bytes that filled the pipe; the caller frees it. */
static uint8_t *read_trace(const struct child *child, size_t *size)
{
	size_t room = 1 << 20, used = 0;
	uint8_t *bytes = malloc(room);
	ssize_t n;

	while ((n = read(child->out, bytes + used, room - used)) > 0) {
		used += (size_t)n;
		if (used == room)
			bytes = realloc(bytes, room *= 2);
	}
	*size = used - child->filled;
	memmove(bytes, bytes + child->filled, *size);
	return bytes;
}

static void test_resumed(void)
{
	struct child child;
	uint8_t *bytes;
	size_t size;

	start(&child, &command_record, record_words);
	wait_until_stalled(&child);
	kill(child.pid, SIGTERM);
	ok(gets_calls(&child, "fsfc"), "a recording into a stalled pipe ends");
	bytes = read_trace(&child, &size);
	ok(wait_for_end(&child) == EXIT_OK && size > EXPTRACE_HEADER_SIZE &&
	   run_bytes(&command_check, NULL, bytes, size) == EXIT_OK,
	   "the whole trace can still be read from the pipe");
	free(bytes);
	finish_child(&child);
}

static void test_snapshot(void)
{
	char *words[] = { "snapshot", "-o", "-", NULL };
	struct child child;

	start(&child, &command_snapshot, words);
	wait_until_stalled(&child);
	kill(child.pid, SIGTERM);
	ok(wait_for_end(&child) == EXIT_PROBLEM && has_message(&child, "interrupted while writing"),
	   "a signal ends a snapshot into a stalled pipe");
	finish_child(&child);
}

static void test_restored(void)
{
	char *words[] = { "record", "-o", "-", "-e", "sched", "--stacks", "sched", NULL };
	struct child child;
	char call = 0;

	fake_offers = 1;
	start(&child, &command_record, words);
	fake_offers = -1;
	ok(read(child.calls, &call, 1) == 1 && call == 'c',
	   "record restores the events if it cannot list them for --stacks");
	ok(wait_for_end(&child) == EXIT_PROBLEM && has_message(&child, "cannot list the events"),
	   "record reports that it cannot list the events");
	finish_child(&child);
}

static void test_misspelt(void)
{
	static const char *const call[] = { "-o", "-", "-e", "syscalls:opnat", NULL };
	static const char *const event[] = { "-o", "-", "-e", "nothing_like_it", NULL };

	ok(run_words(&command_record, call) == EXIT_PROBLEM &&
	   run_printed("did you mean 'syscalls:openat'?\n"),
	   "record suggests a similar system call");
	fake_event = "esc\033[31m";
	ok(run_words(&command_record, event) == EXIT_PROBLEM &&
	   run_printed("; there are:\n  sched: esc\\x1b[31m\n") && !strchr(run_output, '\033'),
	   "names of the module's events are escaped");
	fake_event = "sched_switch";
}

int main(void)
{
	/* makes a test that hangs fail */
	alarm(60);
	/* the caller may ignore them, like nohup(1) */
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	test_restored();
	test_signals();
	test_duration();
	test_command();
	test_resumed();
	test_snapshot();
	test_misspelt();	/* last, as it runs in this process and changes its signals */
	return tap_end();
}
