// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the flush lists: order, reserve, eviction in flight mode, snapshots.
 */
#include "kunit.h"

#define STANDARD	EXPTRACE_EXPERIMENT_STANDARD
#define ONE_NUMBER		exptrace_max(1, 0)

static u64 this_session(void)
{
	return exptrace_flush.begun;
}

/* Flush @nr batches of one event each in generation @gen. */
static void hand_over(struct kunit *test, u64 gen, unsigned int nr)
{
	struct exptrace_slot *slot = kunit_slot(gen, STANDARD);

	kunit_publish(gen);
	while (nr--) {
		KUNIT_EXPECT_TRUE(test, kunit_write(STANDARD, nr, ONE_NUMBER));
		exptrace_flush_slot(slot);
	}
}

static enum exptrace_next take_next(struct exptrace_batch **batch, u64 *gen)
{
	return exptrace_take(this_session(), true, batch, gen);
}

static void expect_next(struct kunit *test, enum exptrace_next want, u64 want_gen)
{
	struct exptrace_batch *batch = NULL;
	enum exptrace_next next;
	u64 gen = 0;

	KUNIT_EXPECT_EQ(test, exptrace_peek(this_session(), false), want);
	next = take_next(&batch, &gen);
	KUNIT_EXPECT_EQ(test, next, want);
	if (want_gen)
		KUNIT_EXPECT_EQ(test, gen, want_gen);
	if (next == EXPTRACE_NEXT_BATCH)
		exptrace_give(batch);
	if (next == EXPTRACE_NEXT_END_OF_GENERATION)
		exptrace_end_generation();
}

static void generations_come_in_order_and_end(struct kunit *test)
{
	kunit_recorder_begin(test, EXPTRACE_MODE_STREAM);
	KUNIT_EXPECT_EQ(test, kunit_open(1, 2), 0);
	hand_over(test, 1, 1);
	KUNIT_EXPECT_EQ(test, kunit_open(2, 2), 0);
	hand_over(test, 2, 2);
	hand_over(test, 1, 1);
	expect_next(test, EXPTRACE_NEXT_BATCH, 1);
	expect_next(test, EXPTRACE_NEXT_BATCH, 1);
	/* The second has batches, but the first is not complete. */
	expect_next(test, EXPTRACE_NEXT_NOTHING, 1);
	exptrace_generation_complete(1);
	expect_next(test, EXPTRACE_NEXT_END_OF_GENERATION, 1);
	expect_next(test, EXPTRACE_NEXT_BATCH, 2);
	expect_next(test, EXPTRACE_NEXT_BATCH, 2);
	expect_next(test, EXPTRACE_NEXT_NOTHING, 2);
	exptrace_generation_complete(2);
	expect_next(test, EXPTRACE_NEXT_END_OF_GENERATION, 2);
	expect_next(test, EXPTRACE_NEXT_NOTHING, 0);
	exptrace_session_end();
	expect_next(test, EXPTRACE_NEXT_END, 0);
	kunit_recorder_end(test);
}

static void batch_that_is_put_back_comes_first_again(struct kunit *test)
{
	struct exptrace_batch *first, *again;
	u64 gen;

	kunit_recorder_begin(test, EXPTRACE_MODE_STREAM);
	KUNIT_EXPECT_EQ(test, kunit_open(1, 2), 0);
	hand_over(test, 1, 3);
	KUNIT_EXPECT_EQ(test, take_next(&first, &gen), EXPTRACE_NEXT_BATCH);
	KUNIT_EXPECT_EQ(test, exptrace_pool.nr_full, 2U);
	exptrace_putback(first, gen);
	KUNIT_EXPECT_EQ(test, exptrace_pool.nr_full, 3U);
	KUNIT_EXPECT_EQ(test, exptrace_flush.writing[1]->events, 3ULL);
	KUNIT_EXPECT_EQ(test, take_next(&again, &gen), EXPTRACE_NEXT_BATCH);
	KUNIT_EXPECT_PTR_EQ(test, first, again);
	exptrace_give(again);
	kunit_recorder_end(test);
}

