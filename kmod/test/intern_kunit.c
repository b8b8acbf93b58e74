// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of call sites and stacks: their numbers, and what is written about them.
 */
#include <linux/kallsyms.h>
#include <linux/reboot.h>
#include <linux/sort.h>

#include "kunit.h"
#include "stack.h"
#include "tables/tables.h"

static unsigned int intern(u64 gen, unsigned long address)
{
	return exptrace_intern(&exptrace_interned[gen & 1], address);
}

static u64 unknown(u64 gen)
{
	return this_cpu_read(exptrace.cpus->unknown_sites[gen & 1]);
}

/* The @n-th address after @from whose hash is @hash. */
static unsigned long with_hash(unsigned int hash, unsigned long from, unsigned int n)
{
	for (;;) {
		from++;
		if (exptrace_site_hash(from) == hash && !n--)
			return from;
	}
}

static void begin_intern_test(struct kunit *test, u64 gen, unsigned int max)
{
	kunit_recorder_begin(test, EXPTRACE_MODE_STREAM);
	exptrace_intern_begin(gen, max);
}

/* Regardless of their order in memory (invariant 15). */
static void places_are_numbered_in_the_order_of_first_use(struct kunit *test)
{
	unsigned long base = (unsigned long)begin_intern_test;
	const unsigned int nr = 100;
	unsigned int i, round;

	begin_intern_test(test, 1, EXPTRACE_MOST_SITES);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < nr; i++) {
			unsigned long address = base + 5 * (i * 37 % nr);

			KUNIT_EXPECT_EQ(test, intern(1, address), i + 1);
			KUNIT_EXPECT_EQ(test, exptrace_interned[1].address[i + 1], address);
		}
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&exptrace_interned[1].nr), (int)nr);
	KUNIT_EXPECT_EQ(test, unknown(1), 0ULL);
	kunit_recorder_end(test);
}

/* The search wraps around at the end of the index. */
static void places_that_hash_alike_are_told_apart(struct kunit *test)
{
	const unsigned int last = EXPTRACE_SITE_SLOTS - 1;
	unsigned int i;

	begin_intern_test(test, 1, EXPTRACE_MOST_SITES);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, intern(1, with_hash(last, 0x1000, 0)), 1U);
		KUNIT_EXPECT_EQ(test, intern(1, with_hash(last, 0x1000, 1)), 2U);
		KUNIT_EXPECT_EQ(test, intern(1, with_hash(0, 0x1000, 0)), 3U);
		KUNIT_EXPECT_EQ(test, intern(1, with_hash(1, 0x1000, 0)), 4U);
		KUNIT_EXPECT_EQ(test, intern(1, with_hash(last, 0x1000, 2)), 5U);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&exptrace_interned[1].nr), 5);
	kunit_recorder_end(test);
}

/* The search is bounded, since preemption is off. A site that finds no slot gets no number. */
static void places_are_looked_for_in_few_slots(struct kunit *test)
{
	unsigned long address[EXPTRACE_SITE_PROBES + 1], last = 0x1000;
	unsigned int i, round;

	begin_intern_test(test, 1, EXPTRACE_MOST_SITES);
	for (i = 0; i < ARRAY_SIZE(address); i++) {
		address[i] = with_hash(7, last, 0);
		last = address[i];
	}
	for (round = 0; round < 2; round++) {
		for (i = 0; i < EXPTRACE_SITE_PROBES; i++)
			KUNIT_EXPECT_EQ(test, intern(1, address[i]), i + 1);
		KUNIT_EXPECT_EQ(test, intern(1, address[i]), 0U);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&exptrace_interned[1].nr), EXPTRACE_SITE_PROBES);
	KUNIT_EXPECT_EQ(test, unknown(1), 2ULL);
	this_cpu_write(exptrace.cpus->unknown_sites[1], 0);
	kunit_recorder_end(test);
}

/* Even if another site is in its first slot. */
static void null_has_no_number_and_is_not_counted(struct kunit *test)
{
	begin_intern_test(test, 1, EXPTRACE_MOST_SITES);
	KUNIT_EXPECT_EQ(test, intern(1, 0), 0U);
	KUNIT_EXPECT_EQ(test, atomic_read(&exptrace_interned[1].nr), 0);
	KUNIT_EXPECT_EQ(test, intern(1, with_hash(exptrace_site_hash(0), 0x1000, 0)), 1U);
	KUNIT_EXPECT_EQ(test, intern(1, 0), 0U);
	KUNIT_EXPECT_EQ(test, atomic_read(&exptrace_interned[1].nr), 1);
	KUNIT_EXPECT_EQ(test, unknown(1), 0ULL);
	kunit_recorder_end(test);
}

