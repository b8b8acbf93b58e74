// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pool lock, and the longest time it was held.
 *
 * Interrupts are off while it is held, so each hold must be bounded by a constant
 * (invariant 13). With the module parameter time_holds, each hold is timed. This only
 * shows the longest hold so far, but on the recorder as it is built.
 */
#include <linux/jump_label.h>
#include <linux/ktime.h>
#include <linux/percpu.h>

#include "batch.h"
#include "lock.h"

/* Defined here, since pool.c uses this file, and files of a layer must not form a circle. */
struct exptrace_pool exptrace_pool = {
	.lock = __RAW_SPIN_LOCK_UNLOCKED(exptrace_pool.lock),
};

/*
 * This CPU holds the pool lock or is about to take it. A tracepoint hit meanwhile, such
 * as one of the lock itself, must not take it again (invariant 4).
 */
static DEFINE_PER_CPU(bool, in_pool_lock);

/* Holds are timed. Constant while the module is loaded, except at its beginning. */
static DEFINE_STATIC_KEY_FALSE(timed);

/**
 * struct longest - the longest hold since the last reset
 * @since:	start of the current hold, ns of CLOCK_MONOTONIC; pool.lock
 * @ns:		duration of the longest hold; written under pool.lock, read anywhere
 * @holder:	code address that released it; likewise
 */
static struct longest {
	u64		since;
	u64		ns;
	unsigned long	holder;
} longest;

static __always_inline void begin_hold(void)
{
	if (static_branch_unlikely(&timed))
		longest.since = ktime_get_mono_fast_ns();
}

static __always_inline void end_hold(unsigned long holder)
{
	u64 ns;

	if (!static_branch_unlikely(&timed))
		return;
	ns = ktime_get_mono_fast_ns() - longest.since;
	if (ns > longest.ns) {
		WRITE_ONCE(longest.ns, ns);
		WRITE_ONCE(longest.holder, holder);
	}
}

notrace bool exptrace_pool_locked_here(void)
{
	return this_cpu_read(in_pool_lock);
}

notrace unsigned long exptrace_pool_lock(void)
{
	unsigned long flags;

	local_irq_save(flags);
	this_cpu_write(in_pool_lock, true);
	barrier();	/* before the lock's tracepoints; on this CPU only */
	raw_spin_lock(&exptrace_pool.lock);
	begin_hold();
	__release(&exptrace_pool.lock);	/* sparse: balanced, function by function */
	return flags;
}

/*
 * For NMIs and for callers that must not wait. Returns false if the lock is taken, or if
 * this CPU was about to take it.
 */
notrace bool exptrace_pool_trylock(unsigned long *flags)
{
	if (exptrace_pool_locked_here())
		return false;
	local_irq_save(*flags);
	this_cpu_write(in_pool_lock, true);
	barrier();
	if (raw_spin_trylock(&exptrace_pool.lock)) {
		begin_hold();
		__release(&exptrace_pool.lock);
		return true;
	}
	this_cpu_write(in_pool_lock, false);
	local_irq_restore(*flags);
	return false;
}

notrace void exptrace_pool_unlock(unsigned long flags)
{
	__acquire(&exptrace_pool.lock);
	end_hold(_RET_IP_);
	raw_spin_unlock(&exptrace_pool.lock);
	barrier();
	this_cpu_write(in_pool_lock, false);
	local_irq_restore(flags);
}

/* Time all holds from now on. Context: process; sleeps. */
void exptrace_time_holds(void)
{
	static_branch_enable(&timed);
}

/*
 * The longest hold so far, in ns, and the address that released it. Returns false if none
 * was timed.
 */
bool exptrace_longest_hold(u64 *ns, unsigned long *holder)
{
	*ns = READ_ONCE(longest.ns);
	*holder = READ_ONCE(longest.holder);
	return *ns;
}

void exptrace_forget_longest_hold(void)
{
	unsigned long flags = exptrace_pool_lock();

	WRITE_ONCE(longest.ns, 0);
	exptrace_pool_unlock(flags);
}
