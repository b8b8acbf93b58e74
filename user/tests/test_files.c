// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several files are read as one trace: in order, and each event once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run.h"
#include "sample.h"
#include "segments.h"
#include "tap.h"

#define GENERATIONS	6

static void test_generations(void)
{
	size_t begins[GENERATIONS + 1], size, i;
	const char *paths[GENERATIONS];
	char names[GENERATIONS][32], full[GENERATIONS][128];
	struct writer w = { 0 };
	char *text;

	begin_directory();
	write_boot(&w, "boot-a", 1, GENERATIONS, begins);
	text = expected(&w, &size);
	for (i = 0; i < GENERATIONS; i++) {
		/* names that sort against the order of recording */
		snprintf(names[i], sizeof(names[i]), "seg-%zu", GENERATIONS - i);
		put_segment(names[i], &w, begins[i], begins[i + 1]);
		snprintf(full[i], sizeof(full[i]), "%s", file_path(names[i]));
		paths[i] = full[(i * 5 + 3) % GENERATIONS];
	}
	is(read_directory(), 0, "a directory of segments can be opened");
	ok(has_read(text, size), "a directory of segments reads as the trace it was cut from");
	ok(!*seen.messages && seen.recordings == 1 && !seen.missing, "and nothing is noted");
	is(read_files(paths, GENERATIONS), 0, "files in any order can be opened");
	ok(has_read(text, size), "files in any order read as the trace they were cut from");
	free(text);
	w_free(&w);
	end_directory();
}

/* Cuts at each boundary of batches: the generation is joined. */
static void test_batches(void)
{
	size_t begins[4], size, at, cuts = 0, wrong = 0, noted = 0;
	struct writer w = { 0 };
	char *text;

	begin_directory();
	write_boot(&w, "boot-a", 1, 3, begins);
	text = expected(&w, &size);
	for (at = EXPTRACE_HEADER_SIZE; at < w.size;
	     at += (size_t)exptrace_piece(w.data + at, w.size - at, NULL, NULL)) {
		put_segment("z", &w, EXPTRACE_HEADER_SIZE, at);
		put_segment("a", &w, at, w.size);
		wrong += read_directory() || !has_read(text, size);
		noted += *seen.messages != 0;
		cuts++;
	}
	ok(cuts > 30 && !wrong, "a trace cut in two between any batches reads as before");
	is(noted, 0, "and nothing is noted");
	free(text);
	w_free(&w);
	end_directory();
}

/* One file for each batch, in shuffled names. */
static void test_single_batches(void)
{
	size_t begins[4], size, at, n = 0;
	struct writer w = { 0 };
	char name[32], *text;

	begin_directory();
	write_boot(&w, "boot-a", 1, 3, begins);
	text = expected(&w, &size);
	for (at = EXPTRACE_HEADER_SIZE; at < w.size; n++) {
		size_t piece = (size_t)exptrace_piece(w.data + at, w.size - at, NULL, NULL);

		/* end marks stay with the batch before them */
		if (at + piece < w.size && w.data[at + piece] == EXPTRACE_WIRE_END_OF_GENERATION)
			piece++;
		snprintf(name, sizeof(name), "%zu", n * 37 % 101);
		put_segment(name, &w, at, at + piece);
		at += piece;
	}
	ok(!read_directory() && seen.events == 3 * SAMPLE_EVENTS,
	   "a trace in one file per batch has all its events");
	ok(has_read(text, size), "and in the same order");
	is(count_twice(), 0, "and none twice");
	free(text);
	w_free(&w);
	end_directory();
}

static void test_overlap(void)
{
	size_t begins[GENERATIONS + 1], size;
	struct writer w = { 0 };
	char *text;

	begin_directory();
	write_boot(&w, "boot-a", 1, GENERATIONS, begins);
	text = expected(&w, &size);
	put_segment("snapshot-1", &w, begins[0], begins[4]);
	put_segment("snapshot-2", &w, begins[2], begins[6]);
	put_segment("copy", &w, begins[2], begins[3]);
	ok(!read_directory() && has_read(text, size), "generations that several files have are read once");
	is(count_twice(), 0, "and no event twice");
	/* one of the copies is cut off in the middle of a batch */
	put_segment("snapshot-1", &w, begins[0], begins[3] + 300);
	ok(!read_directory() && has_read(text, size), "a complete generation is preferred to a part of it");
	is(count_twice(), 0, "and no event is there twice");
	/* without its properties, the boot of a copy is unknown */
	put_segment("copy", &w, begins[4], skip_pieces(&w, begins[4], 2));
	ok(!read_directory() && has_read(text, size) && seen.recordings == 1,
	   "a generation that is cut off before its properties is known to be a copy");
	free(text);
	w_free(&w);
	end_directory();
}

