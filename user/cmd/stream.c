// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sink of record and snapshot: writes the device's stream to a file and counts it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "stream.h"

/* File systems allocate blocks of this size, or a multiple. */
#define BLOCK		512

void stream_begin(struct stream *stream, int fd)
{
	struct stat stat;

	*stream = (struct stream) { .fd = fd };
	stream->start = lseek(fd, 0, SEEK_CUR);
	stream->regular = stream->start >= 0 && !fstat(fd, &stat) && S_ISREG(stat.st_mode);
}

static void count_piece(struct stream *stream, const uint8_t *piece, size_t n,
			enum exptrace_batch_kind kind, uint64_t generation)
{
	if (kind == EXPTRACE_BATCH_END) {
		stream->complete++;
		return;
	}
	if (!stream->generations || generation != stream->last) {
		if (!stream->generations++)
			stream->first = generation;
		stream->last = generation;
	}
	stream->lost += exptrace_piece_lost(piece, n);
}

void stream_count(struct stream *stream, const uint8_t *pieces, size_t n)
{
	enum exptrace_batch_kind kind;
	uint64_t generation;
	int size;

	while ((size = exptrace_piece(pieces, n, &kind, &generation)) > 0) {
		count_piece(stream, pieces, (size_t)size, kind, generation);
		pieces += size;
		n -= (size_t)size;
	}
}

/* Does the caller want to end a write that a signal interrupted? */
static bool is_given_up(struct stream *stream)
{
	return stream->give_up && stream->give_up(stream->arg);
}

/* Returns how many bytes were written before an error or before the caller gave up. */
static size_t write_all(struct stream *stream, const uint8_t *bytes, size_t n)
{
	size_t done = 0;

	while (done < n && !stream->write_error) {
		ssize_t ret = write(stream->fd, bytes + done, n - done);

		if (ret > 0) {
			done += (size_t)ret;
			stream->taken += (size_t)ret;
		} else if (ret == 0 || errno != EINTR) {
			stream->write_error = ret ? -errno : -EIO;
		}
		if (done < n && !stream->write_error && is_given_up(stream))
			stream->write_error = -EINTR;
	}
	return done;
}

bool stream_write(struct stream *stream, const uint8_t *bytes, size_t n)
{
	size_t done = write_all(stream, bytes, n);

	if (done && done < n && stream->regular) {
		off_t at = lseek(stream->fd, -(off_t)done, SEEK_CUR);

		if (at >= 0 && !ftruncate(stream->fd, at))
			done = 0;
	}
	stream->bytes += done;
	return done == n;
}

static int stream_on_begin(void *arg, const void *header, size_t size)
{
	struct stream *stream = arg;

	return stream_write(stream, header, size) ? 0 : stream->write_error;
}

/*
 * Make sure that the end of a generation can be written before it is taken. There is room in a
 * block that was begun; else allocate one. Not all file systems can do that.
 */
static int stream_make_room(void *arg)
{
	struct stream *stream = arg;
	off_t at = stream->start + (off_t)stream->bytes;

	if (!stream->regular || at % BLOCK || !fallocate(stream->fd, FALLOC_FL_KEEP_SIZE, at, 1) ||
	    (errno != ENOSPC && errno != EDQUOT && errno != EFBIG))
		return 0;
	stream->write_error = -errno;
	return stream->write_error;
}

static int stream_on_batch(void *arg, uint64_t generation, const void *bytes, size_t size)
{
	struct stream *stream = arg;

	(void)generation;
	if (!stream_write(stream, bytes, size))
		return stream->write_error;
	stream_count(stream, bytes, size);
	return 0;
}

static int stream_on_mark(void *arg, uint64_t generation)
{
	static const uint8_t mark = EXPTRACE_WIRE_END_OF_GENERATION;

	return stream_on_batch(arg, generation, &mark, 1);
}

static int stream_on_wait(void *arg)
{
	struct stream *stream = arg;

	stream->stopped = stream->go_on && !stream->go_on(stream->arg);
	return stream->stopped ? -ECANCELED : 0;
}

static int stream_on_end(void *arg, int err, uint64_t dropped)
{
	struct stream *stream = arg;

	stream->ended = !err;
	stream->dropped = dropped;
	if (!stream->stopped && !stream->write_error)
		stream->read_error = err;
	return err;
}

void stream_drain(struct stream *stream, struct exptrace_device *device)
{
	static const struct exptrace_sink sink = {
		.begin = stream_on_begin,
		.room = stream_make_room,
		.batch = stream_on_batch,
		.end_of_generation = stream_on_mark,
		.wait = stream_on_wait,
		.end = stream_on_end,
	};

	exptrace_device_drain(device, &sink, stream);
}
