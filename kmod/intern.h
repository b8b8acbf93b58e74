/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What events name by a small number: places in the kernel's code.
 *
 * A generation has a table of the places that its events name; an event has the place's
 * number, and the generation's closing tables say what it is (symbols.c). There is a
 * table for each parity, as there are slots.
 *
 * Numbers are given out in the order in which places are first named, so that they say
 * nothing about addresses (invariant 15). An index by the hash of the address, which
 * nobody sees, finds them. A place takes a number, and its address is written; then the
 * number is put into the index with one compare-and-exchange, in any context. Nothing is
 * ever removed, until all is cleared before the next generation of the parity, when no
 * writer knows it (invariant 6). But where code goes, its places lose their addresses, so
 * that nobody finds them any more (retire.c).
 */
#ifndef _EXPTRACE_INTERN_H
#define _EXPTRACE_INTERN_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/cache.h>
#include <linux/compiler.h>

#include "exptrace.h"
#include "keep.h"

/* Numbers. 0 stands for what has none. */
#define EXPTRACE_SITE_BITS	12
#define EXPTRACE_NR_SITES	((unsigned int)BIT(EXPTRACE_SITE_BITS))

/* Most of the index stays empty, so that nearly all is found where it is looked for first. */
#define EXPTRACE_SITE_SLOT_BITS	(EXPTRACE_SITE_BITS + 1)
#define EXPTRACE_SITE_SLOTS	((unsigned int)BIT(EXPTRACE_SITE_SLOT_BITS))
#define EXPTRACE_MOST_SITES	(EXPTRACE_NR_SITES / 4 * 3)

/* A place is in one of so many slots, or has no number: nobody looks any longer. */
#define EXPTRACE_SITE_PROBES	64

/**
 * struct exptrace_interned - what writers of the generations of one parity share
 * @index:	numbers, where the hash of their address points to or behind that; 0:
 *		none. Set once, by cmpxchg()
 * @address:	by number; 0: none, as number 0 has. Written by who took the number,
 *		before that is in @index, which is the partner of the address dependency
 *		of those who read the number there; replaced by EXPTRACE_RETIRED, under
 *		exptrace.control, when the code goes
 * @gen:	the generation; written before it is published
 * @max:	most sites; likewise
 * @experiments: a bit for each experiment in its schema; likewise
 * @stacks:	its table of stacks; NULL until one is wanted for the first time
 * @nr:		numbers that are taken, up to this one; atomic, written by those who insert
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

/* In the place of the address of a place in code that has gone: no code is there. */
#define EXPTRACE_RETIRED	((unsigned long)exptrace_interned)

unsigned long exptrace_intern_slowly(struct exptrace_interned *interned, unsigned long address);
unsigned int exptrace_intern_uncounted(struct exptrace_interned *interned, unsigned long address);

/* Where to look first. */
static __always_inline unsigned int exptrace_site_hash(unsigned long address)
{
	return (u32)address * 0x9e3779b1U >> (32 - EXPTRACE_SITE_SLOT_BITS);
}

/* The number of a place in the code; 0 if it has none, which was counted unless it is NULL. */
static __always_inline unsigned int exptrace_intern(struct exptrace_interned *interned,
						    unsigned long address)
{
	/* Pairs with the cmpxchg() that put it there: its address was before, and stays. */
	unsigned int number = READ_ONCE(interned->index[exptrace_site_hash(address)]);
	const unsigned long *addresses = interned->address;	/* whose bounds are kept */

	if (likely(addresses[number] == address))
		return number;
	return EXPTRACE_CALL_KEEPING_2(exptrace_intern_slowly, interned, address);
}

void exptrace_intern_begin(u64 gen, unsigned int max);
void exptrace_intern_take_unknown(u64 gen, u64 *sites, u64 *stacks);

#endif /* _EXPTRACE_INTERN_H */