static void full_table_counts_what_it_has_no_room_for(struct kunit *test)
{
	unsigned int id[3], i;
	u64 sites, stacks;

	begin_intern_test(test, 1, 3);
	for (i = 0; i < 3; i++)
		id[i] = intern(1, 0x1001 + i);
	KUNIT_EXPECT_EQ(test, intern(1, 0x2000), 0U);
	KUNIT_EXPECT_EQ(test, intern(1, 0x2000), 0U);
	/* Known sites are still found. */
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, intern(1, 0x1001 + i), id[i]);
	KUNIT_EXPECT_EQ(test, unknown(1), 2ULL);
	exptrace_intern_take_unknown(1, &sites, &stacks);
	KUNIT_EXPECT_EQ(test, sites, 2ULL);
	KUNIT_EXPECT_EQ(test, stacks, 0ULL);
	KUNIT_EXPECT_EQ(test, unknown(1), 0ULL);
	exptrace.unknown_sites = 0;
	kunit_recorder_end(test);
}

static void generations_of_other_parity_have_their_own(struct kunit *test)
{
	begin_intern_test(test, 1, EXPTRACE_MOST_SITES);
	KUNIT_EXPECT_GT(test, intern(1, 0x1001), 0U);
	exptrace_intern_begin(2, EXPTRACE_MOST_SITES);
	KUNIT_EXPECT_EQ(test, atomic_read(&exptrace_interned[0].nr), 0);
	KUNIT_EXPECT_GT(test, intern(2, 0x2002), 0U);
	KUNIT_EXPECT_GT(test, intern(2, 0x2003), 0U);
	KUNIT_EXPECT_EQ(test, atomic_read(&exptrace_interned[1].nr), 1);
	KUNIT_EXPECT_EQ(test, exptrace_interned[1].gen, 1ULL);
	/* The third generation begins empty; the second keeps what it has. */
	exptrace_intern_begin(3, EXPTRACE_MOST_SITES);
	KUNIT_EXPECT_EQ(test, exptrace_interned[1].index[exptrace_site_hash(0x1001)], 0U);
	KUNIT_EXPECT_EQ(test, exptrace_interned[1].address[1], 0UL);
	KUNIT_EXPECT_EQ(test, atomic_read(&exptrace_interned[0].nr), 2);
	kunit_recorder_end(test);
}

/* The bytes of one kind of table of generation 1, across batches. */
struct bytes {
	struct exptrace_batch	*batch;
	const u8		*p;
	const u8		*end;
	unsigned int		kind;
};

/* Returns false at the end of the tables of this kind. */
static bool more(struct bytes *b)
{
	struct list_head *full = &exptrace_flush.writing[1]->full;

	while (b->p == b->end) {
		/* Several tables may follow each other in a batch's memory. */
		if (!b->batch || b->end == b->batch->data + b->batch->used) {
			b->batch = b->batch ? list_next_entry(b->batch, node) :
					      list_first_entry(full, struct exptrace_batch, node);
			if (list_entry_is_head(b->batch, full, node))
				return false;
			b->end = b->batch->data;
		}
		b->p = b->end;
		b->end = kunit_batch(&b->p);
		if (*b->p++ != b->kind)
			b->p = b->end;
	}
	return true;
}

/* Find the string with number @id; empty if there is none. */
static void find_string(u64 id, char *text, size_t size)
{
	struct bytes b = { .kind = EXPTRACE_WIRE_STRINGS };

	*text = '\0';
	while (more(&b)) {
		u64 number, len;

		b.p++;
		number = kunit_number(&b.p);
		len = kunit_number(&b.p);
		if (number == id)
			snprintf(text, size, "%.*s", (int)len, b.p);
		b.p += len;
	}
}

