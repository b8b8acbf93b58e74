/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What events name by a small number: places in the kernel's code.
 *
 * A generation has a table of the places that its events name; an event has the place's
 * number, and the generation's closing tables say what it is (symbols.c). There is a
 * table for each parity, as there are slots. An entry is one word, so that it is either
 * there or not: a place is inserted with one compare-and-exchange, in any context, and
 * found with one load. Nothing is ever removed, until the table is cleared as a whole
 * before the next generation of its parity, when no writer knows it (invariant 6).
 */
#ifndef _EXPTRACE_INTERN_H
#define _EXPTRACE_INTERN_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/cache.h>
#include <linux/compiler.h>

#include "exptrace.h"
#include "keep.h"

/* Entries of the table. Number 0 is not used: it stands for what has no number. */
#define EXPTRACE_SITE_BITS	12
#define EXPTRACE_NR_SITES	((unsigned int)BIT(EXPTRACE_SITE_BITS))

/* Above this, what is looked for is too rarely where it is looked for first. */
#define EXPTRACE_MOST_SITES	(EXPTRACE_NR_SITES / 4 * 3)

/**
 * struct exptrace_interned - what writers of the generations of one parity share
 * @site:	addresses by number, 0: none. A number is where the hash of its
 *		address points to, or the next that was free. Set once, by
 *		cmpxchg(), and read with READ_ONCE(), without order: nothing else
 *		belongs to an entry
 * @gen:	the generation; written before it is published
 * @max:	most sites; likewise
 * @stacks:	its table of stacks; NULL until one is wanted for the first time
 * @nr:		sites; atomic, written by those who insert
 */
struct exptrace_interned {
	unsigned long	site[EXPTRACE_NR_SITES] ____cacheline_aligned;
	u64		gen;
	unsigned int	max;
	struct exptrace_stacks *stacks;
	atomic_t	nr ____cacheline_aligned;
};

extern struct exptrace_interned exptrace_interned[2];

unsigned long exptrace_intern_slowly(struct exptrace_interned *interned, unsigned long address);
unsigned int exptrace_intern_uncounted(struct exptrace_interned *interned, unsigned long address);

/* Where to look first. 0 for NULL, which is found there: it has no number. */
static __always_inline unsigned int exptrace_site_hash(unsigned long address)
{
	return (u32)address * 0x9e3779b1U >> (32 - EXPTRACE_SITE_BITS);
}

/* The number of a place in the code; 0 if it has none, which was counted unless it is NULL. */
static __always_inline unsigned int exptrace_intern(struct exptrace_interned *interned,
						    unsigned long address)
{
	unsigned int hash = exptrace_site_hash(address);

	if (likely(READ_ONCE(interned->site[hash]) == address))
		return hash;
	return EXPTRACE_CALL_KEEPING_2(exptrace_intern_slowly, interned, address);
}

void exptrace_intern_begin(u64 gen, unsigned int max);
void exptrace_intern_take_unknown(u64 gen, u64 *sites, u64 *stacks);

#endif /* _EXPTRACE_INTERN_H */
