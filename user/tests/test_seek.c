// SPDX-License-Identifier: GPL-2.0-only
/*
 * The index of a trace, and reading from any generation on.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frames.h"
#include "run.h"
#include "sample.h"
#include "tap.h"

#define GENERATIONS	6
#define MIB		(1024 * 1024)

static const struct sample_faults none;

/* What was read: a hash of all that the events say, by generation. */
struct view {
	uint64_t events, hash;
};

static uint64_t hash_bytes(uint64_t hash, const char *bytes, size_t n)
{
	while (n--)
		hash = (hash ^ (uint8_t)*bytes++) * 0x100000001b3;
	return hash;
}

static void add_record(struct view *view, struct exptrace_trace *trace,
		       const struct exptrace_record *record)
{
	const char *comm = exptrace_comm(trace, record->pid);
	const struct exptrace_frame *frame;
	uint32_t i;

	view->events++;
	view->hash = (view->hash ^ record->ns ^ record->offset << 20) * 0x100000001b3;
	view->hash = hash_bytes(view->hash, comm ? comm : "?", comm ? strlen(comm) : 1);
	for (i = 0; i < record->event->nargs; i++) {
		const struct exptrace_value *value = &record->args[i];

		view->hash = (view->hash ^ value->u64) * 0x100000001b3;
		view->hash = hash_bytes(view->hash, value->str, value->str ? value->len : 0);
		if (record->event->args[i].kind == EXPTRACE_KIND_SITE &&
		    exptrace_stack(trace, value->u64, &frame) > 0 && frame->function)
			view->hash = hash_bytes(view->hash, frame->function, strlen(frame->function));
	}
}

/* Reads to the end. Returns the last result. */
static int read_events(struct exptrace_trace *trace, struct view *views)
{
	const struct exptrace_record *record;
	int ret;

	memset(views, 0, (GENERATIONS + 1) * sizeof(*views));
	while ((ret = exptrace_next_event(trace, &record)) == 1)
		if (record->generation <= GENERATIONS)
			add_record(&views[record->generation], trace, record);
	return ret;
}

static struct exptrace_trace *open_bytes(const struct writer *w)
{
	struct exptrace_trace *trace;

	if (exptrace_open_memory(w->data, w->size, &trace))
		abort();
	return trace;
}

/* From each generation on, a reader gets what a reader of everything gets from there on. */
static unsigned int count_wrong_tails(struct exptrace_trace *trace, const struct view *want)
{
	struct view got[GENERATIONS + 1];
	unsigned int wrong = 0;
	uint64_t first, i;

	/* twice: before anything was read, and after everything */
	for (i = 0; i < 2 * GENERATIONS; i++) {
		first = i * 5 % GENERATIONS + 1;
		if (i & 1 ? exptrace_seek_generation(trace, first) :
			    exptrace_seek_index(trace, first - 1)) {
			wrong++;
			continue;
		}
		wrong += read_events(trace, got) != 0 ||
			 memcmp(&got[first], &want[first],
				(GENERATIONS + 1 - first) * sizeof(*got)) ||
			 (first > 1 && got[first - 1].events);
	}
	return wrong;
}

static void test_tails(const struct writer *plain)
{
	struct view want[GENERATIONS + 1];
	struct exptrace_trace *trace = open_bytes(plain);
	struct writer w = { 0 };
	int fd;

	is(read_events(trace, want), 0, "the trace can be read");
	is(count_wrong_tails(trace, want), 0, "reading can begin at each generation of a trace in memory");
	exptrace_close(trace);
	trace = test_open(plain, &fd);
	is(count_wrong_tails(trace, want), 0, "of a file");
	test_close(trace, fd);
	w_compressed(&w, plain);
	trace = open_bytes(&w);
	is(count_wrong_tails(trace, want), 0, "of a compressed trace in memory");
	exptrace_close(trace);
	trace = test_open(&w, &fd);
	is(count_wrong_tails(trace, want), 0, "of a compressed file");
	test_close(trace, fd);
	w_free(&w);
}

