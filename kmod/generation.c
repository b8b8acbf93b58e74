// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generations: begun, advanced, completed.
 *
 * A start begins one, a stop ends one, an advance does both:
 *
 *   open the new generation on the flush side
 *   write its opening tables and its statedump
 *   publish it (nothing at a stop), and add to the statedump what changed meanwhile
 *   wait for an RCU grace period, after which no writer uses the old one (invariant 6)
 *   flush the old one's slots, write its closing tables, complete it
 *
 * If the clocks stopped, or the clock turned out to be unstable, the old generation is completed
 * before the new one begins, and nothing is recorded in between (span/suspend.c).
 *
 * A generation is opened only once all batches that its closing tables can need are reserved, so
 * completing it can't fail. exptrace.control serializes all of this, so an advance waits for the
 * one before it (invariant 7).
 */
#include <linux/build_bug.h>
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "clock.h"
#include "experiment.h"
#include "flush.h"
#include "generation.h"
#include "hotplug.h"
#include "intern.h"
#include "span/span.h"
#include "stack.h"
#include "tables/tables.h"
#include "trigger/trigger.h"
#include "writer.h"

/* Open generation @gen, so that tables and then events can be written to it. */
int exptrace_prepare_generation(u64 gen)
{
	const struct exptrace_pool *pool = &exptrace_pool;
	u64 pool_size = (u64)pool->nr * pool->batch_size;

	exptrace_arrivals_begin(gen);
	exptrace_intern_begin(gen, exptrace_sites_max(pool_size));
	exptrace_stacks_begin(gen, exptrace_stack_words_max(pool_size));
	exptrace_schema_begin(gen);
	return exptrace_generation_open(gen, exptrace_table_batches(pool_size, pool->batch_size));
}

/* Write the opening tables of generation @gen, which is open but not published. */
static void write_beginning(u64 gen)
{
	struct exptrace_table table;

	WARN_ON_ONCE(exptrace_write_opening(&table, gen));
	exptrace_write_statedump(&table, gen);
	exptrace_tables_end(&table);
}

/* Complete generation @gen, which no writer uses any more. */
void exptrace_close_generation(u64 gen)
{
	int cpu;

	mutex_lock(&exptrace.flushing);
	for_each_possible_cpu(cpu) {
		exptrace_flush_cpu(per_cpu_ptr(exptrace.cpus, cpu), gen & 1);
		cond_resched();
	}
	mutex_unlock(&exptrace.flushing);
	exptrace_generation_closing(gen);
	WARN_ON_ONCE(exptrace_write_closing(gen));
	exptrace_generation_complete(gen);
}

static void label_slots(struct exptrace_cpu *cpu, u64 gen)
{
	unsigned int exp, context;

	for (exp = 0; exp < EXPTRACE_NR_EXPERIMENTS; exp++) {
		for (context = 0; context < EXPTRACE_NR_CONTEXTS; context++) {
			struct exptrace_slot *slot = &cpu->slot[gen & 1][exp][context];

			slot->interned = &exptrace_interned[gen & 1];
			slot->exp = exp;
			slot->context = context;
		}
	}
}

/*
 * The slots of this parity are empty, and their counters zero. If the clocks have stopped since
 * the generation was opened, writers get no slots, and exptrace.check is about to begin another
 * generation.
 */
static void publish_only(u64 gen)
{
	struct exptrace_slot __percpu *slots = NULL;
	int cpu;

	if (gen) {
		for_each_possible_cpu(cpu) {
			label_slots(per_cpu_ptr(exptrace.cpus, cpu), gen);
			cond_resched();
		}
		slots = &exptrace.cpus->slot[gen & 1][0][0];
	}
	exptrace_span_publish(gen, slots);
	WRITE_ONCE(exptrace.gen, gen);
}

/* Let writers use generation @gen, which is open. */
void exptrace_publish_generation(u64 gen)
{
	write_beginning(gen);
	publish_only(gen);
	exptrace_amend_statedump(gen);
}

/* Leave writers without a generation. */
void exptrace_unpublish(void)
{
	publish_only(0);
}

/* Wait until no writer uses a generation that is no longer published (invariant 6). */
static void wait_for_writers(bool expedited)
{
	if (expedited)
		synchronize_rcu_expedited();
	else
		synchronize_rcu();
}

/*
 * Is it impossible to continue the current generation? There may be none, if the pool had no
 * room for it.
 */
static bool is_cut_off(void)
{
	return !exptrace.gen || exptrace_span_ended(exptrace.gen) || !exptrace_clock_is_sound();
}

/*
 * Complete the old generation, and only then begin a new one. This frees the old one's reserve
 * first, and leaves a gap without a generation, in which the clock may be changed. Otherwise as
 * exptrace_advance(); but the old generation is complete even after an error.
 */
