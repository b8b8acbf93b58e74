// SPDX-License-Identifier: GPL-2.0-only
/*
 * After damage, reading continues with the next generation, and the loss is reported.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run.h"
#include "sample.h"
#include "tap.h"

#define GENERATIONS	6

static const struct sample_faults none;
static size_t ends[GENERATIONS + 1];

/* Six generations; ends[n] is the end of generation n. */
static void write_sample(struct writer *w)
{
	unsigned int gen;

	w_header(w);
	ends[0] = w->size;
	for (gen = 1; gen <= GENERATIONS; gen++) {
		sample_generation(w, gen, &none);
		ends[gen] = w->size;
	}
}

/* Counts events of @gen in the last output of dump --json. */
static unsigned int count_events(unsigned int gen)
{
	const char *at = run_output;
	unsigned int n = 0;
	char key[32];

	snprintf(key, sizeof(key), "\"generation\":%u,", gen);
	for (; (at = strstr(at, key)); at++)
		n++;
	return n;
}

/* Whether the last dump has all events of the generations outside the bytes @from to @to. */
static bool has_all_but(size_t from, size_t to)
{
	unsigned int gen;

	for (gen = 1; gen <= GENERATIONS; gen++) {
		bool hit = from < ends[gen] && to > ends[gen - 1];

		if (count_events(gen) > SAMPLE_ALL || (!hit && count_events(gen) != SAMPLE_ALL))
			return false;
	}
	return true;
}

/* A hole of @len bytes at every @step bytes. */
static void test_holes(size_t len, int fill, size_t step)
{
	struct writer w = { 0 };
	size_t at, wrong = 0, silent = 0, batches = 0, tried = 0;
	uint8_t *data;

	write_sample(&w);
	data = malloc(w.size);
	if (!data)
		abort();
	for (at = 0; at + len <= w.size; at += step) {
		int dumped, checked;

		memcpy(data, w.data, w.size);
		memset(data + at, fill, len);
		checked = run_bytes(&command_check, NULL, data, w.size);
		dumped = run_dump_json(data, w.size);
		wrong += !has_all_but(at, at + len);
		/* missing events must be reported */
		silent += (dumped == EXIT_OK && !has_all_but(0, 0) &&
			   !strstr(run_output, "could not be read"));
		silent += checked == EXIT_OK && !has_all_but(0, 0);
		batches += run_bytes(&command_stat, NULL, data, w.size) > EXIT_PROBLEM;
		tried++;
	}
	is(wrong, 0, "a hole of %zu bytes (0x%02x) loses only the generations that it is in (%zu tried)",
	   len, fill, tried);
	is(silent, 0, "dump and check report each hole that loses events");
	is(batches, 0, "stat accepts a trace with a hole");
	free(data);
	w_free(&w);
}

/* A hole from the middle of generation 2 to the middle of 4. */
static void test_messages(void)
{
	struct writer w = { 0 };
	char text[200];
	size_t from, to;

	write_sample(&w);
	from = (ends[1] + ends[2]) / 2;
	to = (ends[3] + ends[4]) / 2;
	memset(w.data + from, 0, to - from);
	ok(run_trace(&command_dump, NULL, &w) == EXIT_PROBLEM &&
	   run_printed(", of generations 2 to 4; generation 5 follows at offset ") &&
	   run_printed("note: 2 generations between the first and the last are not there\n"),
	   "dump reports which generations were lost");
	snprintf(text, sizeof(text), "generation 5 follows at offset %zu\n", ends[4]);
	ok(run_trace(&command_check, NULL, &w) == EXIT_PROBLEM && run_printed(text) &&
	   run_printed("generation 5: 2 generations before it are missing") &&
	   run_printed("FAILED: 4 generations, "), "check continues, and reports both");
	ok(run_trace(&command_stat, NULL, &w) == EXIT_PROBLEM && run_printed(text) &&
	   run_printed("Generations: 4 (and 2 missing between them), 1 without an end\n"
		       "Damaged:     "), "stat reports the damage");
	ok(run_trace(&command_report, "--json", &w) == EXIT_PROBLEM && run_printed(text) &&
	   run_printed("\"incomplete\":1,") && run_printed("\"missing\":2,") &&
	   run_printed(",\"without_end\":1,\"without_clock\":0,\"damages\":1,\"damaged_bytes\":"),
	   "report counts the lost generations");
	w_free(&w);
}