/* Get the numbers of the first @max strings; returns how many strings there are. */
static unsigned int string_numbers(u64 *numbers, unsigned int max)
{
	struct bytes b = { .kind = EXPTRACE_WIRE_STRINGS };
	unsigned int nr = 0;

	for (; more(&b); nr++) {
		u64 number, len;

		b.p++;
		number = kunit_number(&b.p);
		len = kunit_number(&b.p);
		b.p += len;
		if (nr < max)
			numbers[nr] = number;
	}
	return nr;
}

/* A stack must match what the kernel itself reports for the address. */
static void expect_stack(struct kunit *test, struct bytes *b)
{
	static char function[KSYM_NAME_LEN], text[KSYM_SYMBOL_LEN], want[KSYM_SYMBOL_LEN];
	char module[64];
	unsigned long address;
	u64 id, offset, names[2];

	KUNIT_EXPECT_EQ(test, *b->p++, EXPTRACE_WIRE_STACK);
	id = kunit_number(&b->p);
	KUNIT_EXPECT_EQ(test, kunit_number(&b->p), 1ULL);
	address = kunit_number(&b->p);	/* zigzag, offset from text_base */
	address = exptrace.text_base + (address >> 1 ^ -(address & 1));
	names[0] = kunit_number(&b->p);
	names[1] = kunit_number(&b->p);
	offset = kunit_number(&b->p);
	KUNIT_EXPECT_EQ(test, address, exptrace_interned[1].address[id]);
	find_string(names[0], function, sizeof(function));
	find_string(names[1], module, sizeof(module));
	snprintf(text, sizeof(text), *module ? "%s+0x%llx/[%s]" : "%s+0x%llx/%s", function, offset,
		 module);
	sprint_symbol(want, address);
	if (!names[0]) {
		KUNIT_EXPECT_PTR_EQ(test, strrchr(want, '+'), NULL);
		return;
	}
	/* Leave out the size: "function+0x1a/0x80 [module]". */
	*strchrnul(strchr(want, '/') + 1, ' ') = '\0';
	if (*module)
		sprintf(strchr(want, '/') + 1, "[%s]", module);
	else
		strchr(want, '/')[1] = '\0';
	KUNIT_EXPECT_STREQ(test, text, want);
}

static unsigned int symbols_batches(unsigned int sites)
{
	struct exptrace_extent extent = {};

	exptrace_symbols_extent(&extent, sites, 0);
	return exptrace_extent_batches(&extent, TEST_BATCH);
}

static int write_symbols(void)
{
	struct exptrace_table table;
	int err;

	exptrace_tables_begin(&table, 1, exptrace_clock());
	err = exptrace_write_symbols(&table, 1);
	exptrace_tables_end(&table);
	return err;
}

static int descending(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;

	return x > y ? -1 : x < y;
}

static void symbols_are_those_of_the_kernel(struct kunit *test)
{
	unsigned long places[] = {
		(unsigned long)schedule, (unsigned long)schedule + 3,
		(unsigned long)mutex_unlock + 1, (unsigned long)begin_intern_test + 2,
		(unsigned long)exptrace_intern_begin + 1, 0x1234,
	};
	bool raw = exptrace.raw_addresses;
	struct bytes b = { .kind = EXPTRACE_WIRE_STACKS };
	unsigned int i, nr = 0, reserve;

	reserve = symbols_batches(ARRAY_SIZE(places));
	begin_intern_test(test, 1, EXPTRACE_MOST_SITES);
	exptrace.raw_addresses = true;
	KUNIT_EXPECT_EQ(test, kunit_open(1, reserve), 0);
	for (i = 0; i < ARRAY_SIZE(places); i++)
		intern(1, places[i]);
	KUNIT_EXPECT_EQ(test, write_symbols(), 0);
	for (; more(&b); nr++)
		expect_stack(test, &b);
	KUNIT_EXPECT_EQ(test, nr, (unsigned int)ARRAY_SIZE(places));
	/* schedule() is named once, and so is the module; 0x1234 has no name. */
	KUNIT_EXPECT_EQ(test, string_numbers(NULL, 0), 5U);
	exptrace.raw_addresses = raw;
	kunit_recorder_end(test);
}

