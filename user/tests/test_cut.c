// SPDX-License-Identifier: GPL-2.0-only
/*
 * A generation cut out of a trace decodes to the same events as in the whole trace.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run.h"
#include "sample.h"
#include "tap.h"

#define GENERATIONS	5

static const struct sample_faults none;

/* The trace, and the output file. */
static char trace_path[64], out_path[64];
static int trace_fd, out_fd;

static void open_files(const struct writer *w)
{
	trace_fd = memory_file(w->data, w->size);
	out_fd = memory_file(NULL, 0);
	snprintf(trace_path, sizeof(trace_path), "/proc/self/fd/%d", trace_fd);
	snprintf(out_path, sizeof(out_path), "/proc/self/fd/%d", out_fd);
}

static void close_files(void)
{
	close(trace_fd);
	close(out_fd);
}

static int cut(const char *range)
{
	const char *words[] = { "-o", out_path, trace_path, "-g", range, NULL };

	if (!range)
		words[3] = NULL;
	return run_words(&command_cut, words);
}

/* Whether the output file has exactly these bytes after a header. */
static bool has_output(const uint8_t *bytes, size_t n)
{
	static const char header[EXPTRACE_HEADER_SIZE] = EXPTRACE_HEADER_MAGIC;
	size_t size = sizeof(header) + n;
	uint8_t *data = malloc(size + 1);
	bool same = data && pread(out_fd, data, size + 1, 0) == (ssize_t)size &&
		    !memcmp(data, header, sizeof(header)) &&
		    !memcmp(data + sizeof(header), bytes, n);

	free(data);
	return same;
}

static char *dump(const char *path)
{
	const char *words[] = { "--json", "--all", path, NULL };
	int ret = run_words(&command_dump, words);
	char *notes = strstr(run_output, "exptrace: ");

	if (notes)
		*notes = 0;
	return ret ? NULL : strdup(run_output);
}

/* The lines of a dump that belong to one generation. */
static char *lines_of(const char *text, unsigned int gen)
{
	char *lines = strdup(""), key[32];
	size_t n = 0;

	snprintf(key, sizeof(key), "\"generation\":%u,", gen);
	for (; *text; text += strcspn(text, "\n") + 1) {
		size_t len = strcspn(text, "\n") + 1;

		if (!memmem(text, len, key, strlen(key)))
			continue;
		lines = realloc(lines, n + len + 1);
		memcpy(lines + n, text, len);
		n += len;
		lines[n] = 0;
	}
	return lines;
}

/* Invariant 10: each generation can be decoded alone. */
static void test_alone(void)
{
	size_t ends[GENERATIONS + 1], gen, bytes = 0, events = 0, sound = 0, numbers = 0;
	const char *const words[] = { out_path, NULL };
	struct writer w = { 0 };
	char *whole;

	w_header(&w);
	ends[0] = w.size;
	for (gen = 1; gen <= GENERATIONS; gen++) {
		sample_generation(&w, gen, &none);
		ends[gen] = w.size;
	}
	open_files(&w);
	whole = dump(trace_path);
	for (gen = 1; gen <= GENERATIONS; gen++) {
		char number[16], *alone, *want = lines_of(whole, gen);

		snprintf(number, sizeof(number), "%zu", gen);
		if (cut(number))
			break;
		bytes += has_output(w.data + ends[gen - 1], ends[gen] - ends[gen - 1]);
		alone = dump(out_path);
		events += alone && *alone && !strcmp(alone, want);
		sound += run_words(&command_check, words) == EXIT_OK &&
			 strstr(run_output, "OK: 1 generations");
		numbers += run_words(&command_stat, words) == EXIT_OK;
		free(alone);
		free(want);
	}
	is(bytes, GENERATIONS, "every generation is copied byte for byte, behind a header");
	is(events, GENERATIONS,
	   "a single generation has the same events, times and names as in the whole trace");
	is(sound, GENERATIONS, "check accepts a single generation");
	is(numbers, GENERATIONS, "stat accepts a single generation");

	ok(cut("2-4") == EXIT_OK && has_output(w.data + ends[1], ends[4] - ends[1]) &&
	   run_printed("3 generations, 2 to 4, "), "a range of generations is cut out");
	ok(cut("4-9") == EXIT_OK && has_output(w.data + ends[3], ends[5] - ends[3]) &&
	   run_printed("2 generations, 4 to 5, "),
	   "a range that exceeds the trace gives the generations that exist");
	ok(cut(NULL) == EXIT_OK && has_output(w.data + ends[0], ends[5] - ends[0]),
	   "without a range, all generations are copied");
	free(whole);
	close_files();
	w_free(&w);
}

static void test_missing(void)
{
	struct writer w = { 0 };
	unsigned int gen;

	w_header(&w);
	for (gen = 3; gen < 30; gen += gen < 5 ? 1 : 2)
		sample_generation(&w, gen, &none);
	open_files(&w);
	if (write(out_fd, "what was there", 14) != 14)
		abort();
	ok(cut("6") == EXIT_PROBLEM &&
	   run_printed("there is no generation 6; there are 3 to 5, 7, 9, 11, 13, 15, 17, 19, ...\n"),
	   "for a missing generation, the message lists those that exist");
	ok(cut("40-50") == EXIT_PROBLEM &&
	   run_printed("there are no generations from 40 to 50; there are 3 to 5, 7, "),
	   "for a missing range, the message lists those that exist");
	ok(lseek(out_fd, 0, SEEK_END) == 14, "the output file then keeps its old contents");
	ok(cut("3-") == EXIT_USAGE && cut("5-3") == EXIT_USAGE && cut("x") == EXIT_USAGE &&
	   cut("-3") == EXIT_USAGE && cut("") == EXIT_USAGE, "an invalid range is bad usage");
	close_files();

	w.size = EXPTRACE_HEADER_SIZE;
	open_files(&w);
	ok(cut("1") == EXIT_PROBLEM && run_printed("there is no whole generation") &&
	   !lseek(out_fd, 0, SEEK_END), "no generation can be cut out of an empty trace");
	ok(cut(NULL) == EXIT_OK && run_printed(": note: it has a header and no generation") &&
	   has_output(w.data + w.size, 0), "without a range, an empty trace gives an empty trace");
	close_files();
	w_free(&w);
}

