/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes that work on demand, filters, and what was recorded of those processes. */
#ifndef EXPTRACE_SELFTEST_FILTER_H
#define EXPTRACE_SELFTEST_FILTER_H

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "recording.h"


#define CALLS		50

#define NS_LAST_PID	"/proc/sys/kernel/ns_last_pid"
#define MSEC		1000000ULL

/* A child that works on request, until it is killed. */
struct worker {
	pid_t pid;
	int go, done;
};

static inline void notify(int fd)
{
	if (write(fd, "", 1) != 1)
		_exit(1);
}

/* False when the other side has closed the pipe. */
static inline bool await(int fd)
{
	char byte;

	return read(fd, &byte, 1) == 1;
}

static inline void call_the_kernel(void)
{
	int i;

	for (i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
}

static inline int worker_begin(struct worker *worker, void (*work)(void))
{
	int go[2], done[2];

	*worker = (struct worker){};
	if (pipe2(go, O_CLOEXEC) || pipe2(done, O_CLOEXEC))
		return -errno;
	worker->pid = fork();
	if (!worker->pid) {
		close(go[1]);
		close(done[0]);
		notify(done[1]);
		while (await(go[0])) {
			work();
			notify(done[1]);
		}
		_exit(0);
	}
	close(go[0]);
	close(done[1]);
	worker->go = go[1];
	worker->done = done[0];
	return worker->pid > 0 && await(done[0]) ? 0 : -ECHILD;
}

/* Let it work, and wait until it has. */
static inline bool worker_run(struct worker *worker)
{
	notify(worker->go);
	return await(worker->done);
}

static inline void worker_end(struct worker *worker)
{
	int status;

	/* Workers created later have inherited its pipes, so closing them does not end it. */
	kill(worker->pid, SIGKILL);
	waitpid(worker->pid, &status, 0);
	close(worker->go);
	close(worker->done);
}

static inline int filter_set(int fd, struct exptrace_filter filter)
{
	return device_ioctl(fd, EXPTRACE_IOC_SET_FILTER, &filter);
}

static inline int filter_process(int fd, pid_t pid, uint32_t flags)
{
	uint32_t process = pid;

	return filter_set(fd, (struct exptrace_filter) {
		.flags = flags, .nr_processes = 1, .processes = (uintptr_t)&process,
	});
}

static inline int filter_thread(int fd, pid_t tid, uint32_t flags)
{
	uint32_t thread = tid;

	return filter_set(fd, (struct exptrace_filter) {
		.flags = flags, .nr_threads = 1, .threads = (uintptr_t)&thread,
	});
}

/* Number of system calls @nr begun by a thread (0: by any). */
static inline size_t calls_of(const struct recording *r, pid_t pid, uint64_t nr)
{
	const struct stream_event *e;
	size_t at = 0, n = 0;

	while ((e = next_of(r, EXPTRACE_EVENT_SYS_ENTER, pid, &at)))
		n += e->arg[0].value == nr;
	return n;
}

/* Number of events in the stream that a filter applies to. Each was attempted. */
static inline uint64_t nr_events(const struct recording *r)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < r->nr; i++)
		n += !r->sorted[i]->experiment && !EXPTRACE_EVENT_IS_STATE(r->sorted[i]->type);
	return n;
}

/* The ledger contains the events that passed, and nothing that was filtered out. */
#define EXPECT_EXACT(r)							\
	EXPECT_EQ(nr_events(r) + stream_lost(&(r)->stream), stream_attempted(&(r)->stream, 0))

static inline bool stream_says(const struct recording *r, const char *text)
{
	return memmem(r->bytes.data, r->bytes.size, text, strlen(text));
}

static inline void *call_in_thread(void *unused)
{
	call_the_kernel();
	return unused;
}

static inline void call_in_a_new_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, call_in_thread, NULL))
		_exit(1);
	pthread_join(thread, NULL);
	call_the_kernel();
}

static inline void call_in_a_new_process(void)
{
	pid_t pid = fork();

	if (!pid) {
		call_in_a_new_thread();
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	call_the_kernel();
}

/* Create processes until one gets this pid. Another process may take it first. */
static inline pid_t fork_as(pid_t pid)
{
	char last[16];
	pid_t child;
	int i;

	for (i = 0; i < 100; i++) {
		snprintf(last, sizeof(last), "%d", pid - 1);
		if (write_file(NS_LAST_PID, last))
			return -1;
		child = fork();
		if (!child) {
			if (getpid() == pid)
				call_the_kernel();
			_exit(0);
		}
		waitpid(child, NULL, 0);
		if (child == pid)
			return child;
	}
	return -1;
}

#endif