static void test_recordings(void)
{
	struct writer a = { 0 }, b = { 0 }, c = { 0 };
	const char *words[4] = { NULL };

	begin_directory();
	w_wall_s = 1700000500;
	write_boot(&a, "boot-new", 1, 3, NULL);
	put_file("1", a.data, a.size);
	w_wall_s = 1700000000;
	write_boot(&b, "boot-old", 2, 4, NULL);
	put_file("2", b.data, b.size);
	ok(!read_directory() && seen.events == 6 * SAMPLE_EVENTS && seen.recordings == 2 && !seen.damages,
	   "two boots are read as two recordings");
	ok(seen.size && seen.text[0] == '2', "the boot that was earlier by the wall clock comes first");
	is(seen.missing, 0, "no generation is missing between recordings");
	words[0] = directory;
	is(run_words(&command_check, words), 0, "check accepts a directory with two boots");
	ok(run_printed("OK: 6 generations"), "and checks all of it");
	words[0] = "-o";
	words[1] = file_path("out");
	words[2] = directory;
	is(run_words(&command_cut, words), 1, "cut does not join two recordings");
	ok(run_printed("is of another recording"), "and says so");
	end_directory();
	begin_directory();
	write_boot(&c, "boot-old", 6, 7, NULL);
	put_file("2", c.data, c.size);
	put_file("1", b.data, b.size);
	words[0] = directory;
	words[1] = NULL;
	is(run_words(&command_check, words), 1, "check reports generations that are missing in a recording");
	ok(run_printed("1 generations before it are missing"), "and how many");
	w_free(&a);
	w_free(&b);
	w_free(&c);
	end_directory();
	w_wall_s = 1700000000;
}

/* Numbers begin again in the same boot. */
static void test_restart(void)
{
	struct writer a = { 0 }, b = { 0 };
	uint64_t gen;

	begin_directory();
	write_boot(&a, "boot-a", 1, 3, NULL);
	put_file("2", a.data, a.size);
	w_header(&b);
	for (gen = 1; gen <= 2; gen++) {
		uint64_t start = sample_start(gen + 20);

		w_sync(&b, gen, start, 2000000000, start / 2);
		w_schema(&b, gen, start);
		w_property(&b, gen, start, "boot_id", "boot-a");
		w_begin(&b, STANDARD_BATCH, gen, SAMPLE_M(0, TASK), start + 100);
		w_event(&b, EXPTRACE_EVENT_SCHED_WAKEUP, 5);
		w_number(&b, 200);
		w_number(&b, 1);
		w_end(&b);
		w_sync(&b, gen, start + 900000, 2000000000, (start + 900000) / 2);
		w_end_of_generation(&b);
	}
	put_file("1", b.data, b.size);
	ok(!read_directory() && seen.events == 3 * SAMPLE_EVENTS + 2 && seen.recordings == 2 &&
	   !seen.damages && !seen.missing, "two recordings of one boot are read one after the other");
	ok(seen.size && !strncmp(seen.text + seen.size - 8, "wakeup", 6) == 0 && seen.text[0] == '1',
	   "in the order of CLOCK_MONOTONIC");
	w_free(&a);
	w_free(&b);
	end_directory();
}

/* A second recording whose beginning was taken by an earlier reader. */
static void test_borrowing(void)
{
	size_t begins[4];
	struct writer a = { 0 }, b = { 0 };

	begin_directory();
	write_boot(&a, "boot-a", 1, 2, NULL);
	put_file("1", a.data, a.size);
	w_wall_s += 1000;
	write_boot(&b, "boot-b", 1, 2, begins);
	put_segment("2", &b, skip_pieces(&b, begins[0], 4), b.size);
	ok(!read_directory() && seen.events == 4 * SAMPLE_EVENTS && !seen.damages,
	   "a recording without its beginning borrows the schema of its next generation");
	put_file("1", a.data, a.size - 1);
	ok(!read_directory() && seen.events == 4 * SAMPLE_EVENTS && seen.damages == 1 &&
	   has_named("cut off in generation 2", "/1"), "also if the recording before it is cut off");
	w_wall_s -= 1000;
	w_free(&a);
	w_free(&b);
	end_directory();
}

