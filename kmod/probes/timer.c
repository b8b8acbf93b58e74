// SPDX-License-Identifier: GPL-2.0-only
/*
 * Expiry of timers and high-resolution timers, and how late it is.
 */
#include <linux/hrtimer.h>
#include <linux/timer.h>
#include <trace/events/timer.h>

#include "probe.h"

static notrace void probe_timer_expire_entry(void *data, struct timer_list *timer,
					     unsigned long baseclk)
{
	EXPTRACE_WRITER(w);

	if (!exptrace_standard_begin(&w, EXPTRACE_EVENT_TIMER_EXPIRE_ENTRY, exptrace_max(4, 0)))
		return;
	exptrace_object(&w, timer);
	exptrace_site(&w, (unsigned long)timer->function);
	exptrace_signed(&w, (long)(jiffies - timer->expires));
	exptrace_end(&w);
}

static __always_inline void put_timer_exit(unsigned int type, const void *timer)
{
	EXPTRACE_WRITER(w);

	if (!exptrace_standard_begin(&w, type, exptrace_max(2, 0)))
		return;
	exptrace_object(&w, timer);
	exptrace_end(&w);
}

/* The timer may already be freed, so only its address is used. */
static notrace void probe_timer_expire_exit(void *data, struct timer_list *timer)
{
	put_timer_exit(EXPTRACE_EVENT_TIMER_EXPIRE_EXIT, timer);
}

/* @now and the times of the timer are of the timer's clock. */
static __always_inline void put_hrtimer(const struct hrtimer *timer, ktime_t now)
{
	unsigned long function = (unsigned long)ACCESS_PRIVATE(timer, function);
	EXPTRACE_WRITER(w);

	if (!exptrace_standard_begin(&w, EXPTRACE_EVENT_HRTIMER_EXPIRE_ENTRY, exptrace_max(4, 0)))
		return;
	exptrace_object(&w, timer);
	exptrace_site(&w, function);
	exptrace_signed(&w, ktime_sub(now, hrtimer_get_softexpires(timer)));
	exptrace_end(&w);
}

#ifdef EXPTRACE_HRTIMER_NOW_BY_VALUE
static notrace void probe_hrtimer_expire_entry(void *data, struct hrtimer *timer, ktime_t now)
{
	put_hrtimer(timer, now);
}
#else
static notrace void probe_hrtimer_expire_entry(void *data, struct hrtimer *timer, ktime_t *now)
{
	put_hrtimer(timer, *now);
}
#endif

static notrace void probe_hrtimer_expire_exit(void *data, struct hrtimer *timer)
{
	put_timer_exit(EXPTRACE_EVENT_HRTIMER_EXPIRE_EXIT, timer);
}

#define PROBES(X)						\
	X(timer_expire_entry)					\
	X(timer_expire_exit)					\
	X(hrtimer_expire_entry)					\
	X(hrtimer_expire_exit)

EXPTRACE_CHECK_PROBES(PROBES)

static const struct exptrace_probe probes[] = {
	PROBES(EXPTRACE_PROBE)
};

const struct exptrace_probes exptrace_timer_probes = EXPTRACE_PROBES(probes);
