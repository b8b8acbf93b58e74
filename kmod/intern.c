// SPDX-License-Identifier: GPL-2.0-only
/*
 * Places in the code get their numbers.
 */
#include <linux/cpumask.h>
#include <linux/export.h>
#include <linux/string.h>

#include "intern.h"

struct exptrace_interned exptrace_interned[2];

/* Counts what has no number. Returns 0, which says so. */
static unsigned int unknown(const struct exptrace_interned *interned)
{
	this_cpu_inc(exptrace.cpus->unknown_sites[interned->gen & 1]);
	return 0;
}

/*
 * Puts @address at @id, which is free. Returns what is there now: @address, or what
 * another CPU, or who interrupted us, was faster with; 0 if the table is full.
 */
static unsigned long insert(struct exptrace_interned *interned, unsigned int id,
			    unsigned long address)
{
	unsigned long there;

	if (!atomic_add_unless(&interned->nr, 1, interned->max))
		return 0;
	there = cmpxchg(&interned->site[id], 0, address);
	if (!there)
		return address;
	atomic_dec(&interned->nr);
	return there;
}

/*
 * As exptrace_intern(), without counting what has no number. Context: any, NMI included:
 * nothing waits for anybody.
 */
notrace unsigned int exptrace_intern_uncounted(struct exptrace_interned *interned,
					       unsigned long address)
{
	unsigned int hash = exptrace_site_hash(address), i;

	for (i = 0; i < EXPTRACE_NR_SITES; i++) {
		unsigned int id = (hash + i) % EXPTRACE_NR_SITES;
		unsigned long there = READ_ONCE(interned->site[id]);

		if (!id)
			continue;
		if (!there)
			there = insert(interned, id, address);
		if (there == address)
			return id;
		if (!there)
			break;
	}
	return 0;
}

/* As exptrace_intern(), for what is not where it would be found first. Context: any. */
notrace unsigned long exptrace_intern_slowly(struct exptrace_interned *interned,
					     unsigned long address)
{
	return exptrace_intern_uncounted(interned, address) ?: unknown(interned);
}
EXPORT_SYMBOL_GPL(exptrace_intern_slowly);
EXPTRACE_KEEPING(exptrace_intern_slowly);
EXPTRACE_EXPORT_KEEPING(exptrace_intern_slowly);

/*
 * Makes the table ready for generation @gen, which is to have @max sites at most. The
 * last generation of its parity is complete. Writers see all this when they see the
 * generation published.
 */
void exptrace_intern_begin(u64 gen, unsigned int max)
{
	struct exptrace_interned *interned = &exptrace_interned[gen & 1];

	memset(interned->site, 0, sizeof(interned->site));
	atomic_set(&interned->nr, 0);
	interned->max = min(max, EXPTRACE_MOST_SITES);
	interned->gen = gen;
}

/*
 * How often a place of generation @gen, or a stack, got no number; to be asked once. No
 * writer knows it any more.
 */
void exptrace_intern_take_unknown(u64 gen, u64 *sites, u64 *stacks)
{
	unsigned int parity = gen & 1;
	int cpu;

	*sites = 0;
	*stacks = 0;
	for_each_possible_cpu(cpu) {
		struct exptrace_cpu *c = per_cpu_ptr(exptrace.cpus, cpu);

		*sites += c->unknown_sites[parity];
		*stacks += c->unknown_stacks[parity];
		c->unknown_sites[parity] = 0;
		c->unknown_stacks[parity] = 0;
	}
	exptrace.unknown_sites += *sites;
	exptrace.unknown_stacks += *stacks;
}
