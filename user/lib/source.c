// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Files, pipes, devices and memory as sources of a stream.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source.h"

struct file_source {
	struct source source;
	int fd;
	bool own;
	uint64_t start;		/* of the stream in a regular file */
	uint64_t offset;	/* the position in the stream */
};

struct memory_source {
	struct source source;
	const uint8_t *bytes;
	size_t size;
	size_t offset;
};

static struct file_source *file_of(struct source *source)
{
	return (struct file_source *)source;
}

static struct memory_source *memory_of(struct source *source)
{
	return (struct memory_source *)source;
}

/* For poll(2), files are always readable, even at the end, and so are closed pipes. */
static bool has_nothing_yet(int fd, int timeout)
{
	struct pollfd poll_ = { .fd = fd, .events = POLLIN };

	return poll(&poll_, 1, timeout) <= 0;
}

/* Waits for bytes if the caller wants it. Returns 0 or -EAGAIN. */
static int wait_for_bytes(const struct file_source *file)
{
	while (has_nothing_yet(file->fd, 0)) {
		if (!file->source.on_wait(file->source.on_wait_arg))
			return -EAGAIN;
		/* a signal ends this wait; then ask the caller again */
		has_nothing_yet(file->fd, -1);
	}
	return 0;
}

/*
 * Waits for data and calls read(2). The file may be nonblocking because another process that has it
 * open wants that.
 */
static ssize_t pipe_read(struct source *source, uint8_t *to, size_t room)
{
	struct file_source *file = file_of(source);
	ssize_t n;
	int err;

	do {
		err = source->on_wait ? wait_for_bytes(file) : 0;
		if (err)
			return err;
		n = read(file->fd, to, room);
	} while (n < 0 && (errno == EINTR || (errno == EAGAIN && source->on_wait)));
	return n < 0 ? -errno : n;
}

/* Calls pread(2) until no signal interrupts it. */
static ssize_t file_pread(const struct file_source *file, uint64_t offset, uint8_t *to, size_t n)
{
	ssize_t ret;

	do
		ret = pread(file->fd, to, n, (off_t)(file->start + offset));
	while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : ret;
}

static ssize_t file_read_at(struct source *source, uint64_t offset, uint8_t *to, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t ret = file_pread(file_of(source), offset + done, to + done, n - done);

		if (ret < 0)
			return ret;
		if (!ret)
			break;
		done += (size_t)ret;
	}
	return (ssize_t)done;
}

static ssize_t file_read(struct source *source, uint8_t *to, size_t room)
{
	struct file_source *file = file_of(source);
	ssize_t n = file_pread(file, file->offset, to, room);

	if (n > 0)
		file->offset += (size_t)n;
	return n;
}

static int file_seek(struct source *source, uint64_t offset)
{
	file_of(source)->offset = offset;
	return 0;
}

static int file_clone(const struct source *source, struct source **clone)
{
	const struct file_source *file = (const struct file_source *)source;
	struct file_source *copy = malloc(sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	*copy = *file;
	copy->fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 0);
	if (copy->fd < 0) {
		free(copy);
		return -errno;
	}
	copy->own = true;
	copy->offset = 0;
	*clone = &copy->source;
	return 0;
}

static void file_destroy(struct source *source)
{
	struct file_source *file = file_of(source);

	if (file->own)
		close(file->fd);
	free(file);
}

static const struct source_ops file_ops = {
	.read = file_read,
	.seek = file_seek,
	.read_at = file_read_at,
	.clone = file_clone,
	.destroy = file_destroy,
};

static const struct source_ops pipe_ops = {
	.read = pipe_read,
	.destroy = file_destroy,
};

int source_open_fd(int fd, bool own, struct source **source)
{
	struct file_source *file = calloc(1, sizeof(*file));
	off_t start = lseek(fd, 0, SEEK_CUR);
	struct stat stat;

	if (!file)
		return -ENOMEM;
	file->source.ops = &pipe_ops;
	file->fd = fd;
	file->own = own;
	if (start >= 0 && !fstat(fd, &stat) && S_ISREG(stat.st_mode)) {
		file->source.ops = &file_ops;
		file->start = (uint64_t)start;
	}
	*source = &file->source;
	return 0;
}

static ssize_t memory_read_at(struct source *source, uint64_t offset, uint8_t *to, size_t n)
{
	const struct memory_source *memory = memory_of(source);

	if (offset >= memory->size)
		return 0;
	if (n > memory->size - offset)
		n = memory->size - offset;
	memcpy(to, memory->bytes + offset, n);
	return (ssize_t)n;
}

static ssize_t memory_read(struct source *source, uint8_t *to, size_t room)
{
	struct memory_source *memory = memory_of(source);
	ssize_t n = memory_read_at(source, memory->offset, to, room);

	memory->offset += (size_t)n;
	return n;
}

static int memory_seek(struct source *source, uint64_t offset)
{
	struct memory_source *memory = memory_of(source);

	memory->offset = offset < memory->size ? offset : memory->size;
	return 0;
}

static int memory_clone(const struct source *source, struct source **clone)
{
	const struct memory_source *memory = (const struct memory_source *)source;

	return source_open_memory(memory->bytes, memory->size, clone);
}

static void memory_destroy(struct source *source)
{
	free(source);
}

static const struct source_ops memory_ops = {
	.read = memory_read,
	.seek = memory_seek,
	.read_at = memory_read_at,
	.clone = memory_clone,
	.destroy = memory_destroy,
};

int source_open_memory(const uint8_t *bytes, size_t n, struct source **source)
{
	struct memory_source *memory = calloc(1, sizeof(*memory));

	if (!memory)
		return -ENOMEM;
	memory->source.ops = &memory_ops;
	memory->bytes = bytes;
	memory->size = n;
	*source = &memory->source;
	return 0;
}
