/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel stacks: events that want one have it written before them.
 *
 * Like call sites (intern.h), each generation has a table of its stacks. A new stack is
 * copied to a place of its own and gets the next number (invariant 15). Then its entry, a
 * single word, is set by one compare-and-exchange, so whatever an entry refers to is
 * complete.
 */
#ifndef _EXPTRACE_STACK_H
#define _EXPTRACE_STACK_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/jump_label.h>

#include "exptrace.h"
#include "intern.h"
#include "keep.h"

/*
 * Maximum number of frames, the innermost ones. The flag, in the number of frames: there
 * were more.
 */
#define EXPTRACE_STACK_FRAMES	48
#define EXPTRACE_STACK_CUT	BIT(8)

/* Stack numbers, and words for the stacks themselves. */
#define EXPTRACE_STACK_BITS	11
#define EXPTRACE_NR_STACKS	((unsigned int)BIT(EXPTRACE_STACK_BITS))
#define EXPTRACE_STACK_WORDS	16384U

/* As for sites, most entries stay empty, and only so many are searched. */
#define EXPTRACE_STACK_SLOTS	(2 * EXPTRACE_NR_STACKS)
#define EXPTRACE_MOST_STACKS	(EXPTRACE_NR_STACKS / 4 * 3)
#define EXPTRACE_STACK_PROBES	64

/**
 * struct exptrace_stacks - stacks of the generations of one parity
 * @entry:	at the hash or in a following slot; the hash in the upper half, the
 *		stack's number plus 1 in the lower; 0 is empty. Set once, by cmpxchg();
 *		pairs with smp_load_acquire()
 * @place:	by number, the offset of the stack in @word, plus 1; 0: the number is
 *		unused. Written by the allocator of the number before its entry, with
 *		smp_store_release(); pairs with exptrace_stack_at()
 * @room:	words that may be used; written before the generation is published
 * @used:	words that are used, or more; atomic, written by those who insert
 * @nr:		numbers that are allocated; likewise
 * @word:	for each stack the number of frames, with EXPTRACE_STACK_CUT, and the
 *		frames; written before its place. A frame in unloaded code is replaced,
 *		under exptrace.control, by its site number, or 0 if it has none
 */
struct exptrace_stacks {
	u64		entry[EXPTRACE_STACK_SLOTS];
	u32		place[EXPTRACE_NR_STACKS];
	unsigned int	room;
	atomic_t	used;
	atomic_t	nr;
	unsigned long	word[EXPTRACE_STACK_WORDS];
};

/* At least one event has stacks enabled. */
DECLARE_STATIC_KEY_FALSE(exptrace_stacks_on);

unsigned long exptrace_put_stack(struct exptrace_slot *slot, unsigned long type);
unsigned long exptrace_put_same_stack(struct exptrace_slot *slot, unsigned long type,
				      unsigned long same);

/*
 * The id of a stack of @nr frames, plus EXPTRACE_STACK_CUT if there were more: its
 * number, counted after those of sites; 0 if there is no room.
 */
unsigned int exptrace_intern_stack(struct exptrace_stacks *stacks, const unsigned long *frames,
				   unsigned int nr);

/* How many stack numbers are allocated. */
static inline unsigned int exptrace_nr_stacks(const struct exptrace_interned *interned)
{
	return interned->stacks ? atomic_read(&interned->stacks->nr) : 0;
}

/* Get the frames of the stack with @number; returns how many, 0 if the number is unused. */
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
 * The address of the call for a frame. A frame is the return address, which may be past
 * the end of the function; the call itself never is.
 */
static inline unsigned long exptrace_call_of(unsigned long frame)
{
	return frame - 1;
}

unsigned int exptrace_frame_site(struct exptrace_interned *interned, unsigned long frame);

#endif /* _EXPTRACE_STACK_H */
