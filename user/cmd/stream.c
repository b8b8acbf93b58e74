// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies the device's stream to a file, and counts what is in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "stream.h"

#define STREAM_BUFFER	(1024 * 1024)
/* pieces that one stream_copy() takes */
#define STREAM_PIECES	64
/* Files grow by blocks of this size, or of a multiple. */
#define BLOCK		512

static const uint8_t end_mark = EXPTRACE_WIRE_END_OF_GENERATION;

int stream_begin(struct stream *stream, struct exptrace_device *device, int fd)
{
	struct stat stat;

	*stream = (struct stream) { .device = device, .fd = fd };
	stream->start = lseek(fd, 0, SEEK_CUR);
	stream->regular = stream->start >= 0 && !fstat(fd, &stat) && S_ISREG(stat.st_mode);
	stream->mapped = !exptrace_device_map(device);
	if (!stream->mapped)
		stream->buffer = malloc(STREAM_BUFFER);
	return stream->mapped || stream->buffer ? 0 : -ENOMEM;
}

void stream_end(struct stream *stream)
{
	if (stream->mapped)
		exptrace_device_unmap(stream->device);
	free(stream->buffer);
	stream->buffer = NULL;
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

/* A write that lasts is interrupted by signals, of which some may want it to end. */
static bool is_given_up(struct stream *stream)
{
	return stream->give_up && stream->give_up(stream->give_up_arg);
}

/* Returns how many bytes were written before an error, or before the rest was given up. */
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

/*
 * Taking the end of a generation cannot be undone: there must be room for its mark
 * before. A block that was begun has room; else one is asked for. Not all file systems
 * can do that.
 */
static bool has_room_for_mark(struct stream *stream)
{
	off_t at = stream->start + (off_t)stream->bytes;

	if (!stream->regular || at % BLOCK || !fallocate(stream->fd, FALLOC_FL_KEEP_SIZE, at, 1) ||
	    (errno != ENOSPC && errno != EDQUOT && errno != EFBIG))
		return true;
	stream->write_error = -errno;
	return false;
}

static void copy_piece(struct stream *stream, const uint8_t *bytes, size_t n)
{
	if (stream_write(stream, bytes, n))
		stream_count(stream, bytes, n);
}

/* Takes one piece of the mapped pool and writes it. False when it is over for now. */
static bool take_piece(struct stream *stream)
{
	struct exptrace_batch_ref ref;
	const void *batch;
	int err;

	if (!has_room_for_mark(stream))
		return false;
	err = exptrace_device_take(stream->device, &ref, &batch);
	if (err == -EAGAIN || err == -EINTR)
		return false;
	stream->read_error = err;
	if (err)
		return false;
	switch (ref.kind) {
	case EXPTRACE_REF_BATCH:
		copy_piece(stream, batch, ref.length);
		break;
	case EXPTRACE_REF_END_OF_GENERATION:
		copy_piece(stream, &end_mark, 1);
		break;
	default:
		stream->ended = true;
	}
	return !stream->ended && !stream->write_error;
}

/* What was taken and written is not needed any more, though nothing follows it yet. */
static void give_back(struct stream *stream)
{
	if (!stream->write_error)
		exptrace_device_give(stream->device);
}

static void copy_mapped(struct stream *stream)
{
	unsigned int i;

	for (i = 0; i < STREAM_PIECES && take_piece(stream); i++)
		;
	give_back(stream);
}

/* The whole pieces at the beginning of the buffer. Returns their bytes, or -EBADMSG. */
static ssize_t whole_pieces(const struct stream *stream)
{
	size_t done = 0;
	int n;

	while ((n = exptrace_piece(stream->buffer + done, stream->used - done, NULL, NULL)) > 0)
		done += (size_t)n;
	return n < 0 && !done ? n : (ssize_t)done;
}

/* Writes the buffer's whole pieces, one by one. */
static void write_buffer(struct stream *stream)
{
	ssize_t n = whole_pieces(stream);
	size_t done = 0;

	if (n < 0)
		stream->read_error = (int)n;
	while (n > 0 && done < (size_t)n && !stream->write_error) {
		int size = exptrace_piece(stream->buffer + done, stream->used - done, NULL, NULL);

		copy_piece(stream, stream->buffer + done, (size_t)size);
		if (!stream->write_error)
			done += (size_t)size;
	}
	stream->used -= done;
	memmove(stream->buffer, stream->buffer + done, stream->used);
	if (stream->write_error)
		stream->dropped = stream->used;
}

static void copy_read(struct stream *stream)
{
	int fd = exptrace_device_fd(stream->device);
	ssize_t n = read(fd, stream->buffer + stream->used, STREAM_BUFFER - stream->used);

	if (n == 0) {
		stream->ended = true;
	} else if (n > 0) {
		stream->used += (size_t)n;
		write_buffer(stream);
	} else if (errno != EAGAIN && errno != EINTR) {
		stream->read_error = -errno;
	}
}

/*
 * The header comes by read(2) in any case: as long as it was not read, poll(2) says that
 * there is something to be read. An older module's is of an older version.
 */
static void read_header(struct stream *stream, uint8_t *header)
{
	ssize_t n;

	do
		n = read(exptrace_device_fd(stream->device), header, EXPTRACE_HEADER_SIZE);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		stream->read_error = -errno;
	else if (exptrace_header_version(header, (size_t)n) < 0)
		stream->read_error = -EPROTO;
}

void stream_copy(struct stream *stream)
{
	uint8_t header[EXPTRACE_HEADER_SIZE];

	if (!stream->begun) {
		read_header(stream, header);
		stream->begun = !stream->read_error && stream_write(stream, header, sizeof(header));
	}
	if (stream_has_failed(stream))
		return;
	if (stream->mapped)
		copy_mapped(stream);
	else
		copy_read(stream);
}
