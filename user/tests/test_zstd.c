// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compressed traces: the same events as from the plain stream, whatever the frames are like; and
 * from damaged ones, what can be decoded.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <zstd.h>

#include "../lib/source.h"
#include "frames.h"
#include "run.h"
#include "sample.h"
#include "tap.h"

#define MIB		(1024 * 1024)
#define GENERATIONS	5

static const struct {
	const struct command *command;
	const char *option;
} runs[] = {
	{ &command_dump, NULL }, { &command_dump, "--json" }, { &command_stat, NULL },
	{ &command_report, NULL }, { &command_report, "--json" }, { &command_check, NULL },
	{ &command_cut, NULL },
};

#define NR_RUNS	(sizeof(runs) / sizeof(runs[0]))

static char *outputs[NR_RUNS];

/* How many commands print something else about @bytes than about the plain trace. */
static unsigned int count_different(const uint8_t *bytes, size_t n)
{
	unsigned int wrong = 0;
	size_t i;

	for (i = 0; i < NR_RUNS; i++) {
		int code = run_bytes(runs[i].command, runs[i].option, bytes, n);

		wrong += code != EXIT_OK || strcmp(run_output, outputs[i]);
	}
	return wrong;
}

static void keep_outputs(const struct writer *plain)
{
	size_t i;

	for (i = 0; i < NR_RUNS; i++) {
		run_trace(runs[i].command, runs[i].option, plain);
		outputs[i] = strdup(run_output);
	}
}

static void test_same(const struct writer *plain)
{
	struct writer w = { 0 };
	size_t i, at;

	w_compressed(&w, plain);
	is(count_different(w.data, w.size), 0,
	   "all commands print the same about a compressed trace as about a plain one");

	w.size = 0;
	w_skippable(&w, 0);
	w_frame_of(&w, plain->data, EXPTRACE_HEADER_SIZE);
	w_skippable(&w, 300000);
	w_frame_of(&w, plain->data + EXPTRACE_HEADER_SIZE, plain->size - EXPTRACE_HEADER_SIZE);
	w_skippable(&w, 1);
	is(count_different(w.data, w.size), 0, "skippable frames are skipped");

	w.size = 0;
	for (i = 0, at = 0; at < plain->size; i++) {
		size_t n = i % 50 + 1;

		n = n < plain->size - at ? n : plain->size - at;
		w_frame_of(&w, plain->data + at, n);
		if (i % 7 == 0)
			w_frame_of(&w, plain->data, 0);
		at += n;
	}
	is(count_different(w.data, w.size), 0, "frames may end anywhere, and be empty");

	w.size = 0;
	w_stream_frame(&w, plain->data, plain->size, 3);
	is(count_different(w.data, w.size), 0, "a frame need not tell the size of its content");
	w_free(&w);
}

/* Adds up what exptrace_next_event() returns, in order. */
struct sum {
	uint64_t events, hash;
	int ret;
};

static void sum_trace(struct exptrace_trace *trace, struct sum *sum, bool resync)
{
	const struct exptrace_record *record;

	do {
		while ((sum->ret = exptrace_next_event(trace, &record)) == 1) {
			sum->events++;
			sum->hash = sum->hash * 31 + record->ns + record->offset;
		}
	} while (resync && (sum->ret == -EBADMSG || sum->ret == -ENODATA) &&
		 exptrace_resync(trace, NULL) == 1);
}

static struct sum sum_bytes(const uint8_t *bytes, size_t n, bool resync)
{
	struct exptrace_trace *trace;
	struct sum sum = { 0 };

	if (exptrace_open_memory(bytes, n, &trace))
		abort();
	sum_trace(trace, &sum, resync);
	exptrace_close(trace);
	return sum;
}

/* Reads @bytes from a pipe that never has more than one of them. */
static struct sum sum_slowly(const uint8_t *bytes, size_t n)
{
	struct exptrace_trace *trace;
	struct sum sum = { 0 };
	size_t i = 0;
	int fds[2];

