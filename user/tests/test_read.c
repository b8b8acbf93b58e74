// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading: batches, pipes, headers, schemas with elements unknown to the reader.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "run.h"
#include "sample.h"
#include "tap.h"

static const struct sample_faults none;

/* Counts the events until the end or an error; *ret: the last result. */
static unsigned int count_events(struct exptrace_trace *trace, int *ret)
{
	const struct exptrace_record *record;
	unsigned int n = 0;

	while ((*ret = exptrace_next_event(trace, &record)) == 1)
		n++;
	return n;
}

/* Fills the open batch with events of 3 bytes so that header and data take @size bytes. */
static unsigned int fill_batch(struct writer *w, size_t start, size_t size)
{
	unsigned int n = 0;

	while (w->size - start + 2 * 3 <= size) {
		w_event(w, EXPTRACE_EVENT_SCHED_PROCESS_EXIT, 1);
		w_number(w, 1);
		n++;
	}
	/* pad the last one to the exact size */
	w_event(w, EXPTRACE_EVENT_SCHED_PROCESS_EXIT, 1);
	while (w->size - start + 1 < size)
		w_byte(w, 0x80);
	w_byte(w, 0);
	return n + 1;
}

static void test_batch_size(size_t size, bool fits)
{
	struct writer w = { 0 };
	struct exptrace_trace *trace;
	unsigned int n, want;
	size_t start;
	int ret, fd;

	w_header(&w);
	sample_opening(&w, 1, &none);
	start = w.size;
	w_begin(&w, STANDARD_BATCH, 1, SAMPLE_M(0, TASK), sample_start(1));
	want = fill_batch(&w, start, size);
	w_end(&w);
	w_end_of_generation(&w);
	trace = test_open(&w, &fd);
	n = count_events(trace, &ret);
	if (fits)
		ok(n == want && ret == 0, "a batch of exactly 64 KiB is read (%u events)", n);
	else
		ok(n == 0 && ret == -EBADMSG, "a batch of 64 KiB and one byte is damage");
	test_close(trace, fd);
	w_free(&w);
}

/* A non-blocking pipe that delivers a byte at a time. */
static void test_byte_by_byte(void)
{
	const struct exptrace_record *record;
	struct exptrace_trace *trace;
	struct writer w = { 0 };
	unsigned int n = 0, again = 0;
	size_t i = 0;
	int fds[2], ret = -EAGAIN;

	sample_trace(&w, 2);
	if (pipe2(fds, O_NONBLOCK) || exptrace_open_fd(fds[0], &trace))
		return;
	while (ret == 1 || ret == -EAGAIN) {
		ret = exptrace_next_event(trace, &record);
		n += ret == 1;
		if (ret != -EAGAIN)
			continue;
		again++;
		if (write(fds[1], w.data + i++, 1) != 1)
			break;
		if (i == w.size)
			close(fds[1]);
	}
	ok(n == 2 * SAMPLE_ALL && ret == 0 && again >= w.size,
	   "a non-blocking pipe that delivers a byte at a time is read");
	exptrace_close(trace);
	close(fds[0]);
	w_free(&w);
}

/* A generation is delivered after its end mark, although the pipe stays open. */
static void test_live(void)
{
	const struct exptrace_record *record;
	struct exptrace_trace *trace;
	struct writer w = { 0 };
	unsigned int n = 0;
	int fds[2], ret;

	sample_trace(&w, 1);
	if (pipe2(fds, O_NONBLOCK) || exptrace_open_fd(fds[0], &trace) ||
	    write(fds[1], w.data, w.size) != (ssize_t)w.size)
		return;
	while ((ret = exptrace_next_event(trace, &record)) == 1)
		n++;
	ok(n == SAMPLE_ALL && ret == -EAGAIN,
	   "a complete generation is delivered while the stream is still open");
	exptrace_close(trace);
	close(fds[0]);
	close(fds[1]);
	w_free(&w);
}

/* Whether reading a header of this version returns @want, with a message that has @message. */
static bool header_gives(char version, int want, const char *message)
{
	struct exptrace_trace *trace;
	struct writer w = { 0 };
	int ret, fd;
	bool right;

	w_header(&w);
	w.data[10] = (uint8_t)version;
	trace = test_open(&w, &fd);
	count_events(trace, &ret);
	right = ret == want && (!message || strstr(exptrace_error(trace), message));
	test_close(trace, fd);
	w_free(&w);
	return right;
}

static void test_header(void)
{
	ok(header_gives('1', 0, NULL) && header_gives('2', 0, NULL), "versions 1 and 2 are read");
	ok(header_gives('3', -EPROTO, "version 3 of the trace format is not supported, only 1 to 2"),
	   "another version's header is refused, and the message gives the version");
	ok(header_gives('0', -EBADMSG, "not a trace") && header_gives('x', -EBADMSG, "not a trace"),
	   "an invalid version is not a trace");
}

/* Whether reading @n bytes returns @want and no event, with a message that has @message. */
static bool bytes_give(const void *bytes, size_t n, int want, const char *message)
{
	struct writer w = { 0 };
	struct exptrace_trace *trace;
	int ret, fd;
	bool right;

	w_bytes(&w, bytes, n);
	trace = test_open(&w, &fd);
	right = !count_events(trace, &ret) && ret == want &&
		strstr(exptrace_error(trace), message);
	if (!right)
		printf("# %d, %s, want %d, %s\n", ret, exptrace_error(trace), want, message);
	test_close(trace, fd);
	w_free(&w);
	return right;
}

