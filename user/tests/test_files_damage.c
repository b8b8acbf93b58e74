// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several files that are damaged, cut off, or overlap: what can be read is, once, the rest is named.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frames.h"
#include "sample.h"
#include "segments.h"
#include "tap.h"

#define GENERATIONS	6

/* A collector was killed; the next one began with a batch that the first one has, too. */
static void test_killed(void)
{
	size_t begins[4], size, from, to;
	struct writer w = { 0 };
	char *text;

	begin_directory();
	write_boot(&w, "boot-a", 1, 3, begins);
	text = expected(&w, &size);
	from = skip_pieces(&w, begins[1], 4);
	to = skip_pieces(&w, begins[1], 8);
	put_segment("1", &w, begins[0], to);
	put_segment("2", &w, from, w.size);
	ok(!read_directory() && has_read(text, size), "batches that both parts of a generation have are read once");
	put_segment("1", &w, begins[0], to + 20);
	ok(!read_directory() && has_read(text, size), "an incomplete batch at the end of a file is left out");
	ok(has_named("/1: cut off in a batch at offset", "20 bytes are left out"), "and named");
	put_segment("2", &w, begins[2], w.size);
	ok(!read_directory() && seen.damages == 1 && has_named("cut off in generation 2", "/1"),
	   "a generation that no file continues is cut off, and its file named");
	is(count_twice(), 0, "no event is there twice");
	unlink(file_path("2"));
	ok(!read_directory() && has_named("cut off in generation 2", "/1"),
	   "the last file may end within a batch, like a trace of one file");
	free(text);
	w_free(&w);
	end_directory();
}

/* Replaces the length of the data of the batch at @at. */
static void set_length(struct writer *w, size_t at, uint64_t length)
{
	unsigned int number, i;

	/* generation, m and time */
	for (at++, number = 0; number < 3; at++)
		number += !(w->data[at] & 0x80);
	for (i = 0; i < EXPTRACE_VARINT_MAX; i++, length >>= 7)
		w->data[at + i] = (uint8_t)((length & 0x7f) |
					    (i < EXPTRACE_VARINT_MAX - 1 ? 0x80 : 0));
}

/* A batch seems to reach into the next file. */
static void test_wrong_length(void)
{
	size_t begins[GENERATIONS + 1], at;
	struct writer w = { 0 };

	begin_directory();
	write_boot(&w, "boot-a", 1, GENERATIONS, begins);
	put_segment("2", &w, begins[3], begins[6]);
	at = skip_pieces(&w, begins[1], 2);
	set_length(&w, at, begins[3] - at + 300);
	put_segment("1", &w, begins[0], begins[3]);
	ok(!read_directory() && seen.events == (GENERATIONS - 1) * SAMPLE_EVENTS && seen.damages == 1,
	   "a wrong length does not reach into the next file");
	ok(has_named("cut off in generation 2", "/1"), "and the file in which it is is named");
	w_free(&w);
	end_directory();
}

static void test_damage(void)
{
	size_t begins[GENERATIONS + 1], size, i;
	uint64_t all = (uint64_t)GENERATIONS * SAMPLE_EVENTS, lost = 0, twice = 0, silent = 0;
	struct writer w = { 0 };
	char *text, place[64];

	begin_directory();
	write_boot(&w, "boot-a", 1, GENERATIONS, begins);
	text = expected(&w, &size);
	put_segment("1", &w, begins[0], begins[3]);
	put_segment("2", &w, begins[3], begins[6]);
	/* the second batch of generation 2 is none any more */
	i = skip_pieces(&w, begins[1], 1);
	w.data[i] ^= 0xff;
	put_segment("1", &w, begins[0], begins[3]);
	snprintf(place, sizeof(place), "at offset %zu of ", i);
	ok(!read_directory() && seen.events == all - SAMPLE_EVENTS && seen.damages == 1,
	   "damage costs one generation");
	ok(has_named(place, "/1"), "and is named with the file and the offset in it");
	w.data[i] ^= 0xff;
	/* the end of the first file */
	i = skip_pieces(&w, begins[2], 3);
	w.data[i] ^= 0xff;
	put_segment("1", &w, begins[0], begins[3]);
	ok(!read_directory() && seen.events == all - SAMPLE_EVENTS && has_named("at offset", "/1"),
	   "damage at a file's end does not reach into the next file");
	/* a copy of that generation is sound */
	w.data[i] ^= 0xff;
	put_segment("copy", &w, begins[2], begins[3]);
	ok(!read_directory() && has_read(text, size), "a sound copy replaces a damaged generation");
	ok(has_named("/1: damaged from offset", "/copy"), "and the damage is noted");
	unlink(file_path("copy"));
	for (i = EXPTRACE_HEADER_SIZE; i < begins[3]; i += 13) {
		w.data[i] ^= 0x55;
		put_segment("1", &w, begins[0], begins[3]);
		w.data[i] ^= 0x55;
		if (read_directory())
			abort();
		/* only one generation can suffer, and those of the other file never do */
		lost += seen.events + SAMPLE_EVENTS < all;
		silent += seen.events < all && !*seen.messages && !seen.damages && !seen.unread;
		twice += count_twice() != 0;
	}
	is(lost, 0, "a flipped bit costs at most one generation");
	is(twice, 0, "and makes no event appear twice");
	is(silent, 0, "and nothing is lost silently");
	free(text);
	w_free(&w);
	end_directory();
}