	if (pipe2(fds, O_NONBLOCK) || exptrace_open_fd(fds[0], &trace))
		abort();
	do {
		if (i < n && write(fds[1], bytes + i, 1) == 1)
			i++;
		else
			close(fds[1]);
		sum_trace(trace, &sum, false);
	} while (sum.ret == -EAGAIN);
	exptrace_close(trace);
	close(fds[0]);
	return sum;
}

static bool is_same(struct sum a, struct sum b)
{
	return a.events == b.events && a.hash == b.hash && a.ret == b.ret;
}

static void test_inputs(const struct writer *plain)
{
	struct sum want = sum_bytes(plain->data, plain->size, false);
	struct writer w = { 0 };

	w_compressed(&w, plain);
	ok(is_same(sum_bytes(w.data, w.size, false), want), "a compressed trace can be read from memory");
	ok(is_same(sum_slowly(w.data, w.size), want),
	   "a compressed trace can be read from a non-blocking pipe, byte by byte");
	w.size = 0;
	w_stream_frame(&w, plain->data, plain->size, 3);
	ok(is_same(sum_slowly(w.data, w.size), want), "so can one frame of unknown size");
	w_free(&w);
}

/* A compressed trace ends with an error, unless it ends behind a frame. */
static void test_truncation(const struct writer *plain)
{
	size_t ends[GENERATIONS + 2], nends = 0, at = EXPTRACE_HEADER_SIZE, n, i, wrong = 0, less = 0;
	struct writer w = { 0 };
	uint64_t before = 0;

	w_frame_of(&w, plain->data, at);
	ends[nends++] = w.size;
	for (; at < plain->size; at += n) {
		n = generation_size(plain, at);
		w_frame_of(&w, plain->data + at, n);
		ends[nends++] = w.size;
	}
	for (n = 1; n <= w.size; n++) {
		struct sum sum = sum_bytes(w.data, n, true);
		bool whole = false;

		for (i = 0; i < nends; i++)
			whole |= ends[i] == n;
		for (i = 0; i < nends && ends[i] <= n; i++)
			;
		/* fewer bytes than a magic number are no frame */
		wrong += sum.ret != (n < 4 ? -EBADMSG : whole ? 0 : -ENODATA) ||
			 sum.events != (i ? i - 1 : 0) * SAMPLE_ALL;
		less += sum.events < before;
		before = sum.events;
	}
	is(wrong, 0, "a trace cut off at any byte (of %zu) gives its whole frames, then -ENODATA", w.size);
	is(less, 0, "more bytes never give fewer events");
	ok(run_bytes(&command_check, NULL, w.data, w.size - 1) == EXIT_PROBLEM &&
	   run_printed("cut off in the frame at byte "), "check says in which frame the file is cut off");
	ok(run_bytes(&command_dump, NULL, w.data, w.size - 1) == EXIT_PROBLEM &&
	   run_printed("cut off in the frame at byte "), "so does dump");
	w_free(&w);
}

/* Does @text contain only lines that are in the output of dump for the plain trace? */
static bool has_only_right_lines(void)
{
	char *line, *rest = run_output;
	bool right = true;

	while ((line = strsep(&rest, "\n")))
		if (*line == '{' && !strstr(outputs[1], line))
			right = false;
	return right;
}

static void test_flips(const struct writer *plain)
{
	size_t n, false_lines = 0, silent = 0, lost = 0;
	struct writer w = { 0 };

	w_compressed(&w, plain);
	for (n = 0; n < w.size; n++) {
		int code;

		w.data[n] ^= 1 << n % 8;
		code = run_bytes(&command_dump, "--json", w.data, w.size);
		silent += code == EXIT_OK && strcmp(run_output, outputs[1]);
		lost += code != EXIT_OK;
		false_lines += !has_only_right_lines();
		w.data[n] ^= 1 << n % 8;
	}
	is(false_lines, 0, "no flipped bit (in %zu bytes) makes dump show an event that is not there", w.size);
	is(silent, 0, "no event is lost without a message");
	ok(lost > w.size / 2, "flipped bits were noticed (%zu)", lost);
	w_free(&w);
}

