// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbering of call sites.
 */
#include <linux/cpumask.h>
#include <linux/export.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "intern.h"

struct exptrace_interned exptrace_interned[2];

/* Allocate the next number for @address, not yet in the index; 0 if there is none. */
static unsigned int take_site_number(struct exptrace_interned *interned, unsigned long address)
{
	unsigned int max = interned->max;
	unsigned int before = atomic_fetch_add_unless(&interned->nr, 1, max);

	if (before == max)
		return 0;
	WRITE_ONCE(interned->address[before + 1], address);
	return before + 1;
}

/* Release a number that is not in the index, if not 0: it stands for nothing. */
static void waste_site_number(struct exptrace_interned *interned, unsigned int number)
{
	if (number)
		WRITE_ONCE(interned->address[number], 0);
}

/*
 * Like exptrace_intern(), but does not count failures. Never waits. Context: any,
 * including NMI. If another CPU or the interrupted context inserts the same site first,
 * the number allocated here is wasted.
 */
notrace unsigned int exptrace_intern_uncounted(struct exptrace_interned *interned,
					       unsigned long address)
{
	unsigned int hash = exptrace_site_hash(address), taken = 0, i;

	if (!address)
		return 0;
	for (i = 0; i < EXPTRACE_SITE_PROBES; i++) {
		u32 *slot = &interned->index[(hash + i) % EXPTRACE_SITE_SLOTS];
		unsigned int number = READ_ONCE(*slot);

		if (!number) {
			taken = taken ?: take_site_number(interned, address);
			if (!taken)
				return 0;
			/* After the address; pairs with the address dependency of readers. */
			number = cmpxchg(slot, 0, taken);
			if (!number)
				return taken;
		}
		if (READ_ONCE(interned->address[number]) == address) {
			waste_site_number(interned, taken);
			return number;
		}
	}
	waste_site_number(interned, taken);
	return 0;
}

/* Slow path of exptrace_intern(), for sites not in their first slot. Context: any. */
notrace unsigned long exptrace_intern_slowly(struct exptrace_interned *interned,
					     unsigned long address)
{
	unsigned int number = exptrace_intern_uncounted(interned, address);

	if (!number && address)
		this_cpu_inc(exptrace.cpus->unknown_sites[interned->gen & 1]);
	return number;
}
EXPTRACE_KEEPING(exptrace_intern_slowly);
EXPTRACE_DECLARE_KEEPING(exptrace_intern_slowly);
EXPTRACE_EXPORT_KEEPING(exptrace_intern_slowly);

/*
 * Prepare the table for generation @gen with at most @max sites. The previous generation
 * of this parity is complete. Writers see all this when they see @gen published.
 */
void exptrace_intern_begin(u64 gen, unsigned int max)
{
	struct exptrace_interned *interned = &exptrace_interned[gen & 1];

	memset(interned->index, 0, sizeof(interned->index));
	memset(interned->address, 0, sizeof(interned->address));
	atomic_set(&interned->nr, 0);
	interned->max = min(max, EXPTRACE_MOST_SITES);
	interned->gen = gen;
}

/* Move one CPU's counts to the global sums, and add them to @sites and @stacks. */
static void settle_unknown(struct exptrace_cpu *c, unsigned int parity, u64 *sites, u64 *stacks)
{
	write_seqlock(&exptrace.settling);
	*sites += c->unknown_sites[parity];
	*stacks += c->unknown_stacks[parity];
	exptrace.unknown_sites += c->unknown_sites[parity];
	exptrace.unknown_stacks += c->unknown_stacks[parity];
	c->unknown_sites[parity] = 0;
	c->unknown_stacks[parity] = 0;
	write_sequnlock(&exptrace.settling);
}

/*
 * How often a site or a stack of generation @gen got no number. Resets the counts, so it
 * must be called once. No writer uses @gen any more.
 */
void exptrace_intern_take_unknown(u64 gen, u64 *sites, u64 *stacks)
{
	int cpu;

	*sites = 0;
	*stacks = 0;
	for_each_possible_cpu(cpu) {
		settle_unknown(per_cpu_ptr(exptrace.cpus, cpu), gen & 1, sites, stacks);
		cond_resched();
	}
}
