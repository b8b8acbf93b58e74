// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bends: changes of the rate of CLOCK_MONOTONIC relative to the events' clock.
 *
 * adjtimex(2) makes CLOCK_MONOTONIC faster or slower than the TSC, by up to 10 %. The
 * kernel itself adjusts it slightly, many times a second, to keep the requested average.
 * After each change it calls a notifier with the straight line by which it computes
 * CLOCK_MONOTONIC from then on. The intersection with the previous line is a bend.
 *
 * Only a few bends need be recorded. A chord starts at a recorded bend and continues as
 * long as it is within EXPTRACE_BEND_NS of all bends it passes, and thus, since the clock
 * is straight between bends, of the whole line. Then the previous bend is recorded, and
 * the next chord starts there. So the error bound depends neither on the size nor on the
 * frequency of the changes. A generation begins and ends in the middle of a chord, which
 * doubles it.
 *
 * If the kernel's clocksource is not the TSC, its line says nothing about ticks. Then
 * every update reads both clocks, and each reading is a point that the chord passes.
 */
#include <linux/irq_work.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/pvclock_gtod.h>
#include <linux/spinlock.h>
#include <linux/timekeeper_internal.h>

#include "bend.h"
#include "chord.h"

/* Maximum distance of a time from the chord. */
#define EXPTRACE_BEND_NS	200

/* Maximum length of a tick, except on machines with a slow TSC. */
#define TICK_NS_MAX		8

/*
 * Protects all variables below. Taken inside the kernel's timekeeping lock, while readers
 * of the kernel's clocks wait, so the holder must not read these clocks.
 */
static DEFINE_RAW_SPINLOCK(lock);

/* Recorded bends by number; the newest replace the oldest. */
static struct exptrace_clock_snapshot kept[EXPTRACE_NR_BENDS];
static u64 nr_kept;
static u64 newest_first;	/* first number of the newest generation */

static struct exptrace_chord chord;		/* from the last recorded bend */
static struct exptrace_clock_snapshot latest;	/* the last bend */
static struct tk_read_base line;		/* the kernel's current line */
static bool started;				/* the three above are valid */

/* The shortest reading so far of a clocksource other than the TSC, in ticks; 0: none yet. */
static u64 shortest_reading;

static void want_advance(struct irq_work *work)
{
	exptrace_want_advance();
}

static DEFINE_IRQ_WORK(advance_work, want_advance);

static bool has_many_bends(void)
{
	return nr_kept - newest_first >= EXPTRACE_NR_BENDS / 2;
}

static void keep_bend(const struct exptrace_clock_snapshot *bend)
{
	kept[nr_kept++ % EXPTRACE_NR_BENDS] = *bend;
	if (has_many_bends())
		irq_work_queue(&advance_work);
}

/*
 * If false, the events' clock is CLOCK_MONOTONIC itself, which has no bends relative to
 * itself.
 */
static bool clock_is_tsc(void)
{
	return static_key_enabled(&exptrace_clock_tsc);
}

static struct exptrace_place to_place(const struct exptrace_clock_snapshot *at)
{
	return (struct exptrace_place) { .ticks = at->ticks, .mono = at->mono };
}

/* Record @at and start a chord there. */
static void begin_chord(const struct exptrace_clock_snapshot *at)
{
	struct exptrace_place from = to_place(at);

	keep_bend(at);
	exptrace_chord_begin(&chord, &from);
}

/* The chord must pass within @ns of @at. */
static void pass_bend(const struct exptrace_clock_snapshot *at, s64 ns)
{
	struct exptrace_place by = to_place(at);

	if (!exptrace_chord_may_end(&chord, &by))
		begin_chord(&latest);
	exptrace_chord_pass(&chord, &by, ns);
	latest = *at;
}

/* CLOCK_MONOTONIC @cycles after @tkr->cycle_last. */
static u64 mono_at(const struct tk_read_base *tkr, u64 cycles)
{
	return tkr->base + ((cycles * tkr->mult + tkr->xtime_nsec) >> tkr->shift);
}

