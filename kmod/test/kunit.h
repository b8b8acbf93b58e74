/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the KUnit tests: a recorder in which only the test writes.
 */
#ifndef _EXPTRACE_KUNIT_H
#define _EXPTRACE_KUNIT_H

#include <kunit/test.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/sizes.h>

#include "experiment.h"
#include "flush.h"
#include "probes/probes.h"
#include "tables/tables.h"
#include "writer.h"

#define TEST_BATCH	SZ_4K
#define TEST_BATCHES	64U

/*
 * Some kernels run a module's suites before its init function, others after it. If
 * before, what that function creates must be created here.
 */
static bool recorder_is_ours;

static inline int kunit_suite_begin(struct kunit_suite *suite)
{
	if (exptrace.cpus)
		return 0;
	exptrace_pool_init();
	exptrace.cpus = alloc_percpu(struct exptrace_cpu);
	if (!exptrace.cpus)
		return -ENOMEM;
	exptrace_experiments[EXPTRACE_EXPERIMENT_STANDARD] = &exptrace_standard;
	exptrace_experiments[EXPTRACE_EXPERIMENT_ALLOCFREE] = &exptrace_allocfree;
	recorder_is_ours = true;
	return 0;
}

static inline void kunit_suite_end(struct kunit_suite *suite)
{
	if (!recorder_is_ours)
		return;
	exptrace_experiments[EXPTRACE_EXPERIMENT_STANDARD] = NULL;
	exptrace_experiments[EXPTRACE_EXPERIMENT_ALLOCFREE] = NULL;
	free_percpu(exptrace.cpus);
	exptrace.cpus = NULL;
	recorder_is_ours = false;
}

/* Open generation @gen with a reserve of @reserve batches for its tables. */
static inline int kunit_open(u64 gen, unsigned int reserve)
{
	exptrace_intern_begin(gen, EXPTRACE_MOST_SITES);
	exptrace_schema_begin(gen);
	return exptrace_generation_open(gen, reserve);
}

/*
 * Begin a test with a pool of TEST_BATCHES batches in @mode and no tracepoint attached;
 * the test stays on its CPU. The same function must call kunit_recorder_end(), so do not
 * use KUNIT_ASSERT in between.
 */
static inline void kunit_recorder_begin(struct kunit *test, unsigned int mode)
{
	unsigned int exp;

	mutex_lock(&exptrace.control);
	migrate_disable();
	KUNIT_EXPECT_FALSE(test, exptrace.recording);
	KUNIT_EXPECT_EQ(test, exptrace_pool_alloc((u64)TEST_BATCHES * TEST_BATCH, TEST_BATCH), 0);
	exptrace_clock_select();
	exptrace_pool.mode = mode;
	for (exp = 0; exp < EXPTRACE_NR_EXPERIMENTS; exp++)
		exptrace_pool.quota[exp] = UINT_MAX;
	exptrace_session_prepare();
	exptrace_session_begin();
}

/*
 * Publish generation @gen, or none if it is 0; the test is the only writer. This is
 * publish_only() for the CPU of the test.
 */
static inline void kunit_publish(u64 gen)
{
	struct exptrace_cpu *cpu = this_cpu_ptr(exptrace.cpus);
	unsigned int exp, context;

	for (exp = 0; gen && exp < EXPTRACE_NR_EXPERIMENTS; exp++) {
		for (context = 0; context < EXPTRACE_NR_CONTEXTS; context++) {
			cpu->slot[gen & 1][exp][context].interned =
				&exptrace_interned[gen & 1];
			cpu->slot[gen & 1][exp][context].exp = exp;
			cpu->slot[gen & 1][exp][context].context = context;
		}
	}
	/* Pairs as the one in publish_only(). */
	smp_store_release(&exptrace_writers.slots,
			  gen ? &exptrace.cpus->slot[gen & 1][0][0] : NULL);
	WRITE_ONCE(exptrace.gen, gen);
}

/* The slot in which the test writes. */
static inline struct exptrace_slot *kunit_slot(unsigned long gen, unsigned int exp)
{
	return &this_cpu_ptr(exptrace.cpus)->slot[gen & 1][exp][EXPTRACE_CONTEXT_TASK];
}

static inline u64 *kunit_lost(unsigned long gen, unsigned int exp)
{
	return this_cpu_ptr(exptrace.cpus)->lost[gen & 1][exp][EXPTRACE_CONTEXT_TASK];
}

static inline u64 kunit_attempted(struct exptrace_slot *slot)
{
	return local64_read(&slot->attempted);
}

/* Like exptrace_close_generation(), without the tables. */
static inline void kunit_close(u64 gen)
{
	struct exptrace_cpu *cpu = this_cpu_ptr(exptrace.cpus);
	unsigned int exp, context;

	for (exp = 0; exp < EXPTRACE_NR_EXPERIMENTS; exp++)
		for (context = 0; context < EXPTRACE_NR_CONTEXTS; context++)
			exptrace_flush_slot(&cpu->slot[gen & 1][exp][context]);
	exptrace_generation_complete(gen);
}

/* End a test: all batches must be empty again, and all counters zero. */
static inline void kunit_recorder_end(struct kunit *test)
{
	struct exptrace_cpu *cpu = this_cpu_ptr(exptrace.cpus);
	unsigned int parity;

	kunit_publish(0);
	for (parity = 0; parity < 2; parity++)
		if (exptrace_flush.writing[parity])
			kunit_close(exptrace_flush.writing[parity]->gen);
	exptrace_session_end();
	exptrace_reader_leaves();
	exptrace_thaw();
	KUNIT_EXPECT_TRUE(test, exptrace_discard_all());
	KUNIT_EXPECT_EQ(test, exptrace_pool.nr_empty, exptrace_pool.nr);
	KUNIT_EXPECT_EQ(test, exptrace_pool.nr_reserved, 0U);
	KUNIT_EXPECT_EQ(test, exptrace_pool.nr_full, 0U);
	KUNIT_EXPECT_TRUE(test, exptrace_pool_is_idle());
	exptrace_pool_free();
	memset(cpu, 0, sizeof(*cpu));
	migrate_enable();
	mutex_unlock(&exptrace.control);
}

/* Write an event with one number, requesting @max bytes. */
static inline bool kunit_write(unsigned int exp, u64 number, size_t max)
{
	EXPTRACE_WRITER(w);

	if (!exptrace_begin(&w, exp, EXPTRACE_EVENT_FIRST, max))
		return false;
	exptrace_number(&w, number);
	exptrace_end(&w);
	return true;
}

/* Read a number at *@p and advance *@p; U64_MAX and *@p = NULL if it is too long. */
static inline u64 kunit_number(const u8 **p)
{
	u64 value = 0;
	int i;

	for (i = 0; i < EXPTRACE_VARINT_MAX; i++) {
		u8 byte = *(*p)++;

		value |= (u64)(byte & 0x7f) << (7 * i);
		if (!(byte & 0x80))
			return value;
	}
	*p = NULL;
	return U64_MAX;
}

/* Advance *@p from a batch of the standard stream to its data; returns the end of that. */
static inline const u8 *kunit_batch(const u8 **p)
{
	u64 length;

	*p += 1;
	kunit_number(p);
	kunit_number(p);
	kunit_number(p);
	length = kunit_number(p);
	return *p + length;
}

#endif /* _EXPTRACE_KUNIT_H */