static void test_modes(const struct writer *plain)
{
	const struct exptrace_batch *batch;
	const struct exptrace_record *record;
	struct exptrace_trace *trace = open_bytes(plain);
	uint64_t offset, events = 0;

	offset = exptrace_index_at(trace, 3)->offset;
	ok(!exptrace_seek_index(trace, 3) && exptrace_next_batch(trace, &batch) == 1 &&
	   batch->generation == 4 && batch->offset == offset, "batches are read from there on");
	while (exptrace_next_batch(trace, &batch) == 1)
		while (exptrace_next_in_batch(trace, &record) == 1)
			events++;
	is(events, 3 * SAMPLE_ALL, "with all their events");
	is(exptrace_account(trace)->missing, 0, "what was passed over is not missing");
	ok(!exptrace_seek_index(trace, 1) && !exptrace_gap(trace) && !exptrace_set_back(trace),
	   "going back is neither a gap nor another boot");
	is(exptrace_seek_index(trace, GENERATIONS), (uint64_t)-ENOENT, "there is nothing behind the last one");
	is(exptrace_seek_generation(trace, 77), (uint64_t)-ENOENT, "nor a generation that does not exist");
	exptrace_close(trace);
	trace = open_bytes(plain);
	ok(!exptrace_seek_index(trace, 3) && exptrace_next_frame(trace, &batch) == 1 &&
	   batch->generation == 4 && exptrace_version(trace) == EXPTRACE_WIRE_VERSION,
	   "frames are read from there on");
	exptrace_close(trace);
}

static void test_entries(const struct writer *plain)
{
	const struct exptrace_index_entry *entry;
	struct exptrace_trace *trace = open_bytes(plain);
	uint64_t at = EXPTRACE_HEADER_SIZE, wrong = 0, i;

	for (i = 0; i < GENERATIONS; i++) {
		entry = exptrace_index_at(trace, i);
		wrong += !entry || entry->generation != i + 1 || entry->offset != at ||
			 entry->size != generation_size(plain, at) || !entry->begins ||
			 !entry->ends || entry->events != SAMPLE_EVENTS ||
			 entry->lost != SAMPLE_LOST || entry->end_ns <= entry->begin_ns ||
			 entry->end_ns == EXPTRACE_TIME_UNKNOWN;
		at += entry ? entry->size : 0;
	}
	is(wrong, 0, "the index has the place, the size, the counts and the times of each generation");
	is(exptrace_index_size(trace), GENERATIONS, "it has all generations");
	ok(!exptrace_index_at(trace, GENERATIONS), "and no more");
	exptrace_close(trace);
}

static void test_names(void)
{
	const struct exptrace_record *record;
	struct exptrace_trace *trace;
	struct writer w = { 0 };
	unsigned int known = 0, before = 0;

	/* the second generation is without a statedump */
	w_header(&w);
	sample_generation(&w, 1, &none);
	w_sync(&w, 2, sample_start(2), 2000000000, 1000);
	w_properties(&w, 2, sample_start(2), "stream");
	w_schema(&w, 2, sample_start(2));
	w_begin(&w, STANDARD_BATCH, 2, SAMPLE_M(0, TASK), sample_start(2));
	w_event(&w, EXPTRACE_EVENT_CURRENT, 1);
	w_number(&w, 100);
	w_end(&w);
	w_end_of_generation(&w);
	trace = open_bytes(&w);
	while (exptrace_next_event(trace, &record) == 1)
		before += record->generation == 1 && exptrace_comm(trace, 100);
	exptrace_seek_index(trace, 1);
	while (exptrace_next_event(trace, &record) == 1)
		known += exptrace_comm(trace, 100) != NULL;
	ok(before && !known, "a name from before a seek is not shown");
	exptrace_close(trace);
	w_free(&w);
}