/* cut writes generations 1 to @last except @without. */
static void test_cut(void)
{
	struct writer w = { 0 };
	int in, out, ret;
	char in_path[64], out_path[64];
	const char *const words[] = { "-o", out_path, in_path, NULL };
	uint8_t *data;
	size_t n;

	write_sample(&w);
	memset(w.data + ends[2] - 300, 0, 400);
	in = memory_file(w.data, w.size);
	out = memory_file(NULL, 0);
	snprintf(in_path, sizeof(in_path), "/proc/self/fd/%d", in);
	snprintf(out_path, sizeof(out_path), "/proc/self/fd/%d", out);
	ret = run_words(&command_cut, words);
	ok(ret == EXIT_PROBLEM && run_printed("4 generations, 1 to 6, ") &&
	   run_printed(", of generations 2 to 3; generation 4 follows at offset "),
	   "cut leaves out damaged generations, and reports them");
	data = malloc(w.size);
	n = data ? (size_t)pread(out, data, w.size, 0) : 0;
	ok(n == ends[1] + ends[6] - ends[3] && !memcmp(data, w.data, ends[1]) &&
	   !memcmp(data + ends[1], w.data + ends[3], ends[6] - ends[3]),
	   "cut copies whole generations byte for byte");
	free(data);
	close(in);
	close(out);
	w_free(&w);
}

/* Two traces in a row; the second begins with generation @first. */
static int dump_two(unsigned int first, bool cut_off)
{
	struct writer w = { 0 };
	unsigned int gen;
	int ret;

	w_header(&w);
	for (gen = 1; gen <= 3; gen++)
		sample_generation(&w, gen, &none);
	if (cut_off)
		w.size -= 400;
	w_header(&w);
	for (gen = first; gen < first + 3; gen++)
		sample_generation(&w, gen, &none);
	ret = run_dump_json(w.data, w.size);
	w_free(&w);
	return ret;
}

static void test_two_traces(void)
{
	ok(dump_two(1, false) == EXIT_PROBLEM && run_printed("another trace begins at offset ") &&
	   run_printed(" on is another trace, and is not read\n") &&
	   count_events(1) == SAMPLE_ALL && count_events(3) == SAMPLE_ALL && !count_events(4),
	   "dump reports a second trace in the file, and does not mix it with the first");
	ok(dump_two(2, true) == EXIT_PROBLEM && run_printed(" is another trace, and is not read\n") &&
	   !count_events(4), "a second trace is not mixed with one that is cut off");
	ok(dump_two(4, false) == EXIT_PROBLEM && run_printed("another trace begins at offset ") &&
	   count_events(4) == SAMPLE_ALL && count_events(6) == SAMPLE_ALL,
	   "a second trace that continues the first one is read, and reported");
}

