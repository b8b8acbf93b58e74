// SPDX-License-Identifier: GPL-2.0-only
/* Helpers of all selftests (see support.h). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "support.h"

const char *module_missing(void)
{
	const char *ko = getenv("EXPTRACE_KO");

	if (geteuid())
		return "needs root";
	if (!ko || access(ko, R_OK))
		return "EXPTRACE_KO does not name the module to test";
	return NULL;
}

static int load(const char *path, const char *parameters)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, parameters, 0))
		err = -errno;
	close(fd);
	return err;
}

int module_load(const char *parameters)
{
	return load(getenv("EXPTRACE_KO"), parameters);
}

static void find_helper(const char *file, char *path, size_t size)
{
	snprintf(path, size - strlen(file), "%s", getenv("EXPTRACE_KO"));
	strcpy(strrchr(path, '/') + 1, file);
}

int module_load_helper(const char *file, const char *parameters)
{
	char path[4096];

	find_helper(file, path, sizeof(path));
	return load(path, parameters);
}

bool module_has_helper(const char *file)
{
	char path[4096];

	find_helper(file, path, sizeof(path));
	return !access(path, F_OK);
}

int module_remove(void)
{
	return syscall(SYS_delete_module, "exptrace", O_NONBLOCK) ? -errno : 0;
}

/* Remove test modules that use exptrace and were left by a failed test. */
static void remove_helpers(void)
{
	static const char *const names[] = {
		"exptrace_bulk", "exptrace_grace", "exptrace_guest", "exptrace_lacking", "exptrace_renames",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		syscall(SYS_delete_module, names[i], O_NONBLOCK);
}

int module_unload(void)
{
	int err;

	remove_helpers();

	if (!WAIT_FOR((err = module_remove()) != -EAGAIN && err != -EBUSY))
		return err;
	return err == -ENOENT ? 0 : err;
}

int device_open(int flags)
{
	int fd = open(EXPTRACE_DEVICE, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int device_ioctl(int fd, unsigned long request, void *argument)
{
	return ioctl(fd, request, argument) < 0 ? -errno : 0;
}

int64_t device_advance(int fd)
{
	struct exptrace_advance args;
	int err;

	memset(&args, 0xcc, sizeof(args));
	args.flags = args.reserved = 0;
	err = device_ioctl(fd, EXPTRACE_IOC_ADVANCE, &args);
	return err ? err : (int64_t)args.generation;
}

struct exptrace_start start_small(void)
{
	return (struct exptrace_start){ .batch_size = 4096, .pool_size = 4 << 20 };
}

struct exptrace_info device_info(int fd)
{
	struct exptrace_info info;

	memset(&info, 0xcc, sizeof(info));
	device_ioctl(fd, EXPTRACE_IOC_INFO, &info);
	return info;
}

int event_get(int fd, const char *name, struct exptrace_event *event)
{
	int err;

	*event = (struct exptrace_event){};
	while (!(err = device_ioctl(fd, EXPTRACE_IOC_GET_EVENT, event)) && strcmp(event->name, name))
		*event = (struct exptrace_event){ .index = event->index + 1 };
	return err;
}

int event_index(int fd, const char *name)
{
	struct exptrace_event event;
	int err = event_get(fd, name, &event);

	return err ? err : (int)event.index;
}

int event_set_flags(int fd, const char *name, uint32_t flags)
{
	struct exptrace_event event;
	int err = event_get(fd, name, &event);

	event.flags = flags;
	return err ? err : device_ioctl(fd, EXPTRACE_IOC_SET_EVENT, &event);
}

int event_set(int fd, const char *name, bool on)
{
	return event_set_flags(fd, name, on ? EXPTRACE_EVENT_F_ENABLED : 0);
}

int alloc_events_on(int fd)
{
	return event_set(fd, "kmalloc", true) || event_set(fd, "kfree", true) ||
	       event_set(fd, "kmem_cache_alloc", true) || event_set(fd, "kmem_cache_free", true);
}

uint64_t recorder_state(const char *name)
{
	static char text[65536];
	char line[64];
	const char *at;

	snprintf(line, sizeof(line), "\n%s ", name);
	at = strstr(read_file("/sys/kernel/debug/exptrace/state", text, sizeof(text)), line);
	return at ? strtoull(at + strlen(line), NULL, 10) : 0;
}

ssize_t bytes_read(struct bytes *b, int fd, size_t n)
{
	ssize_t got;

	if (b->room - b->size < n) {
		b->room = 2 * b->room + n;
		b->data = realloc(b->data, b->room);
		if (!b->data)
			abort();
	}
	memset(b->data + b->size, 0xcc, n);
	got = read(fd, b->data + b->size, n);
	if (got < 0)
		return -errno;
	b->size += got;
	return got;
}

int bytes_drain(struct bytes *b, int fd, size_t n)
{
	ssize_t got;

	while ((got = bytes_read(b, fd, n)) > 0)
		;
	return got;
}

int drain_and_parse(int fd, struct stream *stream)
{
	struct bytes bytes = {};
	int err = bytes_drain(&bytes, fd, 65536);

	if (err)
		snprintf(stream->error, sizeof(stream->error), "reading: %s", strerror(-err));
	else
		err = stream_parse(stream, bytes.data, bytes.size);
	bytes_free(&bytes);
	return err;
}

void bytes_free(struct bytes *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

int log_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

static const char *const bug_signs[] = {
	"WARNING:", "BUG:", "Oops", "general protection", "possible circular locking", "inconsistent lock state",
	"possible recursive locking", "INFO: rcu", "INFO: task", "KASAN", "UBSAN", "KCSAN", "refcount_t",
	"suspicious RCU", "sleeping function called", "scheduling while atomic", "blocked for more than",
	"unreferenced object", "list_add corruption", "list_del corruption", "Call Trace",
};

static bool is_bug(const char *line)
{
	size_t i;

	for (i = 0; i < sizeof(bug_signs) / sizeof(bug_signs[0]); i++)
		if (strstr(line, bug_signs[i]))
			return true;
	return false;
}

/* The text of a log record, without its prefix. */
static const char *text_of(const char *record)
{
	const char *semicolon = strchr(record, ';');

	return semicolon ? semicolon + 1 : record;
}

/*
 * 6.12's deadline server for fair tasks is not always stopped in time when a CPU goes offline.
 * Debian's 6.12.95 warns about it without our module, too: the 88th time beside a few busy
 * processes. vm.sh also knows about it, and sees the whole log.
 */
static bool is_of_the_fair_server(const char *line)
{
	static bool report;
	struct utsname name;

	if (strstr(line, "---[ end trace"))
		report = false;
	if (uname(&name) || strncmp(name.release, "6.12.", 5) || !strstr(line, "WARNING: "))
		return report && strstr(line, "Call Trace");
	report = strstr(line, " at kernel/sched/deadline.c:") || strstr(line, " sched_cpu_dying+");
	if (report)
		fprintf(stderr, "# overlooked, for it is the kernel's own: %s", text_of(line));
	return report;
}

bool log_has(int fd, const char *text, char line[256])
{
	char record[8192];
	ssize_t n;

	/* EPIPE means that older records were overwritten: continue with the oldest one left. */
	while ((n = read(fd, record, sizeof(record) - 1)) > 0 || (n < 0 && errno == EPIPE)) {
		if (n < 0)
			continue;
		record[n] = '\0';
		if (text ? !strstr(record, text) : is_of_the_fair_server(record) || !is_bug(record))
			continue;
		if (line)
			snprintf(line, 256, "%.255s", text_of(record));
		return true;
	}
	return false;
}

/* Pass a byte back and forth. The pipes are closed at exit. */
static void pingpong(int from, int to, unsigned int rounds)
{
	char c = 0;

	while (rounds--)
		if (write(to, &c, 1) != 1 || read(from, &c, 1) != 1)
			_exit(1);
}

pid_t work_pingpong(unsigned int rounds)
{
	cpu_set_t old, one;
	int to[2], from[2];
	pid_t pid;
	int cpu;

	sched_getaffinity(0, sizeof(old), &old);
	for (cpu = 0; !CPU_ISSET(cpu, &old); cpu++)
		;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one) || pipe(to) || pipe(from))
		return -1;
	pid = fork();
	if (!pid) {
		char c;

		while (rounds--)
			if (read(to[0], &c, 1) != 1 || write(from[1], &c, 1) != 1)
				_exit(1);
		_exit(0);
	}
	pingpong(from[0], to[1], rounds);
	waitpid(pid, NULL, 0);
	close(to[0]);
	close(to[1]);
	close(from[0]);
	close(from[1]);
	sched_setaffinity(0, sizeof(old), &old);
	return pid;
}

pid_t thread_id(void)
{
	return syscall(SYS_gettid);
}

static char state_in(const char *path)
{
	char stat[512];
	const char *name_end = strrchr(read_file(path, stat, sizeof(stat)), ')');

	return name_end ? name_end[2] : '\0';
}

char process_state(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	return state_in(path);
}

bool thread_sleeps(pid_t tid)
{
	char path[64], state;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	state = state_in(path);
	return state == 'S' || state == 'D';
}

int pin_to_cpu(pid_t tid, int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	return sched_setaffinity(tid, sizeof(one), &one);
}

int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

const char *read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	text[n > 0 ? n : 0] = '\0';
	if (n > 0 && text[n - 1] == '\n')
		text[n - 1] = '\0';
	if (fd >= 0)
		close(fd);
	return text;
}