static void reserve_is_for_tables_only(struct kunit *test)
{
	struct exptrace_batch *batch;
	unsigned int i;

	kunit_recorder_begin(test, EXPTRACE_MODE_STREAM);
	KUNIT_EXPECT_EQ(test, kunit_open(1, TEST_BATCHES + 1), -ENOBUFS);
	KUNIT_EXPECT_EQ(test, exptrace_pool.nr_reserved, 0U);
	KUNIT_EXPECT_EQ(test, kunit_open(1, TEST_BATCHES - 1), 0);
	KUNIT_EXPECT_EQ(test, kunit_open(2, 2), -ENOBUFS);
	hand_over(test, 1, 1);
	exptrace_exchange(NULL, 1, EXPTRACE_NEED_EVENTS, STANDARD, &batch);
	KUNIT_EXPECT_PTR_EQ(test, batch, NULL);
	exptrace_exchange(NULL, 1, EXPTRACE_NEED_NONE, STANDARD, &batch);
	KUNIT_EXPECT_PTR_EQ(test, batch, NULL);
	for (i = 0; i < TEST_BATCHES - 1; i++) {
		exptrace_exchange(NULL, 1, EXPTRACE_NEED_TABLES, EXPTRACE_NO_CHARGE, &batch);
		KUNIT_EXPECT_PTR_NE(test, batch, NULL);
		if (batch)
			exptrace_batch_give_back(batch);
		KUNIT_EXPECT_EQ(test, exptrace_pool.nr_reserved, TEST_BATCHES - 2 - i);
	}
	kunit_recorder_end(test);
}

/* Generations 1 to 3 are complete with ten batches each; 4 is being written. */
static void fill_flight(struct kunit *test)
{
	u64 gen;

	kunit_recorder_begin(test, EXPTRACE_MODE_FLIGHT);
	for (gen = 1; gen <= 3; gen++) {
		KUNIT_EXPECT_EQ(test, kunit_open(gen, 1), 0);
		hand_over(test, gen, 10);
		exptrace_generation_complete(gen);
	}
	KUNIT_EXPECT_EQ(test, kunit_open(4, 1), 0);
	hand_over(test, 4, 1);
}

static bool evict(void)
{
	unsigned long flags;
	bool evicted;

	flags = exptrace_pool_lock();
	evicted = exptrace_evict();
	exptrace_pool_unlock(flags);
	return evicted;
}

static u64 oldest(void)
{
	return list_first_entry(&exptrace_flush.generations, struct exptrace_generation,
				node)->gen;
}

static void oldest_generation_is_given_up_as_a_whole(struct kunit *test)
{
	unsigned int empty;

	fill_flight(test);
	empty = exptrace_pool.nr_empty;
	KUNIT_EXPECT_TRUE(test, evict());
	KUNIT_EXPECT_EQ(test, exptrace_pool.nr_empty, empty + 10);
	KUNIT_EXPECT_EQ(test, exptrace_pool.used[STANDARD], 21U);
	KUNIT_EXPECT_EQ(test, exptrace_pool.nr_full, 21U);
	KUNIT_EXPECT_EQ(test, exptrace_flush.evicted_generations, 1ULL);
	KUNIT_EXPECT_EQ(test, exptrace_flush.evicted_events, 10ULL);
	KUNIT_EXPECT_EQ(test, oldest(), 2ULL);
	KUNIT_EXPECT_TRUE(test, evict());
	KUNIT_EXPECT_TRUE(test, evict());
	KUNIT_EXPECT_EQ(test, oldest(), 4ULL);
	/* Next is the oldest batch of the current generation; then nothing is left to evict. */
	KUNIT_EXPECT_TRUE(test, evict());
	KUNIT_EXPECT_EQ(test, this_cpu_ptr(exptrace.cpus)->overwritten[0][STANDARD], 1ULL);
	KUNIT_EXPECT_FALSE(test, evict());
	KUNIT_EXPECT_EQ(test, exptrace_flush.evicted_generations, 3ULL);
	kunit_recorder_end(test);
}

