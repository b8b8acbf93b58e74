// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the writer and its refill: boundaries, and every way to lose events.
 */
#include <linux/vmalloc.h>

#include "kunit.h"

#define STANDARD	EXPTRACE_EXPERIMENT_STANDARD
#define ALLOCFREE	EXPTRACE_EXPERIMENT_ALLOCFREE
#define ONE_NUMBER	exptrace_max(1, 0)

static void begin_writer_test(struct kunit *test, unsigned int mode)
{
	kunit_recorder_begin(test, mode);
	KUNIT_EXPECT_EQ(test, kunit_open(1, 4), 0);
	kunit_publish(1);
}

static u64 all_lost(unsigned long gen, unsigned int exp)
{
	unsigned int reason;
	u64 sum = 0;

	for (reason = 0; reason < EXPTRACE_NR_LOST; reason++)
		sum += kunit_lost(gen, exp)[reason];
	return sum;
}

/* Check invariant 9 for the slot in which the test writes. */
static void expect_accounted(struct kunit *test, unsigned long gen, unsigned int exp)
{
	struct exptrace_slot *slot = kunit_slot(gen, exp);

	KUNIT_EXPECT_EQ(test, kunit_attempted(slot), slot->recorded + all_lost(gen, exp));
}

static void nothing_is_recorded_without_a_generation(struct kunit *test)
{
	kunit_recorder_begin(test, EXPTRACE_MODE_STREAM);
	KUNIT_EXPECT_FALSE(test, kunit_write(STANDARD, 1, ONE_NUMBER));
	KUNIT_EXPECT_EQ(test, kunit_attempted(kunit_slot(0, STANDARD)), 0ULL);
	kunit_recorder_end(test);
}

/* The batch that was flushed last, or NULL. */
static struct exptrace_batch *last_full(unsigned long gen)
{
	struct exptrace_generation *g = exptrace_flush.writing[gen & 1];

	return list_empty(&g->full) ? NULL :
	       list_last_entry(&g->full, struct exptrace_batch, node);
}

static void room_that_is_just_enough_is_used(struct kunit *test)
{
	struct exptrace_batch *batch;
	struct exptrace_slot *slot;

	begin_writer_test(test, EXPTRACE_MODE_STREAM);
	slot = kunit_slot(1, STANDARD);
	KUNIT_EXPECT_TRUE(test, kunit_write(STANDARD, 1, ONE_NUMBER));
	batch = slot->batch;
	slot->pos = slot->end - ONE_NUMBER;
	KUNIT_EXPECT_TRUE(test, kunit_write(STANDARD, 1, ONE_NUMBER));
	KUNIT_EXPECT_PTR_EQ(test, slot->batch, batch);
	KUNIT_EXPECT_EQ(test, exptrace_pool.nr_full, 0U);
	slot->pos = slot->end - ONE_NUMBER + 1;
	KUNIT_EXPECT_TRUE(test, kunit_write(STANDARD, 1, ONE_NUMBER));
	KUNIT_EXPECT_PTR_NE(test, slot->batch, batch);
	KUNIT_EXPECT_PTR_EQ(test, last_full(1), batch);
	KUNIT_EXPECT_EQ(test, batch->events, 2U);
	expect_accounted(test, 1, STANDARD);
	kunit_recorder_end(test);
}


/* Read an object as described in docs/wire-format.md; returns its end. */
static const u8 *read_object(const u8 *p, u64 *pages, u64 *value)
{
	unsigned int low = get_unaligned_le16(p);
	u64 *page = &pages[low >> 9 & 63];

	p += 2;
	if (low & 0x8000) {
		u64 high = p[2];

		*page = get_unaligned_le16(p);
		p += 3;
		if (high == 0xff)
			high = kunit_number(&p);
		*page |= high << 16;
	}
	*value = *page << 15 | (low & 0x7fff);
	return p;
}

/* Write @value and read it back; returns its number of bytes. */
static long write_and_read_object(struct kunit *test, u64 value, u64 *pages, u64 *pages_read)
{
	u8 bytes[2 * EXPTRACE_VARINT_MAX];
	const u8 *end;
	u64 read;

	memset(bytes, 0xcc, sizeof(bytes));
	end = exptrace_put_object(bytes, value, pages);
	KUNIT_EXPECT_PTR_EQ(test, read_object(bytes, pages_read, &read), end);
	KUNIT_EXPECT_EQ(test, read, value);
	KUNIT_EXPECT_EQ(test, memcmp(pages, pages_read, sizeof(*pages) * EXPTRACE_OBJECT_PAGES), 0);
	return end - bytes;
}

