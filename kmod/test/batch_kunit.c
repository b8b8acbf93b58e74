// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of batch headers and of the pool.
 */
#include "kunit.h"

/* A number of @bits one bits. */
static u64 ones(unsigned int bits)
{
	return bits ? U64_MAX >> (64 - bits) : 0;
}

static void varint_takes_as_many_bytes_as_it_needs(struct kunit *test)
{
	u8 bytes[EXPTRACE_VARINT_MAX + 1];
	unsigned int bits;

	for (bits = 0; bits <= 64; bits++) {
		const u8 *p = bytes;
		u8 *end;

		memset(bytes, 0xcc, sizeof(bytes));
		end = exptrace_put_varint(bytes, ones(bits));
		KUNIT_EXPECT_EQ(test, end - bytes, max(1, DIV_ROUND_UP((int)bits, 7)));
		KUNIT_EXPECT_EQ(test, *end, 0xcc);
		KUNIT_EXPECT_EQ(test, kunit_number(&p), ones(bits));
		KUNIT_EXPECT_PTR_EQ(test, p, (const u8 *)end);
	}
}

static void padded_varint_takes_ten_bytes_and_no_more(struct kunit *test)
{
	u8 bytes[EXPTRACE_VARINT_MAX + 1];
	unsigned int bits;

	for (bits = 0; bits <= 64; bits++) {
		const u8 *p = bytes;

		memset(bytes, 0xcc, sizeof(bytes));
		exptrace_put_padded_varint(bytes, ones(bits));
		KUNIT_EXPECT_EQ(test, kunit_number(&p), ones(bits));
		KUNIT_EXPECT_PTR_EQ(test, p, (const u8 *)bytes + EXPTRACE_VARINT_MAX);
		KUNIT_EXPECT_EQ(test, bytes[EXPTRACE_VARINT_MAX], 0xcc);
	}
}

static void header_has_the_announced_size(struct kunit *test)
{
	static const struct {
		unsigned int exp;
		u64 gen, m, time;
		unsigned int size;
	} headers[] = {
		{ 0, 1, 0, 0, 1 + 1 + 1 + 1 + 10 },
		{ 1, 1, 0, 0, 2 + 1 + 1 + 1 + 10 },
		{ 0, 127, 127, 127, 1 + 1 + 1 + 1 + 10 },
		{ 0, 128, 128, 128, 1 + 2 + 2 + 2 + 10 },
		{ 7, U64_MAX, EXPTRACE_M_NONE, U64_MAX, EXPTRACE_BATCH_HEADER_MAX },
	};
	u8 data[EXPTRACE_BATCH_HEADER_MAX + 1];
	struct exptrace_batch batch = { .data = data };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(headers); i++) {
		const u8 *p = data + 1 + (headers[i].exp != 0);

		memset(data, 0xcc, sizeof(data));
		exptrace_batch_header(&batch, data, headers[i].exp, headers[i].gen, headers[i].m,
				      headers[i].time);
		KUNIT_EXPECT_EQ(test, batch.start, headers[i].size);
		KUNIT_EXPECT_EQ(test, data[0], headers[i].exp ? EXPTRACE_WIRE_EXP_BATCH :
								EXPTRACE_WIRE_EVENT_BATCH);
		KUNIT_EXPECT_EQ(test, kunit_number(&p), headers[i].gen);
		KUNIT_EXPECT_EQ(test, kunit_number(&p), headers[i].m);
		KUNIT_EXPECT_EQ(test, kunit_number(&p), headers[i].time);
		KUNIT_EXPECT_EQ(test, data[batch.start], 0xcc);
	}
}

static void seal_patches_the_length_and_may_be_repeated(struct kunit *test)
{
	u8 data[EXPTRACE_BATCH_HEADER_MAX + 200];
	struct exptrace_batch batch = { .data = data, .first = 40 };
	unsigned int length;

	exptrace_batch_header(&batch, data, 0, 1, 2, 3);
	for (length = 0; length < 200; length++) {
		const u8 *p = data + batch.start - EXPTRACE_VARINT_MAX;

		exptrace_batch_seal(&batch, data + batch.start + length, 40 + length);
		KUNIT_EXPECT_EQ(test, batch.used, batch.start + length);
		KUNIT_EXPECT_EQ(test, batch.events, length);
		KUNIT_EXPECT_EQ(test, kunit_number(&p), (u64)length);
		KUNIT_EXPECT_PTR_EQ(test, p, (const u8 *)data + batch.start);
	}
}

