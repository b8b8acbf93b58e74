// SPDX-License-Identifier: GPL-2.0-only
/*
 * A trace in memory is read like the same bytes in a file, without a copy.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run.h"
#include "sample.h"
#include "tap.h"

static const struct sample_faults none;

/* Digest of everything that reading a trace returns: events, error messages, damage. */
struct digest {
	uint64_t hash;
	uint64_t events;
	int last;		/* the last return value */
	bool outside;		/* a batch lies outside the caller's memory */
};

static void add(struct digest *digest, const void *bytes, size_t n)
{
	const uint8_t *byte = bytes;

	while (n--)
		digest->hash = (digest->hash ^ *byte++) * 0x100000001b3ULL;
}

static void add_number(struct digest *digest, uint64_t number)
{
	add(digest, &number, sizeof(number));
}

static void add_record(struct digest *digest, const struct exptrace_record *record)
{
	uint32_t i;

	digest->events++;
	add_number(digest, record->ticks);
	add_number(digest, record->ns);
	add_number(digest, record->offset);
	add_number(digest, (uint64_t)record->pid);
	for (i = 0; i < record->event->nargs; i++) {
		add_number(digest, record->args[i].u64);
		if (record->args[i].str)
			add(digest, record->args[i].str, record->args[i].len);
	}
}

/* Continues behind the damage, if possible. */
static bool resync(struct exptrace_trace *trace, struct digest *digest)
{
	const struct exptrace_damage *damage;

	digest->last = exptrace_resync(trace, &damage);
	add_number(digest, (uint64_t)digest->last);
	add_number(digest, damage->offset);
	add_number(digest, damage->end);
	return digest->last == 1;
}

static bool add_error(struct digest *digest, struct exptrace_trace *trace)
{
	add_number(digest, (uint64_t)digest->last);
	add(digest, exptrace_error(trace), strlen(exptrace_error(trace)));
	return resync(trace, digest);
}

static void read_events(struct exptrace_trace *trace, struct digest *digest)
{
	const struct exptrace_record *record;

	while ((digest->last = exptrace_next_event(trace, &record)))
		if (digest->last == 1)
			add_record(digest, record);
		else if (!add_error(digest, trace))
			break;
}

static void walk_batches(struct exptrace_trace *trace, struct digest *digest, const uint8_t *bytes,
			 size_t n)
{
	const struct exptrace_record *record;
	const struct exptrace_batch *batch;

	while ((digest->last = exptrace_next_batch(trace, &batch))) {
		if (digest->last != 1) {
			if (!add_error(digest, trace))
				break;
			continue;
		}
		if (bytes && batch->length)
			digest->outside |= batch->data < bytes || batch->data + batch->length > bytes + n;
		add_number(digest, batch->offset);
		while (exptrace_next_in_batch(trace, &record) == 1)
			add_record(digest, record);
	}
}

static struct digest digest_file(const uint8_t *bytes, size_t n, bool walk)
{
	struct digest digest = { 0 };
	struct exptrace_trace *trace;
	int fd = memory_file(bytes, n);

	if (exptrace_open_fd(fd, &trace))
		abort();
	if (walk)
		walk_batches(trace, &digest, NULL, 0);
	else
		read_events(trace, &digest);
	test_close(trace, fd);
	return digest;
}

/* Reads a copy of exactly @n bytes, so that a sanitizer reports any access beyond them. */
static struct digest digest_memory(const uint8_t *bytes, size_t n, bool walk)
{
	uint8_t *copy = malloc(n + !n);
	struct digest digest = { 0 };
	struct exptrace_trace *trace;

	if (!copy || (n && !memcpy(copy, bytes, n)) || exptrace_open_memory(copy, n, &trace))
		abort();
	if (walk)
		walk_batches(trace, &digest, copy, n);
	else
		read_events(trace, &digest);
	exptrace_close(trace);
	free(copy);
	return digest;
}

static bool reads_alike(const uint8_t *bytes, size_t n, struct digest *digest)
{
	struct digest file = digest_file(bytes, n, false), memory = digest_memory(bytes, n, false);
	struct digest walked = digest_file(bytes, n, true), both = digest_memory(bytes, n, true);

	*digest = memory;
	return file.hash == memory.hash && file.last == memory.last && walked.hash == both.hash &&
	       walked.last == both.last && !both.outside;
}

static void test_whole(void)
{
	struct writer w = { 0 };
	struct digest digest;

	sample_trace(&w, 3);
	ok(reads_alike(w.data, w.size, &digest) && digest.events == 3 * SAMPLE_ALL && !digest.last,
	   "a trace in memory is read like one in a file");
	w_free(&w);
}

