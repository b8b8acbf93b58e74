/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Call sites: places in the kernel's code that events identify by a small number.
 *
 * Each generation has a table of the sites in its events. An event has the number of a
 * site, and the generation's closing tables have the meaning (symbols.c). Like the slots,
 * the tables exist once per parity.
 *
 * Numbers are allocated in the order of first use, so they reveal nothing about addresses
 * (invariant 15). They are found through an index by the hash of the address, which is
 * never exposed. To insert a site, a writer allocates a number, writes the address, and
 * then puts the number into the index with one compare-and-exchange, in any context.
 * Nothing is ever removed until the whole table is cleared before the next generation of
 * the parity, when no writer uses it (invariant 6). But when code is unloaded, its sites
 * lose their addresses, so nobody finds them any more (retire.c).
 */
#ifndef _EXPTRACE_INTERN_H
#define _EXPTRACE_INTERN_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/cache.h>
#include <linux/compiler.h>

#include "exptrace.h"
#include "keep.h"

/* Site numbers; 0 stands for no site. */
#define EXPTRACE_SITE_BITS	12
#define EXPTRACE_NR_SITES	((unsigned int)BIT(EXPTRACE_SITE_BITS))

/* Most of the index stays empty, so that nearly every site is in its first slot. */
#define EXPTRACE_SITE_SLOT_BITS	(EXPTRACE_SITE_BITS + 1)
#define EXPTRACE_SITE_SLOTS	((unsigned int)BIT(EXPTRACE_SITE_SLOT_BITS))
#define EXPTRACE_MOST_SITES	(EXPTRACE_NR_SITES / 4 * 3)

/* Slots searched for a site; if all are taken, it gets no number. */
#define EXPTRACE_SITE_PROBES	64

/**
 * struct exptrace_interned - tables shared by writers of one generation parity
 * @index:	site numbers, at the hash of their address or in a following slot; 0 is
 *		empty. Set once, by cmpxchg()
 * @address:	addresses by number; 0: none, always so for number 0. Written by whoever
 *		allocated the number, before putting it into @index; pairs with the address
 *		dependency of those who read the number there. Replaced by
 *		EXPTRACE_RETIRED, under exptrace.control, when the code is unloaded
 * @gen:	the generation; written before it is published
 * @max:	maximum number of sites; likewise
 * @experiments: bitmap of the experiments in its schema; likewise
 * @stacks:	its table of stacks; NULL until stacks are first wanted
 * @nr:		highest allocated number; atomic, written by those who insert
 */
struct exptrace_interned {
	u32		index[EXPTRACE_SITE_SLOTS] ____cacheline_aligned;
	unsigned long	address[EXPTRACE_NR_SITES];
	u64		gen;
	unsigned int	max;
	unsigned int	experiments;
	struct exptrace_stacks *stacks;
	atomic_t	nr ____cacheline_aligned;
};

extern struct exptrace_interned exptrace_interned[2];

/* Replaces the address of a site whose code was unloaded: no code is at this address. */
#define EXPTRACE_RETIRED	((unsigned long)exptrace_interned)

unsigned long exptrace_intern_slowly(struct exptrace_interned *interned, unsigned long address);
unsigned int exptrace_intern_uncounted(struct exptrace_interned *interned, unsigned long address);

/* The first slot of an address. */
static __always_inline unsigned int exptrace_site_hash(unsigned long address)
{
	return (u32)address * 0x9e3779b1U >> (32 - EXPTRACE_SITE_SLOT_BITS);
}

/* The number of a site; 0 if it has none, which has been counted unless @address is 0. */
static __always_inline unsigned int exptrace_intern(struct exptrace_interned *interned,
						    unsigned long address)
{
	/* Pairs with the cmpxchg() that set it: the address was written before, and stays. */
	unsigned int number = READ_ONCE(interned->index[exptrace_site_hash(address)]);
	const unsigned long *addresses = interned->address;	/* always in bounds */

	if (likely(addresses[number] == address))
		return number;
	return EXPTRACE_CALL_KEEPING_2(exptrace_intern_slowly, interned, address);
}

void exptrace_intern_begin(u64 gen, unsigned int max);
void exptrace_intern_take_unknown(u64 gen, u64 *sites, u64 *stacks);

#endif /* _EXPTRACE_INTERN_H */
