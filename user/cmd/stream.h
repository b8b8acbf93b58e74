/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies the device's stream to a file, and counts what is in it.
 *
 * A batch is given back to the device only after it was written whole. When the file
 * cannot take any more, it ends after a whole batch, and the device goes on with the
 * next one.
 */
#ifndef EXPTRACE_STREAM_H
#define EXPTRACE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libexptrace.h>

struct stream {
	struct exptrace_device *device;
	int fd;			/* to be written */
	bool regular;		/* it is a regular file, */
	int64_t start;		/* to be written from here on */
	bool mapped;		/* batches are taken from the pool; else read(2) is used */
	bool begun;		/* the header was written */
	bool ended;		/* the device's end was reached */
	/* A signal has interrupted a write: is the file given up? If so, write_error is -EINTR. */
	bool (*give_up)(void *arg);	/* NULL: never */
	void *give_up_arg;
	int read_error;		/* negative errnos */
	int write_error;

	/* what was written */
	uint64_t bytes;
	uint64_t taken;		/* bytes that the file has taken: parts of batches as well */
	uint64_t generations;	/* begun */
	uint64_t complete;	/* of those, with their end marks */
	uint64_t first, last;	/* their numbers */
	uint64_t lost;		/* events, by their ledgers */
	uint64_t dropped;	/* bytes that were read and could not be written */

	/* read(2) only: the bytes that were read and not written */
	uint8_t *buffer;
	size_t used;
};

/*
 * Sets out to copy what @device, which records or has a snapshot, delivers. Maps the
 * pool, if that can be done. 0 or -ENOMEM.
 */
int stream_begin(struct stream *stream, struct exptrace_device *device, int fd);

/*
 * Copies what there is, but not much more than a MiB. If the device blocks, so does
 * this. Errors and the end are noted in @stream.
 */
void stream_copy(struct stream *stream);

/* Whether nothing more can be copied. */
static inline bool stream_has_failed(const struct stream *stream)
{
	return stream->read_error || stream->write_error;
}

void stream_end(struct stream *stream);

/* Writes @n bytes or, where the file can be cut, none of them. False: they are not written. */
bool stream_write(struct stream *stream, const uint8_t *bytes, size_t n);

/* Counts whole batches and marks; TAKE may give several at once. */
void stream_count(struct stream *stream, const uint8_t *pieces, size_t n);

#endif /* EXPTRACE_STREAM_H */
