// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Draining the device: pass all that it delivers to a sink.
 *
 * Batches are taken from the mapped pool, without a copy. If the pool cannot be mapped,
 * read(2) copies them into a buffer. The header always comes by read(2): until it has been
 * read, poll(2) reports POLLIN.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libexptrace.h>

#include "api.h"
#include "error.h"

#define BUFFER_SIZE	(1024 * 1024)
/* The most pieces that are taken before the sink's wait is called again. */
#define ROUND_PIECES	64

struct drain {
	struct exptrace_device *device;
	const struct exptrace_sink *sink;
	void *arg;
	bool begun;		/* the sink has the header */
	bool ended;		/* the device's end was reached */
	bool stopped;		/* a callback returned an error */

	/* only if the pool is not mapped */
	uint8_t *buffer;
	size_t used;		/* bytes that were read and not accepted by the sink */
	uint64_t generation;	/* of the last batch */
};

/* @err: what a callback returned. Returns it. */
static int drain_result(struct drain *drain, int err)
{
	if (!err)
		return 0;
	drain->stopped = true;
	return error_failed(err, "the sink stopped the drain", NULL, 0);
}

static int drain_wait(struct drain *drain)
{
	struct pollfd fd = { .fd = exptrace_device_fd(drain->device), .events = POLLIN };

	if (drain->sink->wait)
		return drain_result(drain, drain->sink->wait(drain->arg));
	poll(&fd, 1, -1);
	return 0;
}

static int drain_batch(struct drain *drain, uint64_t generation, const void *bytes, size_t size)
{
	if (!drain->sink->batch)
		return 0;
	return drain_result(drain, drain->sink->batch(drain->arg, generation, bytes, size));
}

static int drain_mark(struct drain *drain, uint64_t generation)
{
	if (!drain->sink->end_of_generation)
		return 0;
	return drain_result(drain, drain->sink->end_of_generation(drain->arg, generation));
}

static int drain_read(const struct drain *drain, void *bytes, size_t size)
{
	ssize_t n = read(exptrace_device_fd(drain->device), bytes, size);

	return n < 0 ? error_failed(-errno, "cannot read the device", NULL, 0) : (int)n;
}

/* A module of another release may write another version of the format. */
static int drain_header(struct drain *drain)
{
	uint8_t header[EXPTRACE_HEADER_SIZE];
	int n = drain_read(drain, header, sizeof(header)), err = 0;

	if (n < 0)
		return n;
	if (exptrace_header_version(header, (size_t)n) < 0)
		return -EPROTO;
	if (drain->sink->begin)
		err = drain_result(drain, drain->sink->begin(drain->arg, header, sizeof(header)));
	drain->begun = !err;
	return err;
}

/* Takes the next piece. Sets @accepted if the sink is done with a piece that is still taken. */
static int take_piece(struct drain *drain, bool *accepted)
{
	struct exptrace_batch_ref ref;
	const void *batch;
	int err = 0;

	if (drain->sink->room)
		err = drain_result(drain, drain->sink->room(drain->arg));
	if (err)
		return err;
	err = exptrace_device_take(drain->device, &ref, &batch);
	/* the take gave the last piece back, unless a signal came first */
	if (err != -EINTR)
		*accepted = false;
	if (err)
		return err;
	if (ref.kind == EXPTRACE_REF_BATCH) {
		err = drain_batch(drain, ref.generation, batch, ref.length);
	} else if (ref.kind == EXPTRACE_REF_END_OF_GENERATION) {
		err = drain_mark(drain, ref.generation);
	} else {
		drain->ended = true;
		return 0;
	}
	*accepted = !err;
	return err;
}

static int drain_pool(struct drain *drain)
{
	bool accepted = false;
	unsigned int i;
	int err = 0;

	for (i = 0; i < ROUND_PIECES && !err && !drain->ended; i++)
		err = take_piece(drain, &accepted);
	/*
	 * The next take gives the last piece back, but may be long in coming. A piece that the
	 * sink refused stays taken: when the device is closed, it goes to the next reader.
	 */
	if (accepted)
		exptrace_device_give(drain->device);
	return err;
}

/* Passes on one piece. Returns its size; 0: it is not whole yet, or a negative errno. */
static int drain_piece(struct drain *drain, const uint8_t *bytes, size_t size)
{
	enum exptrace_batch_kind kind;
	uint64_t generation;
	int n = exptrace_piece(bytes, size, &kind, &generation), err;

	if (n <= 0)
		return n;
	if (kind == EXPTRACE_BATCH_END) {
		err = drain_mark(drain, drain->generation);
	} else {
		drain->generation = generation;
		err = drain_batch(drain, generation, bytes, (size_t)n);
	}
	return err ? err : n;
}

/* Passes on the whole pieces in the buffer, and moves the rest to its beginning. */
static int drain_buffer(struct drain *drain)
{
	size_t done = 0;
	int n;

	while ((n = drain_piece(drain, drain->buffer + done, drain->used - done)) > 0)
		done += (size_t)n;
	drain->used -= done;
	memmove(drain->buffer, drain->buffer + done, drain->used);
	return n;
}

static int drain_file(struct drain *drain)
{
	int n = drain_read(drain, drain->buffer + drain->used, BUFFER_SIZE - drain->used);

	if (n < 0)
		return n;
	drain->ended = n == 0;
	drain->used += (size_t)n;
	return drain_buffer(drain);
}

/* Waits, then passes on what is there. Returns 0 also if nothing is there yet. */
static int drain_round(struct drain *drain)
{
	int err = drain_wait(drain);

	if (!err && !drain->begun)
		err = drain_header(drain);
	if (!err)
		err = drain->buffer ? drain_file(drain) : drain_pool(drain);
	return !drain->stopped && (err == -EAGAIN || err == -EINTR) ? 0 : err;
}

API int exptrace_device_drain(struct exptrace_device *device, const struct exptrace_sink *sink,
			      void *arg)
{
	struct drain drain = { .device = device, .sink = sink, .arg = arg };
	int err = 0;

	if (exptrace_device_map(device)) {
		drain.buffer = malloc(BUFFER_SIZE);
		if (!drain.buffer)
			err = error_failed(-ENOMEM, "cannot read the device", NULL, 0);
	}
	while (!err && !drain.ended)
		err = drain_round(&drain);
	exptrace_device_unmap(device);
	free(drain.buffer);
	return sink->end ? sink->end(arg, err, drain.used) : err;
}