static int begin_anew(bool expedited, u64 *completed)
{
	u64 old = exptrace.gen, new = exptrace.next_gen;
	int err;

	if (old) {
		publish_only(0);
		wait_for_writers(expedited);
		exptrace_close_generation(old);
	}
	exptrace_clock_check();
	err = exptrace_prepare_generation(new);
	if (err)
		return err;
	exptrace.next_gen++;
	exptrace_publish_generation(new);
	*completed = new - 1;
	return 0;
}

/**
 * exptrace_advance - begin a new generation and complete the old one
 * @expedited:	use an expedited grace period: quick, but it disturbs all CPUs
 * @completed:	out: number of the completed generation
 *
 * Context: process, exptrace.control held; sleeps for a grace period. Return: 0;
 * -EINVAL if nothing is being recorded; -ENOBUFS if the pool has no room for
 * another generation's tables; -ENOMEM.
 */
int exptrace_advance(bool expedited, u64 *completed)
{
	u64 old = exptrace.gen, new = exptrace.next_gen;
	int err;

	lockdep_assert_held(&exptrace.control);

	if (!exptrace.recording)
		return -EINVAL;
	if (is_cut_off())
		return begin_anew(expedited, completed);
	err = exptrace_prepare_generation(new);
	if (err)
		return err;
	exptrace.next_gen++;
	exptrace_publish_generation(new);
	wait_for_writers(expedited);
	exptrace_close_generation(old);
	*completed = old;
	return 0;
}

/* Periods of the check: for a stable clock, and for room if there is no generation. */
#define CHECK_CLOCK_MS	1000
#define CHECK_ROOM_MS	100

static void schedule_check(void)
{
	unsigned int ms = exptrace.gen ? CHECK_CLOCK_MS : CHECK_ROOM_MS;

	queue_delayed_work(exptrace.wq, &exptrace.check, msecs_to_jiffies(ms));
}

/* Begin a new generation if the current one can't continue. */
static void check_recording(struct work_struct *work)
{
	u64 completed;

	mutex_lock(&exptrace.control);
	if (exptrace.recording) {
		if (is_cut_off())
			begin_anew(false, &completed);	/* no room: retried later */
		schedule_check();
	}
	mutex_unlock(&exptrace.control);
}

static void schedule_periodic(void)
{
	if (exptrace.period_ms)
		queue_delayed_work(exptrace.wq, &exptrace.periodic,
				   msecs_to_jiffies(exptrace.period_ms));
}

/* A recording has begun: start the period and the check. */
void exptrace_schedule(void)
{
	schedule_periodic();
	schedule_check();
}

/* The period is over, or exptrace.large was set. */
static void advance_by_itself(struct work_struct *work)
{
	bool expedited;
	u64 completed;

	mutex_lock(&exptrace.control);
	if (exptrace.recording) {
		expedited = READ_ONCE(exptrace.large);
		WRITE_ONCE(exptrace.large, false);	/* before the next one can set it */
		if (!exptrace_generation_is_thin(exptrace.gen) || exptrace_bends_are_many())
			exptrace_advance(expedited, &completed);	/* no room: retried later */
		schedule_periodic();
	}
	mutex_unlock(&exptrace.control);
}

int __init exptrace_generation_init(void)
{
	int err;

	BUILD_BUG_ON(sizeof(struct exptrace_slot) != L1_CACHE_BYTES && L1_CACHE_BYTES == 64);

	exptrace_pool_init();
	exptrace.cpus = alloc_percpu(struct exptrace_cpu);
	if (!exptrace.cpus)
		return -ENOMEM;
	exptrace.wq = alloc_workqueue("exptrace", WQ_UNBOUND, 0);
	if (!exptrace.wq) {
		err = -ENOMEM;
		goto err_cpus;
	}
	INIT_DELAYED_WORK(&exptrace.periodic, advance_by_itself);
	INIT_DELAYED_WORK(&exptrace.check, check_recording);
	exptrace.advance = exptrace_advance;
	err = exptrace_hotplug_init();
	if (err)
		goto err_wq;
	return 0;

err_wq:
	destroy_workqueue(exptrace.wq);
err_cpus:
	free_percpu(exptrace.cpus);
	return err;
}

/* Nothing is being recorded, and no file is open (invariant 11). */
void exptrace_generation_exit(void)
{
	exptrace_hotplug_exit();
	exptrace_latency_exit();
	exptrace_trigger_exit();
	exptrace_flush_exit();
	exptrace_suspend_exit();
	exptrace_bends_exit();
	cancel_delayed_work_sync(&exptrace.periodic);
	cancel_delayed_work_sync(&exptrace.check);
	destroy_workqueue(exptrace.wq);
	exptrace_pool_free();
	exptrace_stacks_exit();
	free_percpu(exptrace.cpus);
}