static void generation_that_is_read_is_not_given_up(struct kunit *test)
{
	struct exptrace_batch *batch;
	u64 gen;

	fill_flight(test);
	KUNIT_EXPECT_EQ(test, take_next(&batch, &gen), EXPTRACE_NEXT_BATCH);
	KUNIT_EXPECT_TRUE(test, evict());
	KUNIT_EXPECT_EQ(test, oldest(), 1ULL);
	KUNIT_EXPECT_TRUE(test, evict());
	KUNIT_EXPECT_EQ(test, exptrace_flush.nr, 2U);
	exptrace_putback(batch, gen);
	exptrace_reader_leaves();
	KUNIT_EXPECT_TRUE(test, evict());
	KUNIT_EXPECT_EQ(test, oldest(), 4ULL);
	kunit_recorder_end(test);
}

static void snapshot_holds_and_takes_nothing_away(struct kunit *test)
{
	struct exptrace_view view = {};
	struct exptrace_batch *batch;
	unsigned int batches = 0, ends = 0;
	enum exptrace_next next;
	u64 first, last, gen;

	fill_flight(test);
	KUNIT_EXPECT_EQ(test, exptrace_freeze(&first, &last), 0);
	KUNIT_EXPECT_EQ(test, first, 1ULL);
	KUNIT_EXPECT_EQ(test, last, 3ULL);
	KUNIT_EXPECT_EQ(test, exptrace_freeze(&first, &last), -EBUSY);
	KUNIT_EXPECT_FALSE(test, exptrace_discard_all());
	/* Only newer generations are evicted. */
	KUNIT_EXPECT_TRUE(test, evict());
	KUNIT_EXPECT_FALSE(test, evict());
	exptrace_view_begin(&view, last);
	while ((next = exptrace_view_next(&view, true, &batch, &gen)) != EXPTRACE_NEXT_END) {
		batches += next == EXPTRACE_NEXT_BATCH;
		ends += next == EXPTRACE_NEXT_END_OF_GENERATION;
	}
	KUNIT_EXPECT_EQ(test, batches, 30U);
	KUNIT_EXPECT_EQ(test, ends, 3U);
	KUNIT_EXPECT_EQ(test, exptrace_pool.nr_full, 30U);
	exptrace_thaw();
	KUNIT_EXPECT_TRUE(test, evict());
	KUNIT_EXPECT_EQ(test, oldest(), 2ULL);
	kunit_recorder_end(test);
}

static void nothing_complete_is_no_snapshot(struct kunit *test)
{
	u64 first, last;

	kunit_recorder_begin(test, EXPTRACE_MODE_FLIGHT);
	KUNIT_EXPECT_EQ(test, exptrace_freeze(&first, &last), -EAGAIN);
	KUNIT_EXPECT_EQ(test, kunit_open(1, 1), 0);
	hand_over(test, 1, 1);
	KUNIT_EXPECT_EQ(test, exptrace_freeze(&first, &last), -EAGAIN);
	kunit_recorder_end(test);
}

static void closing_generation_keeps_its_batches(struct kunit *test)
{
	kunit_recorder_begin(test, EXPTRACE_MODE_FLIGHT);
	KUNIT_EXPECT_EQ(test, kunit_open(1, 1), 0);
	hand_over(test, 1, 2);
	exptrace_generation_closing(1);
	KUNIT_EXPECT_FALSE(test, evict());
	KUNIT_EXPECT_EQ(test, this_cpu_ptr(exptrace.cpus)->overwritten[1][STANDARD], 0ULL);
	kunit_recorder_end(test);
}

/* Pretend that three of four batches of generation 1 are on @node. */
static void move_to_node(int node)
{
	struct exptrace_batch *batch;
	unsigned int i = 0;

	list_for_each_entry(batch, &exptrace_flush.writing[1]->full, node)
		if (i++ % 4)
			batch->nid = node;
}

