/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sink of record and snapshot: writes the device's stream to a file, and counts what is in it.
 *
 * When the file cannot take any more, it ends after a whole batch, and the device keeps the next
 * one. cut writes by this, too.
 */
#ifndef EXPTRACE_STREAM_H
#define EXPTRACE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libexptrace.h>

struct stream {
	int fd;			/* to be written */
	bool regular;		/* it is a regular file, */
	int64_t start;		/* to be written from here on */
	/*
	 * Before each round of stream_drain(): wait for the device, if the device does not block.
	 * False ends the drain, without an error. NULL: go on.
	 */
	bool (*go_on)(void *arg);
	/* A signal interrupted a write: give the file up? If so, write_error is -EINTR. NULL: no. */
	bool (*give_up)(void *arg);
	void *arg;		/* of both */
	bool stopped;		/* by go_on */
	bool ended;		/* the device's end was reached */
	int read_error;		/* negative errnos */
	int write_error;

	/* what was written */
	uint64_t bytes;
	uint64_t taken;		/* bytes that the file accepted, with parts of batches */
	uint64_t generations;	/* begun */
	uint64_t complete;	/* of those, with their end marks */
	uint64_t first, last;	/* their numbers */
	uint64_t lost;		/* events, by their ledgers */
	uint64_t dropped;	/* bytes that were read and could not be written */
};

/* Prepares to write to @fd. */
void stream_begin(struct stream *stream, int fd);

/* Copies the device's stream to its end. Errors and the end are noted in @stream. */
void stream_drain(struct stream *stream, struct exptrace_device *device);

/* Whether reading or writing has failed. */
static inline bool stream_has_failed(const struct stream *stream)
{
	return stream->read_error || stream->write_error;
}

/* Writes @n bytes or, where the file can be cut, none of them. False: they are not written. */
bool stream_write(struct stream *stream, const uint8_t *bytes, size_t n);

/* Counts whole batches and marks; TAKE may give several at once. */
void stream_count(struct stream *stream, const uint8_t *pieces, size_t n);

#endif /* EXPTRACE_STREAM_H */
