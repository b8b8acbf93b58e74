// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command that record runs: start it, wait for it, get its exit code.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd.h"
#include "signals.h"
#include "target.h"

#define EXIT_NOT_FOUND	127
#define EXIT_CANNOT_RUN	126
#define EXIT_SIGNAL	128

/* Returns false if the parent closed its end of the pipe: do not run. */
static bool wait_to_go(int fd)
{
	char byte;
	ssize_t n;

	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	return n == 1;
}

static _Noreturn void run_target(char **argv, bool to_stderr, int go, int report)
{
	int err;

	if (!wait_to_go(go))
		_exit(EXIT_CANNOT_RUN);
	signals_restore();
	if (to_stderr)
		dup2(STDERR_FILENO, STDOUT_FILENO);
	execvp(argv[0], argv);
	err = errno;
	/*
	 * without the report the parent believes that the command runs, but gets its exit
	 * code
	 */
	if (write(report, &err, sizeof(err)) != (ssize_t)sizeof(err))
		_exit(EXIT_CANNOT_RUN);
	_exit(err == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN);
}

/* Returns the errno of execvp(3); 0: it succeeded, which closed the pipe. */
static int read_report(int fd)
{
	int err = 0;
	ssize_t n;

	do
		n = read(fd, &err, sizeof(err));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(err) ? err : 0;
}

static int cannot_run(const char *name, int err)
{
	problem("cannot run '%s': %s", name, strerror(err));
	return err == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
}

/* 0 or an errno */
static int check_program(const char *path)
{
	struct stat stat_;

	if (stat(path, &stat_))
		return errno;
	if (!S_ISREG(stat_.st_mode))
		return EACCES;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) ? errno : 0;
}

/* The same for @name in a directory of $PATH, @len bytes long; empty: the current one. */
static int check_in_directory(const char *directory, size_t len, const char *name)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%.*s%s%s", (int)len, directory, len ? "/" : "", name);

	return n < 0 || (size_t)n >= sizeof(path) ? ENAMETOOLONG : check_program(path);
}

/* execvp(3) searches on after a file that it cannot execute, but then fails with EACCES. */
static int search_path(const char *name)
{
	const char *path = getenv("PATH");
	int err, result = ENOENT;

	if (!path)
		path = "/bin:/usr/bin";
	for (;; path++) {
		size_t len = strcspn(path, ":");

		err = check_in_directory(path, len, name);
		if (!err)
			return 0;
		if (err == EACCES)
			result = EACCES;
		path += len;
		if (!*path)
			return result;
	}
}

int target_find(char **argv)
{
	const char *name = argv[0];
	int err = !*name ? ENOENT : strchr(name, '/') ? check_program(name) : search_path(name);

	return err ? cannot_run(name, err) : 0;
}

int target_prepare(struct target *target, char **argv, bool to_stderr)
{
	int go[2], report[2], err;

	if (pipe2(go, O_CLOEXEC) < 0)
		return problem("cannot make a pipe: %s", strerror(errno));
	if (pipe2(report, O_CLOEXEC) < 0) {
		err = errno;
		close(go[0]);
		close(go[1]);
		return problem("cannot make a pipe: %s", strerror(err));
	}
	target->go = go[1];
	target->report = report[0];
	target->pid = fork();
	if (target->pid == 0) {
		close(go[1]);	/* else wait_to_go() would never see the end of the pipe */
		run_target(argv, to_stderr, go[0], report[1]);
	}
	err = errno;
	close(go[0]);
	close(report[1]);
	if (target->pid > 0)
		return EXIT_OK;
	target->pid = 0;
	close(go[1]);
	close(report[0]);
	return problem("cannot make a process: %s", strerror(err));
}

int target_start(struct target *target, char **argv)
{
	int err = write(target->go, "", 1) == 1 ? 0 : errno;

	close(target->go);
	if (!err)
		err = read_report(target->report);
	close(target->report);
	if (!err)
		return 0;
	target_wait(target);
	target->pid = 0;
	return cannot_run(argv[0], err);
}

void target_abandon(struct target *target)
{
	if (!target->pid)
		return;
	close(target->go);
	close(target->report);
	target_wait(target);
	target->pid = 0;
}

static void target_ended(struct target *target, int status)
{
	target->done = true;
	target->exit_code = WIFSIGNALED(status) ? EXIT_SIGNAL + WTERMSIG(status) :
						  WEXITSTATUS(status);
}

void target_reap(struct target *target)
{
	int status;

	if (target->pid && !target->done && waitpid(target->pid, &status, WNOHANG) == target->pid)
		target_ended(target, status);
}

void target_wait(struct target *target)
{
	int status;
	pid_t pid;

	if (!target->pid || target->done)
		return;
	do
		pid = waitpid(target->pid, &status, 0);
	while (pid < 0 && errno == EINTR);
	if (pid == target->pid)
		target_ended(target, status);
}