/* Not in the order of addresses (invariant 15). An unused number is left out. */
static void symbols_are_written_in_the_order_of_first_use(struct kunit *test)
{
	unsigned long places[] = {
		(unsigned long)schedule + 3, (unsigned long)mutex_unlock + 1,
		(unsigned long)strlen + 1, (unsigned long)kernel_power_off + 1,
	};
	struct bytes b = { .kind = EXPTRACE_WIRE_STACKS };
	unsigned int nr = ARRAY_SIZE(places), i;
	u64 strings[ARRAY_SIZE(places)];

	sort(places, nr, sizeof(places[0]), descending, NULL);
	begin_intern_test(test, 1, EXPTRACE_MOST_SITES);
	KUNIT_EXPECT_EQ(test, kunit_open(1, symbols_batches(nr + 2)), 0);
	for (i = 0; i < nr; i++)
		intern(1, places[i]);
	atomic_inc(&exptrace_interned[1].nr);	/* as if another CPU was faster */
	intern(1, places[nr - 1] + 1);		/* its name is known already */
	KUNIT_EXPECT_EQ(test, write_symbols(), 0);
	KUNIT_EXPECT_EQ(test, string_numbers(strings, nr), nr);
	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_EQ(test, strings[i], i + 1ULL);
	for (i = 0; more(&b); i++) {
		unsigned int skip;

		b.p++;
		KUNIT_EXPECT_EQ(test, kunit_number(&b.p), i < nr ? i + 1ULL : nr + 2ULL);
		for (skip = 0; skip < 5; skip++)
			kunit_number(&b.p);
	}
	KUNIT_EXPECT_EQ(test, i, nr + 1);
	kunit_recorder_end(test);
}

/* The maximum number of sites, each in a different function, fits into the reserve. */
static void symbols_have_room(struct kunit *test)
{
	const unsigned int max = 600;
	unsigned int reserve = symbols_batches(max);
	unsigned long address = (unsigned long)schedule;
	struct bytes b = { .kind = EXPTRACE_WIRE_STACKS };
	struct exptrace_batch *batch, *next;
	u64 sites, stacks;
	unsigned int nr = 0;
	LIST_HEAD(taken);

	begin_intern_test(test, 1, max);
	KUNIT_EXPECT_EQ(test, kunit_open(1, reserve), 0);
	exptrace_interned[1].max = max;
	for (; !unknown(1); address += 256)
		intern(1, address);
	exptrace_intern_take_unknown(1, &sites, &stacks);
	exptrace.unknown_sites = 0;
	/* Events take all other batches. */
	for (;;) {
		exptrace_exchange(NULL, 1, EXPTRACE_NEED_EVENTS, EXPTRACE_NO_CHARGE, &batch);
		if (!batch)
			break;
		list_add_tail(&batch->node, &taken);
	}
	KUNIT_EXPECT_EQ(test, write_symbols(), 0);
	for (; more(&b); nr++) {
		unsigned int i;

		b.p++;
		for (i = 0; i < 6; i++)
			kunit_number(&b.p);
	}
	KUNIT_EXPECT_EQ(test, nr, max);
	list_for_each_entry_safe(batch, next, &taken, node) {
		list_del(&batch->node);
		exptrace_batch_give_back(batch);
	}
	kunit_recorder_end(test);
}

static void empty_table_is_not_written(struct kunit *test)
{
	begin_intern_test(test, 1, EXPTRACE_MOST_SITES);
	KUNIT_EXPECT_EQ(test, kunit_open(1, 1), 0);
	KUNIT_EXPECT_EQ(test, write_symbols(), 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&exptrace_flush.writing[1]->full));
	kunit_recorder_end(test);
}

static struct exptrace_stacks *new_stacks(struct kunit *test, unsigned int room)
{
	struct exptrace_stacks *stacks = kvzalloc(sizeof(*stacks), GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, stacks);
	stacks->room = room;
	return stacks;
}

static void expect_frames(struct kunit *test, const struct exptrace_stacks *stacks,
			  unsigned int id, const unsigned long *want, unsigned int nr)
{
	const unsigned long *frames = want;

	KUNIT_EXPECT_GE(test, id, EXPTRACE_NR_SITES);
	KUNIT_EXPECT_LT(test, id, EXPTRACE_NR_SITES + EXPTRACE_NR_STACKS);
	KUNIT_EXPECT_EQ(test, exptrace_stack_at(stacks, id - EXPTRACE_NR_SITES, &frames), nr);
	KUNIT_EXPECT_EQ(test, memcmp(frames, want, nr * sizeof(*want)), 0);
}