/* An earlier reader took the beginning of generation 1. */
static void test_without_beginning(void)
{
	struct writer w = { 0 };
	struct digest digest;

	w_header(&w);
	sample_batches(&w, 1, &none);
	sample_closing(&w, 1, &none);
	sample_generation(&w, 2, &none);
	ok(reads_alike(w.data, w.size, &digest) && digest.events > SAMPLE_ALL && !digest.last,
	   "in memory too, a generation without a schema is read with the next one's schema");
	w_free(&w);
}

static void test_nothing(void)
{
	struct exptrace_trace *trace;
	const struct exptrace_record *record;
	struct writer w = { 0 };
	struct digest digest;

	ok(!exptrace_open_memory(NULL, 0, &trace) && exptrace_fd(trace) == -1 &&
	   exptrace_next_event(trace, &record) == -ENODATA &&
	   !strcmp(exptrace_error(trace), "there is no data, not even a header, at offset 0"),
	   "no bytes at all are a trace cut off before its header");
	exptrace_close(trace);
	w_header(&w);
	ok(reads_alike(w.data, 0, &digest) && digest.events == 0,
	   "an empty memory area is read like an empty file");
	ok(reads_alike(w.data, 5, &digest) && digest.last == 0 && reads_alike(w.data, w.size, &digest) &&
	   digest.last == 0, "a part of a header, and a header alone, are read like in a file");
	w_free(&w);
}

/* More than the library reads from a file at once, first whole, then with holes. */
static void test_large(void)
{
	struct writer w = { 0 };
	struct digest digest, holes;
	unsigned int gen, n = 2000;

	sample_trace(&w, n);
	ok(w.size > 1024 * 1024 && reads_alike(w.data, w.size, &digest) &&
	   digest.events == (uint64_t)n * SAMPLE_ALL,
	   "a large trace in memory is read like one in a file");
	for (gen = 1; gen <= 3; gen++)
		memset(w.data + gen * w.size / 4, 0, 300 * 1024);
	ok(reads_alike(w.data, w.size, &holes) && holes.events < digest.events && !holes.last,
	   "reading continues behind holes in a large trace");
	w_free(&w);
}

static void test_cut_off_everywhere(void)
{
	struct writer w = { 0 };
	struct digest digest;
	unsigned int wrong = 0;
	size_t n;

	sample_trace(&w, 2);
	for (n = 0; n < w.size; n++)
		wrong += !reads_alike(w.data, n, &digest);
	is(wrong, 0, "truncation at any byte is found without reading beyond the end");
	w_free(&w);
}

/* Whether all pieces lie within the @n bytes; a sanitizer reports any access beyond them. */
static bool pieces_are_within(const uint8_t *bytes, size_t n)
{
	uint8_t *copy = malloc(n);
	size_t at = 0;
	int size = 1;

	if (!copy)
		abort();
	memcpy(copy, bytes, n);
	while (size > 0) {
		size = exptrace_piece(copy + at, n - at, NULL, NULL);
		exptrace_piece_lost(copy + at, n - at);
		if (size > 0)
			at += (size_t)size;
		if (at > n)
			break;
	}
	free(copy);
	return at <= n;
}

static void test_mutated(void)
{
	struct writer w = { 0 };
	struct digest digest;
	uint64_t state = 0x9e3779b97f4a7c15ULL;
	unsigned int wrong = 0, within = 0, round;
	uint8_t *data;

	sample_trace(&w, 3);
	data = malloc(w.size);
	for (round = 0; data && round < 3000; round++) {
		unsigned int times = round % 5 + 1;

		memcpy(data, w.data, w.size);
		while (times--) {
			state = state * 6364136223846793005ULL + 1442695040888963407ULL;
			data[(state >> 33) % w.size] = (uint8_t)(state >> 24);
		}
		wrong += !reads_alike(data, w.size, &digest);
		within += pieces_are_within(data + EXPTRACE_HEADER_SIZE,
					    state % (w.size - EXPTRACE_HEADER_SIZE) + 1);
	}
	is(wrong, 0, "damage is reported alike in memory and in a file");
	is(within, round, "no piece of a damaged stream extends beyond its end");
	free(data);
	w_free(&w);
}

int main(void)
{
	test_whole();
	test_without_beginning();
	test_nothing();
	test_large();
	test_cut_off_everywhere();
	test_mutated();
	return tap_end();
}
