// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generations: start, advance, stop.
 *
 * Each of them ends a generation, begins one, or both:
 *
 *   open the new one on the flush side
 *   write its opening tables and its statedump
 *   publish its number (0 at stop), add what changed meanwhile to the statedump
 *   wait until no writer uses the old one: an RCU grace period (invariant 6)
 *   flush the old one's slots; write its closing tables; complete it
 *
 * Where the clocks stop, and where one is found to be none, the old generation is completed
 * before the new one begins, and nothing is recorded in between (suspend.c).
 *
 * A generation is opened only after all batches that its closing tables can need
 * are reserved, so completing it can't fail. exptrace.control serializes all this,
 * so an advance waits for the one before (invariant 7).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/math.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include "address.h"
#include "clock.h"
#include "experiment.h"
#include "filter/filter.h"
#include "flush.h"
#include "intern.h"
#include "span/bend.h"
#include "span/span.h"
#include "stack.h"
#include "tables/arrival.h"
#include "tables/changes.h"
#include "tables/size.h"
#include "tables/symbols.h"
#include "trigger/trigger.h"

struct exptrace_writers exptrace_writers;
EXPORT_SYMBOL_GPL(exptrace_writers);	/* for the writer's inline functions */

struct exptrace exptrace ____cacheline_aligned = {
	.control = __MUTEX_INITIALIZER(exptrace.control),
	.flushing = __MUTEX_INITIALIZER(exptrace.flushing),
	.settling = __SEQLOCK_UNLOCKED(exptrace.settling),
	.next_gen = 1,
};

/* Opens generation @gen. */
static int open_generation(u64 gen)
{
	const struct exptrace_pool *pool = &exptrace_pool;
	u64 pool_size = (u64)pool->nr * pool->batch_size;

	exptrace_arrivals_begin(gen);
	exptrace_intern_begin(gen, exptrace_sites_max(pool_size));
	exptrace_stacks_begin(gen, exptrace_stack_words_max(pool_size));
	exptrace_schema_begin(gen);
	return exptrace_generation_open(gen, exptrace_table_batches(pool_size, pool->batch_size));
}

/* What generation @gen, which is open and not yet published, begins with. */
static void write_beginning(u64 gen)
{
	struct exptrace_table table;

	WARN_ON_ONCE(exptrace_write_opening(&table, gen));
	exptrace_write_statedump(&table, gen);
	exptrace_tables_end(&table);
}

static void flush_cpu(struct exptrace_cpu *cpu, unsigned int parity)
{
	unsigned int exp, context;

	lockdep_assert_held(&exptrace.flushing);

	for (exp = 0; exp < EXPTRACE_NR_EXPERIMENTS; exp++)
		for (context = 0; context < EXPTRACE_NR_CONTEXTS; context++)
			exptrace_flush_slot(&cpu->slot[parity][exp][context]);
}

