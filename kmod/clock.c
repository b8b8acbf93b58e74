// SPDX-License-Identifier: GPL-2.0-only
/*
 * Choice of the events' clock, and snapshots that tie it to the wall clock.
 */
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/irqflags.h>

#include "clock.h"

DEFINE_STATIC_KEY_FALSE(exptrace_clock_tsc);
EXPORT_SYMBOL_GPL(exptrace_clock_tsc);

/* Context: any. */
notrace u64 exptrace_clock_slow(unsigned long unused)
{
	return ktime_get_mono_fast_ns();
}
EXPTRACE_KEEPING(exptrace_clock_slow);
EXPTRACE_DECLARE_KEEPING(exptrace_clock_slow);
EXPTRACE_EXPORT_KEEPING(exptrace_clock_slow);

/* Minimum clock rate after shifting: 8 ns per tick keeps deltas short. */
#define EXPTRACE_MIN_KHZ	125000

/* Frequency of the TSC; set when it is selected. */
static unsigned int tsc_frequency_khz;

/* Select the clock. Called at start, while no generation is published. */
void exptrace_clock_select(void)
{
	unsigned int khz = exptrace_tsc_measure_khz();

	if (!exptrace_tsc_is_reliable()) {
		static_branch_disable(&exptrace_clock_tsc);
		return;
	}
	tsc_frequency_khz = khz;
	exptrace_writers.clock_shift = khz > EXPTRACE_MIN_KHZ ? ilog2(khz / EXPTRACE_MIN_KHZ) : 0;
	static_branch_enable(&exptrace_clock_tsc);
}

/*
 * Is the events' clock still reliable? The kernel notices a bad TSC late, up to half a
 * second after it went wrong.
 */
bool exptrace_clock_is_sound(void)
{
	return !static_key_enabled(&exptrace_clock_tsc) || exptrace_tsc_is_reliable();
}

/*
 * Switch to CLOCK_MONOTONIC if the TSC is no longer reliable; there is no switch back
 * while something is recorded. Called while no generation is published and all writers
 * have seen that.
 */
void exptrace_clock_check(void)
{
	if (!exptrace_clock_is_sound())
		static_branch_disable(&exptrace_clock_tsc);
}

/* Nominal ticks per second. */
u64 exptrace_clock_frequency(void)
{
	if (static_key_enabled(&exptrace_clock_tsc))
		return ((u64)tsc_frequency_khz * 1000) >> exptrace_writers.clock_shift;
	return NSEC_PER_SEC;
}

const char *exptrace_clock_name(void)
{
	return static_key_enabled(&exptrace_clock_tsc) ? "tsc" : "mono";
}

/*
 * Read the clocks a few times and keep the reading in which they are closest together,
 * because an NMI or the hypervisor may interfere between two reads. Context: any in which
 * the kernel's clocks are not suspended.
 */
void exptrace_clock_snapshot(struct exptrace_clock_snapshot *snap)
{
	u64 best = U64_MAX;
	int i;

	for (i = 0; i < 5; i++) {
		u64 before, after, mono;
		unsigned long flags;

		local_irq_save(flags);
		before = exptrace_clock();
		mono = ktime_get_ns();
		after = exptrace_clock();
		local_irq_restore(flags);

		if (after - before >= best)
			continue;
		best = after - before;
		snap->ticks = static_key_enabled(&exptrace_clock_tsc) ? before + best / 2 : mono;
		snap->mono = mono;
	}
	snap->wall = ktime_to_timespec64(ktime_mono_to_any(snap->mono, TK_OFFS_REAL));
	snap->boot = ktime_to_ns(ktime_mono_to_any(0, TK_OFFS_BOOT));
}
