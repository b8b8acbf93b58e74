// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recordings: start and stop.
 *
 * A start allocates the pool, opens the first generation, attaches the probes and publishes the
 * generation; a stop goes the other way. The pool stays until its batches were read.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/math.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/workqueue.h>

#include "address.h"
#include "clock.h"
#include "experiment.h"
#include "filter/filter.h"
#include "flush.h"
#include "generation.h"
#include "recording.h"
#include "span/span.h"
#include "tables/tables.h"
#include "trigger/trigger.h"

/*
 * Free the old pool, if any. Returns -EBUSY if it has something left to read, unless @discard.
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

static void recording_set_quotas(const struct exptrace_params *params)
{
	unsigned int exp;

	for (exp = 0; exp < EXPTRACE_NR_EXPERIMENTS; exp++) {
		u64 percent = params->quota[exp] ?: 100;

		exptrace_pool.quota[exp] = percent == 100 ? UINT_MAX :
			max_t(u64, div_u64(exptrace_pool.nr * percent, 100), 1);
	}
}

static bool recording_is_valid(const struct exptrace_params *params)
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

static void clear_sums(void)
{
	write_seqlock(&exptrace.settling);
	exptrace.lost = 0;
	exptrace.unknown_sites = 0;
	exptrace.unknown_stacks = 0;
	write_sequnlock(&exptrace.settling);
}

static void init_recording(const struct exptrace_params *params)
{
	WRITE_ONCE(exptrace.recording, true);
	WRITE_ONCE(exptrace.owner, params->owner);
	WRITE_ONCE(exptrace.period_ms, params->period_ms);
	exptrace.boot_id = params->boot_id;
	WRITE_ONCE(exptrace.missing_tasks, 0);
	WRITE_ONCE(exptrace.missing_changes, 0);
	clear_sums();
	WRITE_ONCE(exptrace_pool.mode, params->mode);
	recording_set_quotas(params);
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
 * Attach the probes of the filter and the trigger before those of events, so that they see every
 * event. Attach those of changes last: the event of a renaming must still have the old name.
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
 * End the recording. Its last generation is @last; 0 if that is complete already. Unpublishing
 * ends all events at once. Probes are detached after that, the one of suspend only after the
 * last generation's span has ended.
 */
static void recording_stop(u64 last)
{
	cancel_delayed_work(&exptrace.periodic);
	cancel_delayed_work(&exptrace.check);
	exptrace_unpublish();
	detach_all();
	synchronize_rcu();	/* for writers outside of probes (invariant 6) */
	exptrace_span_end(last);
	exptrace_suspend_end();
	exptrace_bends_end();
	if (last)
		exptrace_close_generation(last);
	end_recording();
}

/* There is no pool, and it is closed to mappings. */
static int begin_recording(const struct exptrace_params *params)
{
	u64 gen = exptrace.next_gen;
	int err;

	err = exptrace_pool_alloc(params->pool_size, params->batch_size);
	if (err)
		return err;
	init_recording(params);
	err = exptrace_prepare_generation(gen);
	if (err) {
		end_recording();
		exptrace_pool_free();
		return err;
	}
	exptrace.next_gen++;
	/* No probe records before the generation is published: all events begin at once. */
	err = attach_all();
	if (err) {
		recording_stop(gen);
		drop_old_recording(true);
		return err;
	}
	exptrace_publish_generation(gen);
	exptrace_session_begin();
	smp_store_release(&exptrace.running, true);	/* see struct exptrace */
	exptrace_schedule();
	return 0;
}

/**
 * exptrace_prepare_start - the part of exptrace_start() that changes nothing
 * @params:	parameters of the recording
 *
 * After success the caller must call exptrace_finish_start() without dropping the lock: until
 * then nobody can map the pool or hold a snapshot. Context and return value: as exptrace_start().
 */
int exptrace_prepare_start(const struct exptrace_params *params)
{
	lockdep_assert_held(&exptrace.control);

	if (exptrace.recording)
		return -EBUSY;
	if (!recording_is_valid(params))
		return -EINVAL;
	if (!params->discard && READ_ONCE(exptrace_flush.nr))
		return -EBUSY;
	if (READ_ONCE(exptrace_flush.frozen) && !params->own_snapshot)
		return -EBUSY;
	return exptrace_pool_close() ? 0 : -EBUSY;
}

/**
 * exptrace_finish_start - the rest of exptrace_start()
 * @params:	as for exptrace_prepare_start()
 *
 * The caller has released its own snapshot, if any. Return: 0; -EBUSY, with nothing changed, if
 * a reader holds a batch; -ENOMEM; any error from attaching a probe. After the last two, an
 * earlier recording that was to be discarded is gone.
 */
int exptrace_finish_start(const struct exptrace_params *params)
{
	int err;

	err = drop_old_recording(params->discard) ?: begin_recording(params);
	exptrace_pool_reopen();
	return err;
}

/**
 * exptrace_start - begin a recording
 * @params:	parameters of the recording
 *
 * Context: process, exptrace.control held; sleeps. Return: 0; -EBUSY if something is being
 * recorded, or an earlier recording was not read, is held or has its pool mapped; -EINVAL for
 * parameters out of range; else as exptrace_finish_start().
 */
int exptrace_start(const struct exptrace_params *params)
{
	return exptrace_prepare_start(params) ?: exptrace_finish_start(params);
}

/**
 * exptrace_stop - end the recording and complete its last generation
 *
 * Context: process, exptrace.control held; sleeps. Return: 0; -EINVAL if nothing
 * is being recorded.
 */
int exptrace_stop(void)
{
	lockdep_assert_held(&exptrace.control);

	if (!exptrace.recording)
		return -EINVAL;
	recording_stop(exptrace.gen);
	exptrace_trigger_cancel();
	return 0;
}

/*
 * Stop the recording if it belongs to @owner. The lockless check is safe: only @owner itself
 * could make it the owner.
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

/*
 * Free the pool if the recording has ended and was read to its end. Never waits for
 * exptrace.control, since the caller may be a reader that is being killed.
 */
void exptrace_release_pool(void)
{
	if (!mutex_trylock(&exptrace.control)) {
		queue_work(exptrace.wq, &release_work);
		return;
	}
	release_pool();
	mutex_unlock(&exptrace.control);
}

/* No file is open and none can be opened (invariant 11). */
void exptrace_recording_exit(void)
{
	mutex_lock(&exptrace.control);
	exptrace_stop();
	exptrace_filter_clear();
	mutex_unlock(&exptrace.control);
}
