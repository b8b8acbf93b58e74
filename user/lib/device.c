// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Controlling the device: wrappers of the ioctls that docs/uapi.md describes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <libexptrace.h>

#include "api.h"
#include "error.h"

_Static_assert(sizeof(struct exptrace_start) == 64, "struct exptrace_start is ABI");
_Static_assert(offsetof(struct exptrace_start, batch_size) == 8, "struct exptrace_start is ABI");
_Static_assert(offsetof(struct exptrace_start, pool_size) == 16, "struct exptrace_start is ABI");

struct exptrace_device {
	int fd;
	void *pool;		/* mapped, or NULL */
	size_t pool_size;
	char path[];
};

static int device_failed(const struct exptrace_device *device, int err, const char *what)
{
	return error_failed(err, what, device->path, strlen(device->path));
}

static int device_refused(const struct exptrace_device *device, int err, const char *what)
{
	return error_refused(err, what, device->path, strlen(device->path));
}

/* @what: message on failure */
static int device_ioctl(const struct exptrace_device *device, unsigned long request, void *arg,
			const char *what)
{
	return ioctl(device->fd, request, arg) < 0 ? device_failed(device, -errno, what) : 0;
}

/* A module with another ABI may have a structure of another size: ENOTTY. */
static int check_abi(struct exptrace_device *device)
{
	struct exptrace_info info;
	int err = exptrace_device_info(device, &info);

	if (err == -ENOTTY || (!err && info.abi_version != EXPTRACE_ABI_VERSION))
		return device_refused(device, -EPROTO, "the module has another ABI version");
	return err;
}

API int exptrace_device_open(const char *path, int flags, struct exptrace_device **device)
{
	const char *name = path ? path : EXPTRACE_DEVICE;
	struct exptrace_device *new = calloc(1, sizeof(*new) + strlen(name) + 1);
	int err;

	*device = NULL;
	if (!new)
		return error_failed(-ENOMEM, "cannot open", name, strlen(name));
	memcpy(new->path, name, strlen(name) + 1);
	new->fd = open(name, flags | O_CLOEXEC);
	err = new->fd < 0 ? device_failed(new, -errno, "cannot open") : check_abi(new);
	if (!err)
		*device = new;
	else
		exptrace_device_close(new);
	return err;
}

API void exptrace_device_close(struct exptrace_device *device)
{
	/* unmap first, since a mapping keeps the file open */
	if (device)
		exptrace_device_unmap(device);
	if (device && device->fd >= 0)
		close(device->fd);
	free(device);
}

API int exptrace_device_fd(const struct exptrace_device *device)
{
	return device->fd;
}

API int exptrace_device_info(struct exptrace_device *device, struct exptrace_info *info)
{
	return device_ioctl(device, EXPTRACE_IOC_INFO, info, "cannot get its state");
}

/* Leaves @id unchanged if the kernel does not provide it. */
static void get_boot_id(uint8_t id[16])
{
	char text[2 * 16 + 4 + 1];
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
	const char *p = text;
	uint8_t bytes[16];
	size_t i;

	if (!file)
		return;
	if (fgets(text, sizeof(text), file)) {
		for (i = 0; i < sizeof(bytes) && sscanf(p, "%2hhx", &bytes[i]) == 1; i++)
			p += 2 + (p[2] == '-');
		if (i == sizeof(bytes))
			memcpy(id, bytes, sizeof(bytes));
	}
	fclose(file);
}

API int exptrace_device_start(struct exptrace_device *device, const struct exptrace_start *start)
{
	static const uint8_t none[sizeof(start->boot_id)];
	struct exptrace_start args = *start;

	if (!memcmp(args.boot_id, none, sizeof(none)))
		get_boot_id(args.boot_id);
	return device_ioctl(device, EXPTRACE_IOC_START, &args, "cannot start recording");
}

API int exptrace_device_least_pool(struct exptrace_device *device,
				   const struct exptrace_start *start, uint64_t *pool_size,
				   uint32_t *batch_size)
{
	struct exptrace_start args = *start;
	int err = device_ioctl(device, EXPTRACE_IOC_LEAST_POOL, &args,
			       "cannot get the smallest pool size");

	if (err)
		return err;
	*pool_size = args.pool_size;
	if (batch_size)
		*batch_size = args.batch_size;
	return 0;
}

API int exptrace_device_stop(struct exptrace_device *device)
{
	return device_ioctl(device, EXPTRACE_IOC_STOP, NULL, "cannot stop recording");
}

API int exptrace_device_advance(struct exptrace_device *device, uint64_t *generation)
{
	struct exptrace_advance advance = { 0 };
	int err = device_ioctl(device, EXPTRACE_IOC_ADVANCE, &advance, "cannot begin a generation");

	if (!err && generation)
		*generation = advance.generation;
	return err;
}

