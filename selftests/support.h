/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers of all selftests: load the module, use its device, read the kernel log, wait with a
 * deadline, make work to trace.
 */
#ifndef EXPTRACE_SELFTEST_SUPPORT_H
#define EXPTRACE_SELFTEST_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <exptrace/events.h>
#include <exptrace/exptrace.h>

#include "stream.h"

/* Emulated machines are slow: no test may rely on this being short. */
#define DEADLINE_MS	60000

static inline uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static inline long long now_ms(void)
{
	return now_ns() / 1000000;
}

/* Wait until a condition is true, checking it every millisecond; false if the deadline passes. */
#define WAIT_FOR(condition)						\
	({								\
		long long _end = now_ms() + DEADLINE_MS;		\
		bool _true;						\
		while (!(_true = (condition)) && now_ms() < _end)	\
			usleep(1000);					\
		_true;							\
	})

/* The module. */

/* Why the tests cannot run here, or NULL. */
const char *module_missing(void);

/* Load $EXPTRACE_KO with parameters: 0 or -errno. */
int module_load(const char *parameters);

/* Load a test module from the directory of $EXPTRACE_KO: 0 or -errno. */
int module_load_helper(const char *file, const char *parameters);

/* Was this test module built? Some kernels lack what it needs. */
bool module_has_helper(const char *file);

/* Try once to unload the module: 0 or -errno. */
int module_remove(void);

/* Unload the module if it is loaded, waiting for its last users: 0 or -errno. */
int module_unload(void);

/* The device. */

/* A file descriptor with close-on-exec, or -errno. */
int device_open(int flags);

/* Returns 0 or -errno. */
int device_ioctl(int fd, unsigned long request, void *argument);

/* Complete the current generation: its number, or -errno. */
int64_t device_advance(int fd);

/* Small batches, a pool of 4 MiB, and a new generation only on demand. */
struct exptrace_start start_small(void);

struct exptrace_info device_info(int fd);

/* Index of an event in the catalogue, or -ENOENT. */
int event_index(int fd, const char *name);

/* Find an event by its name: 0 or -errno. */
int event_get(int fd, const char *name, struct exptrace_event *event);

/* Set the flags of an event: 0 or -errno. */
int event_set_flags(int fd, const char *name, uint32_t flags);

/* Enable or disable an event: 0 or -errno. */
int event_set(int fd, const char *name, bool on);

/* Enable the allocations and frees of slab objects: 0, or nonzero on error. */
int alloc_events_on(int fd);

/* A number from the debugfs file "state"; 0 if it is not there. */
uint64_t recorder_state(const char *name);

/* What has been read. */
struct bytes {
	uint8_t *data;
	size_t size, room;
};

/* Append one read of at most @n bytes: the result of read(2), or -errno. */
ssize_t bytes_read(struct bytes *bytes, int fd, size_t n);

/* Read until the end of file, with reads of @n bytes: 0 or -errno. */
int bytes_drain(struct bytes *bytes, int fd, size_t n);

void bytes_free(struct bytes *bytes);

/* Read until the end of file and parse: 0, or nonzero with the reason in stream->error. */
int drain_and_parse(int fd, struct stream *stream);

/* The kernel log. */

/* A descriptor that sees what is logged from now on. */
int log_open(void);

/* Search what was logged since for a text or, if @text is NULL, for signs of a kernel bug. */
bool log_has(int fd, const char *text, char line[256]);

/* Work to trace. */

/*
 * Two tasks on one CPU wake each other this many times. Returns the pid of the second one, which
 * has been reaped.
 */
pid_t work_pingpong(unsigned int rounds);

/* The letter for a process's state in /proc; 0 if the process is gone. */
char process_state(pid_t pid);

/* Is a thread of this process asleep in the kernel? */
bool thread_sleeps(pid_t tid);

/* Restrict a thread (0: the caller) to one CPU: 0, or -1 with errno set. */
int pin_to_cpu(pid_t tid, int cpu);

pid_t thread_id(void);

int write_file(const char *path, const char *text);

/* The contents without the final newline, or "" if the file cannot be read. */
const char *read_file(const char *path, char *text, size_t size);

#endif
