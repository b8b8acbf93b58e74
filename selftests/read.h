/* SPDX-License-Identifier: GPL-2.0-only */
/* Recordings that are read in one go. */
#ifndef EXPTRACE_SELFTEST_READ_H
#define EXPTRACE_SELFTEST_READ_H

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

/* Open, read to the end with this size, parse; adds to the stream. */
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

#endif