/* Marker text within a skipped event that looks like the beginning of a generation. */
static void test_false_openings(void)
{
	struct writer w = { 0 }, fake = { 0 };

	w_header(&w);
	sample_generation(&w, 1, &none);
	w_byte(&w, 0);			/* damage, so that the reader searches */
	w_end_of_generation(&fake);
	w_sync(&fake, 7, 1000, 1000, 1000);
	w_properties(&fake, 7, 1000, NULL);
	w_bytes(&w, fake.data, fake.size);
	sample_generation(&w, 2, &none);
	ok(run_dump_json(w.data, w.size) == EXIT_PROBLEM && count_events(2) == SAMPLE_ALL &&
	   run_printed("generation 2 follows at offset "),
	   "a Sync and properties do not make a generation");
	w_free(&fake);
	w_free(&w);

	w_header(&w);
	sample_generation(&w, 1, &none);
	w_byte(&w, 0);
	w_sync(&w, 7, 1000, 1000, 1000);
	w_schema(&w, 7, 1000);
	w_byte(&w, 99);
	sample_generation(&w, 2, &none);
	ok(run_dump_json(w.data, w.size) == EXIT_PROBLEM && count_events(2) == SAMPLE_ALL &&
	   run_printed("generation 2 follows at offset "), "nor a schema that nothing follows");
	w_free(&w);

	w_header(&w);
	sample_opening(&w, 1, &none);
	w_begin(&w, STANDARD_BATCH, 1, SAMPLE_M(0, TASK), sample_start(1));
	w_event(&w, EXPTRACE_EVENT_TASK_RENAME, 1);
	w_number(&w, 100);
	sample_generation(&fake, 7, &none);
	fake.data[fake.size] = 0;
	w_number(&w, fake.size < 1000 ? fake.size : 1000);
	w_bytes(&w, fake.data, fake.size < 1000 ? fake.size : 1000);
	w_end(&w);
	sample_closing(&w, 1, &none);
	sample_generation(&w, 2, &none);
	run_dump_json(w.data, w.size);
	ok(!count_events(7) && count_events(2) == SAMPLE_ALL,
	   "the contents of sound batches are not taken for a generation");
	w_free(&fake);
	w_free(&w);
}

/* A wrong number in a generation's first batch must not hide the generations behind it. */
static void test_wrong_number(void)
{
	struct writer w = { 0 };

	write_sample(&w);
	w.data[ends[2] + 1] = 0x7f;	/* only the Sync of generation 3 has the number 127 */
	ok(run_dump_json(w.data, w.size) == EXIT_PROBLEM && has_all_but(ends[2], ends[3]) &&
	   run_printed("generation 3 begins before the end of generation 127 at offset ") &&
	   run_printed("; generation 4 follows at offset "),
	   "a wrong generation number loses this generation only");
	ok(run_trace(&command_stat, NULL, &w) == EXIT_PROBLEM &&
	   run_printed("Generations: 5 (and 1 missing between them)\n"), "and is not counted with");
	w_free(&w);
}

/* The first generation lacks its beginning, and is damaged; it borrows the next one's schema. */
static void test_borrower(void)
{
	struct writer w = { 0 };
	size_t from;

	w_header(&w);
	sample_batches(&w, 1, &none);
	from = w.size;
	sample_closing(&w, 1, &none);
	sample_generation(&w, 2, &none);
	w.data[from] = 0;
	ok(run_dump_json(w.data, w.size) == EXIT_PROBLEM && count_events(1) == SAMPLE_ALL &&
	   count_events(2) == SAMPLE_ALL &&
	   run_printed("it is read by the schema of generation 2"),
	   "a generation without its beginning finds a schema behind damage");
	w_free(&w);
}

/* An event that cannot be decoded loses the rest of its batch, and nothing else. */
static void test_bad_event(void)
{
	static const struct sample_faults bad = { .bad_type = true };
	struct writer w = { 0 };

	w_header(&w);
	sample_generation(&w, 1, &bad);
	sample_generation(&w, 2, &none);
	ok(run_dump_json(w.data, w.size) == EXIT_PROBLEM && count_events(1) == SAMPLE_ALL - 2 &&
	   count_events(2) == SAMPLE_ALL &&
	   run_printed("note: 2 events that the ledger counts could not be read\n"),
	   "batches after an event that cannot be decoded are read");
	ok(run_trace(&command_report, "--json", &w) == EXIT_PROBLEM &&
	   run_printed(",\"damages\":1,\"damaged_bytes\":0,"), "no bytes are passed over for it");
	ok(run_trace(&command_stat, NULL, &w) == EXIT_PROBLEM && run_printed("Generations: 2\n") &&
	   run_printed("Not read:    2 events that the ledger counts\n"), "by stat as well");
	w_free(&w);
}