static void object_takes_two_bytes_again_and_five_or_more_at_first(struct kunit *test)
{
	u64 pages[EXPTRACE_OBJECT_PAGES] = { 0 }, pages_read[EXPTRACE_OBJECT_PAGES] = { 0 };
	unsigned int bit;
	int near;

	for (bit = 0; bit < 64; bit++) {
		for (near = -2; near <= 2; near++) {
			u64 value = BIT_ULL(bit) + near, page = value >> 15;
			long first = page < 0xff0000 ? 5 : page >> 16 < 0x4000 ? 7 :
				     page >> 16 < 0x200000 ? 8 : page >> 16 < 0x10000000 ? 9 : 10;

			if (pages[value >> 9 & 63] == page)
				first = 2;
			KUNIT_EXPECT_EQ(test, first,
					write_and_read_object(test, value, pages, pages_read));
			KUNIT_EXPECT_EQ(test, 2L,
					write_and_read_object(test, value ^ 0x1ff, pages,
							      pages_read));
		}
	}
}

static void object_is_the_address_it_was(struct kunit *test)
{
	unsigned long base = exptrace_writers.data_base, addresses[] = {
		0, 1, PAGE_OFFSET, PAGE_OFFSET - 1, PAGE_OFFSET + 8, PAGE_OFFSET + 9,
		PAGE_OFFSET + (255UL << 34) - 8, PAGE_OFFSET + (255UL << 34),
		(unsigned long)&exptrace, ULONG_MAX,
	};
	u64 pages[EXPTRACE_OBJECT_PAGES] = { 0 }, pages_read[EXPTRACE_OBJECT_PAGES] = { 0 };
	u8 bytes[2 * EXPTRACE_VARINT_MAX];
	unsigned int i;
	u64 value;

	exptrace_writers.data_base = PAGE_OFFSET;
	for (i = 0; i < ARRAY_SIZE(addresses); i++) {
		exptrace_put_object(bytes, exptrace_data_address((const void *)addresses[i]),
				    pages);
		read_object(bytes, pages_read, &value);
		KUNIT_EXPECT_EQ(test, exptrace_writers.data_base + rol64(value, 3),
				(u64)addresses[i]);
	}
	exptrace_writers.data_base = base;
}

/* The delta-encoding state of a batch's earlier use must not remain. */
static void batch_begins_near_to_nothing(struct kunit *test)
{
	const size_t size = sizeof(struct exptrace_addr_state);
	struct exptrace_slot *slot;
	unsigned int i;

	begin_writer_test(test, EXPTRACE_MODE_STREAM);
	for (i = 0; i < exptrace_pool.nr; i++)
		memset(&exptrace_pool.batches[i].addr_state, 0xff, size);
	slot = kunit_slot(1, ALLOCFREE);
	KUNIT_EXPECT_TRUE(test, kunit_write(ALLOCFREE, 1, ONE_NUMBER));
	KUNIT_EXPECT_NULL(test, memchr_inv(&slot->batch->addr_state, 0, size));
	slot->batch->addr_state.user[0] = 1;
	slot->pos = slot->end;
	KUNIT_EXPECT_TRUE(test, kunit_write(ALLOCFREE, 1, ONE_NUMBER));
	KUNIT_EXPECT_NULL(test, memchr_inv(&slot->batch->addr_state, 0, size));
	kunit_recorder_end(test);
}

/*
 * Write an event that leaves one byte of the batch free: no event uses all that it
 * requests. Returns its size.
 */
static size_t fill_slot(struct kunit *test, unsigned int exp)
{
	struct exptrace_slot *slot = kunit_slot(1, exp);
	size_t room = slot->end - slot->pos;
	EXPTRACE_WRITER(w);

	if (!exptrace_begin(&w, exp, EXPTRACE_EVENT_FIRST, room)) {
		KUNIT_FAIL(test, "no room for the room");
		return 0;
	}
	memset(w.pos, 0x55, slot->end - w.pos - 1);
	w.pos = slot->end - 1;
	exptrace_end(&w);
	return room - 1;
}

