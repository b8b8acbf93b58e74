// SPDX-License-Identifier: GPL-2.0-only
/*
 * exptrace_device_drain() passes each byte of the stream to its sink once, in order, and gives back
 * to the device exactly the batches that the sink accepted.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libexptrace.h>

#include "fake_device.h"
#include "sample.h"
#include "tap.h"

#define GENERATIONS	8	/* more pieces than one round of the drain handles */
#define PIECES		13	/* per generation, end mark included */
#define ROUND		64

/* A sink that keeps its input, and fails where the test says. */
struct copy {
	struct writer out;
	unsigned int pieces, batches, marks, rooms, begins, ends, waits;
	unsigned int in_round, longest_round;
	uint64_t generation;	/* the current one, or the next */
	bool disordered;

	/* the number of the call that fails (0: none), and its error */
	unsigned int bad_batch, bad_mark, bad_room, bad_wait;
	int begin_error, error, end_error;

	/* arguments of the end */
	int err;
	uint64_t dropped;
};

static int copy_begin(void *arg, const void *header, size_t size)
{
	struct copy *copy = arg;

	copy->disordered |= copy->pieces || copy->begins++ || size != EXPTRACE_HEADER_SIZE;
	w_bytes(&copy->out, header, size);
	return copy->begin_error;
}

static int copy_piece(struct copy *copy, bool bad, const void *bytes, size_t size)
{
	copy->disordered |= !copy->begins || copy->ends;
	if (bad)
		return copy->error;
	copy->pieces++;
	if (++copy->in_round > copy->longest_round)
		copy->longest_round = copy->in_round;
	w_bytes(&copy->out, bytes, size);
	return 0;
}

static int copy_room(void *arg)
{
	struct copy *copy = arg;

	return ++copy->rooms == copy->bad_room ? copy->error : 0;
}

static int copy_batch(void *arg, uint64_t generation, const void *bytes, size_t size)
{
	struct copy *copy = arg;

	copy->disordered |= generation != copy->marks + 1;
	copy->generation = generation;
	return copy_piece(copy, ++copy->batches == copy->bad_batch, bytes, size);
}

static int copy_mark(void *arg, uint64_t generation)
{
	static const uint8_t mark = EXPTRACE_WIRE_END_OF_GENERATION;
	struct copy *copy = arg;

	copy->disordered |= generation != copy->generation;
	return copy_piece(copy, ++copy->marks == copy->bad_mark, &mark, 1);
}

static int copy_wait(void *arg)
{
	struct copy *copy = arg;

	copy->in_round = 0;
	return ++copy->waits == copy->bad_wait ? copy->error : 0;
}

static int copy_end(void *arg, int err, uint64_t dropped)
{
	struct copy *copy = arg;

	copy->ends++;
	copy->err = err;
	copy->dropped = dropped;
	return copy->end_error ? copy->end_error : err;
}

static const struct exptrace_sink sink = {
	.begin = copy_begin,
	.room = copy_room,
	.batch = copy_batch,
	.end_of_generation = copy_mark,
	.wait = copy_wait,
	.end = copy_end,
};

static const struct exptrace_sink blocking_sink = {
	.begin = copy_begin,
	.batch = copy_batch,
	.end_of_generation = copy_mark,
	.end = copy_end,
};

static struct writer trace;

/* The way of reading the device, for the names of tests. */
static const char *source(void)
{
	return fake_pool ? "pool" : "read(2)";
}

static struct exptrace_device *start(int flags)
{
	const struct exptrace_start how = EXPTRACE_START_INIT;
	struct exptrace_device *device;

	if (!fake_trace)
		fake_trace = &trace;
	if (exptrace_device_open(NULL, O_RDWR | flags, &device) ||
	    exptrace_device_start(device, &how))
		abort();
	return device;
}

static int drain(const struct exptrace_sink *to, struct copy *copy, int flags)
{
	struct exptrace_device *device = start(flags);
	int ret = exptrace_device_drain(device, to, copy);

	exptrace_device_close(device);
	return ret;
}

/* Whether the sink got the trace's first @n bytes, in order, and then an end with @err. */
static bool has_bytes(const struct copy *copy, size_t n, int err)
{
	return copy->out.size == n && (!n || !memcmp(copy->out.data, trace.data, n)) &&
	       copy->ends == 1 && copy->err == err && !copy->disordered && !fake_mapped;
}

/* The offset of a piece; the first has number 0. */
static size_t offset_of(unsigned int piece)
{
	size_t at = EXPTRACE_HEADER_SIZE;

	while (piece--)
		at += (size_t)exptrace_piece(trace.data + at, trace.size - at, NULL, NULL);
	return at;
}