static void test_seek(void)
{
	size_t begins[GENERATIONS + 1];
	struct writer w = { 0 };
	struct exptrace_trace *trace;

	begin_directory();
	write_boot(&w, "boot-a", 1, GENERATIONS, begins);
	put_segment("1", &w, begins[0], begins[2] + 400);
	put_segment("2", &w, begins[2], begins[6]);
	if (exptrace_open(directory, &trace))
		abort();
	is(exptrace_index_size(trace), GENERATIONS, "a directory has one index");
	is(exptrace_seek_generation(trace, 4), 0, "and each generation can be found");
	read_trace(trace);
	ok(seen.events == 3 * SAMPLE_EVENTS && seen.text[0] == '4' && !seen.damages,
	   "reading goes on in the file that has it");
	if (exptrace_open(directory, &trace) || exptrace_seek_generation(trace, 5) ||
	    exptrace_seek_generation(trace, 1))
		abort();
	read_trace(trace);
	is(seen.events, GENERATIONS * SAMPLE_EVENTS, "and can go back to the beginning");
	w.size = 0;
	write_boot(&w, "boot-b", 1, 2, NULL);
	put_file("3", w.data, w.size);
	if (exptrace_open(directory, &trace))
		abort();
	ok(exptrace_seek_generation(trace, 2) == -ESPIPE &&
	   strstr(exptrace_error(trace), "several recordings"), "several recordings have no index");
	read_trace(trace);
	is(seen.events, (GENERATIONS + 2) * SAMPLE_EVENTS, "but can be read");
	w_free(&w);
	end_directory();
}

static void test_odd_files(void)
{
	size_t begins[3], size;
	struct writer w = { 0 };
	const char *paths[3];
	struct exptrace_trace *trace;
	char *text, first[128];

	begin_directory();
	write_boot(&w, "boot-a", 1, 2, begins);
	text = expected(&w, &size);
	put_segment("1", &w, begins[0], begins[1]);
	put_segment("2", &w, begins[1], begins[2]);
	put_file("empty", NULL, 0);
	put_file("header", w.data, EXPTRACE_HEADER_SIZE);
	put_file("half-header", w.data, 7);
	put_file("README", (const uint8_t *)"not a trace\n and more text", 26);
	put_file(".hidden", w.data, w.size);
	if (mkdir(file_path("subdirectory"), 0700) || mkfifo(file_path("fifo"), 0600) ||
	    symlink("nowhere", file_path("dangling")))
		abort();
	ok(!read_directory() && has_read(text, size), "only the traces of a directory are read");
	ok(has_named("/empty", "skipped") && has_named("/half-header", "skipped") &&
	   has_named("/README", "not a trace") && has_named("/dangling", "cannot open") &&
	   !strstr(seen.messages, "hidden") && !strstr(seen.messages, "/header"),
	   "files that are not read are named");
	snprintf(first, sizeof(first), "%s", file_path("1"));
	paths[0] = first;
	paths[1] = file_path("2");
	paths[2] = first;
	ok(!read_files(paths, 3) && has_read(text, size) && has_named("/1", "given twice"),
	   "a file that is given twice is read once");
	paths[2] = file_path("fifo");
	ok(read_files(paths, 3) == -ESPIPE && has_named("/fifo", "alone"), "a pipe among files is refused");
	paths[2] = "-";
	is(read_files(paths, 3), -ESPIPE, "so is standard input");
	paths[2] = file_path("README");
	ok(read_files(paths, 3) == -EBADMSG && has_named("/README", "not a trace"),
	   "a named file that is not a trace is refused");
	paths[2] = file_path("missing");
	ok(read_files(paths, 3) == -ENOENT && has_named("/missing", "cannot open"),
	   "a named file that does not exist is refused");
	paths[2] = file_path("empty");
	ok(!read_files(paths, 3) && has_read(text, size) && has_named("/empty", "empty"),
	   "a named file that is empty is noted");
	paths[0] = file_path("subdirectory");
	ok(read_files(paths, 1) == -ENODATA && has_named("subdirectory", "no trace"),
	   "a directory without a trace is refused");
	is(exptrace_open_files(paths, 0, &trace), -EINVAL, "no file at all is refused");
	free(text);
	w_free(&w);
	end_directory();
}