/* Where the frame of each generation begins */
static size_t frame_of(const struct writer *plain, unsigned int generation)
{
	size_t at = EXPTRACE_HEADER_SIZE;
	struct writer w = { 0 };

	w_frame_of(&w, plain->data, at);
	while (--generation) {
		size_t n = generation_size(plain, at);

		w_frame_of(&w, plain->data + at, n);
		at += n;
	}
	at = w.size;
	w_free(&w);
	return at;
}

static void test_damage(const struct writer *plain)
{
	size_t third = frame_of(plain, 3), fourth = frame_of(plain, 4), i;
	const struct exptrace_damage *damage;
	const struct exptrace_record *record;
	struct exptrace_trace *trace;
	struct writer w = { 0 };
	struct sum sum;
	char text[80];

	w_compressed(&w, plain);
	w.data[fourth - 1] ^= 1;	/* the checksum */
	sum = sum_bytes(w.data, w.size, true);
	is(sum.events, (GENERATIONS - 1) * SAMPLE_ALL, "a bad checksum costs the frame alone");
	snprintf(text, sizeof(text), "the compressed frame at byte %zu of the file is damaged", third);
	ok(run_bytes(&command_dump, NULL, w.data, w.size) == EXIT_PROBLEM && run_printed(text),
	   "dump says which frame is damaged");
	ok(run_bytes(&command_check, NULL, w.data, w.size) == EXIT_PROBLEM && run_printed(text) &&
	   run_printed("generation 4 follows"), "check says so, and where it goes on");

	exptrace_open_memory(w.data, w.size, &trace);
	while (exptrace_next_event(trace, &record) == 1)
		;
	ok(exptrace_resync(trace, &damage) == 1 && damage->before == 2 && damage->after == 4 &&
	   damage->end - damage->offset == generation_size(plain, damage->offset),
	   "the offset goes on by the size of what is missing");
	exptrace_close(trace);

	w.data[third + 4] ^= 0xff;	/* the header: the frame's size is not known */
	sum = sum_bytes(w.data, w.size, true);
	is(sum.events, (GENERATIONS - 1) * SAMPLE_ALL, "a bad header of a frame costs the frame alone");

	w.size = 0;
	w_compressed(&w, plain);
	w.data[frame_of(plain, 5) + 9] ^= 0x10;	/* a block's size: beyond the file's end */
	sum = sum_bytes(w.data, w.size, true);
	is(sum.events, (GENERATIONS - 1) * SAMPLE_ALL, "a bad size in the last frame costs that alone");
	w.data[third + 10] ^= 0x08;
	sum = sum_bytes(w.data, w.size, true);
	is(sum.events, (GENERATIONS - 2) * SAMPLE_ALL, "a bad size in another frame costs that alone");

	w.size = 0;
	w_compressed(&w, plain);
	memset(w.data + third, 0, fourth - third);
	sum = sum_bytes(w.data, w.size, true);
	is(sum.events, (GENERATIONS - 1) * SAMPLE_ALL, "so do zeros in place of a frame");

	/* false beginnings everywhere in the hole */
	for (i = third; i + 4 <= fourth; i += 4)
		memcpy(w.data + i, w.data, 4);
	sum = sum_bytes(w.data, w.size, true);
	is(sum.events, (GENERATIONS - 1) * SAMPLE_ALL, "so do false beginnings of frames");
	w_free(&w);
}

static void test_others(const struct writer *plain)
{
	static const char text[] = "some other text that somebody has compressed";
	struct writer w = { 0 };

	w_frame_of(&w, (const uint8_t *)text, sizeof(text));
	ok(run_bytes(&command_dump, NULL, w.data, w.size) == EXIT_PROBLEM &&
	   run_printed("not a trace of exptrace"), "compressed text is not a trace");
	w.size = 0;
	w_frame_of(&w, plain->data, EXPTRACE_HEADER_SIZE);
	ok(run_bytes(&command_dump, NULL, w.data, w.size) == EXIT_OK && run_printed("0 events"),
	   "a compressed header is an empty trace");
	w.size = 0;
	w_skippable(&w, 10);
	ok(run_bytes(&command_dump, NULL, w.data, w.size) == EXIT_PROBLEM &&
	   run_printed("there is no data"), "a skippable frame alone is no trace");
	w.size = 0;
	w_compressed(&w, plain);
	w_bytes(&w, text, sizeof(text));
	ok(run_bytes(&command_dump, NULL, w.data, w.size) == EXIT_PROBLEM &&
	   run_printed("no frame begins there"), "what follows the frames is reported");
	w_free(&w);
}