static void test_all(void)
{
	struct copy copy = { 0 };

	ok(drain(&sink, &copy, 0) == 0 && has_bytes(&copy, trace.size, 0) && !copy.dropped,
	   "%s: each byte arrives once, in order", source());
	ok(copy.begins == 1 && copy.marks == GENERATIONS && copy.pieces == GENERATIONS * PIECES,
	   "%s: the header, each batch and each end of a generation is one call", source());
	ok(!fake_pool || (copy.longest_round == ROUND && copy.waits >= 2),
	   "%s: the sink's wait is called between the pieces", source());
	ok(!fake_pool || (copy.rooms == copy.pieces + 1 && fake_taken == copy.batches &&
			  fake_given == fake_taken),
	   "%s: the sink is asked for room before each piece, and each batch is given back", source());
	w_free(&copy.out);
}

static void test_bits(void)
{
	struct copy copy = { 0 };

	fake_step = 5;
	ok(drain(&blocking_sink, &copy, O_NONBLOCK) == 0 && has_bytes(&copy, trace.size, 0),
	   "%s: the sink waits for a non-blocking device", source());
	w_free(&copy.out);
	copy = (struct copy) { 0 };
	ok(drain(&sink, &copy, O_NONBLOCK) == 0 && has_bytes(&copy, trace.size, 0),
	   "%s: a wait that returns early is called again", source());
	fake_step = 0;
	w_free(&copy.out);
}

static void test_refused_batch(void)
{
	static const int errors[] = { -EIO, -EAGAIN, -EINTR };
	size_t i, at = offset_of(4);

	for (i = 0; i < 3; i++) {
		struct copy copy = { .bad_batch = 5, .error = errors[i] };

		ok(drain(&sink, &copy, 0) == errors[i] && has_bytes(&copy, at, errors[i]),
		   "%s: a sink that refuses a batch with %d ends the drain", source(), errors[i]);
		if (fake_pool)
			ok(fake_taken == 5 && fake_given == 4 && !copy.dropped,
			   "%s: a refused batch is not given back, those before it are", source());
		else
			is(copy.dropped, trace.size - at,
			   "%s: the bytes that were read but not accepted are counted", source());
		w_free(&copy.out);
	}
}

static void test_refused_mark(void)
{
	struct copy copy = { .bad_mark = 1, .error = -ENOSPC };

	ok(drain(&sink, &copy, 0) == -ENOSPC && has_bytes(&copy, offset_of(PIECES - 1), -ENOSPC),
	   "%s: a sink that refuses the end of a generation ends the drain", source());
	ok(!fake_pool || (fake_given == fake_taken && fake_holds),
	   "%s: the batches before the refused end are given back, the end is not", source());
	w_free(&copy.out);
}

static void test_no_room(void)
{
	struct copy copy = { .bad_room = 5, .error = -ENOSPC };

	ok(drain(&sink, &copy, 0) == -ENOSPC && has_bytes(&copy, offset_of(4), -ENOSPC) &&
	   fake_taken == 4 && fake_given == 4,
	   "%s: without room no batch is taken, and accepted ones are given back", source());
	w_free(&copy.out);
	copy = (struct copy) { .bad_room = PIECES + 1, .error = -ENOSPC };
	ok(drain(&sink, &copy, 0) == -ENOSPC && has_bytes(&copy, offset_of(PIECES), -ENOSPC) &&
	   !fake_holds, "%s: an accepted end of a generation is given back, too", source());
	w_free(&copy.out);
}

static void test_wait_ends(void)
{
	struct copy copy = { .bad_wait = 2, .error = -EINTR };

	fake_step = 5;
	ok(drain(&sink, &copy, O_NONBLOCK) == -EINTR && copy.err == -EINTR && copy.ends == 1 &&
	   copy.waits == 2, "%s: an error of the sink's wait ends the drain", source());
	fake_step = 0;
	ok(!fake_pool || fake_given == fake_taken,
	   "%s: no batch stays taken after an error of the wait", source());
	w_free(&copy.out);
	copy = (struct copy) { .bad_wait = 1, .error = -ECANCELED };
	ok(drain(&sink, &copy, 0) == -ECANCELED && has_bytes(&copy, 0, -ECANCELED) && !copy.begins,
	   "%s: an error of the wait ends the drain even before the first byte", source());
}

static void test_begin_and_end(void)
{
	struct copy copy = { .begin_error = -EFBIG };

	ok(drain(&sink, &copy, 0) == -EFBIG && copy.err == -EFBIG && copy.ends == 1 && !copy.pieces,
	   "%s: a sink that refuses the header gets only the end", source());
	w_free(&copy.out);
	copy = (struct copy) { .end_error = -EDQUOT };
	ok(drain(&sink, &copy, 0) == -EDQUOT && has_bytes(&copy, trace.size, 0),
	   "%s: a sink can fail at the end", source());
	w_free(&copy.out);
}

