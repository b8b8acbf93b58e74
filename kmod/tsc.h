/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The time-stamp counter, if any: its value, reliability and frequency.
 */
#ifndef _EXPTRACE_TSC_H
#define _EXPTRACE_TSC_H

#include <linux/clocksource.h>
#include <linux/types.h>

#if defined(CONFIG_UML_X86)
#include <linux/delay.h>
#include <linux/math64.h>
#include <linux/timekeeping.h>

#define EXPTRACE_HAS_TSC

/* UML runs in user mode, which may read the counter, too. */
static __always_inline u64 exptrace_tsc(void)
{
	return __builtin_ia32_rdtsc();
}

/* Only the host's kernel knows; but CPUs report whether their TSC is invariant. */
static inline bool exptrace_tsc_is_reliable(void)
{
	u32 eax = 0x80000007, ebx, ecx = 0, edx;

	asm volatile("cpuid" : "+a" (eax), "=b" (ebx), "+c" (ecx), "=d" (edx));
	return edx & BIT(8);
}

/* Measure for 10 ms. May sleep. */
static inline unsigned int exptrace_tsc_measure_khz(void)
{
	u64 ns = ktime_get_ns(), ticks = exptrace_tsc();

	usleep_range(10000, 11000);
	ticks = exptrace_tsc() - ticks;
	ns = ktime_get_ns() - ns;
	return div64_u64(ticks * USEC_PER_SEC, ns);
}

/* Does @clock count cycles of the TSC? */
static inline bool exptrace_tsc_counts_for(const struct clocksource *clock)
{
	return false;
}

#elif defined(CONFIG_X86_TSC)
#include <asm/tsc.h>

#define EXPTRACE_HAS_TSC

static __always_inline u64 exptrace_tsc(void)
{
	return rdtsc();
}

static inline bool exptrace_tsc_is_reliable(void)
{
	return tsc_khz && !check_tsc_unstable();
}

static inline unsigned int exptrace_tsc_measure_khz(void)
{
	return tsc_khz;
}

static inline bool exptrace_tsc_counts_for(const struct clocksource *clock)
{
	return clock->vdso_clock_mode == VDSO_CLOCKMODE_TSC;
}

#else

static inline bool exptrace_tsc_is_reliable(void)
{
	return false;
}

static inline unsigned int exptrace_tsc_measure_khz(void)
{
	return 0;
}

static inline bool exptrace_tsc_counts_for(const struct clocksource *clock)
{
	return false;
}

#endif

#endif /* _EXPTRACE_TSC_H */