/* The sample, with a generation of more than the largest frame. */
static void large_trace(struct writer *plain)
{
	static const struct sample_faults none;
	unsigned int i;

	w_header(plain);
	sample_generation(plain, 1, &none);
	sample_opening(plain, 2, &none);
	for (i = 0; i < 24000; i++)
		sample_batches(plain, 2, &none);
	sample_closing(plain, 2, &none);
	sample_generation(plain, 3, &none);
}

static void test_large(void)
{
	struct writer plain = { 0 }, w = { 0 };
	struct sum want;

	large_trace(&plain);
	want = sum_bytes(plain.data, plain.size, true);
	w_frame_of(&w, plain.data, plain.size);
	ok(plain.size > 4 * MIB && want.events > 100000 &&
	   is_same(sum_bytes(w.data, w.size, true), want),
	   "a frame of %zu bytes, as the zstd command makes it, is read", plain.size);
	w.size = 0;
	w_stream_frame(&w, plain.data, plain.size, ZSTD_maxCLevel());
	ok(is_same(sum_bytes(w.data, w.size, true), want), "so is one of the highest level");
	w.data[w.size / 2] ^= 0x10;
	ok(sum_bytes(w.data, w.size, true).events < want.events, "a large frame may be damaged");
	w_free(&plain);
	w_free(&w);
}

/* Peak memory in KiB of reading @bytes in a process of its own; -1: it took too long. */
static long memory_for(const uint8_t *bytes, size_t n)
{
	struct rusage usage;
	int status;
	pid_t pid = fork();

	if (!pid) {
		alarm(20);
		sum_bytes(bytes, n, true);
		_exit(0);
	}
	if (wait4(pid, &status, 0, &usage) != pid || status)
		return -1;
	return usage.ru_maxrss;
}

static void test_bombs(const struct writer *plain)
{
	size_t size = 256 * MIB, i;
	uint8_t *zeros = calloc(1, size);
	long base, peak;
	struct writer w = { 0 };

	w_frame_of(&w, plain->data, EXPTRACE_HEADER_SIZE);
	base = memory_for(w.data, w.size);
	w_frame_of(&w, zeros, size);
	free(zeros);
	peak = memory_for(w.data, w.size);
	ok(base > 0 && peak > 0 && peak - base < 32 * 1024,
	   "%zu bytes that expand to 256 MiB take little memory (%ld KiB)", w.size, peak - base);

	w.size = 0;
	for (i = 0; i < 200000; i++) {
		w_bytes(&w, "\x28\xb5\x2f\xfd\x04\x00\x01\x00\x00", 9);
		w_skippable(&w, 0);
	}
	peak = memory_for(w.data, w.size);
	ok(peak > 0, "400,000 empty frames are read in time");

	/* frames of the largest size that end nowhere */
	w.size = 0;
	w_frame_of(&w, plain->data, EXPTRACE_HEADER_SIZE);
	w_bytes(&w, "xxxx", 4);
	for (i = 0; i < MIB; i++)
		w_bytes(&w, "\x28\xb5\x2f\xfd\xa4\x00\x00\x40\x00\x00\x00", 11);
	peak = memory_for(w.data, w.size);
	ok(peak > 0 && peak - base < 64 * 1024, "a million false beginnings are read in time");

	/* false beginnings whose first block leads to a long run of empty ones */
	w.size = 0;
	w_frame_of(&w, plain->data, EXPTRACE_HEADER_SIZE);
	w_bytes(&w, "xxxx", 4);
	for (i = 0; i < 9000; i++) {
		uint32_t jump = (uint32_t)(9000 - i) * 14 - 14;

		w_bytes(&w, "\x28\xb5\x2f\xfd\xa4\x00\x00\x40\x00\x00\x00", 11);
		w_byte(&w, jump << 3 & 0xff);
		w_byte(&w, jump >> 5 & 0xff);
		w_byte(&w, jump >> 13 & 0xff);
	}
	for (i = 0; i < 2 * MIB; i++)
		w_bytes(&w, "\0\0", 3);
	peak = memory_for(w.data, w.size);
	ok(peak > 0, "false beginnings of frames with many blocks are read in time");
	w_free(&w);
}