static void test_no_callbacks(void)
{
	static const struct exptrace_sink none;

	ok(drain(&none, NULL, O_NONBLOCK) == 0,
	   "%s: all callbacks of a sink are optional", source());
}

static void test_version(void)
{
	struct copy copy = { 0 };
	struct writer other = { 0 };

	w_header_of(&other, 9);
	fake_trace = &other;
	ok(drain(&sink, &copy, 0) == -EPROTO && has_bytes(&copy, 0, -EPROTO) && !copy.begins &&
	   strstr(exptrace_error(NULL), "version"),
	   "%s: a stream of an unknown version is refused", source());
	fake_trace = NULL;
	w_free(&other);
}

static void test_together(void)
{
	struct copy copy = { 0 };

	fake_together = true;
	ok(drain(&sink, &copy, 0) == 0 && has_bytes(&copy, trace.size, 0) &&
	   copy.batches == GENERATIONS && copy.marks == GENERATIONS && fake_given == GENERATIONS,
	   "%s: batches that are taken together are passed together", source());
	w_free(&copy.out);
	copy = (struct copy) { .bad_batch = 2, .error = -EIO };
	ok(drain(&sink, &copy, 0) == -EIO && has_bytes(&copy, offset_of(PIECES), -EIO) &&
	   fake_taken == 2 && fake_given == 1,
	   "%s: batches that are taken together are refused together", source());
	fake_together = false;
	w_free(&copy.out);
}

static void test_take_error(int err)
{
	struct copy copy = { 0 };

	fake_take_error = err;
	if (err == -EINTR || err == -EAGAIN)
		ok(drain(&sink, &copy, 0) == 0 && has_bytes(&copy, trace.size, 0),
		   "a take that fails with %d is repeated", err);
	else
		ok(drain(&sink, &copy, 0) == err && has_bytes(&copy, EXPTRACE_HEADER_SIZE, err),
		   "a take that fails with %d ends the drain", err);
	w_free(&copy.out);
}

/* By read(2) only: a stream from the pool cannot be damaged. */
static void test_damage(void)
{
	struct copy copy = { 0 };
	struct writer bad = { 0 };
	size_t at = offset_of(3);

	w_bytes(&bad, trace.data, trace.size);
	bad.data[at] = 0xee;
	fake_trace = &bad;
	ok(drain(&sink, &copy, 0) == -EBADMSG && has_bytes(&copy, at, -EBADMSG) &&
	   copy.dropped == trace.size - at,
	   "%s: everything before damage is passed on", source());
	fake_trace = NULL;
	w_free(&copy.out);
	w_free(&bad);
}

/* An earlier reader took the beginning. */
static void test_mark_first(void)
{
	struct copy copy = { .generation = 0 };
	struct writer rest = { 0 };

	w_header(&rest);
	w_end_of_generation(&rest);
	fake_trace = &rest;
	ok(drain(&sink, &copy, 0) == 0 && copy.marks == 1 && !copy.disordered,
	   "%s: the end of a generation without a batch has number 0", source());
	fake_trace = NULL;
	w_free(&copy.out);
	w_free(&rest);
}

static void test_snapshot(void)
{
	struct exptrace_device *device;
	struct copy copy = { 0 };
	uint64_t first, last;

	fake_trace = &trace;
	if (exptrace_device_open(NULL, O_RDWR, &device) ||
	    exptrace_device_snapshot(device, 0, &first, &last))
		abort();
	ok(exptrace_device_drain(device, &sink, &copy) == 0 && has_bytes(&copy, trace.size, 0),
	   "%s: a snapshot is drained like a recording", source());
	exptrace_device_close(device);
	fake_trace = NULL;
	w_free(&copy.out);
}

static void test_both(void)
{
	test_all();
	test_bits();
	test_refused_batch();
	test_refused_mark();
	test_wait_ends();
	test_begin_and_end();
	test_no_callbacks();
	test_version();
	test_snapshot();
}

int main(void)
{
	/* makes a test that hangs fail */
	alarm(60);
	sample_trace(&trace, GENERATIONS);
	fake_pool = true;
	test_both();
	test_no_room();
	test_together();
	test_take_error(-EINTR);
	test_take_error(-EAGAIN);
	test_take_error(-EIO);
	fake_pool = false;
	test_both();
	test_damage();
	test_mark_first();
	w_free(&trace);
	return tap_end();
}