/*
 * In the order of first use (invariant 15). A prefix of a stack, and the same frames in
 * another order, are different stacks.
 */
static void stack_keeps_its_number(struct kunit *test)
{
	struct exptrace_stacks *stacks = new_stacks(test, EXPTRACE_STACK_WORDS);
	unsigned long frames[] = { 1, 2, 3, 3, 2, 1 };
	unsigned int a, b, c, round;

	for (round = 0; round < 2; round++) {
		a = exptrace_intern_stack(stacks, frames, 3);
		b = exptrace_intern_stack(stacks, frames, 2);
		c = exptrace_intern_stack(stacks, frames + 3, 3);
		KUNIT_EXPECT_EQ(test, a, EXPTRACE_NR_SITES);
		KUNIT_EXPECT_EQ(test, b, EXPTRACE_NR_SITES + 1);
		KUNIT_EXPECT_EQ(test, c, EXPTRACE_NR_SITES + 2);
		expect_frames(test, stacks, a, frames, 3);
		expect_frames(test, stacks, b, frames, 2);
		expect_frames(test, stacks, c, frames + 3, 3);
		KUNIT_EXPECT_EQ(test, atomic_read(&stacks->nr), 3);
		KUNIT_EXPECT_EQ(test, atomic_read(&stacks->used), 4 + 3 + 4);
	}
	kvfree(stacks);
}

static void full_table_of_stacks_takes_no_more(struct kunit *test)
{
	struct exptrace_stacks *stacks = new_stacks(test, 10);
	unsigned long frames[] = { 1, 2, 3, 4, 5 };
	unsigned int a, b;

	a = exptrace_intern_stack(stacks, frames, 4);
	KUNIT_EXPECT_EQ(test, exptrace_intern_stack(stacks, frames, 5), 0U);
	b = exptrace_intern_stack(stacks, frames + 1, 4);
	KUNIT_EXPECT_EQ(test, exptrace_intern_stack(stacks, frames, 1), 0U);
	expect_frames(test, stacks, a, frames, 4);
	expect_frames(test, stacks, b, frames + 1, 4);
	KUNIT_EXPECT_EQ(test, exptrace_intern_stack(stacks, frames, 4), a);
	KUNIT_EXPECT_EQ(test, exptrace_intern_stack(stacks, frames + 1, 4), b);
	kvfree(stacks);
}

/*
 * The maximum number of stacks; those with equal hashes are distinguished, also at the
 * end of the table.
 */
static void many_stacks_are_told_apart(struct kunit *test)
{
	struct exptrace_stacks *stacks = new_stacks(test, EXPTRACE_STACK_WORDS);
	unsigned int most = EXPTRACE_MOST_STACKS, round;
	unsigned long i;

	for (round = 0; round < 2; round++) {
		for (i = 1; i <= most; i++) {
			unsigned long frames[2] = { i, ~i };

			expect_frames(test, stacks, exptrace_intern_stack(stacks, frames, 2),
				      frames, 2);
		}
		KUNIT_EXPECT_EQ(test, atomic_read(&stacks->nr), (int)most);
	}
	KUNIT_EXPECT_EQ(test, exptrace_intern_stack(stacks, &i, 1), 0U);
	kvfree(stacks);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(places_are_numbered_in_the_order_of_first_use),
	KUNIT_CASE(places_that_hash_alike_are_told_apart),
	KUNIT_CASE(places_are_looked_for_in_few_slots),
	KUNIT_CASE(null_has_no_number_and_is_not_counted),
	KUNIT_CASE(full_table_counts_what_it_has_no_room_for),
	KUNIT_CASE(generations_of_other_parity_have_their_own),
	KUNIT_CASE(symbols_are_those_of_the_kernel),
	KUNIT_CASE(symbols_are_written_in_the_order_of_first_use),
	KUNIT_CASE(symbols_have_room),
	KUNIT_CASE(empty_table_is_not_written),
	KUNIT_CASE(stack_keeps_its_number),
	KUNIT_CASE(full_table_of_stacks_takes_no_more),
	KUNIT_CASE(many_stacks_are_told_apart),
	{}
};

static struct kunit_suite suite = {
	.name = "exptrace_intern",
	.suite_init = kunit_suite_begin,
	.suite_exit = kunit_suite_end,
	.test_cases = cases,
};

kunit_test_suites(&suite);
