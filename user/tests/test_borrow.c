// SPDX-License-Identifier: GPL-2.0-only
/*
 * A first generation without its beginning is read with the schema of the next one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"
#include "sample.h"
#include "tap.h"

static const struct sample_faults none;

/* Generation 1, whose beginning an earlier reader took, then whole generations up to @n. */
static void cut_off_trace(struct writer *w, unsigned int n)
{
	unsigned int gen;

	w_header(w);
	sample_batches(w, 1, &none);
	sample_closing(w, 1, &none);
	for (gen = 2; gen <= n; gen++)
		sample_generation(w, gen, &none);
}

/* Counts the events, which come in order of time, and adds up their ticks in *@times. */
static int count_events(struct exptrace_trace *trace, unsigned int *events, uint64_t *times)
{
	const struct exptrace_record *record;
	int ret;

	*events = 0;
	*times = 0;
	while ((ret = exptrace_next_event(trace, &record)) == 1) {
		++*events;
		*times += record->ticks;
	}
	return ret;
}

static int walk_events(struct exptrace_trace *trace, unsigned int *events)
{
	const struct exptrace_batch *batch;
	const struct exptrace_record *record;
	int ret;

	*events = 0;
	while ((ret = exptrace_next_batch(trace, &batch)) == 1)
		while (exptrace_next_in_batch(trace, &record) == 1)
			++*events;
	return ret;
}

static void test_file(void)
{
	struct writer w = { 0 };
	struct exptrace_trace *trace;
	uint64_t times, borrower = 0, lender = 0;
	unsigned int events;
	int fd, ret;

	cut_off_trace(&w, 2);
	trace = test_open(&w, &fd);
	ret = count_events(trace, &events, &times);
	ok(!ret && events == 2 * SAMPLE_ALL, "events of a generation without its schema are read");
	ok(exptrace_borrowed(trace, &borrower, &lender) && borrower == 1 && lender == 2,
	   "the library reports which generation borrowed which schema");
	is(exptrace_offset(trace), w.size, "the offset is the one in the stream");
	test_close(trace, fd);

	trace = test_open(&w, &fd);
	ret = walk_events(trace, &events);
	ok(!ret && events == 2 * SAMPLE_ALL && !exptrace_skipped(trace),
	   "events without a schema are read batch by batch too");
	test_close(trace, fd);

	run_trace(&command_dump, NULL, &w);
	ok(run_printed("note: generation 1 lacks its beginning") &&
	   run_printed("kmalloc: ptr=ffff888000001000 bytes_req=100 slack=28 call_site=alloc_thing+0x34"),
	   "dump notes the missing beginning, and decodes addresses correctly");
	w_free(&w);

	sample_trace(&w, 2);
	trace = test_open(&w, &fd);
	count_events(trace, &events, &times);
	ok(!exptrace_borrowed(trace, &borrower, &lender), "a whole trace borrows nothing");
	test_close(trace, fd);
	w_free(&w);
}

/* A pipe cannot be rewound, and delivers less than a batch at a time. */
static void test_pipe(bool nonblock)
{
	struct writer w = { 0 };
	struct exptrace_trace *trace;
	uint64_t times = 0;
	unsigned int events = 0, tries = 0;
	int fds[2], ret, status;
	size_t at;
	pid_t pid;

	cut_off_trace(&w, 400);
	if (pipe2(fds, nonblock ? O_NONBLOCK : 0) < 0)
		abort();
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		for (at = 0; at < w.size;) {
			size_t n = w.size - at < 777 ? w.size - at : 777;
			ssize_t done = write(fds[1], w.data + at, n);

			at += done > 0 ? (size_t)done : 0;
		}
		_exit(0);
	}
	close(fds[1]);
	if (exptrace_open_fd(fds[0], &trace))
		abort();
	do {
		unsigned int more;
		uint64_t more_times;

		ret = count_events(trace, &more, &more_times);
		events += more;
		times += more_times;
		tries++;
	} while (ret == -EAGAIN);
	ok(!ret && events == 400 * SAMPLE_ALL && times > 400 && (nonblock || tries == 1),
	   "events without a schema are read from a%s pipe too", nonblock ? " non-blocking" : "");
	exptrace_close(trace);
	close(fds[0]);
	waitpid(pid, &status, 0);
	w_free(&w);
}

/* A generation larger than the input buffer. */
static void test_large(void)
{
	struct writer w = { 0 };
	struct exptrace_trace *trace;
	unsigned int events, i;
	uint64_t times;
	int fd, ret;

	w_header(&w);
	for (i = 0; i < 6000; i++)
		sample_batches(&w, 1, &none);
	sample_closing(&w, 1, &none);
	sample_generation(&w, 2, &none);
	trace = test_open(&w, &fd);
	ret = count_events(trace, &events, &times);
	ok(!ret && w.size > 1024 * 1024 && events == 6001 * SAMPLE_ALL,
	   "events without a schema are read from a large generation too");
	test_close(trace, fd);
	w_free(&w);
}

static void test_nothing_to_borrow(void)
{
	struct writer w = { 0 };
	struct exptrace_trace *trace;
	unsigned int events;
	uint64_t times;
	size_t n;
	int fd, ret;

	cut_off_trace(&w, 1);
	trace = test_open(&w, &fd);
	ret = count_events(trace, &events, &times);
	ok(!ret && !events && exptrace_skipped(trace) == 5,
	   "without a next generation, the batches are skipped and counted");
	test_close(trace, fd);
	w_free(&w);

	/* cut off at any byte, all whole batches are delivered if there is a schema */
	cut_off_trace(&w, 2);
	for (n = 0, ret = 0; n < w.size; n++) {
		fd = memory_file(w.data, n);
		if (exptrace_open_fd(fd, &trace))
			abort();
		count_events(trace, &events, &times);
		ret += events > 2 * SAMPLE_ALL;
		test_close(trace, fd);
	}
	is(ret, 0, "truncation of the lending generation does no harm");
	w_free(&w);
}

static void test_check(void)
{
	struct writer w = { 0 };

	cut_off_trace(&w, 3);
	ok(run_trace(&command_check, NULL, &w) == EXIT_PROBLEM &&
	   run_printed("generation 1: no opening Sync: an earlier reader took its beginning"),
	   "check reports the partial generation");
	ok(run_trace(&command_check, "--allow-partial-first", &w) == EXIT_OK &&
	   run_printed("OK: 3 generations, 33 batches, 27 events, 6 lost"),
	   "check counts the events of a partial generation if it is allowed");
	w_free(&w);
}

int main(void)
{
	test_file();
	test_pipe(false);
	test_pipe(true);
	test_large();
	test_nothing_to_borrow();
	test_check();
	return tap_end();
}