/* A frame that is bad is not read from what was decoded before or after it. */
static void test_read_at_damage(const struct writer *plain)
{
	size_t third = frame_of(plain, 3), fourth = frame_of(plain, 4), begin = EXPTRACE_HEADER_SIZE, at;
	struct source *raw, *source;
	unsigned int wrong = 0, turn;
	struct writer w = { 0 };
	uint8_t byte;

	begin += generation_size(plain, begin);
	begin += generation_size(plain, begin);
	w_compressed(&w, plain);
	w.data[fourth - 1] ^= 1;
	if (source_open_memory(w.data, w.size, &raw) || source_open_zstd(raw, &source))
		abort();
	for (turn = 0; turn < 3; turn++)
		for (at = plain->size; at--;) {
			bool bad = at >= begin && at < begin + generation_size(plain, begin);
			ssize_t n = source->ops->read_at(source, at, &byte, 1);

			wrong += bad ? n != -EBADMSG : n != 1 || byte != plain->data[at];
		}
	is(wrong, 0, "a damaged frame (at %zu) is never read from another one", third);
	source_destroy(source);
	w_free(&w);
}

/* A whole frame is delivered as soon as it is there. */
static void test_live(const struct writer *plain)
{
	const struct exptrace_batch *batch;
	struct exptrace_trace *trace;
	struct writer w = { 0 };
	unsigned int marks = 0;
	int fds[2];

	w_compressed(&w, plain);
	if (pipe2(fds, O_NONBLOCK) || exptrace_open_fd(fds[0], &trace) ||
	    write(fds[1], w.data, frame_of(plain, 3)) != (ssize_t)frame_of(plain, 3))
		abort();
	while (exptrace_next_batch(trace, &batch) == 1)
		marks += batch->kind == EXPTRACE_BATCH_END;
	is(marks, 2, "a generation in a pipe is read before the next one begins");
	exptrace_close(trace);
	close(fds[0]);
	close(fds[1]);
	w_free(&w);
}

static void test_seek(const struct writer *plain)
{
	unsigned int wrong = 0, wrong_at = 0;
	struct source *raw, *source, *clone;
	struct writer w = { 0 };
	uint8_t bytes[64];
	size_t at;

	w_skippable(&w, 5);
	w_compressed(&w, plain);
	if (source_open_memory(w.data, w.size, &raw) || source_open_zstd(raw, &source) ||
	    source->ops->clone(source, &clone))
		abort();
	for (at = plain->size; at--;) {
		size_t n = plain->size - at < sizeof(bytes) ? plain->size - at : sizeof(bytes);
		size_t other = at * 7919 % plain->size;
		ssize_t got;

		wrong += clone->ops->seek(clone, at) || clone->ops->read(clone, bytes, 1) != 1 ||
			 bytes[0] != plain->data[at];
		got = source->ops->read_at(source, at, bytes, sizeof(bytes));
		wrong_at += got != (ssize_t)n || memcmp(bytes, plain->data + at, n);
		got = source->ops->read_at(source, other, bytes, 1);
		wrong_at += got != 1 || bytes[0] != plain->data[other];
	}
	is(wrong, 0, "a compressed stream can be read from each offset");
	is(wrong_at, 0, "and at each offset, in any order");
	is(source->ops->read_at(source, plain->size, bytes, 1), 0, "there is nothing at its end");
	source_destroy(source);
	source_destroy(clone);
	w_free(&w);
}

int main(void)
{
	struct writer plain = { 0 };

	sample_trace(&plain, GENERATIONS);
	keep_outputs(&plain);
	test_same(&plain);
	test_inputs(&plain);
	test_truncation(&plain);
	test_flips(&plain);
	test_damage(&plain);
	test_others(&plain);
	test_large();
	test_bombs(&plain);
	test_seek(&plain);
	test_read_at_damage(&plain);
	test_live(&plain);
	w_free(&plain);
	return tap_end();
}