static void event_that_fills_the_batch_is_in_it(struct kunit *test)
{
	struct exptrace_batch *batch;
	struct exptrace_slot *slot;
	const u8 *p;

	begin_writer_test(test, EXPTRACE_MODE_STREAM);
	slot = kunit_slot(1, ALLOCFREE);
	KUNIT_EXPECT_TRUE(test, kunit_write(ALLOCFREE, 1, ONE_NUMBER));
	batch = slot->batch;
	fill_slot(test, ALLOCFREE);
	KUNIT_EXPECT_PTR_EQ(test, slot->pos, slot->end - 1);
	KUNIT_EXPECT_TRUE(test, kunit_write(ALLOCFREE, 1, ONE_NUMBER));
	KUNIT_EXPECT_PTR_EQ(test, last_full(1), batch);
	KUNIT_EXPECT_EQ(test, batch->used, (u32)TEST_BATCH - 1);
	KUNIT_EXPECT_EQ(test, batch->events, 2U);
	p = batch->data + batch->start - EXPTRACE_VARINT_MAX;
	KUNIT_EXPECT_EQ(test, kunit_number(&p), (u64)TEST_BATCH - 1 - batch->start);
	expect_accounted(test, 1, ALLOCFREE);
	kunit_recorder_end(test);
}

static void batch_may_hold_just_one_event(struct kunit *test)
{
	struct exptrace_generation *gen;
	struct exptrace_batch *batch;
	unsigned int i;
	size_t most;

	begin_writer_test(test, EXPTRACE_MODE_STREAM);
	KUNIT_EXPECT_TRUE(test, kunit_write(STANDARD, 0, ONE_NUMBER));
	most = TEST_BATCH - kunit_slot(1, STANDARD)->batch->start;
	for (i = 1; i < 5; i++)
		KUNIT_EXPECT_TRUE(test, kunit_write(STANDARD, i, most));
	gen = exptrace_flush.writing[1];
	KUNIT_EXPECT_EQ(test, gen->nr, 4U);
	list_for_each_entry(batch, &gen->full, node)
		KUNIT_EXPECT_EQ(test, batch->events, 1U);
	KUNIT_EXPECT_EQ(test, gen->events, 4ULL);
	expect_accounted(test, 1, STANDARD);
	kunit_recorder_end(test);
}

/* The delta of an event after setting back the slot's clock by @delta. */
static u64 delta_after(struct kunit *test, s64 delta)
{
	struct exptrace_slot *slot = kunit_slot(1, STANDARD);
	const u8 *p = slot->pos;
	u64 got;

	slot->last = exptrace_clock() - delta;
	KUNIT_EXPECT_TRUE(test, kunit_write(STANDARD, U64_MAX, ONE_NUMBER));
	KUNIT_EXPECT_EQ(test, *p, EXPTRACE_EVENT_FIRST);
	p++;
	got = kunit_number(&p);
	/* The argument takes all ten bytes. */
	KUNIT_EXPECT_EQ(test, slot->pos - p, (long)EXPTRACE_VARINT_MAX);
	KUNIT_EXPECT_EQ(test, kunit_number(&p), U64_MAX);
	return got;
}

static void time_goes_forward_by_one_tick_at_least(struct kunit *test)
{
	u64 hour = 1ULL << 40;

	begin_writer_test(test, EXPTRACE_MODE_STREAM);
	KUNIT_EXPECT_TRUE(test, kunit_write(STANDARD, 1, ONE_NUMBER));
	KUNIT_EXPECT_EQ(test, delta_after(test, -(s64)hour), 1ULL);
	KUNIT_EXPECT_EQ(test, delta_after(test, S64_MIN + (s64)hour), 1ULL);
	KUNIT_EXPECT_GE(test, delta_after(test, hour), hour);
	kunit_recorder_end(test);
}

/* A batch records the current thread before its first event, and when it changes. */
static void batch_says_who_runs(struct kunit *test)
{
	struct exptrace_slot *slot;
	const u8 *p;
	u64 before;

	begin_writer_test(test, EXPTRACE_MODE_STREAM);
	slot = kunit_slot(1, STANDARD);
	KUNIT_EXPECT_TRUE(test, kunit_write(STANDARD, 5, ONE_NUMBER));
	p = slot->batch->data + slot->batch->start;
	KUNIT_EXPECT_EQ(test, *p++, EXPTRACE_EVENT_CURRENT);
	kunit_number(&p);
	KUNIT_EXPECT_EQ(test, kunit_number(&p), (u64)current->pid);
	KUNIT_EXPECT_EQ(test, *p++, EXPTRACE_EVENT_FIRST);
	KUNIT_EXPECT_EQ(test, kunit_number(&p), 1ULL);
	KUNIT_EXPECT_EQ(test, kunit_number(&p), 5ULL);
	KUNIT_EXPECT_PTR_EQ(test, p, (const u8 *)slot->pos);
	/* An unchanged thread is not recorded again. */
	KUNIT_EXPECT_TRUE(test, kunit_write(STANDARD, 5, ONE_NUMBER));
	KUNIT_EXPECT_EQ(test, *p, EXPTRACE_EVENT_FIRST);
	slot->pid = current->pid + 1;
	p = slot->pos;
	before = slot->last;
	KUNIT_EXPECT_TRUE(test, kunit_write(STANDARD, 5, ONE_NUMBER));
	KUNIT_EXPECT_EQ(test, *p, EXPTRACE_EVENT_CURRENT);
	KUNIT_EXPECT_GE(test, slot->last, before + 2);
	KUNIT_EXPECT_EQ(test, slot->recorded, 3ULL);
	kunit_recorder_end(test);
}