static uint64_t bytes_read(void)
{
	FILE *file = fopen("/proc/self/io", "r");
	unsigned long long n = 0;

	if (!file || fscanf(file, "rchar: %llu", &n) != 1)
		abort();
	fclose(file);
	return n;
}

/* A trace with much in each generation */
static void large_trace(struct writer *w, unsigned int generations, unsigned int batches)
{
	static uint8_t text[60000];
	unsigned int i, j;

	w_header(w);
	for (i = 1; i <= generations; i++) {
		sample_opening(w, i, &none);
		for (j = 0; j < batches; j++) {
			w_begin(w, 99, i, SAMPLE_M(0, TASK), sample_start(i));
			w_bytes(w, text, sizeof(text));
			w_end(w);
		}
		sample_batches(w, i, &none);
		sample_closing(w, i, &none);
	}
}

static void test_bytes(void)
{
	const struct exptrace_record *record;
	struct exptrace_trace *trace;
	struct writer w = { 0 };
	uint64_t walk, one, all;
	int fd;

	large_trace(&w, 40, 20);
	trace = test_open(&w, &fd);
	all = bytes_read();
	/* the first call looks at what sort of file it is */
	exptrace_index_at(trace, 0);
	one = bytes_read();
	exptrace_index_at(trace, 1);
	one = bytes_read() - one;
	exptrace_index_size(trace);
	walk = bytes_read() - all;
	ok(walk < w.size / 50, "the index needs %" PRIu64 " of %zu bytes", walk, w.size);
	ok(one < walk / 20, "an entry needs %" PRIu64 " of these", one);
	all = bytes_read();
	exptrace_seek_index(trace, 39);
	while (exptrace_next_event(trace, &record) == 1)
		;
	all = bytes_read() - all;
	ok(all < w.size / 40 + MIB / 2, "the last generation needs %" PRIu64, all);
	test_close(trace, fd);
	w_free(&w);
}

/* Cut off anywhere, the index has what is whole, and a part at the end. */
static void test_cut_off(const struct writer *plain)
{
	unsigned int wrong = 0;
	size_t n;

	for (n = EXPTRACE_HEADER_SIZE; n <= plain->size; n += 7) {
		struct writer part = { .data = plain->data, .size = n };
		struct exptrace_trace *trace = open_bytes(&part);
		size_t at = EXPTRACE_HEADER_SIZE, whole = 0, i, ends = 0;
		int64_t size = exptrace_index_size(trace);

		while (at < n && at + generation_size(plain, at) <= n) {
			at += generation_size(plain, at);
			whole++;
		}
		for (i = 0; i < (size_t)size; i++)
			ends += exptrace_index_at(trace, i)->ends;
		wrong += size < (int64_t)whole || size > (int64_t)whole + 1 || ends != whole;
		exptrace_close(trace);
	}
	is(wrong, 0, "the index of a trace that is cut off has its whole generations");
}

static void test_damage(const struct writer *plain)
{
	const struct exptrace_record *record;
	struct exptrace_trace *trace;
	struct writer w = { 0 };
	uint64_t third, events = 0;

	w_bytes(&w, plain->data, plain->size);
	trace = open_bytes(plain);
	third = exptrace_index_at(trace, 2)->offset;
	exptrace_close(trace);
	/* the header of its second batch */
	third += (uint64_t)exptrace_piece(w.data + third, w.size - third, NULL, NULL);
	memset(w.data + third, 0, 4);
	trace = open_bytes(&w);
	is(exptrace_index_size(trace), GENERATIONS, "the index goes on behind damage");
	ok(!exptrace_index_at(trace, 2)->ends && exptrace_index_at(trace, 3)->generation == 4,
	   "the damaged generation has no end");
	ok(!exptrace_seek_generation(trace, 5), "what follows can be reached");
	while (exptrace_next_event(trace, &record) == 1)
		events++;
	is(events, 2 * SAMPLE_ALL, "and read");
	exptrace_close(trace);
	w_free(&w);
}

