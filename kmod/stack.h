/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stacks of the kernel: those who want them get one before each event.
 *
 * A generation has a table of the stacks of its events, as it has one of places
 * (intern.h). A stack that is new is copied to where only it will be, and takes the next
 * number (invariant 15); then its entry, one word, is set with one compare-and-exchange,
 * so what an entry refers to is complete.
 */
#ifndef _EXPTRACE_STACK_H
#define _EXPTRACE_STACK_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/jump_label.h>

#include "exptrace.h"
#include "intern.h"
#include "keep.h"

/* Frames of a stack, the innermost ones; beside their number: there were more. */
#define EXPTRACE_STACK_FRAMES	48
#define EXPTRACE_STACK_CUT	BIT(8)

/* Numbers, and words for what they refer to. */
#define EXPTRACE_STACK_BITS	11
#define EXPTRACE_NR_STACKS	((unsigned int)BIT(EXPTRACE_STACK_BITS))
#define EXPTRACE_STACK_WORDS	16384U

/* As of places: most of the entries stay empty, and a stack is in one of so many. */
#define EXPTRACE_STACK_SLOTS	(2 * EXPTRACE_NR_STACKS)
#define EXPTRACE_MOST_STACKS	(EXPTRACE_NR_STACKS / 4 * 3)
#define EXPTRACE_STACK_PROBES	64

/**
 * struct exptrace_stacks - the stacks of the generations of one parity
 * @entry:	where the hash points to or behind that, 0: none; the upper half is the
 *		hash, the lower one the number of the stack, plus 1. Set once, by cmpxchg(),
 *		whose partner is smp_load_acquire()
 * @place:	by number, where the stack is in @word, plus 1; 0: the number stands for
 *		nothing. Written by who took the number, before its entry is, with
 *		smp_store_release(), whose partner is exptrace_stack_at()
 * @room:	words that may be used; written before the generation is published
 * @used:	words that are used, or more; atomic, written by those who insert
 * @nr:		numbers that are taken; likewise
 * @word:	per stack its number of frames, with EXPTRACE_STACK_CUT, and these; written
 *		by who inserts it before its place is. A frame in code that has gone is
 *		replaced, under exptrace.control, by the number of its place in the code,
 *		0: it has none
 */
struct exptrace_stacks {
	u64		entry[EXPTRACE_STACK_SLOTS];
	u32		place[EXPTRACE_NR_STACKS];
	unsigned int	room;
	atomic_t	used;
	atomic_t	nr;
	unsigned long	word[EXPTRACE_STACK_WORDS];
};

/* Some event wants them. */
DECLARE_STATIC_KEY_FALSE(exptrace_stacks_on);

unsigned long exptrace_put_stack(struct exptrace_slot *slot, unsigned long type);
unsigned long exptrace_put_same_stack(struct exptrace_slot *slot, unsigned long type,
				      unsigned long same);

/*
 * The id of a stack of @nr frames, with EXPTRACE_STACK_CUT if there were more: its number,
 * behind those of places; 0 if there is no room.
 */
unsigned int exptrace_intern_stack(struct exptrace_stacks *stacks, const unsigned long *frames,
				   unsigned int nr);

/* How many stacks there are, or numbers of such. */
static inline unsigned int exptrace_nr_stacks(const struct exptrace_interned *interned)
{
	return interned->stacks ? atomic_read(&interned->stacks->nr) : 0;
}

/* The frames of the stack with @number, and how many; 0: there is none. */
unsigned int exptrace_stack_at(const struct exptrace_stacks *stacks, unsigned int number,
			       const unsigned long **frames);
bool exptrace_stack_is_cut(const struct exptrace_stacks *stacks, unsigned int number);
void exptrace_stack_retire(struct exptrace_stacks *stacks, unsigned int number,
			   unsigned int frame, unsigned int site);

struct exptrace_experiment;

int exptrace_stacks_want(const struct exptrace_experiment *exp, unsigned int type,
			 unsigned int ntypes);
void exptrace_stacks_unwant(unsigned int exp, unsigned int type, unsigned int ntypes);
bool exptrace_stacks_wanted(void);
void exptrace_stacks_begin(u64 gen, unsigned int room);
void exptrace_stacks_exit(void);

/*
 * A frame is where its function goes on when the call returns, which may be behind its
 * end; the call is in it in any case.
 */
static inline unsigned long exptrace_call_of(unsigned long frame)
{
	return frame - 1;
}

unsigned int exptrace_frame_site(struct exptrace_interned *interned, unsigned long frame);

#endif /* _EXPTRACE_STACK_H */