/* Take @nr empty batches and add them to @taken; expect them on @node unless it is negative. */
static void take_empty(struct kunit *test, unsigned int nr, int node, struct list_head *taken)
{
	struct exptrace_batch *batch;
	unsigned long flags;

	while (nr--) {
		flags = exptrace_pool_lock();
		batch = exptrace_pool_get(STANDARD);
		exptrace_pool_unlock(flags);
		KUNIT_EXPECT_PTR_NE(test, batch, NULL);
		if (!batch)
			return;
		if (node >= 0)
			KUNIT_EXPECT_EQ(test, batch->nid, node);
		list_add(&batch->node, taken);
	}
}

static void evicted_batches_are_reused_on_their_own_node_first(struct kunit *test)
{
	int own = numa_mem_id(), other = (own + 1) % MAX_NUMNODES;
	struct exptrace_batch *batch, *next;
	LIST_HEAD(taken);

	if (other == own)
		kunit_skip(test, "this kernel has one node only");
	kunit_recorder_begin(test, EXPTRACE_MODE_FLIGHT);
	KUNIT_EXPECT_EQ(test, kunit_open(1, 0), 0);
	hand_over(test, 1, TEST_BATCHES - 4);
	move_to_node(other);
	exptrace_generation_complete(1);
	take_empty(test, 4, own, &taken);
	KUNIT_EXPECT_TRUE(test, evict());
	take_empty(test, TEST_BATCHES / 4 - 1, own, &taken);
	take_empty(test, TEST_BATCHES / 4 * 3 - 3, other, &taken);
	list_for_each_entry_safe(batch, next, &taken, node)
		exptrace_batch_give_back(batch);
	kunit_recorder_end(test);
}

/* A snapshot that is released and taken again holds what is there at that time. */
static void snapshot_holds_what_came_since_the_last_one(struct kunit *test)
{
	u64 first, last;

	fill_flight(test);
	KUNIT_EXPECT_EQ(test, exptrace_freeze(&first, &last), 0);
	exptrace_generation_complete(4);
	/* The generation after the held ones is the one opened next. */
	KUNIT_EXPECT_TRUE(test, evict());
	KUNIT_EXPECT_EQ(test, kunit_open(5, 1), 0);
	KUNIT_EXPECT_FALSE(test, evict());
	hand_over(test, 5, 1);
	exptrace_generation_complete(5);
	KUNIT_EXPECT_TRUE(test, evict());
	KUNIT_EXPECT_EQ(test, exptrace_flush.nr, 3U);
	exptrace_thaw();
	KUNIT_EXPECT_TRUE(test, evict());
	KUNIT_EXPECT_EQ(test, oldest(), 2ULL);
	KUNIT_EXPECT_EQ(test, exptrace_freeze(&first, &last), 0);
	KUNIT_EXPECT_EQ(test, first, 2ULL);
	KUNIT_EXPECT_EQ(test, last, 3ULL);
	kunit_recorder_end(test);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(generations_come_in_order_and_end),
	KUNIT_CASE(batch_that_is_put_back_comes_first_again),
	KUNIT_CASE(reserve_is_for_tables_only),
	KUNIT_CASE(oldest_generation_is_given_up_as_a_whole),
	KUNIT_CASE(generation_that_is_read_is_not_given_up),
	KUNIT_CASE(snapshot_holds_and_takes_nothing_away),
	KUNIT_CASE(snapshot_holds_what_came_since_the_last_one),
	KUNIT_CASE(nothing_complete_is_no_snapshot),
	KUNIT_CASE(closing_generation_keeps_its_batches),
	KUNIT_CASE(evicted_batches_are_reused_on_their_own_node_first),
	{}
};

static struct kunit_suite suite = {
	.name = "exptrace_flush",
	.suite_init = kunit_suite_begin,
	.suite_exit = kunit_suite_end,
	.test_cases = cases,
};

kunit_test_suites(&suite);
