/* SPDX-License-Identifier: GPL-2.0-only */
/* What all tests need: the module loaded afresh, its device, the kernel log, waiting with a deadline, work to trace. */
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

/* Emulated machines are slow: no test may depend on this being short. */
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

/* Wait until a condition is true, looking every millisecond; false if it isn't within the deadline. */
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

/* Load a test module, which lies beside it: 0 or -errno. */
int module_load_helper(const char *file, const char *parameters);

/* Is it there? Some are not built for a kernel that lacks what they need. */
bool module_has_helper(const char *file);

/* One attempt to remove it: 0 or -errno. */
int module_remove(void);

/* Remove it if it is there, waiting for what still holds it: 0 or -errno. */
int module_unload(void);

/* The device. */

/* A file descriptor or -errno; close-on-exec. */
int device_open(int flags);

/* An ioctl: 0 or -errno. */
int device_ioctl(int fd, unsigned long request, void *argument);

/* Complete the current generation: its number, or -errno. */
int64_t device_advance(int fd);

/* Small batches, generations on demand only, pool of 4 MiB. */
struct exptrace_start start_small(void);

struct exptrace_info device_info(int fd);

/* Index of an event of the catalogue, or -ENOENT. */
int event_index(int fd, const char *name);

/* What GET_EVENT tells of an event: 0 or -errno. */
int event_get(int fd, const char *name, struct exptrace_event *event);

/* Switch it, by its name: 0 or -errno. */
int event_set_flags(int fd, const char *name, uint32_t flags);

/* Switch an event: 0 or -errno. */
int event_set(int fd, const char *name, bool on);

/* Switch on the allocations and frees of slab objects: 0, or not. */
int alloc_events_on(int fd);

/* A number that the recorder tells about itself in debugfs; 0 if it is not there. */
uint64_t recorder_state(const char *name);

/* What a reader has read. */
struct bytes {
	uint8_t *data;
	size_t size, room;
};

/* One read of at most n bytes, appended: what read(2) returned, or -errno. */
ssize_t bytes_read(struct bytes *bytes, int fd, size_t n);

/* Read with this size until the end of file: 0 or -errno. */
int bytes_drain(struct bytes *bytes, int fd, size_t n);

void bytes_free(struct bytes *bytes);

/* Everything that a reader gets until the end of file, parsed: 0, or not, with the reason in stream->error. */
int drain_and_parse(int fd, struct stream *stream);

/* The kernel log. */

/* A descriptor that sees what is logged from now on. */
int log_open(void);

/* Look at what was logged since, for a text; if none is given, for the signs of a bug in the kernel. */
bool log_has(int fd, const char *text, char line[256]);

/* Work to trace. */

/* Two tasks on one CPU wake each other up so many times; returns the second one's pid after it is reaped. */
pid_t work_pingpong(unsigned int rounds);

/* The letter that /proc has for a process's state; 0: it is gone. */
char process_state(pid_t pid);

/* Is a thread of this process asleep in the kernel? */
bool thread_sleeps(pid_t tid);

/* Let a thread (0: this one) run on one CPU only: 0, or -1 with errno set. */
int pin_to_cpu(pid_t tid, int cpu);

pid_t thread_id(void);

int write_file(const char *path, const char *text);

/* The file's text without the final newline, or "" where there is none. */
const char *read_file(const char *path, char *text, size_t size);

#endif