/* Closes generation @gen, which is no longer published. */
static void close_generation(u64 gen)
{
	int cpu;

	mutex_lock(&exptrace.flushing);
	for_each_possible_cpu(cpu) {
		flush_cpu(per_cpu_ptr(exptrace.cpus, cpu), gen & 1);
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
 * The slots of this parity were emptied, and their counters cleared, before this. If the
 * clocks have stopped since it was opened, writers get none, and the work of
 * exptrace_check_recording() waits to begin another.
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

/* Makes @gen, which is open, what writers use. */
static void publish(u64 gen)
{
	write_beginning(gen);
	publish_only(gen);
	exptrace_amend_statedump(gen);
}

/* Returns when no writer uses what is no longer published (invariant 6). */
static void wait_for_writers(bool expedited)
{
	if (expedited)
		synchronize_rcu_expedited();
	else
		synchronize_rcu();
}

/*
 * Can the generation that was published last not go on? There may be none, for want of room
 * in the pool.
 */
static bool is_cut_off(void)
{
	return !exptrace.gen || exptrace_span_ended(exptrace.gen) || !exptrace_clock_is_sound();
}

/*
 * Completes what was recorded so far, then begins a new generation. That frees what was
 * reserved for the old one first, and leaves a time in which there is none, and the clock may
 * be changed. As exptrace_advance(), but after an error too, the old one is complete.
 */
static int begin_anew(bool expedited, u64 *completed)
{
	u64 old = exptrace.gen, new = exptrace.next_gen;
	int err;

	if (old) {
		publish_only(0);
		wait_for_writers(expedited);
		close_generation(old);
	}
	exptrace_clock_check();
	err = open_generation(new);
	if (err)
		return err;
	exptrace.next_gen++;
	publish(new);
	*completed = new - 1;
	return 0;
}

/**
 * exptrace_advance - begin a new generation and complete the old one
 * @expedited:	disturb all CPUs, but be quick
 * @completed:	out: the number of the one that was completed
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
	err = open_generation(new);
	if (err)
		return err;
	exptrace.next_gen++;
	publish(new);
	wait_for_writers(expedited);
	close_generation(old);
	*completed = old;
	return 0;
}

/* How often it is looked whether the clock is still one, and whether there is room again. */
#define CHECK_CLOCK_MS	1000
#define CHECK_ROOM_MS	100

static void check_recording(struct work_struct *work);

static DECLARE_DELAYED_WORK(check_work, check_recording);

static void schedule_check(void)
{
	unsigned int ms = exptrace.gen ? CHECK_CLOCK_MS : CHECK_ROOM_MS;

	queue_delayed_work(exptrace.wq, &check_work, msecs_to_jiffies(ms));
}

/* Begins a new generation where the last one can't go on. */
static void check_recording(struct work_struct *work)
{
	u64 completed;

	mutex_lock(&exptrace.control);
	if (exptrace.recording) {
		if (is_cut_off())
			begin_anew(false, &completed);	/* no room: next time */
		schedule_check();
	}
	mutex_unlock(&exptrace.control);
}

/* Has the recording looked after, soon. Context: hardirq or process. */
void exptrace_check_recording(void)
{
	mod_delayed_work(exptrace.wq, &check_work, 0);
}

static void schedule_periodic(void)
{
	if (exptrace.period_ms)
		queue_delayed_work(exptrace.wq, &exptrace.periodic,
				   msecs_to_jiffies(exptrace.period_ms));
}

/* The period is over, or the generation is large. */
static void advance_by_itself(struct work_struct *work)
{
	bool expedited;
	u64 completed;

	mutex_lock(&exptrace.control);
	if (exptrace.recording) {
		expedited = READ_ONCE(exptrace.large);
		WRITE_ONCE(exptrace.large, false);	/* the next one may be, from here on */
		if (!exptrace_generation_is_thin(exptrace.gen) || exptrace_bends_are_many())
			exptrace_advance(expedited, &completed);	/* no room: next time */
		schedule_periodic();
	}
	mutex_unlock(&exptrace.control);
}

/* Asks for a new generation, soon. Context: hardirq or process. */
void exptrace_want_advance(void)
{
	WRITE_ONCE(exptrace.large, true);
	mod_delayed_work(exptrace.wq, &exptrace.periodic, 0);
}

/*
 * Leaves no pool, or -EBUSY if there is something to read that may not be dropped.
 * The pool is closed.
 */
static int drop_old_recording(bool discard)
{
	if (!exptrace_pool.nr)
		return 0;
	if (discard && !exptrace_discard_all())
		return -EBUSY;
	if (READ_ONCE(exptrace_flush.nr) || !exptrace_pool_is_idle())
		return -EBUSY;
	exptrace_pool_free();
	return 0;
}

static void set_quotas(const struct exptrace_params *params)
{
	unsigned int exp;

	for (exp = 0; exp < EXPTRACE_NR_EXPERIMENTS; exp++) {
		u64 percent = params->quota[exp] ?: 100;

		exptrace_pool.quota[exp] = percent == 100 ? UINT_MAX :
			max_t(u64, div_u64(exptrace_pool.nr * percent, 100), 1);
	}
}

static bool is_valid(const struct exptrace_params *params)
{
	unsigned int size = params->batch_size;
	u64 least;

	if (!exptrace_batch_size_is_valid(size))
		return false;
	least = exptrace_least_pool(size);
	if (params->pool_size >= least)
		return true;
	pr_notice_ratelimited("a pool of %llu KiB is too small: %llu KiB (pool_mb=%llu) is the least for %u CPUs and batches of %u KiB\n",
			      params->pool_size / SZ_1K, least / SZ_1K,
			      DIV_ROUND_UP_ULL(least, SZ_1M), num_online_cpus(), size / SZ_1K);
	return false;
}

static void forget_sums(void)
{
	write_seqlock(&exptrace.settling);
	exptrace.lost = 0;
	exptrace.unknown_sites = 0;
	exptrace.unknown_stacks = 0;
	write_sequnlock(&exptrace.settling);
}

static void prepare_recording(const struct exptrace_params *params)
{
	WRITE_ONCE(exptrace.recording, true);
	WRITE_ONCE(exptrace.owner, params->owner);
	WRITE_ONCE(exptrace.period_ms, params->period_ms);
	exptrace.boot_id = params->boot_id;
	WRITE_ONCE(exptrace.missing_tasks, 0);
	WRITE_ONCE(exptrace.missing_changes, 0);
	forget_sums();
	WRITE_ONCE(exptrace_pool.mode, params->mode);
	set_quotas(params);
	exptrace_clock_select();
	exptrace_address_select();
	exptrace_arrivals_watch();
	exptrace_session_prepare();
}

static void end_recording(void)
{
	WRITE_ONCE(exptrace.running, false);
	WRITE_ONCE(exptrace.recording, false);
	WRITE_ONCE(exptrace.owner, NULL);
	exptrace_arrivals_unwatch();
	exptrace_session_end();
}

/*
 * The probes of filters and triggers come before those of events: so no event begins unseen
 * by them. Those of changes come last: the event that tells a new name is the last one with
 * the old.
 */
static int attach_all(void)
{
	return exptrace_bends_begin() ?: exptrace_suspend_begin() ?: exptrace_filter_begin() ?:
	       exptrace_latency_begin() ?: exptrace_attach_all() ?: exptrace_changes_begin();
}

static void detach_all(void)
{
	exptrace_changes_end();
	exptrace_detach_all();
	exptrace_latency_end();
	exptrace_filter_end();
}

/*
 * Ends the recording, whose last generation is @last; 0: it is complete. All events end at
 * once, when nothing is published any more; probes are detached after that, that of suspend
 * when the last generation has ended.
 */
static void stop(u64 last)
{
	cancel_delayed_work(&exptrace.periodic);
	cancel_delayed_work(&check_work);
	publish_only(0);
	detach_all();
	synchronize_rcu();	/* also for writers that are no probes (invariant 6) */
	exptrace_span_end(last);
	exptrace_suspend_end();
	exptrace_bends_end();
	if (last)
		close_generation(last);
	end_recording();
}

/* There is no pool, and nobody can map one. */
static int begin_recording(const struct exptrace_params *params)
{
	u64 gen = exptrace.next_gen;
	int err;

	err = exptrace_pool_alloc(params->pool_size, params->batch_size);
	if (err)
		return err;
	prepare_recording(params);
	err = open_generation(gen);
	if (err) {
		end_recording();
		exptrace_pool_free();
		return err;
	}
	exptrace.next_gen++;
	/* Attached one after the other, but all events begin at once, when that is published. */
	err = attach_all();
	if (err) {
		stop(gen);
		drop_old_recording(true);
		return err;
	}
	publish(gen);
	exptrace_session_begin();
	smp_store_release(&exptrace.running, true);	/* see there */
	schedule_periodic();
	schedule_check();
	return 0;
}

/**
 * exptrace_prepare_start - all of exptrace_start() that changes nothing
 * @params:	how
 *
 * After success exptrace_finish_start() must follow, under the same lock: until then
 * nobody can map the pool or hold a snapshot. Context and return value: as
 * exptrace_start().
 */
int exptrace_prepare_start(const struct exptrace_params *params)
{
	lockdep_assert_held(&exptrace.control);

	if (exptrace.recording)
		return -EBUSY;
	if (!is_valid(params))
		return -EINVAL;
	if (!params->discard && READ_ONCE(exptrace_flush.nr))
		return -EBUSY;
	if (READ_ONCE(exptrace_flush.frozen) && !params->own_snapshot)
		return -EBUSY;
	return exptrace_pool_close() ? 0 : -EBUSY;
}

/**
 * exptrace_finish_start - the rest
 * @params:	as for exptrace_prepare_start()
 *
 * If there was an own snapshot, it has been let go. Return: 0; -EBUSY if a reader
 * has a batch in its hands, and then nothing has changed; -ENOMEM; what attaching a
 * probe returns. After the last two an earlier recording that was to be discarded is
 * gone.
 */
int exptrace_finish_start(const struct exptrace_params *params)
{
	int err;

	err = drop_old_recording(params->discard) ?: begin_recording(params);
	exptrace_pool_reopen();
	return err;
}

/**
 * exptrace_start - begin to record
 * @params:	how
 *
 * Context: process, exptrace.control held; sleeps. Return: 0; -EBUSY if it records
 * already, an earlier recording was not read or is held, or its pool is mapped;
 * -EINVAL for parameters out of range; as exptrace_finish_start().
 */
int exptrace_start(const struct exptrace_params *params)
{
	return exptrace_prepare_start(params) ?: exptrace_finish_start(params);
}

/**
 * exptrace_stop - record no more, complete the last generation
 *
 * Context: process, exptrace.control held; sleeps. Return: 0; -EINVAL if nothing
 * is being recorded.
 */
int exptrace_stop(void)
{
	lockdep_assert_held(&exptrace.control);

	if (!exptrace.recording)
		return -EINVAL;
	stop(exptrace.gen);
	exptrace_trigger_cancel();
	return 0;
}

/*
 * Stops the recording if @owner is to stop it. Nobody else can become the owner by @owner,
 * so if it is not, it will not be.
 */
void exptrace_stop_owner(const void *owner)
{
	if (READ_ONCE(exptrace.owner) != owner)
		return;
	mutex_lock(&exptrace.control);
	if (exptrace.owner == owner)
		exptrace_stop();
	mutex_unlock(&exptrace.control);
}

static void release_pool(void)
{
	lockdep_assert_held(&exptrace.control);

	if (!exptrace.recording && exptrace_pool_close()) {
		drop_old_recording(false);
		exptrace_pool_reopen();
	}
}

static void release_pool_later(struct work_struct *work)
{
	mutex_lock(&exptrace.control);
	release_pool();
	mutex_unlock(&exptrace.control);
}

static DECLARE_WORK(release_work, release_pool_later);

/* Frees the pool if all of an ended recording was read. A reader that dies waits for nobody. */
void exptrace_release_pool(void)
{
	if (!mutex_trylock(&exptrace.control)) {
		queue_work(exptrace.wq, &release_work);
		return;
	}
	release_pool();
	mutex_unlock(&exptrace.control);
}

static u64 add_up_lost(void)
{
	u64 lost = READ_ONCE(exptrace.lost);
	unsigned int i;
	int cpu;

	for_each_possible_cpu(cpu) {
		const u64 *counter = (const u64 *)per_cpu_ptr(exptrace.cpus, cpu)->lost;

		for (i = 0; i < sizeof_field(struct exptrace_cpu, lost) / sizeof(u64); i++)
			lost += READ_ONCE(counter[i]);
		cond_resched();
	}
	return lost;
}

/* Events lost since start, as of about now: writers go on counting meanwhile. */
u64 exptrace_lost(void)
{
	unsigned int seq;
	u64 lost;

	do {
		seq = read_seqbegin(&exptrace.settling);
		lost = add_up_lost();
	} while (read_seqretry(&exptrace.settling, seq));
	return lost;
}

static void add_up_unknown(u64 *sites, u64 *stacks)
{
	int cpu;

	*sites = READ_ONCE(exptrace.unknown_sites);
	*stacks = READ_ONCE(exptrace.unknown_stacks);
	for_each_possible_cpu(cpu) {
		const struct exptrace_cpu *c = per_cpu_ptr(exptrace.cpus, cpu);

		*sites += READ_ONCE(c->unknown_sites[0]) + READ_ONCE(c->unknown_sites[1]);
		*stacks += READ_ONCE(c->unknown_stacks[0]) + READ_ONCE(c->unknown_stacks[1]);
		cond_resched();
	}
}

/* The same for places in the code, and for stacks, that got no number. */
void exptrace_unknown(u64 *sites, u64 *stacks)
{
	unsigned int seq;

	do {
		seq = read_seqbegin(&exptrace.settling);
		add_up_unknown(sites, stacks);
	} while (read_seqretry(&exptrace.settling, seq));
}

/* The one of both generations in which the CPU has written last; it may have no batch. */
static struct exptrace_slot *latest_slot(struct exptrace_cpu *cpu, unsigned int exp,
					 unsigned int context)
{
	struct exptrace_slot *one = &cpu->slot[0][exp][context];
	struct exptrace_slot *other = &cpu->slot[1][exp][context];

	if (!one->batch)
		return other;
	return other->batch && other->last > one->last ? other : one;
}

/*
 * Nothing runs any more on a dead CPU, but no event says so: there are no tracepoints on
 * a CPU that is offline, and it is before its last thread leaves it.
 */
static void tell_idle(struct exptrace_cpu *dead)
{
	struct exptrace_slot *slot = latest_slot(dead, EXPTRACE_EXPERIMENT_STANDARD,
						 EXPTRACE_CONTEXT_TASK);
	EXPTRACE_WRITER(w);

	lockdep_assert_held(&exptrace.flushing);

	/* type, delta, pid */
	if (!slot->batch || slot->end - slot->pos < 1 + EXPTRACE_VARINT_MAX + 1)
		return;
	w.slot = slot;
	w.pos = slot->pos;
	exptrace_put_current(&w, max_t(s64, exptrace_clock() - slot->last, 1), 0);
	slot->pos = w.pos;
}

/*
 * CPU @cpu is dead: what it wrote in both generations goes to their flush lists,
 * and its slots are as new if it comes back. Its counters stay for the ledger.
 * Runs on another CPU, under the CPU hot-plug lock, which exptrace.control is
 * outside of; so exptrace.flushing has to do.
 */
static int flush_dead_cpu(unsigned int cpu)
{
	struct exptrace_cpu *dead = per_cpu_ptr(exptrace.cpus, cpu);

	mutex_lock(&exptrace.flushing);
	tell_idle(dead);
	flush_cpu(dead, 0);
	flush_cpu(dead, 1);
	mutex_unlock(&exptrace.flushing);
	return 0;
}

static int cpuhp_state;

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
	err = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "exptrace:prepare", NULL,
					flush_dead_cpu);
	if (err < 0)
		goto err_wq;
	cpuhp_state = err;
	return 0;

err_wq:
	destroy_workqueue(exptrace.wq);
err_cpus:
	free_percpu(exptrace.cpus);
	return err;
}

/* No file is open and none can be opened (invariant 11). */
void exptrace_generation_exit(void)
{
	mutex_lock(&exptrace.control);
	exptrace_stop();
	exptrace_filter_clear();
	mutex_unlock(&exptrace.control);
	cpuhp_remove_state_nocalls(cpuhp_state);
	exptrace_latency_exit();
	exptrace_trigger_exit();
	exptrace_flush_exit();
	exptrace_suspend_exit();
	exptrace_bends_exit();
	cancel_delayed_work_sync(&exptrace.periodic);
	cancel_delayed_work_sync(&check_work);
	destroy_workqueue(exptrace.wq);
	exptrace_pool_free();
	exptrace_stacks_exit();
	free_percpu(exptrace.cpus);
}