/* Move all batches that writers of events may get to @taken. */
static void empty_the_pool(struct list_head *taken)
{
	struct exptrace_pool *pool = &exptrace_pool;
	struct exptrace_batch *batch;
	unsigned long flags;

	flags = exptrace_pool_lock();
	while (pool->nr_empty > pool->nr_reserved) {
		batch = exptrace_pool_get(EXPTRACE_NO_CHARGE);
		list_add(&batch->node, taken);
	}
	exptrace_pool_unlock(flags);
}

static void give_back_one(struct list_head *taken)
{
	struct exptrace_batch *batch = list_first_entry(taken, struct exptrace_batch, node);

	list_del(&batch->node);
	exptrace_batch_give_back(batch);
}

static void empty_pool_loses_events_and_counts_them(struct kunit *test)
{
	struct exptrace_slot *slot;
	LIST_HEAD(taken);
	int i;

	begin_writer_test(test, EXPTRACE_MODE_STREAM);
	slot = kunit_slot(1, STANDARD);
	KUNIT_EXPECT_TRUE(test, kunit_write(STANDARD, 1, ONE_NUMBER));
	empty_the_pool(&taken);
	slot->pos = slot->end - 1;
	for (i = 1; i <= 10; i++) {
		KUNIT_EXPECT_FALSE(test, kunit_write(STANDARD, 1, ONE_NUMBER));
		KUNIT_EXPECT_EQ(test, kunit_lost(1, STANDARD)[EXPTRACE_LOST_POOL], (u64)i);
		/* The full batch is available to the reader. */
		KUNIT_EXPECT_EQ(test, exptrace_pool.nr_full, 1U);
	}
	/* The reserve is for tables. */
	KUNIT_EXPECT_EQ(test, exptrace_pool.nr_empty, 4U);
	give_back_one(&taken);
	KUNIT_EXPECT_TRUE(test, kunit_write(STANDARD, 1, ONE_NUMBER));
	expect_accounted(test, 1, STANDARD);
	while (!list_empty(&taken))
		give_back_one(&taken);
	kunit_recorder_end(test);
}

/* Invariant 4: an event in the middle of another one in the same slot. */
static void event_inside_an_event_is_refused(struct kunit *test)
{
	bool begun, nested = true, other = false;
	struct exptrace_slot *slot;
	EXPTRACE_WRITER(w);

	begin_writer_test(test, EXPTRACE_MODE_STREAM);
	slot = kunit_slot(1, STANDARD);
	KUNIT_EXPECT_TRUE(test, kunit_write(STANDARD, 1, ONE_NUMBER));
	begun = exptrace_begin(&w, STANDARD, EXPTRACE_EVENT_FIRST, ONE_NUMBER);
	if (begun) {
		nested = kunit_write(STANDARD, 1, ONE_NUMBER);
		/* Another experiment has a slot of its own. */
		other = kunit_write(ALLOCFREE, 1, ONE_NUMBER);
		exptrace_number(&w, 2);
		exptrace_end(&w);
	}
	KUNIT_EXPECT_TRUE(test, begun);
	KUNIT_EXPECT_FALSE(test, nested);
	KUNIT_EXPECT_TRUE(test, other);
	KUNIT_EXPECT_EQ(test, kunit_lost(1, STANDARD)[EXPTRACE_LOST_NESTED], 1ULL);
	KUNIT_EXPECT_EQ(test, slot->recorded, 2ULL);
	expect_accounted(test, 1, STANDARD);
	kunit_recorder_end(test);
}

/* All state shared by writers, and all per-CPU state. */
struct memory {
	struct exptrace_writers	writers;
	struct exptrace		exptrace;
	struct exptrace_pool	pool;
	struct exptrace_cpu	cpus[];
};

