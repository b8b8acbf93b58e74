// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the ledger: its sums, and that it always has room.
 */
#include "kunit.h"

/**
 * struct entry - a ledger entry as written
 * @exp:	the experiment
 * @cpu:	the CPU
 * @attempted:	events attempted
 * @recorded:	events recorded
 * @lost:	events lost, by reason
 */
struct entry {
	u64	exp;
	u64	cpu;
	u64	attempted;
	u64	recorded;
	u64	lost[EXPTRACE_NR_LOST];
};

static const u8 *read_entry(struct kunit *test, const u8 *p, struct entry *e)
{
	u64 reason, reasons;

	memset(e, 0, sizeof(*e));
	KUNIT_EXPECT_EQ(test, *p++, EXPTRACE_WIRE_LEDGER_ENTRY);
	e->exp = kunit_number(&p);
	e->cpu = kunit_number(&p);
	e->attempted = kunit_number(&p);
	e->recorded = kunit_number(&p);
	for (reasons = kunit_number(&p); reasons; reasons--) {
		reason = kunit_number(&p);
		KUNIT_EXPECT_LT(test, reason, (u64)EXPTRACE_NR_LOST);
		e->lost[min_t(u64, reason, EXPTRACE_NR_LOST - 1)] = kunit_number(&p);
	}
	return p;
}

/* Read all entries in the batches of generation 1 to @entries; returns how many. */
static unsigned int read_ledger(struct kunit *test, struct entry *entries, unsigned int room)
{
	struct exptrace_batch *batch;
	unsigned int nr = 0;

	list_for_each_entry(batch, &exptrace_flush.writing[1]->full, node) {
		const u8 *p = batch->data + batch->start, *end = batch->data + batch->used;

		KUNIT_EXPECT_EQ(test, *p, EXPTRACE_WIRE_LEDGER);
		for (p++; p < end && nr < room; nr++)
			p = read_entry(test, p, &entries[nr]);
		KUNIT_EXPECT_PTR_EQ(test, p, end);
	}
	return nr;
}

static unsigned int ledger_batches(void)
{
	struct exptrace_extent extent = {};

	exptrace_ledger_extent(&extent);
	return exptrace_extent_batches(&extent, TEST_BATCH);
}

static int write_ledger(void)
{
	struct exptrace_table table;
	int err;

	exptrace_tables_begin(&table, 1, exptrace_clock());
	err = exptrace_write_ledger(&table, 1);
	exptrace_tables_end(&table);
	return err;
}

static void begin_ledger_test(struct kunit *test)
{
	kunit_recorder_begin(test, EXPTRACE_MODE_STREAM);
	KUNIT_EXPECT_EQ(test, kunit_open(1, ledger_batches()), 0);
}

/* Set all counters of generation 1 on CPU @cpu to different numbers based on @big. */
static void fill_counters(int cpu, unsigned int exp, u64 big)
{
	struct exptrace_cpu *c = per_cpu_ptr(exptrace.cpus, cpu);
	unsigned int context, reason;

	for (context = 0; context < EXPTRACE_NR_CONTEXTS; context++) {
		local64_set(&c->slot[1][exp][context].attempted, big + 1000 + context);
		c->slot[1][exp][context].recorded = big + 100 + context;
		for (reason = 0; reason < EXPTRACE_NR_LOST; reason++)
			c->lost[1][exp][context][reason] = big + 10 * reason + context;
	}
}

static bool counters_are_zero(int cpu)
{
	struct exptrace_cpu *c = per_cpu_ptr(exptrace.cpus, cpu);
	unsigned int exp, context;

	for (exp = 0; exp < EXPTRACE_NR_EXPERIMENTS; exp++)
		for (context = 0; context < EXPTRACE_NR_CONTEXTS; context++)
			if (kunit_attempted(&c->slot[1][exp][context]) ||
			    c->slot[1][exp][context].recorded)
				return false;
	return !memchr_inv(c->lost[1], 0, sizeof(c->lost[1])) &&
	       !memchr_inv(c->overwritten[1], 0, sizeof(c->overwritten[1]));
}

static void nothing_attempted_is_an_empty_ledger(struct kunit *test)
{
	struct entry entry;

	begin_ledger_test(test);
	KUNIT_EXPECT_EQ(test, write_ledger(), 0);
	KUNIT_EXPECT_EQ(test, exptrace_flush.writing[1]->nr, 1U);
	KUNIT_EXPECT_EQ(test, read_ledger(test, &entry, 1), 0U);
	kunit_recorder_end(test);
}