API int exptrace_device_snapshot(struct exptrace_device *device, uint32_t flags,
				 uint64_t *first, uint64_t *last)
{
	struct exptrace_snapshot snapshot = { .flags = flags };
	int err = device_ioctl(device, EXPTRACE_IOC_SNAPSHOT, &snapshot, "cannot take a snapshot");

	if (err)
		return err;
	if (first)
		*first = snapshot.first;
	if (last)
		*last = snapshot.last;
	return 0;
}

API int exptrace_device_trigger(struct exptrace_device *device)
{
	return device_ioctl(device, EXPTRACE_IOC_TRIGGER, NULL, "cannot fire the trigger");
}

API int exptrace_device_set_trigger(struct exptrace_device *device, uint64_t latency_us)
{
	struct exptrace_trigger trigger = { .latency_us = latency_us };

	return device_ioctl(device, EXPTRACE_IOC_SET_TRIGGER, &trigger, "cannot set the trigger");
}

API int exptrace_device_map(struct exptrace_device *device)
{
	struct exptrace_info info;
	void *pool;
	int err;

	if (device->pool)
		return 0;
	err = exptrace_device_info(device, &info);
	if (err)
		return err;
	if (!info.pool_size || info.pool_size > SIZE_MAX)
		return device_refused(device, -EINVAL, "there is no pool to map");
	pool = mmap(NULL, (size_t)info.pool_size, PROT_READ, MAP_SHARED, device->fd, 0);
	if (pool == MAP_FAILED)
		return device_failed(device, -errno, "cannot map the pool");
	device->pool = pool;
	device->pool_size = (size_t)info.pool_size;
	return 0;
}

API void exptrace_device_unmap(struct exptrace_device *device)
{
	if (device->pool)
		munmap(device->pool, device->pool_size);
	device->pool = NULL;
}

API int exptrace_device_take(struct exptrace_device *device, struct exptrace_batch_ref *ref,
			     const void **batch)
{
	int err;

	*batch = NULL;
	if (!device->pool)
		return device_refused(device, -EINVAL, "the pool is not mapped");
	err = device_ioctl(device, EXPTRACE_IOC_TAKE, ref, "cannot take a batch");
	if (err || ref->kind != EXPTRACE_REF_BATCH)
		return err;
	if (ref->offset > device->pool_size || ref->length > device->pool_size - ref->offset)
		return device_refused(device, -EPROTO, "a batch is not in the pool");
	*batch = (const char *)device->pool + ref->offset;
	return 0;
}

API int exptrace_device_give(struct exptrace_device *device)
{
	return device_ioctl(device, EXPTRACE_IOC_GIVE, NULL, "cannot give back a batch");
}

API int exptrace_device_event(struct exptrace_device *device, unsigned int index,
			      struct exptrace_event *event)
{
	int err;

	*event = (struct exptrace_event) { .index = index };
	err = device_ioctl(device, EXPTRACE_IOC_GET_EVENT, event, "cannot describe an event");
	event->group[sizeof(event->group) - 1] = 0;
	event->name[sizeof(event->name) - 1] = 0;
	return err;
}

API int exptrace_device_switch(struct exptrace_device *device, const struct exptrace_event *event,
			       uint32_t flags)
{
	struct exptrace_event args = { .experiment = event->experiment, .flags = flags };

	/* for older modules, which use only the index */
	args.index = event->index;
	snprintf(args.name, sizeof(args.name), "%s", event->name);
	return device_ioctl(device, EXPTRACE_IOC_SET_EVENT, &args, "cannot switch an event");
}

API int exptrace_device_set_event(struct exptrace_device *device, unsigned int index, uint32_t flags)
{
	struct exptrace_event event = { .index = index, .flags = flags };

	return device_ioctl(device, EXPTRACE_IOC_SET_EVENT, &event, "cannot switch an event");
}

API int exptrace_device_enable(struct exptrace_device *device, unsigned int index, bool on)
{
	return exptrace_device_set_event(device, index, on ? EXPTRACE_EVENT_F_ENABLED : 0);
}

API int exptrace_device_syscalls(struct exptrace_device *device, struct exptrace_syscalls *calls)
{
	return device_ioctl(device, EXPTRACE_IOC_GET_SYSCALLS, calls,
			    "cannot get the system calls");
}

API int exptrace_device_set_syscalls(struct exptrace_device *device,
				     const struct exptrace_syscalls *calls)
{
	return device_ioctl(device, EXPTRACE_IOC_SET_SYSCALLS, (void *)calls,
			    "cannot choose system calls");
}

API int exptrace_device_syscall_tables(struct exptrace_device *device,
				       struct exptrace_syscall_tables *calls)
{
	struct exptrace_syscalls native;
	int err = device_ioctl(device, EXPTRACE_IOC_GET_SYSCALL_TABLES, calls,
			       "cannot get the system calls");
	size_t i;