/* Copy this state, except for @slot of this CPU. */
static void copy_memory(struct memory *memory, const struct exptrace_slot *slot)
{
	size_t offset = (u8 *)slot - (u8 *)this_cpu_ptr(exptrace.cpus);
	int cpu;

	memory->writers = exptrace_writers;
	memory->exptrace = exptrace;
	memory->pool = exptrace_pool;
	for_each_possible_cpu(cpu)
		memory->cpus[cpu] = *per_cpu_ptr(exptrace.cpus, cpu);
	memset((u8 *)&memory->cpus[smp_processor_id()] + offset, 0, sizeof(*slot));
}

/* Invariant 1: an event writes only to memory that no other CPU writes. */
static void event_writes_to_its_slot_and_batch_alone(struct kunit *test)
{
	size_t size = sizeof(struct memory) + nr_cpu_ids * sizeof(struct exptrace_cpu);
	struct memory *before = vzalloc(size), *after = vzalloc(size);
	struct exptrace_slot *slot;
	u8 *pos;
	int i;

	begin_writer_test(test, EXPTRACE_MODE_STREAM);
	slot = kunit_slot(1, STANDARD);
	KUNIT_EXPECT_TRUE(test, kunit_write(STANDARD, 1, ONE_NUMBER));
	KUNIT_EXPECT_TRUE(test, before && after);
	if (before && after) {
		preempt_disable();
		pos = slot->pos;
		copy_memory(before, slot);
		for (i = 0; i < 100; i++)
			kunit_write(STANDARD, i, ONE_NUMBER);
		copy_memory(after, slot);
		preempt_enable();
		KUNIT_EXPECT_EQ(test, slot->recorded, 101ULL);
		KUNIT_EXPECT_GE(test, slot->pos - pos, 300L);
		KUNIT_EXPECT_EQ(test, memcmp(before, after, size), 0);
	}
	kunit_recorder_end(test);
	vfree(before);
	vfree(after);
}

/*
 * A dump by an unbound writer stops when the pool is empty. It may be preempted, so it
 * must not use this CPU's counters.
 */
static void dump_into_an_empty_pool_stops(struct kunit *test)
{
	struct exptrace_table table;
	LIST_HEAD(taken);

	begin_writer_test(test, EXPTRACE_MODE_STREAM);
	empty_the_pool(&taken);
	migrate_enable();
	exptrace_tables_begin(&table, 1, exptrace_clock());
	exptrace_write_statedump(&table, 1);
	exptrace_tables_end(&table);
	migrate_disable();
	KUNIT_EXPECT_EQ(test, exptrace_pool.nr_full, 0U);
	KUNIT_EXPECT_EQ(test, exptrace_pool.nr_empty, 4U);
	while (!list_empty(&taken))
		give_back_one(&taken);
	kunit_recorder_end(test);
}

/* Write tables of @sizes bytes, up to a zero, with kinds from 100 on. */
static void write_tables(struct kunit *test, const unsigned int *sizes)
{
	struct exptrace_table table;
	u8 kind;

	exptrace_tables_begin(&table, 1, exptrace_clock());
	for (kind = 100; *sizes; sizes++, kind++) {
		unsigned int i;

		exptrace_table_begin(&table, kind);
		KUNIT_EXPECT_EQ(test, exptrace_table_entry(&table, *sizes), 0);
		for (i = 0; i < *sizes; i++)
			exptrace_byte(&table.w, kind);
	}
	exptrace_tables_end(&table);
}

/* Expect complete tables of kinds from @kind on in @batch. */
static void expect_tables(struct kunit *test, const struct exptrace_batch *batch, u8 kind,
			  const unsigned int *sizes, unsigned int nr)
{
	const u8 *p = batch->data;

	for (; nr; nr--, kind++, sizes++) {
		const u8 *end = kunit_batch(&p);

		KUNIT_EXPECT_EQ(test, (unsigned int)(end - p), *sizes + 1);
		KUNIT_EXPECT_PTR_EQ(test, memchr_inv(p, kind, *sizes + 1), NULL);
		p = end;
	}
	KUNIT_EXPECT_PTR_EQ(test, p, batch->data + batch->used);
}

/* Short tables share a batch of the pool; one that does not fit goes to the next. */
static void tables_follow_each_other(struct kunit *test)
{
	static const unsigned int sizes[] = { 10, 2000, 1, 3000, 0 };
	struct exptrace_batch *first, *second;

	begin_writer_test(test, EXPTRACE_MODE_STREAM);
	write_tables(test, sizes);
	KUNIT_EXPECT_EQ(test, exptrace_flush.writing[1]->nr, 2U);
	first = list_first_entry(&exptrace_flush.writing[1]->full, struct exptrace_batch, node);
	second = list_last_entry(&exptrace_flush.writing[1]->full, struct exptrace_batch, node);
	expect_tables(test, first, 100, sizes, 3);
	expect_tables(test, second, 103, sizes + 3, 1);
	KUNIT_EXPECT_EQ(test, first->events, 0U);
	kunit_recorder_end(test);
}