static void test_no_trace(void)
{
	ok(bytes_give("", 0, -ENODATA, "there is no data") &&
	   bytes_give("exptr", 5, -ENODATA, "cut off in the header at offset 5"),
	   "an empty file and a part of a header are reported as cut off");
	ok(bytes_give("\x7f" "ELF\2\1\1\0\0\0\0\0\0\0\0\0\0", 17, -EBADMSG, "an ELF file") &&
	   bytes_give("PERFILE2\0\0\0\0\0\0\0\0", 16, -EBADMSG, "perf data") &&
	   bytes_give("\x1f\x8b\x08\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, -EBADMSG, "gzip data") &&
	   bytes_give("Some text, no trace\n", 20, -EBADMSG, "(it looks like text)") &&
	   bytes_give("\1\2\3\4\5\6\7", 7, -EBADMSG, "not a trace of exptrace at"),
	   "for other files, the message says what they look like");
}

static void test_unknown_experiment(void)
{
	struct exptrace_trace *trace;
	struct writer w = { 0 };
	unsigned int n;
	int ret, fd;

	w_header(&w);
	sample_opening(&w, 1, &none);
	w_begin(&w, 77, 1, SAMPLE_M(0, TASK), sample_start(1));
	w_event(&w, 99, 1);
	w_end(&w);
	sample_batches(&w, 1, &none);
	w_begin(&w, EXPTRACE_EXPERIMENT_ALLOCFREE, 1, SAMPLE_M(0, TASK), sample_start(1));
	w.data[w.size - 1] = EXPTRACE_CONTENT_DATA;
	w_string(&w, "bytes of its own");
	w_end(&w);
	sample_closing(&w, 1, &none);
	trace = test_open(&w, &fd);
	n = count_events(trace, &ret);
	ok(n == SAMPLE_ALL && ret == 0, "batches of an unknown experiment are skipped");
	is(exptrace_skipped(trace), 1,
	   "skipped batches are counted, but not an experiment's own data");
	test_close(trace, fd);
	w_free(&w);
}

/* An experiment, an event and kinds of arguments that the reader does not know. */
static void write_foreign(struct writer *w)
{
	w_begin(w, STANDARD_BATCH, 1, EXPTRACE_M_NONE, sample_start(1));
	w_byte(w, EXPTRACE_WIRE_SCHEMA);
	w_byte(w, EXPTRACE_WIRE_SCHEMA_EXPERIMENT);
	w_number(w, 9);
	w_number(w, 3);
	w_string(w, "foreign");
	w_schema_event(w, 9, 200, 2, "things", "thing", 5);
	w_schema_arg(w, EXPTRACE_KIND_UINT, "variant");
	w_schema_arg(w, 99, "new_number");
	w_schema_arg(w, 150, "new_string");
	w_schema_arg(w, EXPTRACE_KIND_FLAGS, "flags");
	w_schema_arg(w, EXPTRACE_KIND_INT, "diff");
	w_end(w);
	w_begin(w, 9, 1, SAMPLE_M(2, SOFTIRQ), sample_start(1) + 10);
	w_event(w, 201, 5);
	w_number(w, 1ULL << 60);
	w_string(w, "a\nb\"c\\");
	w_number(w, 0xbeef);
	w_signed(w, -7);
	w_end(w);
}

static void test_foreign(void)
{
	struct writer w = { 0 };
	int ret;

	w_header(&w);
	sample_opening(&w, 1, &none);
	write_foreign(&w);
	sample_closing(&w, 1, &none);
	ret = run_trace(&command_dump, NULL, &w);
	ok(ret == 0 && run_printed("[002] s      0.000500008: thing: variant=1 new_number=1152921504606846976 "
				   "new_string=a\\x0ab\"c\\x5c flags=0xbeef diff=-7\n"),
	   "events of unknown experiments, types and kinds of arguments are shown");
	ret = run_trace(&command_dump, "--json", &w);
	ok(ret == 0 && run_printed("\"cpu\":2,\"context\":\"softirq\",\"experiment\":\"foreign\","
				   "\"group\":\"things\",\"event\":\"thing\",\"args\":{\"variant\":1,"
				   "\"new_number\":1152921504606846976,\"new_string\":\"a\\u000ab\\\"c\\\\\","
				   "\"flags\":\"0xbeef\",\"diff\":-7}"),
	   "JSON strings are escaped");
	w_free(&w);
}

static void test_walk(void)
{
	const struct exptrace_record *record;
	const struct exptrace_batch *batch;
	struct exptrace_trace *trace;
	struct writer w = { 0 };
	unsigned int batches = 0, events = 0, ends = 0;
	uint64_t bytes = EXPTRACE_HEADER_SIZE;
	bool offsets = true;
	int ret, fd;

	sample_trace(&w, 3);
	trace = test_open(&w, &fd);
	while ((ret = exptrace_next_batch(trace, &batch)) == 1) {
		offsets = offsets && batch->offset == bytes;
		bytes += batch->size;
		batches++;
		ends += batch->kind == EXPTRACE_BATCH_END;
		while (exptrace_next_in_batch(trace, &record) == 1)
			events++;
	}
	ok(ret == 0 && ends == 3 && batches == 3 * 13 && events == 3 * SAMPLE_ALL,
	   "reading batch by batch returns every batch, end mark and event");
	ok(offsets && bytes == w.size, "the offsets and sizes of the batches cover the whole file");
	ok(exptrace_next_event(trace, &record) == -EINVAL,
	   "the two ways of reading cannot be mixed");
	test_close(trace, fd);
	w_free(&w);
}

int main(void)
{
	test_header();
	test_no_trace();
	test_batch_size(EXPTRACE_BATCH_MAX, true);
	test_batch_size(EXPTRACE_BATCH_MAX + 1, false);
	test_byte_by_byte();
	test_live();
	test_unknown_experiment();
	test_foreign();
	test_walk();
	return tap_end();
}