/* A trace cut off at any byte: exit code 1, the offset, and all whole generations. */
static void test_truncation(void)
{
	size_t ends[3], n, whole, right = 0;
	struct writer w = { 0 };

	w_header(&w);
	ends[0] = w.size;
	sample_generation(&w, 1, &none);
	ends[1] = w.size;
	sample_generation(&w, 2, &none);
	ends[2] = w.size;
	for (n = 0; n < ends[2]; n++) {
		size_t kept = w.size;
		char offset[48];
		int ret;

		w.size = n;
		open_files(&w);
		w.size = kept;
		ret = cut(NULL);
		whole = n >= ends[1] ? ends[1] : ends[0];
		snprintf(offset, sizeof(offset), " at offset %zu\n", n);
		if (n == ends[1])
			right += ret == EXIT_OK && has_output(w.data + ends[0], whole - ends[0]);
		else if (n == ends[0])
			right += ret == EXIT_OK && has_output(w.data + ends[0], 0);
		else
			right += ret == EXIT_PROBLEM && strstr(run_output, offset) &&
				 (whole == ends[0] ? !lseek(out_fd, 0, SEEK_END) :
				  has_output(w.data + ends[0], whole - ends[0]));
		close_files();
	}
	is(right, ends[2], "all whole generations of a trace cut off at any byte are written");

	open_files(&w);
	ok(pwrite(trace_fd, "\377", 1, (off_t)ends[1]) == 1 && cut(NULL) == EXIT_PROBLEM &&
	   has_output(w.data + ends[0], ends[1] - ends[0]) && run_printed("at offset "),
	   "all whole generations before damage are written");
	ok(cut("1") == EXIT_OK, "damage behind the requested range does not matter");
	close_files();
	w_free(&w);
}

static void test_order(void)
{
	struct writer w = { 0 };

	w_header(&w);
	sample_generation(&w, 2, &none);
	sample_generation(&w, 1, &none);
	open_files(&w);
	ok(cut(NULL) == EXIT_PROBLEM && run_printed("generation 1 comes after generation 2 at offset") &&
	   run_printed("1 generation, 2 to 2, "), "generations in the wrong order are damage");
	close_files();
	w_free(&w);

	w_header(&w);
	sample_opening(&w, 1, &none);
	sample_generation(&w, 2, &none);
	open_files(&w);
	ok(cut(NULL) == EXIT_PROBLEM &&
	   run_printed("generation 2 begins before the end of generation 1 at offset"),
	   "interleaved generations are damage");
	close_files();
	w_free(&w);
}

static void test_partial(void)
{
	struct writer w = { 0 };

	w_header(&w);
	sample_batches(&w, 1, &none);
	sample_closing(&w, 1, &none);
	sample_generation(&w, 2, &none);
	open_files(&w);
	ok(cut("1") == EXIT_OK && run_printed("note: generation 1 lacks its beginning"),
	   "a note says that a generation lacks its beginning");
	ok(cut("1-2") == EXIT_OK && !strstr(run_output, "note:"),
	   "there is no note if the next generation is included");
	ok(cut("2") == EXIT_OK && !strstr(run_output, "note:"),
	   "there is no note for the next generation alone");
	close_files();
	w_free(&w);
}

static void test_itself(void)
{
	struct writer w = { 0 };
	struct stat stat;

	sample_trace(&w, 2);
	open_files(&w);
	snprintf(out_path, sizeof(out_path), "%s", trace_path);
	ok(cut("2") == EXIT_PROBLEM && run_printed(": the trace itself") &&
	   !fstat(trace_fd, &stat) && stat.st_size == (off_t)w.size,
	   "a trace is not overwritten by a part of itself");
	close_files();
	w_free(&w);
}

/* The header has the version; if it is damaged, the newest version is assumed. */
static void test_damaged_header(void)
{
	struct writer w = { 0 };

	sample_trace(&w, 2);
	w.data[0] = 'x';
	open_files(&w);
	ok(cut(NULL) == EXIT_PROBLEM &&
	   has_output(w.data + EXPTRACE_HEADER_SIZE, w.size - EXPTRACE_HEADER_SIZE),
	   "a damaged header is replaced");
	close_files();
	w_free(&w);
}

static void test_full(void)
{
	struct writer w = { 0 };

	sample_trace(&w, 2);
	open_files(&w);
	snprintf(out_path, sizeof(out_path), "/dev/full");
	ok(cut(NULL) == EXIT_PROBLEM &&
	   run_printed("/dev/full: cannot write: No space left on device"),
	   "a full disk is reported");
	close_files();
	w_free(&w);
}

int main(void)
{
	test_alone();
	test_missing();
	test_truncation();
	test_order();
	test_partial();
	test_itself();
	test_damaged_header();
	test_full();
	return tap_end();
}
