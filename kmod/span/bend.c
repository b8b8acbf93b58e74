// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bends: where the rate of CLOCK_MONOTONIC by the events' clock changes.
 *
 * adjtimex(2) makes CLOCK_MONOTONIC go faster or slower than the TSC, by 10 % at most, and
 * the kernel itself does by a little, many times a second, to stay on the average that was
 * asked for. Whenever it does, it calls a notifier, with what it reckons CLOCK_MONOTONIC by
 * from then on: a straight line. Where that meets the one before is a bend.
 *
 * Few bends have to be told. A chord is drawn from one that is kept, as long as it is within
 * EXPTRACE_BEND_NS of all bends that it passes, and thus, since all between bends is straight,
 * of the whole line; then the last bend before is kept, and the next chord begins there. So
 * the bound depends neither on how much the rate changes nor on how often. A generation
 * begins and ends amid a chord, which doubles it.
 *
 * Where the kernel's clocksource is another than the TSC, its line says nothing about ticks:
 * then both are read in every update, and each reading is a place that the chord passes.
 */
#include <linux/irq_work.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/pvclock_gtod.h>
#include <linux/spinlock.h>
#include <linux/timekeeper_internal.h>

#include "bend.h"
#include "chord.h"

/* How far a time may be from the chord. */
#define EXPTRACE_BEND_NS	200

/* A tick is not longer, but on machines with a slow TSC. */
#define TICK_NS_MAX		8

/*
 * Protects all below. Taken inside of the kernel's timekeeping lock, and while readers of the
 * kernel's clocks wait: so who holds it must not read them.
 */
static DEFINE_RAW_SPINLOCK(lock);

/* What was kept, by number; the newest take the place of the oldest. */
static struct exptrace_clock_snapshot kept[EXPTRACE_NR_BENDS];
static u64 nr_kept;
static u64 newest_first;	/* of the newest generation */

static struct exptrace_chord chord;		/* from the last one kept */
static struct exptrace_clock_snapshot latest;	/* the last bend */
static struct tk_read_base line;		/* what the kernel reckons by */
static bool started;				/* the four height are set */

/* The shortest reading of a clocksource that is not the TSC, in ticks; 0: there was none. */
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

/* If not, the events' clock is CLOCK_MONOTONIC itself, which has no bends by that. */
static bool clock_is_tsc(void)
{
	return static_key_enabled(&exptrace_clock_tsc);
}

static struct exptrace_place to_place(const struct exptrace_clock_snapshot *at)
{
	return (struct exptrace_place) { .ticks = at->ticks, .mono = at->mono };
}

/* A chord begins at @at, which is kept. */
static void begin_chord(const struct exptrace_clock_snapshot *at)
{
	struct exptrace_place from = to_place(at);

	keep_bend(at);
	exptrace_chord_begin(&chord, &from);
}

/* The chord must be within @ns of @at. */
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
 * How many cycles after @tkr->cycle_last that line meets the one before, which has another
 * rate; 0 if it does not between then and now.
 */
static u64 cycles_to_intersection(const struct tk_read_base *tkr)
{
	u64 now = (exptrace_clock() + 1) << exptrace_writers.clock_shift;
	/* how much higher it is at cycle_last; what overflows does so twice */
	s64 height = ((tkr->base - line.base) << tkr->shift) + tkr->xtime_nsec - line.xtime_nsec -
		    (tkr->cycle_last - line.cycle_last) * line.mult;
	s64 cycles = div64_s64(height, (s64)line.mult - tkr->mult);

	return cycles > 0 && (u64)cycles <= now - tkr->cycle_last ? cycles : 0;
}

/* One reading of both clocks. */
struct reading {
	u64 before, cycles, after;	/* the clocksource amid two readings of the events' clock */
};

static struct reading read_clocks(const struct tk_read_base *tkr)
{
	struct reading r = { .before = exptrace_clock() };

	r.cycles = (tkr->clock->read(tkr->clock) - tkr->cycle_last) & tkr->mask;
	r.after = exptrace_clock();
	return r;
}

/* How often the clocks are read at most. */
#define READINGS	4

/*
 * Reads both clocks. If that took more than twice as long as it can, an NMI or the hypervisor
 * has come between, so they are read again. Returns how far off @ticks may be.
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
		best.cycles = 0;	/* a little before the last update, by another CPU */
	*cycles = best.cycles;
	*ticks = best.before + (best.after - best.before) / 2;
	return (best.after - best.before) / 2 * TICK_NS_MAX;
}

/* The kernel reckons by @tk from now on, or from @at on. Returns how far @at may be off, ns. */
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

/* Has nothing changed, for sure? */
static bool line_is_unchanged(const struct tk_read_base *tkr)
{
	return !clock_is_tsc() || (exptrace_tsc_counts_for(tkr->clock) && tkr->mult == line.mult);
}

/*
 * Where CLOCK_REALTIME is set, or the clocksource is another, or the clocks have stood still,
 * what was before does not go on: both ends are kept.
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
 * The kernel updates its clocks: it holds its lock, interrupts are off, and readers of the
 * clocks wait until this returns.
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

/* Copies those kept that are between @begin and @end, in the order of time. */
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

/* A generation has ended at @end: stores those since its @begin. */
void exptrace_bends_take(struct exptrace_bends *bends,
			 const struct exptrace_clock_snapshot *begin,
			 const struct exptrace_clock_snapshot *end)
{
	struct exptrace_place last = to_place(end);
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	/* If the chord can't end here, it ends at the last bend, from where on all is straight. */
	if (started && !exptrace_chord_may_end(&chord, &last))
		begin_chord(&latest);
	copy_kept(bends, begin, end);
	raw_spin_unlock_irqrestore(&lock, flags);
}

/* Has the newest generation so many that it should end? */
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
 * A recording is about to begin, whose clock is selected. Returns 0 or a negative errno; in
 * both cases exptrace_bends_end() is to follow.
 */
int exptrace_bends_begin(void)
{
	int err;

	lockdep_assert_held(&exptrace.control);

	/* Nobody else is here: the notifier is not registered. */
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