/* Seeks to the time, and returns the generation of the first event; 0: none. */
static uint64_t generation_at(struct exptrace_trace *trace, enum exptrace_clock clock, uint64_t ns)
{
	const struct exptrace_record *record;

	if (exptrace_seek_time(trace, clock, ns) || exptrace_next_event(trace, &record) != 1)
		return 0;
	return record->generation;
}

/* Generations of a second, of which the wall clock sees the third a minute earlier */
static void timed_trace(struct writer *w, bool boots)
{
	unsigned int i;

	w_header(w);
	for (i = 1; i <= GENERATIONS; i++) {
		uint64_t second = boots && i > 3 ? i - 3 : i;

		w_sync(w, i, i * 2000000000ULL, 2000000000, second * 1000000000ULL);
		w_schema(w, i, i * 2000000000ULL);
		w_begin(w, STANDARD_BATCH, i, SAMPLE_M(0, TASK), i * 2000000000ULL + 1000);
		w_event(w, EXPTRACE_EVENT_CURRENT, 1);
		w_number(w, 100);
		w_end(w);
		w_sync(w, i, i * 2000000000ULL + 1900000000ULL, 2000000000,
		       second * 1000000000ULL + 950000000ULL);
		w_end_of_generation(w);
	}
}

static void test_times(void)
{
	struct exptrace_trace *trace;
	struct writer w = { 0 };
	unsigned int wrong = 0;
	uint64_t i;

	timed_trace(&w, false);
	trace = open_bytes(&w);
	for (i = 1; i <= GENERATIONS; i++) {
		wrong += generation_at(trace, EXPTRACE_CLOCK_MONOTONIC, i * 1000000000ULL + 500) != i;
		wrong += generation_at(trace, EXPTRACE_CLOCK_MONOTONIC, i * 1000000000ULL - 30000000) != i;
	}
	is(wrong, 0, "the generation of a time is found");
	is(generation_at(trace, EXPTRACE_CLOCK_MONOTONIC, 0), 1, "a time before the trace is its beginning");
	is(exptrace_seek_time(trace, EXPTRACE_CLOCK_MONOTONIC, 99000000000ULL), (uint64_t)-ENOENT,
	   "a time behind it is not there");
	exptrace_seek_index(trace, 2);
	generation_at(trace, EXPTRACE_CLOCK_MONOTONIC, 3000000500);
	is(exptrace_wall_ns(trace, 3000000500) - exptrace_wall_ns(trace, 3000000000), 500,
	   "the wall clock goes on with CLOCK_MONOTONIC");
	exptrace_close(trace);
	w.size = 0;
	timed_trace(&w, true);
	trace = open_bytes(&w);
	is(exptrace_seek_time(trace, EXPTRACE_CLOCK_MONOTONIC, 2000000000), (uint64_t)-EINVAL,
	   "CLOCK_MONOTONIC of several boots is refused");
	exptrace_close(trace);
	w_free(&w);
}

static void test_pipe(const struct writer *plain)
{
	struct exptrace_trace *trace;
	int fds[2];

	if (pipe(fds) || write(fds[1], plain->data, 4096) != 4096)
		abort();
	close(fds[1]);
	exptrace_open_fd(fds[0], &trace);
	ok(exptrace_seek_generation(trace, 1) == -ESPIPE && exptrace_index_size(trace) == -ESPIPE &&
	   strstr(exptrace_error(trace), "pipe"), "a pipe cannot be searched, and the message says so");
	exptrace_close(trace);
	close(fds[0]);
	exptrace_open_memory("no trace", 8, &trace);
	ok(exptrace_index_size(trace) == -EBADMSG, "what is no trace has no index");
	exptrace_close(trace);
}

int main(void)
{
	struct writer plain = { 0 };

	sample_trace(&plain, GENERATIONS);
	test_entries(&plain);
	test_tails(&plain);
	test_modes(&plain);
	test_names();
	test_bytes();
	test_cut_off(&plain);
	test_damage(&plain);
	test_times();
	test_pipe(&plain);
	w_free(&plain);
	return tap_end();
}