static void test_truncated(void)
{
	size_t begins[5], i;
	uint64_t few = 0, silent = 0;
	struct writer w = { 0 };

	begin_directory();
	write_boot(&w, "boot-a", 1, 4, begins);
	put_segment("2", &w, begins[2], begins[4]);
	for (i = begins[0]; i < begins[2]; i += 7) {
		put_segment("1", &w, begins[0], i);
		if (read_directory())
			abort();
		few += seen.events < (2 + (i >= begins[1])) * SAMPLE_EVENTS;
		silent += i != begins[0] && i != begins[1] && !*seen.messages;
	}
	is(few, 0, "a truncated file is read up to its last complete generation");
	is(silent, 0, "and where it ends is named");
	w_free(&w);
	end_directory();
}

static uint64_t random_state = 1;

static size_t random_below(size_t n)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (size_t)((random_state >> 33) % n);
}

/* How many generations lie wholly in one of the ranges? */
static uint64_t count_whole(const size_t *begins, const size_t (*ranges)[2], size_t n)
{
	uint64_t whole = 0;
	size_t i, j;

	for (i = 0; i < GENERATIONS; i++) {
		for (j = 0; j < n && !(ranges[j][0] <= begins[i] && ranges[j][1] >= begins[i + 1]);)
			j++;
		whole += j < n;
	}
	return whole;
}

/* Files with any bytes of a trace, cut where nothing ends, and overlapping. */
static void test_any_bytes(void)
{
	size_t begins[GENERATIONS + 1], ranges[4][2], i;
	uint64_t few = 0, twice = 0;
	struct writer w = { 0 };
	unsigned int round;
	char name[8];

	begin_directory();
	write_boot(&w, "boot-a", 1, GENERATIONS, begins);
	for (round = 0; round < 500; round++) {
		for (i = 0; i < 4; i++) {
			size_t a = begins[0] + random_below(w.size - begins[0] + 1);
			size_t b = begins[0] + random_below(w.size - begins[0] + 1);

			/* half of them begin with a whole piece */
			if (i % 2)
				a = skip_pieces(&w, begins[0], (unsigned int)random_below(80));
			if (a > b && !(i % 2))
				ranges[i][0] = b, ranges[i][1] = a;
			else
				ranges[i][0] = a, ranges[i][1] = a > b ? a : b;
			snprintf(name, sizeof(name), "%zu", i);
			put_segment(name, &w, ranges[i][0], ranges[i][1]);
		}
		if (read_directory())
			abort();
		few += seen.events < count_whole(begins, ranges, 4) * SAMPLE_EVENTS;
		twice += count_twice() != 0;
	}
	is(few, 0, "each generation that is whole in one of several files is read, whatever the others have");
	is(twice, 0, "and no event twice");
	w_free(&w);
	end_directory();
}

/* A compressed segment, in frames of a generation each, in @file. */
static void compress_segment(struct writer *file, const struct writer *w, size_t from, size_t to)
{
	struct writer plain = { 0 };

	w_header(&plain);
	w_bytes(&plain, w->data + from, to - from);
	w_compressed(file, &plain);
	w_free(&plain);
}

static void test_compressed(void)
{
	size_t begins[GENERATIONS + 1], size, i, n;
	uint64_t all = (uint64_t)GENERATIONS * SAMPLE_EVENTS, few = 0, silent = 0, twice = 0;
	struct writer w = { 0 }, file = { 0 }, stream = { 0 };
	char *text;

	begin_directory();
	write_boot(&w, "boot-a", 1, GENERATIONS, begins);
	text = expected(&w, &size);
	put_segment("2", &w, begins[2], begins[6]);
	compress_segment(&file, &w, begins[0], begins[3]);
	put_file("1", file.data, file.size);
	ok(!read_directory() && has_read(text, size) && !*seen.messages,
	   "compressed and plain files that overlap are read together");
	w_stream_frame(&stream, w.data, begins[3], 3);
	put_file("1", stream.data, stream.size);
	ok(!read_directory() && has_read(text, size), "also if frames do not tell their size");
	put_segment("2", &w, begins[3], begins[6]);
	for (i = 0; i < file.size; i += 5) {
		file.data[i] ^= 0x10;
		put_file("1", file.data, file.size);
		file.data[i] ^= 0x10;
		if (read_directory())
			abort();
		few += seen.events < all / 2;
		silent += seen.events < all && !*seen.messages;
		twice += count_twice() != 0;
	}
	is(few, 0, "damage in a compressed file does not reach into the next one");
	is(silent, 0, "and is named");
	is(twice, 0, "and makes no event appear twice");
	few = silent = 0;
	for (n = 0; n < file.size; n += 3) {
		put_file("1", file.data, n);
		if (read_directory())
			abort();
		few += seen.events < all / 2;
		silent += seen.events < all && !*seen.messages && !seen.missing;
	}
	is(few, 0, "a compressed file that is cut off does not harm the next one");
	is(silent, 0, "and is named");
	free(text);
	w_free(&w);
	w_free(&file);
	w_free(&stream);
	end_directory();
}

int main(void)
{
	test_killed();
	test_wrong_length();
	test_damage();
	test_truncated();
	test_any_bytes();
	test_compressed();
	free(seen.text);
	return tap_end();
}