/* Files change between planning and reading. */
static void test_changes(void)
{
	size_t begins[4], size;
	struct writer w = { 0 };
	struct exptrace_trace *trace;
	const char *path;
	char *text;

	begin_directory();
	path = directory;
	write_boot(&w, "boot-a", 1, 3, begins);
	text = expected(&w, &size);
	put_segment("1", &w, begins[0], begins[1]);
	put_segment("2", &w, begins[1], begins[2]);
	if (exptrace_open(path, &trace))
		abort();
	unlink(file_path("2"));
	read_trace(trace);
	ok(seen.events == SAMPLE_EVENTS && has_named("cannot read: No such file", "/2"),
	   "a file that vanished is named");
	put_segment("2", &w, begins[1], begins[2]);
	if (exptrace_open(path, &trace) || truncate(file_path("2"), 40))
		abort();
	read_trace(trace);
	ok(seen.events == SAMPLE_EVENTS && has_named("has changed", "/2"), "a file that shrank is named");
	put_segment("2", &w, begins[1], begins[2]);
	if (exptrace_open(path, &trace))
		abort();
	put_segment("2", &w, begins[1], begins[3]);
	read_trace(trace);
	is(seen.events, 2 * SAMPLE_EVENTS, "what is added to a file later is not read");
	ok(!read_directory() && has_read(text, size), "the next reader gets it");
	free(text);
	w_free(&w);
	end_directory();
}

#define MANY		2000

static void test_many(void)
{
	struct rlimit old, few = { .rlim_cur = 32 };
	struct writer w = { 0 };
	char name[32];
	uint64_t gen;

	begin_directory();
	for (gen = 1; gen <= MANY; gen++) {
		w.size = 0;
		write_boot(&w, "boot-a", gen, gen, NULL);
		snprintf(name, sizeof(name), "segment-%" PRIu64, gen * 1009 % 2003);
		put_file(name, w.data, w.size);
	}
	if (getrlimit(RLIMIT_NOFILE, &old))
		abort();
	few.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_NOFILE, &few);
	ok(!read_directory() && seen.events == (uint64_t)MANY * SAMPLE_EVENTS && !*seen.messages &&
	   !seen.missing && seen.recordings == 1, "thousands of files need few descriptors");
	setrlimit(RLIMIT_NOFILE, &old);
	w_free(&w);
	end_directory();
}

/* Runs dump, and removes the messages, which have paths. Returns its exit code. */
static int dump_lines(const char *const *words)
{
	int ret = run_words(&command_dump, words);
	char *from = run_output, *to = run_output, *end;

	for (; (end = strchr(from, '\n')); from = end + 1) {
		size_t n = (size_t)(end + 1 - from);

		if (!strncmp(from, "exptrace: ", 10))
			continue;
		memmove(to, from, n);
		to += n;
	}
	run_size = (size_t)(to - run_output);
	*to = 0;
	return ret;
}

static void test_commands(void)
{
	struct writer w = { 0 }, other = { 0 };
	size_t begins[4], n;
	char *whole, first[128], second[128];
	const char *words[5] = { NULL };

	begin_directory();
	write_boot(&w, "boot-a", 1, 3, begins);
	put_file("whole", w.data, w.size);
	words[0] = file_path("whole");
	dump_lines(words);
	whole = strdup(run_output);
	n = run_size;
	unlink(words[0]);
	put_segment("1", &w, begins[0], begins[1]);
	put_segment("2", &w, begins[1], begins[3]);
	words[0] = directory;
	ok(!dump_lines(words) && run_size == n && !memcmp(run_output, whole, n),
	   "dump of a directory is that of the whole trace");
	snprintf(first, sizeof(first), "%s", file_path("1"));
	snprintf(second, sizeof(second), "%s", file_path("2"));
	words[0] = second;
	words[1] = first;
	ok(!dump_lines(words) && run_size == n && !memcmp(run_output, whole, n),
	   "and so is dump of its files");
	ok(!run_words(&command_stat, words) && !run_words(&command_report, words) &&
	   !run_words(&command_check, words), "stat, report and check accept files");
	words[0] = "-o";
	words[1] = first;
	words[2] = second;
	words[3] = first;
	ok(run_words(&command_cut, words) == 1 && run_printed("a file of the trace itself"),
	   "cut does not replace a file that it reads");
	words[1] = file_path("out");
	ok(!run_words(&command_cut, words), "cut joins segments");
	words[0] = file_path("out");
	words[1] = NULL;
	dump_lines(words);
	ok(n && run_size == n && !memcmp(run_output, whole, n), "into the whole trace");
	free(whole);
	w_free(&w);
	w_free(&other);
	end_directory();
}

int main(void)
{
	test_generations();
	test_batches();
	test_single_batches();
	test_overlap();
	test_recordings();
	test_restart();
	test_borrowing();
	test_seek();
	test_odd_files();
	test_changes();
	test_many();
	test_commands();
	free(seen.text);
	return tap_end();
}