/* In the library, an error persists until exptrace_resync(). */
static void test_library(void)
{
	const struct exptrace_record *record;
	const struct exptrace_damage *damage;
	struct exptrace_trace *trace;
	struct writer w = { 0 };
	unsigned int events = 0;
	int fd, ret;

	write_sample(&w);
	memset(w.data + ends[2], 0, 50);
	trace = test_open(&w, &fd);
	while ((ret = exptrace_next_event(trace, &record)) == 1)
		events++;
	ok(ret == -EBADMSG && exptrace_next_event(trace, &record) == -EBADMSG &&
	   events == 2 * SAMPLE_ALL, "the library does not continue by itself");
	ret = exptrace_resync(trace, &damage);
	ok(ret == 1 && damage->offset == ends[2] && damage->end == ends[3] && damage->before == 2 &&
	   !damage->inside && damage->after == 4 && !damage->other_trace,
	   "exptrace_resync() reports the loss");
	while ((ret = exptrace_next_event(trace, &record)) == 1)
		events++;
	ok(!ret && events == 5 * SAMPLE_ALL && exptrace_offset(trace) == w.size,
	   "the rest is read after exptrace_resync()");
	test_close(trace, fd);
	w_free(&w);
}

/* Whether generation 2 is found after @n zero bytes, in a file or a non-blocking pipe. */
static bool is_found_behind(size_t n, const uint8_t *second, size_t size, bool in_pipe)
{
	const struct exptrace_record *record;
	const struct exptrace_damage *damage;
	struct exptrace_trace *trace;
	struct writer w = { 0 };
	unsigned int events = 0;
	int fds[2], ret, found;
	size_t at = 0;
	void *zeros = calloc(1, n);

	w_header(&w);
	w_bytes(&w, zeros, n);
	w_bytes(&w, second, size);
	if (!in_pipe)
		fds[0] = memory_file(w.data, w.size);
	else if (pipe2(fds, O_NONBLOCK))
		abort();
	if (exptrace_open_fd(fds[0], &trace))
		abort();
	do {
		/* as much as fits into the pipe, but never everything at once */
		ssize_t done = in_pipe && at < w.size ?
			       write(fds[1], w.data + at, w.size - at < 5000 ? w.size - at : 5000) : 0;

		at += done > 0 ? (size_t)done : 0;
		if (in_pipe && at == w.size) {
			close(fds[1]);
			at++;
		}
		ret = exptrace_next_event(trace, &record);
		if (ret == -EBADMSG) {
			found = exptrace_resync(trace, &damage);
			if (found != 1 && found != -EAGAIN)
				break;
		}
		events += ret == 1;
	} while (ret);
	exptrace_close(trace);
	close(fds[0]);
	free(zeros);
	w_free(&w);
	return !ret && events == SAMPLE_ALL;
}

/* Distances around the ends of the input buffer, and far beyond. */
static void test_distances(void)
{
	static const size_t around[] = { 128 * 1024, 256 * 1024, 384 * 1024 };
	struct writer w = { 0 };
	size_t i, n, missed = 0;

	sample_generation(&w, 2, &none);
	for (i = 0; i < sizeof(around) / sizeof(around[0]); i++)
		for (n = around[i] - w.size; n < around[i] + 100; n += 61)
			missed += !is_found_behind(n, w.data, w.size, false);
	is(missed, 0, "a generation is found at any distance");
	ok(is_found_behind(1000, w.data, w.size, true) &&
	   is_found_behind(3000000, w.data, w.size, true),
	   "a generation is found at any distance in a non-blocking pipe");
	w_free(&w);
}

int main(void)
{
	test_holes(1, 0, 7);
	test_holes(100, 0, 13);
	test_holes(700, 0, 31);
	test_holes(100, 0xff, 13);
	test_messages();
	test_cut();
	test_two_traces();
	test_false_openings();
	test_wrong_number();
	test_borrower();
	test_bad_event();
	test_library();
	test_distances();
	return tap_end();
}