	if (err != -ENOTTY)
		return err;
	/* an older module records all calls of the other tables, or none */
	err = exptrace_device_syscalls(device, &native);
	memset(calls, 0, sizeof(*calls));
	memcpy(calls->wanted[EXPTRACE_SYSCALLS_NATIVE], native.wanted, sizeof(native.wanted));
	for (i = 0; i < EXPTRACE_MAX_SYSCALLS / 64; i++)
		if (~native.wanted[i])
			return err;
	memset(calls->wanted, 0xff, sizeof(calls->wanted));
	return err;
}

API int exptrace_device_set_syscall_tables(struct exptrace_device *device,
					   const struct exptrace_syscall_tables *calls)
{
	struct exptrace_syscalls native = { 0 };
	int err = device_ioctl(device, EXPTRACE_IOC_SET_SYSCALL_TABLES, (void *)calls,
			       "cannot choose system calls");

	if (err != -ENOTTY)
		return err;
	memcpy(native.wanted, calls->wanted[EXPTRACE_SYSCALLS_NATIVE], sizeof(native.wanted));
	return exptrace_device_set_syscalls(device, &native);
}

/* Allocates a filter with room for lists as long as those of @want. NULL if out of memory. */
static struct exptrace_filter *new_filter(const struct exptrace_filter *want)
{
	size_t cpus = want->nr_cpu_words * sizeof(uint64_t);
	size_t threads = want->nr_threads * sizeof(uint32_t);
	size_t processes = want->nr_processes * sizeof(uint32_t);
	struct exptrace_filter *filter = malloc(sizeof(*filter) + cpus + threads + processes);

	if (!filter)
		return NULL;
	*filter = (struct exptrace_filter) {
		.nr_cpu_words = want->nr_cpu_words,
		.nr_threads = want->nr_threads,
		.nr_processes = want->nr_processes,
		.cpus = (uintptr_t)(filter + 1),
		.threads = (uintptr_t)(filter + 1) + cpus,
		.processes = (uintptr_t)(filter + 1) + cpus + threads,
	};
	return filter;
}

static bool has_room(const struct exptrace_filter *room, const struct exptrace_filter *filter)
{
	return filter->nr_cpu_words <= room->nr_cpu_words &&
	       filter->nr_threads <= room->nr_threads &&
	       filter->nr_processes <= room->nr_processes;
}

API int exptrace_device_filter(struct exptrace_device *device, struct exptrace_filter **filter)
{
	struct exptrace_filter room = { 0 }, *new;
	int err = device_ioctl(device, EXPTRACE_IOC_GET_FILTER, &room, "cannot get the filter");

	*filter = NULL;
	while (!err) {
		new = new_filter(&room);
		if (!new)
			return device_failed(device, -ENOMEM, "cannot get the filter");
		err = device_ioctl(device, EXPTRACE_IOC_GET_FILTER, new,
				   "cannot get the filter");
		if (!err && has_room(&room, new)) {
			*filter = new;
			return 0;
		}
		/* another filter with longer lists was set meanwhile */
		room = *new;
		free(new);
	}
	return err;
}

API int exptrace_device_set_filter(struct exptrace_device *device,
				   const struct exptrace_filter *filter)
{
	static const struct exptrace_filter none;

	return device_ioctl(device, EXPTRACE_IOC_SET_FILTER, (void *)(filter ? filter : &none),
			    "cannot set the filter");
}

API int exptrace_device_mark(struct exptrace_device *device, enum exptrace_mark_kind kind,
			     const char *text)
{
	struct exptrace_mark mark = {
		.kind = kind,
		.length = (uint32_t)strnlen(text, EXPTRACE_STRING_MAX),
		.text = (uintptr_t)text,
	};

	return device_ioctl(device, EXPTRACE_IOC_MARK, &mark, "cannot write a marker");
}

API int exptrace_device_mark_begin(struct exptrace_device *device, const char *name)
{
	return exptrace_device_mark(device, EXPTRACE_MARK_BEGIN, name);
}

API int exptrace_device_mark_end(struct exptrace_device *device, const char *name)
{
	return exptrace_device_mark(device, EXPTRACE_MARK_END, name);
}

API int exptrace_device_mark_log(struct exptrace_device *device, const char *key,
				 const char *value)
{
	struct exptrace_mark mark = {
		.kind = EXPTRACE_MARK_LOG,
		.length = (uint32_t)strnlen(value, EXPTRACE_STRING_MAX),
		.text = (uintptr_t)value,
		.key_length = (uint32_t)strnlen(key, EXPTRACE_STRING_MAX),
		.key = (uintptr_t)key,
	};

	return device_ioctl(device, EXPTRACE_IOC_MARK, &mark, "cannot write a marker");
}
