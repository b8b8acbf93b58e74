// SPDX-License-Identifier: GPL-2.0-only
/*
 * The caller decides whether to wait for a trace that arrives in a pipe bit by bit.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <libexptrace.h>

#include "sample.h"
#include "tap.h"

/* A trace, of which each wait writes a part to the pipe. */
struct source {
	struct writer w;
	size_t sent;
	size_t part;		/* bytes */
	int out;		/* -1 once everything was sent */
	unsigned int waits;
	bool refuse;
};

static void source_send(struct source *source)
{
	size_t n = source->w.size - source->sent;

	if (n > source->part)
		n = source->part;
	if (write(source->out, source->w.data + source->sent, n) != (ssize_t)n)
		abort();
	source->sent += n;
	if (source->sent < source->w.size)
		return;
	close(source->out);
	source->out = -1;
}

static bool on_wait(void *arg)
{
	struct source *source = arg;

	source->waits++;
	if (!source->refuse)
		source_send(source);
	return !source->refuse;
}

/* @flags: O_NONBLOCK or 0 */
static struct exptrace_trace *source_open(struct source *source, size_t part, int flags, int *in)
{
	struct exptrace_trace *trace;
	int fds[2];

	*source = (struct source) { .part = part };
	sample_trace(&source->w, 2);
	if (pipe2(fds, flags) || exptrace_open_fd(fds[0], &trace))
		abort();
	*in = fds[0];
	source->out = fds[1];
	exptrace_on_wait(trace, on_wait, source);
	return trace;
}

static void source_close(struct source *source, struct exptrace_trace *trace, int in)
{
	exptrace_close(trace);
	close(in);
	if (source->out >= 0)
		close(source->out);
	w_free(&source->w);
}

/* Counts events until the end or an error; *ret: the last result. */
static unsigned int count_events(struct exptrace_trace *trace, int *ret)
{
	const struct exptrace_record *record;
	unsigned int n = 0;

	while ((*ret = exptrace_next_event(trace, &record)) == 1)
		n++;
	return n;
}

static unsigned int events_in_pipe(size_t part, int flags, unsigned int *waits)
{
	struct source source;
	int in, ret;
	struct exptrace_trace *trace = source_open(&source, part, flags, &in);
	unsigned int n = count_events(trace, &ret);

	*waits = source.waits;
	source_close(&source, trace, in);
	return ret ? 0 : n;
}

static void test_wait(void)
{
	unsigned int all, waits;

	all = events_in_pipe(1 << 20, 0, &waits);
	ok(all && waits == 1, "the library waits once if everything then arrives");
	ok(events_in_pipe(100, 0, &waits) == all && waits > 10, "the library waits for each part");
	ok(events_in_pipe(100, O_NONBLOCK, &waits) == all && waits > 10,
	   "the library waits for each part of a non-blocking pipe");
}

static void test_refuse(void)
{
	unsigned int all, waits, n;
	struct exptrace_trace *trace;
	struct source source;
	int in, ret;

	all = events_in_pipe(1 << 20, 0, &waits);
	trace = source_open(&source, 1000, 0, &in);
	source.refuse = true;
	source_send(&source);
	n = count_events(trace, &ret);
	ok(ret == -EAGAIN && source.waits == 1, "the library does not wait if the caller refuses");
	source.refuse = false;
	n += count_events(trace, &ret);
	ok(!ret && n == all, "reading continues later after a refusal");
	source_close(&source, trace, in);
}

int main(void)
{
	test_wait();
	test_refuse();
	return tap_end();
}
