// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the pages of the mapped pool, for any page size.
 */
#include "device/pages.h"
#include "kunit.h"

#define BATCHES	3

/* Check all pages of a pool of such batches. */
static void check_pages(struct kunit *test, u32 size, unsigned int shift)
{
	u64 nr = exptrace_pages_of_batch(size, shift), page;

	KUNIT_ASSERT_GE(test, nr, 1ULL);
	for (page = 0; page < BATCHES * nr; page++) {
		struct exptrace_pages mapped = { .first = 1, .end = BATCHES * nr - 1 };
		u64 first = round_down(page, nr);
		struct exptrace_pages got = exptrace_pages_around(page, size, shift, mapped);

		KUNIT_EXPECT_EQ(test, exptrace_page_batch(page, size, shift), page / nr);
		KUNIT_EXPECT_EQ(test, exptrace_page_within(page, size, shift),
				(u32)((page % nr) << shift));
		KUNIT_EXPECT_EQ(test, got.first, max(first, mapped.first));
		KUNIT_EXPECT_EQ(test, got.end, min(first + nr, mapped.end));
	}
	KUNIT_EXPECT_EQ(test, exptrace_page_batch(page, size, shift), (u64)BATCHES);
}

static void pages_of_batches_follow_each_other(struct kunit *test)
{
	unsigned int shift;
	u32 size;

	for (shift = 12; shift <= 16; shift += 2)
		for (size = 1U << shift; size <= EXPTRACE_BATCH_MAX; size *= 2)
			check_pages(test, size, shift);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(pages_of_batches_follow_each_other),
	{}
};

static struct kunit_suite suite = {
	.name = "exptrace_pages",
	.test_cases = cases,
};

kunit_test_suites(&suite);