/* A table that just fits after another one, and one that is one byte too long. */
static void table_that_just_fits_follows(struct kunit *test)
{
	unsigned int sizes[] = { 100, 0, 0 }, more, used;
	const struct exptrace_batch *batch;

	for (more = 0; more < 2; more++) {
		begin_writer_test(test, EXPTRACE_MODE_STREAM);
		sizes[1] = 0;
		write_tables(test, sizes);
		batch = list_first_entry(&exptrace_flush.writing[1]->full, struct exptrace_batch,
					 node);
		used = batch->used;
		sizes[1] = TEST_BATCH - used - (EXPTRACE_BATCH_HEADER_MAX + 1) + more;
		write_tables(test, sizes);
		KUNIT_EXPECT_EQ(test, exptrace_flush.writing[1]->nr, 2 + more);
		kunit_recorder_end(test);
	}
}

/* Invariants 4 and 5: a probe of any slot hit while this CPU holds the pool lock. */
static void event_inside_the_lock_is_refused(struct kunit *test)
{
	unsigned long flags;
	bool written;

	begin_writer_test(test, EXPTRACE_MODE_STREAM);
	flags = exptrace_pool_lock();
	written = kunit_write(ALLOCFREE, 1, ONE_NUMBER);
	exptrace_pool_unlock(flags);
	KUNIT_EXPECT_FALSE(test, written);
	KUNIT_EXPECT_EQ(test, kunit_lost(1, ALLOCFREE)[EXPTRACE_LOST_NESTED], 1ULL);
	KUNIT_EXPECT_TRUE(test, kunit_write(ALLOCFREE, 1, ONE_NUMBER));
	expect_accounted(test, 1, ALLOCFREE);
	kunit_recorder_end(test);
}

/* Simulate an NMI while this CPU holds the lock: trylock fails in the same way. */
static bool write_in_nmi(unsigned int exp, bool locked)
{
	unsigned long flags;
	bool written;

	if (locked)
		flags = exptrace_pool_lock();
	else
		local_irq_save(flags);
	preempt_count_add(NMI_OFFSET + HARDIRQ_OFFSET);
	written = kunit_write(exp, 1, ONE_NUMBER);
	preempt_count_sub(NMI_OFFSET + HARDIRQ_OFFSET);
	if (locked)
		exptrace_pool_unlock(flags);
	else
		local_irq_restore(flags);
	return written;
}

/* Invariant 5: an NMI does not wait for the lock. */
static void nmi_that_finds_the_lock_taken_loses_only_its_event(struct kunit *test)
{
	struct exptrace_cpu *cpu;
	struct exptrace_batch *batch;
	struct exptrace_slot *slot;
	u64 *lost;
	u8 *end;

	begin_writer_test(test, EXPTRACE_MODE_STREAM);
	cpu = this_cpu_ptr(exptrace.cpus);
	slot = &cpu->slot[1][STANDARD][EXPTRACE_CONTEXT_NMI];
	lost = cpu->lost[1][STANDARD][EXPTRACE_CONTEXT_NMI];
	/* Without a batch. */
	KUNIT_EXPECT_FALSE(test, write_in_nmi(STANDARD, true));
	KUNIT_EXPECT_EQ(test, lost[EXPTRACE_LOST_CONTENDED], 1ULL);
	KUNIT_EXPECT_PTR_EQ(test, slot->batch, NULL);
	KUNIT_EXPECT_FALSE(test, slot->busy);
	/* With a batch that has room: the lock is not needed. */
	KUNIT_EXPECT_TRUE(test, write_in_nmi(STANDARD, false));
	KUNIT_EXPECT_TRUE(test, write_in_nmi(STANDARD, true));
	/* With a full batch, which it keeps. */
	batch = slot->batch;
	end = slot->end;
	slot->pos = slot->end - 1;
	KUNIT_EXPECT_FALSE(test, write_in_nmi(STANDARD, true));
	KUNIT_EXPECT_EQ(test, lost[EXPTRACE_LOST_CONTENDED], 2ULL);
	KUNIT_EXPECT_PTR_EQ(test, slot->batch, batch);
	KUNIT_EXPECT_PTR_EQ(test, slot->end, end);
	KUNIT_EXPECT_TRUE(test, write_in_nmi(STANDARD, false));
	KUNIT_EXPECT_PTR_NE(test, slot->batch, batch);
	KUNIT_EXPECT_EQ(test, kunit_attempted(slot), 5ULL);
	KUNIT_EXPECT_EQ(test, slot->recorded, 3ULL);
	/* The task's slot is not affected. */
	KUNIT_EXPECT_EQ(test, kunit_attempted(kunit_slot(1, STANDARD)), 0ULL);
	kunit_recorder_end(test);
}