/*
 * Cycles after @tkr->cycle_last at which the new line intersects the previous one, which
 * has a different rate; 0 if that is not between cycle_last and now.
 */
static u64 cycles_to_intersection(const struct tk_read_base *tkr)
{
	u64 now = (exptrace_clock() + 1) << exptrace_writers.clock_shift;
	/* height over the old line at cycle_last; overflows cancel out */
	s64 height = ((tkr->base - line.base) << tkr->shift) + tkr->xtime_nsec - line.xtime_nsec -
		     (tkr->cycle_last - line.cycle_last) * line.mult;
	s64 cycles = div64_s64(height, (s64)line.mult - tkr->mult);

	return cycles > 0 && (u64)cycles <= now - tkr->cycle_last ? cycles : 0;
}

/* One reading of both clocks. */
struct reading {
	u64 before, cycles, after;	/* the clocksource read between the two */
};

static struct reading read_clocks(const struct tk_read_base *tkr)
{
	struct reading r = { .before = exptrace_clock() };

	r.cycles = (tkr->clock->read(tkr->clock) - tkr->cycle_last) & tkr->mask;
	r.after = exptrace_clock();
	return r;
}

/* Maximum number of readings. */
#define READINGS	4

/*
 * Read both clocks. If that took more than twice the shortest time seen, an NMI or the
 * hypervisor interfered, so try again. Returns the maximum error of @ticks in ns.
 */
static u64 read_ticks(const struct tk_read_base *tkr, u64 *cycles, u64 *ticks)
{
	struct reading best = read_clocks(tkr), r;
	int i;

	for (i = 1; i < READINGS && best.after - best.before > 2 * shortest_reading; i++) {
		r = read_clocks(tkr);
		if (r.after - r.before < best.after - best.before)
			best = r;
	}
	if (!shortest_reading || best.after - best.before < shortest_reading)
		shortest_reading = best.after - best.before;
	if (best.cycles > tkr->mask / 2)
		best.cycles = 0;	/* read by another CPU just before the last update */
	*cycles = best.cycles;
	*ticks = best.before + (best.after - best.before) / 2;
	return (best.after - best.before) / 2 * TICK_NS_MAX;
}

/* Find where the line of @tk begins. Returns the maximum error of @at in ns. */
static u64 find_bend(const struct timekeeper *tk, struct exptrace_clock_snapshot *at)
{
	const struct tk_read_base *tkr = &tk->tkr_mono;
	u64 off = 0, cycles = 0;

	if (!clock_is_tsc()) {
		at->ticks = mono_at(tkr, 0);
	} else if (!exptrace_tsc_counts_for(tkr->clock)) {
		off = read_ticks(tkr, &cycles, &at->ticks);
	} else {
		if (started && tkr->clock == line.clock && tkr->mult != line.mult)
			cycles = cycles_to_intersection(tkr);
		at->ticks = (tkr->cycle_last + cycles) >> exptrace_writers.clock_shift;
	}
	at->mono = mono_at(tkr, cycles);
	at->wall = ktime_to_timespec64(ktime_add(at->mono, tk->offs_real));
	at->boot = ktime_to_ns(tk->offs_boot);
	return off;
}

/* Is it certain that nothing has changed? */
static bool line_is_unchanged(const struct tk_read_base *tkr)
{
	return !clock_is_tsc() || (exptrace_tsc_counts_for(tkr->clock) && tkr->mult == line.mult);
}

/*
 * If CLOCK_REALTIME was set, the clocksource changed, or the clocks stood still, the old
 * line does not continue, so both ends are recorded.
 */
