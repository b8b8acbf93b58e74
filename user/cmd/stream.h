/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sink of record and snapshot: writes the device's stream to a file and counts its
 * contents. cut writes its file with it, too.
 *
 * If the file is full, it ends after a whole batch, and the device keeps the next one.
 */
#ifndef EXPTRACE_STREAM_H
#define EXPTRACE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libexptrace.h>

struct stream {
	int fd;			/* the file to write */
	bool regular;		/* it is a regular file */
	int64_t start;		/* offset of the first byte in a regular file */
	/*
	 * Called before each round of stream_drain(), to wait for a device that does not block.
	 * Returning false ends the drain without an error. NULL: never.
	 */
	bool (*go_on)(void *arg);
	/*
	 * Called when a signal interrupted a write. Returning true gives the file up, with
	 * -EINTR as write_error. NULL: never.
	 */
	bool (*give_up)(void *arg);
	void *arg;		/* passed to both */
	bool stopped;		/* by go_on */
	bool ended;		/* the device reported its end */
	int read_error;		/* negative errnos */
	int write_error;

	/* what is in the file */
	uint64_t bytes;
	uint64_t taken;		/* bytes accepted by write(2), parts of batches included */
	uint64_t generations;	/* begun */
	uint64_t complete;	/* with their end marks */
	uint64_t first, last;	/* their numbers */
	uint64_t lost;		/* events, as their ledgers count them */
	uint64_t dropped;	/* bytes read from the device but not written */
};

/* Prepare to write to @fd. */
void stream_begin(struct stream *stream, int fd);

/* Copy the device's stream up to its end. @stream says how it went. */
void stream_drain(struct stream *stream, struct exptrace_device *device);

/* Did reading or writing fail? */
static inline bool stream_has_failed(const struct stream *stream)
{
	return stream->read_error || stream->write_error;
}

/*
 * Write @n bytes. If that fails, returns false and truncates a regular file to what it was.
 * A pipe may have accepted a part.
 */
bool stream_write(struct stream *stream, const uint8_t *bytes, size_t n);

/* Count whole batches and end marks. */
void stream_count(struct stream *stream, const uint8_t *pieces, size_t n);

#endif /* EXPTRACE_STREAM_H */