/* Limit experiment 1 to one full batch and one that is being filled. */
static void use_up_quota(struct kunit *test)
{
	struct exptrace_slot *slot = kunit_slot(1, ALLOCFREE);

	exptrace_pool.quota[ALLOCFREE] = 2;
	KUNIT_EXPECT_TRUE(test, kunit_write(ALLOCFREE, 1, ONE_NUMBER));
	slot->pos = slot->end - 1;
	KUNIT_EXPECT_TRUE(test, kunit_write(ALLOCFREE, 1, ONE_NUMBER));
	slot->pos = slot->end - 1;
	KUNIT_EXPECT_EQ(test, exptrace_pool.used[ALLOCFREE], 2U);
}

static void quota_loses_the_events_of_its_experiment_only(struct kunit *test)
{
	begin_writer_test(test, EXPTRACE_MODE_STREAM);
	use_up_quota(test);
	KUNIT_EXPECT_FALSE(test, kunit_write(ALLOCFREE, 1, ONE_NUMBER));
	KUNIT_EXPECT_FALSE(test, kunit_write(ALLOCFREE, 1, ONE_NUMBER));
	KUNIT_EXPECT_EQ(test, kunit_lost(1, ALLOCFREE)[EXPTRACE_LOST_QUOTA], 2ULL);
	KUNIT_EXPECT_EQ(test, kunit_lost(1, ALLOCFREE)[EXPTRACE_LOST_POOL], 0ULL);
	KUNIT_EXPECT_TRUE(test, kunit_write(STANDARD, 1, ONE_NUMBER));
	expect_accounted(test, 1, ALLOCFREE);
	kunit_recorder_end(test);
}

/* Flush the slot's batch by an event that does not fit. */
static void fill_batch(struct kunit *test, unsigned int exp, unsigned int gen)
{
	struct exptrace_slot *slot = kunit_slot(gen, exp);

	slot->pos = slot->end - 1;
	KUNIT_EXPECT_TRUE(test, kunit_write(exp, gen, ONE_NUMBER));
}

/* An experiment always has its newest events, however much it has in other generations. */
static void quota_in_flight_mode_is_a_share_of_each_generation(struct kunit *test)
{
	struct exptrace_generation *gen;
	struct exptrace_cpu *cpu;
	unsigned int i, n;

	begin_writer_test(test, EXPTRACE_MODE_FLIGHT);
	cpu = this_cpu_ptr(exptrace.cpus);
	exptrace_pool.quota[ALLOCFREE] = exptrace_pool.nr / 4;
	for (n = 1; n <= 4; n++) {
		gen = exptrace_flush.writing[n & 1];
		KUNIT_EXPECT_TRUE(test, kunit_write(ALLOCFREE, n, ONE_NUMBER));
		fill_batch(test, ALLOCFREE, n);
		fill_batch(test, ALLOCFREE, n);
		/* All flushed batches were its own. */
		KUNIT_EXPECT_EQ(test, gen->used[ALLOCFREE], 0U);
		KUNIT_EXPECT_TRUE(test, kunit_write(STANDARD, n, ONE_NUMBER));
		for (i = 0; i < 6; i++)
			fill_batch(test, STANDARD, n);
		for (i = 0; i < 6; i++)
			fill_batch(test, ALLOCFREE, n);
		KUNIT_EXPECT_EQ(test, gen->used[STANDARD], 6U);
		KUNIT_EXPECT_EQ(test, gen->used[ALLOCFREE], gen->nr / 4);
		KUNIT_EXPECT_EQ(test, all_lost(n, ALLOCFREE), 0ULL);
		KUNIT_EXPECT_LT(test, 0ULL, cpu->overwritten[n & 1][ALLOCFREE]);
		KUNIT_EXPECT_EQ(test, cpu->overwritten[n & 1][STANDARD], 0ULL);
		KUNIT_EXPECT_EQ(test, kunit_open(n + 1, 1), 0);
		kunit_publish(n + 1);
		kunit_close(n);
	}
	kunit_recorder_end(test);
}