static void observe_update(const struct timekeeper *tk, bool was_set)
{
	struct exptrace_clock_snapshot at;
	u64 off;

	if (started && !was_set && line_is_unchanged(&tk->tkr_mono))
		return;
	off = find_bend(tk, &at);
	if (started && !was_set) {
		pass_bend(&at, EXPTRACE_BEND_NS + off);
		return;
	}
	if (started)
		keep_bend(&latest);
	begin_chord(&at);
	latest = at;
	started = true;
}

/*
 * The kernel updates its clocks: it holds its timekeeping lock with interrupts off, and
 * readers of the clocks wait until this returns.
 */
static int bends_update(struct notifier_block *nb, unsigned long was_set, void *data)
{
	const struct timekeeper *tk = data;

	raw_spin_lock(&lock);
	observe_update(tk, was_set);
	line = tk->tkr_mono;
	raw_spin_unlock(&lock);
	return NOTIFY_DONE;
}

static struct notifier_block notifier = { .notifier_call = bends_update };

/* A generation begins as soon as this has returned. */
void exptrace_bends_first(struct exptrace_bends *bends)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	bends->first = nr_kept;
	newest_first = nr_kept;
	raw_spin_unlock_irqrestore(&lock, flags);
}

static bool is_between(const struct exptrace_clock_snapshot *at,
		       const struct exptrace_clock_snapshot *begin,
		       const struct exptrace_clock_snapshot *end)
{
	return at->ticks > begin->ticks && at->ticks < end->ticks &&
	       at->mono > begin->mono && at->mono < end->mono;
}

/* Copy the recorded bends between @begin and @end, in order of time. */
static void copy_kept(struct exptrace_bends *bends, const struct exptrace_clock_snapshot *begin,
		      const struct exptrace_clock_snapshot *end)
{
	u64 i = bends->first;

	bends->nr = 0;
	bends->missing = 0;
	if (nr_kept - i > EXPTRACE_NR_BENDS) {
		bends->missing = nr_kept - i - EXPTRACE_NR_BENDS;
		i += bends->missing;
	}
	for (; i != nr_kept; i++) {
		const struct exptrace_clock_snapshot *at = &kept[i % EXPTRACE_NR_BENDS];

		if (!is_between(at, begin, end))
			continue;
		bends->at[bends->nr++] = *at;
		begin = at;
	}
}

/* A generation has ended at @end: store its bends since @begin. */
void exptrace_bends_take(struct exptrace_bends *bends,
			 const struct exptrace_clock_snapshot *begin,
			 const struct exptrace_clock_snapshot *end)
{
	struct exptrace_place last = to_place(end);
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	/*
	 * If the chord cannot end here, end it at the last bend; the line is straight
	 * from there on.
	 */
	if (started && !exptrace_chord_may_end(&chord, &last))
		begin_chord(&latest);
	copy_kept(bends, begin, end);
	raw_spin_unlock_irqrestore(&lock, flags);
}

/* Has the newest generation so many bends that it should end? */
bool exptrace_bends_are_many(void)
{
	unsigned long flags;
	bool many;

	raw_spin_lock_irqsave(&lock, flags);
	many = has_many_bends();
	raw_spin_unlock_irqrestore(&lock, flags);
	return many;
}

static bool notified;	/* the notifier is registered; exptrace.control */

/*
 * A recording is about to begin, and its clock has been selected. Returns 0 or a negative
 * errno. The caller must call exptrace_bends_end() in either case.
 */
int exptrace_bends_begin(void)
{
	int err;

	lockdep_assert_held(&exptrace.control);

	/* No lock is needed: the notifier is not registered. */
	started = false;
	shortest_reading = 0;
	err = pvclock_gtod_register_notifier(&notifier);
	notified = !err;
	return err;
}

/* The last generation has ended. */
void exptrace_bends_end(void)
{
	lockdep_assert_held(&exptrace.control);

	if (notified)
		pvclock_gtod_unregister_notifier(&notifier);
	notified = false;
}

/* Nothing is recorded any more (invariant 11). */
void exptrace_bends_exit(void)
{
	irq_work_sync(&advance_work);
}