static void contexts_are_added_up_and_counters_cleared(struct kunit *test)
{
	unsigned int reason;
	struct entry e;
	u64 lost, before;
	int cpu;

	begin_ledger_test(test);
	cpu = raw_smp_processor_id();
	before = exptrace.lost;
	fill_counters(cpu, 1, 0);
	KUNIT_EXPECT_EQ(test, write_ledger(), 0);
	KUNIT_EXPECT_EQ(test, read_ledger(test, &e, 1), 1U);
	KUNIT_EXPECT_EQ(test, e.exp, 1ULL);
	KUNIT_EXPECT_EQ(test, e.cpu, (u64)cpu);
	KUNIT_EXPECT_EQ(test, e.attempted, 4 * 1000ULL + 0 + 1 + 2 + 3);
	KUNIT_EXPECT_EQ(test, e.recorded, 4 * 100ULL + 0 + 1 + 2 + 3);
	for (lost = 0, reason = 0; reason < EXPTRACE_NR_LOST; reason++) {
		u64 want = 4 * 10 * reason + 0 + 1 + 2 + 3;

		lost += want;
		/* This reason has a counter of its own, which is zero. */
		if (reason == EXPTRACE_LOST_OVERWRITTEN)
			continue;
		KUNIT_EXPECT_EQ(test, e.lost[reason], want);
	}
	KUNIT_EXPECT_EQ(test, exptrace.lost - before, lost);
	KUNIT_EXPECT_TRUE(test, counters_are_zero(cpu));
	kunit_recorder_end(test);
}

static void overwritten_events_are_lost_and_not_recorded(struct kunit *test)
{
	struct exptrace_cpu *c;
	struct entry e;

	begin_ledger_test(test);
	c = this_cpu_ptr(exptrace.cpus);
	local64_set(&c->slot[1][0][0].attempted, 100);
	c->slot[1][0][0].recorded = 90;
	c->lost[1][0][0][EXPTRACE_LOST_NESTED] = 10;
	c->overwritten[1][0] = 30;
	KUNIT_EXPECT_EQ(test, write_ledger(), 0);
	KUNIT_EXPECT_EQ(test, read_ledger(test, &e, 1), 1U);
	KUNIT_EXPECT_EQ(test, e.attempted, 100ULL);
	KUNIT_EXPECT_EQ(test, e.recorded, 60ULL);
	KUNIT_EXPECT_EQ(test, e.lost[EXPTRACE_LOST_NESTED], 10ULL);
	KUNIT_EXPECT_EQ(test, e.lost[EXPTRACE_LOST_OVERWRITTEN], 30ULL);
	KUNIT_EXPECT_TRUE(test, counters_are_zero(raw_smp_processor_id()));
	kunit_recorder_end(test);
}

/* The counters of the other parity belong to the generation that is being written. */
static void other_generation_is_left_alone(struct kunit *test)
{
	struct exptrace_cpu *c;
	struct entry e;

	begin_ledger_test(test);
	c = this_cpu_ptr(exptrace.cpus);
	local64_set(&c->slot[0][0][0].attempted, 7);
	c->overwritten[0][0] = 3;
	KUNIT_EXPECT_EQ(test, write_ledger(), 0);
	KUNIT_EXPECT_EQ(test, read_ledger(test, &e, 1), 0U);
	KUNIT_EXPECT_EQ(test, kunit_attempted(&c->slot[0][0][0]), 7ULL);
	KUNIT_EXPECT_EQ(test, c->overwritten[0][0], 3ULL);
	kunit_recorder_end(test);
}

/* Every CPU and every registered experiment, with the largest numbers. */
static void longest_ledger_fits_the_reserve(struct kunit *test)
{
	unsigned int exp, want = 0;
	struct entry *entries;
	int cpu;

	entries = kunit_kcalloc(test, EXPTRACE_NR_EXPERIMENTS * num_possible_cpus(),
				sizeof(*entries), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, entries);
	begin_ledger_test(test);
	for_each_possible_cpu(cpu) {
		for (exp = 0; exp < EXPTRACE_NR_EXPERIMENTS; exp++) {
			if (!exptrace_experiments[exp])
				continue;
			fill_counters(cpu, exp, 1ULL << 61);
			want++;
		}
	}
	/* Only the reserve is left. */
	KUNIT_EXPECT_EQ(test, exptrace_pool.nr_reserved, ledger_batches());
	KUNIT_EXPECT_EQ(test, write_ledger(), 0);
	KUNIT_EXPECT_LE(test, exptrace_flush.writing[1]->nr, ledger_batches());
	KUNIT_EXPECT_EQ(test, exptrace_pool.nr_empty + exptrace_flush.writing[1]->nr,
			TEST_BATCHES);
	KUNIT_EXPECT_EQ(test, read_ledger(test, entries, want), want);
	for_each_possible_cpu(cpu)
		KUNIT_EXPECT_TRUE(test, counters_are_zero(cpu));
	exptrace.lost = 0;
	kunit_recorder_end(test);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(nothing_attempted_is_an_empty_ledger),
	KUNIT_CASE(contexts_are_added_up_and_counters_cleared),
	KUNIT_CASE(overwritten_events_are_lost_and_not_recorded),
	KUNIT_CASE(other_generation_is_left_alone),
	KUNIT_CASE(longest_ledger_fits_the_reserve),
	{}
};

static struct kunit_suite suite = {
	.name = "exptrace_ledger",
	.suite_init = kunit_suite_begin,
	.suite_exit = kunit_suite_end,
	.test_cases = cases,
};

kunit_test_suites(&suite);