static void bare_batch_has_no_events(struct kunit *test)
{
	u8 data[EXPTRACE_BATCH_HEADER_MAX + 2];
	struct exptrace_batch batch = { .data = data };

	exptrace_batch_header(&batch, data, 0, 1, 2, 3);
	KUNIT_EXPECT_TRUE(test, exptrace_batch_is_bare(&batch, 0, data + batch.start));
	KUNIT_EXPECT_FALSE(test, exptrace_batch_is_bare(&batch, 0, data + batch.start + 1));
	exptrace_batch_header(&batch, data, 3, 1, 2, 3);
	/* An experiment's batch begins with a byte for its content type. */
	KUNIT_EXPECT_TRUE(test, exptrace_batch_is_bare(&batch, 3, data + batch.start + 1));
	KUNIT_EXPECT_FALSE(test, exptrace_batch_is_bare(&batch, 3, data + batch.start + 2));
}

/* The next reader begins with the batch in which the previous one stopped. */
static void rewind_goes_to_the_batch_that_was_cut(struct kunit *test)
{
	static const struct {
		unsigned int exp;
		u64 gen, m, time;
		unsigned int length;
	} batches[] = {
		{ 0, 1, 0, 0, 5 }, { 7, U64_MAX, EXPTRACE_M_NONE, U64_MAX, 1 },
		{ 0, 300, 9, 70000, 200 },
	};
	u8 data[3 * EXPTRACE_BATCH_HEADER_MAX + 206];
	struct exptrace_batch batch = { .data = data };
	unsigned int i, begin[ARRAY_SIZE(batches)], offset, at;
	u8 *p = data;

	for (i = 0; i < ARRAY_SIZE(batches); i++) {
		begin[i] = p - data;
		exptrace_batch_header(&batch, p, batches[i].exp, batches[i].gen, batches[i].m,
				      batches[i].time);
		p = data + batch.start + batches[i].length;
		exptrace_batch_seal(&batch, p, 0);
	}
	for (offset = 0; offset < batch.used; offset++) {
		for (at = 0; at + 1 < ARRAY_SIZE(batches) && begin[at + 1] <= offset; at++)
			;
		batch.begin = 0;
		exptrace_batch_rewind(&batch, offset);
		KUNIT_EXPECT_EQ(test, batch.begin, begin[at]);
		/* And again, from there. */
		exptrace_batch_rewind(&batch, offset);
		KUNIT_EXPECT_EQ(test, batch.begin, begin[at]);
	}
}

static void pool_gives_each_batch_once(struct kunit *test)
{
	struct exptrace_batch *batch;
	unsigned long flags;
	LIST_HEAD(taken);
	unsigned int nr = 0;

	kunit_recorder_begin(test, EXPTRACE_MODE_STREAM);
	flags = exptrace_pool_lock();
	while ((batch = exptrace_pool_get(1))) {
		list_add(&batch->node, &taken);
		nr++;
	}
	exptrace_pool_unlock(flags);
	KUNIT_EXPECT_EQ(test, nr, TEST_BATCHES);
	KUNIT_EXPECT_EQ(test, exptrace_pool.nr_empty, 0U);
	KUNIT_EXPECT_EQ(test, exptrace_pool.used[1], TEST_BATCHES);
	KUNIT_EXPECT_FALSE(test, exptrace_pool_is_idle());
	while (!list_empty(&taken)) {
		batch = list_first_entry(&taken, struct exptrace_batch, node);
		list_del(&batch->node);
		exptrace_batch_give_back(batch);
	}
	KUNIT_EXPECT_EQ(test, exptrace_pool.used[1], 0U);
	kunit_recorder_end(test);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(varint_takes_as_many_bytes_as_it_needs),
	KUNIT_CASE(padded_varint_takes_ten_bytes_and_no_more),
	KUNIT_CASE(header_has_the_announced_size),
	KUNIT_CASE(seal_patches_the_length_and_may_be_repeated),
	KUNIT_CASE(bare_batch_has_no_events),
	KUNIT_CASE(rewind_goes_to_the_batch_that_was_cut),
	KUNIT_CASE(pool_gives_each_batch_once),
	{}
};

static struct kunit_suite suite = {
	.name = "exptrace_batch",
	.suite_init = kunit_suite_begin,
	.suite_exit = kunit_suite_end,
	.test_cases = cases,
};

kunit_test_suites(&suite);
