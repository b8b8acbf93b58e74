// SPDX-License-Identifier: GPL-2.0-only
/*
 * The recorder splits its stream into batches and counts them; quotas are parsed.
 */
#include <errno.h>
#include <string.h>

#include "../cmd/settings.h"
#include "../cmd/stream.h"
#include "run.h"
#include "sample.h"
#include "tap.h"

static const struct sample_faults none;

static void test_count(void)
{
	struct stream stream = { 0 };
	struct writer w = { 0 };
	size_t at = EXPTRACE_HEADER_SIZE;
	unsigned int pieces = 0;
	int n;

	sample_trace(&w, 3);
	while ((n = exptrace_piece(w.data + at, w.size - at, NULL, NULL)) > 0) {
		stream_count(&stream, w.data + at, (size_t)n);
		at += (size_t)n;
		pieces++;
	}
	ok(!n && at == w.size && pieces == 39, "a stream is split into batches and end marks");
	ok(stream.generations == 3 && stream.complete == 3 && stream.first == 1 && stream.last == 3,
	   "generations are counted");
	is(stream.lost, 3 * SAMPLE_LOST, "lost events are taken from the ledgers");
	stream = (struct stream) { 0 };
	stream_count(&stream, w.data + EXPTRACE_HEADER_SIZE, w.size - EXPTRACE_HEADER_SIZE);
	ok(stream.generations == 3 && stream.complete == 3 && stream.lost == 3 * SAMPLE_LOST,
	   "several batches at once are counted one by one");
	w_free(&w);
}

static void test_pieces(void)
{
	struct writer w = { 0 };
	size_t n, wrong = 0;
	int whole;

	w_header(&w);
	sample_batches(&w, 1, &none);
	whole = exptrace_piece(w.data + EXPTRACE_HEADER_SIZE, w.size - EXPTRACE_HEADER_SIZE, NULL, NULL);
	for (n = 0; n < (size_t)whole; n++)
		wrong += exptrace_piece(w.data + EXPTRACE_HEADER_SIZE, n, NULL, NULL) != 0;
	is(wrong, 0, "a batch cut off at any byte is incomplete");
	is(exptrace_piece(w.data + EXPTRACE_HEADER_SIZE, (size_t)whole, NULL, NULL), whole,
	   "a whole batch is complete");
	is(exptrace_piece((const uint8_t *)"x", 1, NULL, NULL), -EBADMSG,
	   "bytes that are not a batch are rejected");
	w_free(&w);
}

static void test_quota(void)
{
	uint8_t quota[EXPTRACE_MAX_EXPERIMENTS] = { 0 };

	ok(parse_quota("allocfree=30", quota) && quota[1] == 30, "a quota can name its experiment");
	ok(parse_quota("standard=50,7=5", quota) && quota[0] == 50 && quota[7] == 5,
	   "several quotas, and numbers of experiments, are accepted");
	ok(!parse_quota("allocfree", quota) && !parse_quota("", quota) &&
	   !parse_quota("x=3", quota) && !parse_quota("8=3", quota) && !parse_quota("1=101", quota) &&
	   !parse_quota("1=", quota) && !parse_quota("1=3,", quota) && !parse_quota("=3", quota) &&
	   !parse_quota("1=1000000", quota) && !parse_quota("1=-3", quota),
	   "an invalid quota is refused");
}

static void test_names(void)
{
	uint64_t i;
	bool named = true;

	for (i = 0; i < EXPTRACE_NR_LOST; i++)
		named = named && exptrace_lost_name(i);
	ok(named && !exptrace_lost_name(EXPTRACE_NR_LOST) && !exptrace_lost_name(UINT64_MAX),
	   "each reason for losses has a name, unknown reasons have none");
}

int main(void)
{
	test_count();
	test_pieces();
	test_quota();
	test_names();
	return tap_end();
}
