/* SPDX-License-Identifier: GPL-2.0-only */
/* Recordings that are read in one go. */
#ifndef EXPTRACE_SELFTEST_READ_H
#define EXPTRACE_SELFTEST_READ_H

#include <pthread.h>

#include "fixture.h"

/* Rounds of work that fill several batches of 4096 bytes. */
#define ROUNDS		600

static inline int start(int fd, uint32_t flags)
{
	struct exptrace_start args = start_small();

	args.flags = flags;
	return device_ioctl(fd, EXPTRACE_IOC_START, &args);
}

static inline int stop(int fd)
{
	return device_ioctl(fd, EXPTRACE_IOC_STOP, NULL);
}

/* Open, read to the end with reads of @size bytes, and parse; adds to the stream. */
static inline int drain_into(struct stream *stream, size_t size)
{
	struct bytes bytes = {};
	int fd = device_open(O_RDONLY), err;

	if (fd < 0)
		return fd;
	err = bytes_drain(&bytes, fd, size);
	if (!err && stream_parse(stream, bytes.data, bytes.size))
		err = -EBADMSG;
	bytes_free(&bytes);
	close(fd);
	return err;
}

static inline bool is_one_whole_generation(const struct stream *stream)
{
	return stream->nr_generations == 1 && stream->generations[0].whole && stream->generations[0].ended;
}

/* A thread that reads. */
struct reading {
	pthread_t thread;
	int fd;
	size_t size;
	volatile pid_t tid;
	volatile bool done;
	bool once;
	ssize_t result;		/* of the last read */
	struct bytes bytes;
};

static inline void *reading_thread(void *data)
{
	struct reading *r = data;

	r->tid = thread_id();
	do
		r->result = bytes_read(&r->bytes, r->fd, r->size);
	while (r->result > 0 && !r->once);
	r->done = true;
	return NULL;
}

static inline bool reading_begin(struct reading *r, int fd, size_t size)
{
	r->fd = fd;
	r->size = size;
	return !pthread_create(&r->thread, NULL, reading_thread, r);
}

#endif