/* The event's schema entry must fit in a batch. */
static void experiment_has_events_of_limited_size(struct kunit *test)
{
	struct exptrace_arg_def args[EXPTRACE_MAX_ARGS + 2] = {};
	struct exptrace_event_def event = {
		.type = EXPTRACE_EVENT_CURRENT, .ntypes = 1, .group = "g", .name = "n",
		.args = args,
	};
	struct exptrace_experiment exp = {
		.id = EXPTRACE_NR_EXPERIMENTS - 1, .name = "e", .events = &event, .nr_events = 1,
	};
	unsigned int i;

	for (i = 0; i < EXPTRACE_MAX_ARGS; i++)
		args[i] = (struct exptrace_arg_def) { EXPTRACE_KIND_UINT, "a" };
	KUNIT_ASSERT_EQ(test, exptrace_experiment_register(&exp), 0);
	exptrace_experiment_unregister(&exp);
	args[i] = args[0];
	KUNIT_EXPECT_EQ(test, exptrace_experiment_register(&exp), -EINVAL);
	args[i].kind = 0;
	args[0].name = "a-name-of-more-than-thirty-one-characters";
	KUNIT_EXPECT_EQ(test, exptrace_experiment_register(&exp), -EINVAL);
}

/*
 * Invariant 7. Slots are selected by the generation's parity: 1 and 3 share them, 1 and 2
 * do not.
 */
static void generations_of_other_parity_do_not_mix(struct kunit *test)
{
	struct exptrace_slot *odd, *even;
	unsigned long gen;

	begin_writer_test(test, EXPTRACE_MODE_STREAM);
	odd = kunit_slot(1, STANDARD);
	even = kunit_slot(2, STANDARD);
	KUNIT_EXPECT_PTR_NE(test, odd, even);
	KUNIT_EXPECT_TRUE(test, kunit_write(STANDARD, 1, ONE_NUMBER));
	for (gen = 2; gen <= 9; gen++) {
		struct exptrace_slot *now = gen & 1 ? odd : even;
		struct exptrace_slot *before = gen & 1 ? even : odd;
		const u8 *p;

		KUNIT_EXPECT_EQ(test, kunit_open(gen, 1), 0);
		kunit_publish(gen);
		KUNIT_EXPECT_TRUE(test, kunit_write(STANDARD, gen, ONE_NUMBER));
		KUNIT_EXPECT_PTR_NE(test, before->batch, NULL);
		KUNIT_EXPECT_PTR_NE(test, now->batch, before->batch);
		p = now->batch->data + 1;
		KUNIT_EXPECT_EQ(test, kunit_number(&p), (u64)gen);
		kunit_close(gen - 1);
		KUNIT_EXPECT_PTR_EQ(test, before->batch, NULL);
		KUNIT_EXPECT_PTR_EQ(test, before->pos, NULL);
	}
	kunit_recorder_end(test);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(nothing_is_recorded_without_a_generation),
	KUNIT_CASE(room_that_is_just_enough_is_used),
	KUNIT_CASE(object_takes_two_bytes_again_and_five_or_more_at_first),
	KUNIT_CASE(object_is_the_address_it_was),
	KUNIT_CASE(batch_begins_near_to_nothing),
	KUNIT_CASE(event_that_fills_the_batch_is_in_it),
	KUNIT_CASE(batch_may_hold_just_one_event),
	KUNIT_CASE(time_goes_forward_by_one_tick_at_least),
	KUNIT_CASE(batch_says_who_runs),
	KUNIT_CASE(empty_pool_loses_events_and_counts_them),
	KUNIT_CASE(dump_into_an_empty_pool_stops),
	KUNIT_CASE(tables_follow_each_other),
	KUNIT_CASE(table_that_just_fits_follows),
	KUNIT_CASE(event_inside_an_event_is_refused),
	KUNIT_CASE(event_inside_the_lock_is_refused),
	KUNIT_CASE(event_writes_to_its_slot_and_batch_alone),
	KUNIT_CASE(nmi_that_finds_the_lock_taken_loses_only_its_event),
	KUNIT_CASE(quota_loses_the_events_of_its_experiment_only),
	KUNIT_CASE(quota_in_flight_mode_is_a_share_of_each_generation),
	KUNIT_CASE(experiment_has_events_of_limited_size),
	KUNIT_CASE(generations_of_other_parity_do_not_mix),
	{}
};

static struct kunit_suite suite = {
	.name = "exptrace_writer",
	.suite_init = kunit_suite_begin,
	.suite_exit = kunit_suite_end,
	.test_cases = cases,
};

kunit_test_suites(&suite);
