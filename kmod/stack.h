/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stacks of the kernel: those who want them get one before each event.
 *
 * A generation has a table of the stacks of its events, as it has one of places
 * (intern.h). A stack that is new is copied to where only it will be; then its entry,
 * one word, is set with one compare-and-exchange, so what an entry refers to is complete.
 */
#ifndef _EXPTRACE_STACK_H
#define _EXPTRACE_STACK_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/jump_label.h>

#include "exptrace.h"
#include "keep.h"

/* Frames of a stack, the innermost ones. */
#define EXPTRACE_STACK_FRAMES	48

/* Entries of the table, and words for what they refer to. */
#define EXPTRACE_STACK_BITS	11
#define EXPTRACE_NR_STACKS	((unsigned int)BIT(EXPTRACE_STACK_BITS))
#define EXPTRACE_STACK_WORDS	16384U

/**
 * struct exptrace_stacks - the stacks of the generations of one parity
 * @entry:	by number, 0: none; the upper half is the hash, the lower one the place
 *		of the stack in @word, plus 1. Set once, by cmpxchg(), whose partner is
 *		smp_load_acquire()
 * @room:	words that may be used; written before the generation is published
 * @used:	words that are used, or more; atomic, written by those who insert
 * @nr:		entries; likewise
 * @word:	per stack its number of frames and these; written by who inserts it
 *		before its entry is
 */
struct exptrace_stacks {
	u64		entry[EXPTRACE_NR_STACKS];
	unsigned int	room;
	atomic_t	used;
	atomic_t	nr;
	unsigned long	word[EXPTRACE_STACK_WORDS];
};

/* Some event wants them. */
DECLARE_STATIC_KEY_FALSE(exptrace_stacks_on);

unsigned long exptrace_put_stack(struct exptrace_slot *slot, unsigned long type);

/* The number of a stack of @nr frames, which is not that of a place; 0 if there is no room. */
unsigned int exptrace_intern_stack(struct exptrace_stacks *stacks, const unsigned long *frames,
				   unsigned int nr);

/* The frames of the stack at @index, and how many; 0: there is none. */
unsigned int exptrace_stack_at(const struct exptrace_stacks *stacks, unsigned int index,
			       const unsigned long **frames);

struct exptrace_experiment;

int exptrace_stacks_want(const struct exptrace_experiment *exp, unsigned int type,
			 unsigned int ntypes);
void exptrace_stacks_unwant(unsigned int exp, unsigned int type, unsigned int ntypes);
bool exptrace_stacks_wanted(void);
void exptrace_stacks_begin(u64 gen, unsigned int room);
void exptrace_stacks_exit(void);

#endif /* _EXPTRACE_STACK_H */
