// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stacks of the kernel get their numbers, and events theirs.
 */
#include <linux/bitmap.h>
#include <linux/export.h>
#include <linux/jhash.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/stacktrace.h>
#include <linux/string.h>

#include "experiment.h"
#include "stack.h"
#include "writer.h"

/* Frames of the tracer's own and of a probe, at most. */
#define RECORDER_FRAMES_MAX	8

DEFINE_STATIC_KEY_FALSE(exptrace_stacks_on);
EXPORT_SYMBOL_GPL(exptrace_stacks_on);

/* Types of events that are to have a stack, by experiment; changed bit by bit, read at any time. */
static unsigned long wanted[EXPTRACE_NR_EXPERIMENTS][BITS_TO_LONGS(EXPTRACE_EVENT_LAST + 1)];

/*
 * The modules that have the probes of these events, by experiment. Written under
 * exptrace.control before a type is wanted; a probe that runs keeps its module there.
 */
static const struct module *owners[EXPTRACE_NR_EXPERIMENTS];

/* Events of which types are wanted; exptrace.control. */
static unsigned int nr_wanted;

/* How many frames that is. */
static unsigned int nr_frames(unsigned int nr)
{
	return nr & ~EXPTRACE_STACK_CUT;
}

/* Is it the stack with @number? If its code goes meanwhile, it is, or is no more. */
static bool is_stack(const struct exptrace_stacks *stacks, unsigned int number,
		     const unsigned long *frames, unsigned int nr)
{
	const unsigned long *word = &stacks->word[stacks->place[number] - 1];

	if (word[0] != nr)
		return false;
	/* A frame may be retired at any time: one word, which is then no frame. */
	return data_race(!memcmp(word + 1, frames, nr_frames(nr) * sizeof(*frames)));
}

/* Copies a stack to where only it is. Returns its place plus 1; 0 if there is no room. */
static u32 store_stack(struct exptrace_stacks *stacks, const unsigned long *frames, unsigned int nr)
{
	unsigned int n = nr_frames(nr), end;

	if (atomic_read(&stacks->used) + n + 1 > stacks->room ||
	    atomic_read(&stacks->nr) >= EXPTRACE_MOST_STACKS)
		return 0;
	end = atomic_add_return(n + 1, &stacks->used);
	if (end > stacks->room)
		return 0;
	stacks->word[end - n - 1] = nr;
	memcpy(&stacks->word[end - n], frames, n * sizeof(*frames));
	return end - n;
}

/*
 * Store a stack under the next number; nothing refers to it yet. Returns the number plus
 * 1, or 0 if there is no room.
 */
static u32 take_stack_number(struct exptrace_stacks *stacks, const unsigned long *frames,
		       unsigned int nr)
{
	u32 offset = store_stack(stacks, frames, nr);
	int number;

	if (!offset)
		return 0;
	number = atomic_fetch_add_unless(&stacks->nr, 1, EXPTRACE_MOST_STACKS);
	if (number == EXPTRACE_MOST_STACKS)
		return 0;
	smp_store_release(&stacks->place[number], offset);	/* after the words */
	return number + 1;
}

/* Nobody finds the stack that took this number, plus 1, if it is not 0. */
static void waste_stack_number(struct exptrace_stacks *stacks, u32 taken)
{
	if (taken)
		stacks->place[taken - 1] = 0;
}

/*
 * A stack that takes a number and then is found to be there already, since another CPU was
 * faster, leaves the number and its words unused.
 */
notrace unsigned int exptrace_intern_stack(struct exptrace_stacks *stacks,
					   const unsigned long *frames, unsigned int nr)
{
	u32 words = nr_frames(nr) * sizeof(*frames) / sizeof(u32), taken = 0;
	u32 hash = jhash2((const u32 *)frames, words, nr);
	unsigned int i;

	for (i = 0; i < EXPTRACE_STACK_PROBES; i++) {
		u64 *slot = &stacks->entry[(hash + i) % EXPTRACE_STACK_SLOTS];
		/* Pairs with the cmpxchg() below: with the entry, its place and words are there. */
		u64 entry = smp_load_acquire(slot);

		if (!entry) {
			taken = taken ?: take_stack_number(stacks, frames, nr);
			if (!taken)
				return 0;
			/* After the place and the words, see above. */
			entry = cmpxchg(slot, 0, (u64)hash << 32 | taken);
			if (!entry)
				return EXPTRACE_NR_SITES + taken - 1;
		}
		if (entry >> 32 == hash && is_stack(stacks, (u32)entry - 1, frames, nr)) {
			waste_stack_number(stacks, taken);
			return EXPTRACE_NR_SITES + (u32)entry - 1;
		}
	}
	waste_stack_number(stacks, taken);
	return 0;
}

unsigned int exptrace_stack_at(const struct exptrace_stacks *stacks, unsigned int number,
			       const unsigned long **frames)
{
	/* Pairs with the release in take_stack_number(). */
	u32 offset = smp_load_acquire(&stacks->place[number]);

	if (!offset)
		return 0;
	*frames = &stacks->word[offset];
	return nr_frames(stacks->word[offset - 1]);
}

/* Had the stack with @number, which there is, more frames? */
bool exptrace_stack_is_cut(const struct exptrace_stacks *stacks, unsigned int number)
{
	return stacks->word[stacks->place[number] - 1] & EXPTRACE_STACK_CUT;
}

/* The code of a frame of the stack with @number goes: it is @site from now on. */
void exptrace_stack_retire(struct exptrace_stacks *stacks, unsigned int number,
			   unsigned int frame, unsigned int site)
{
	lockdep_assert_held(&exptrace.control);

	WRITE_ONCE(stacks->word[stacks->place[number] + frame], site);
}

/* The site of a frame, which becomes one; 0: there is no room. */
unsigned int exptrace_frame_site(struct exptrace_interned *interned, unsigned long frame)
{
	if (frame < EXPTRACE_NR_SITES)
		return frame;
	return exptrace_intern_uncounted(interned, exptrace_call_of(frame));
}

/* Is the frame of the recorder, or of the probe that called it, or of who called that? */
static __always_inline bool is_recorder_frame(unsigned long frame, const struct module *owner)
{
	return within_module(frame, THIS_MODULE) || (owner && within_module(frame, owner)) ||
	       exptrace_function_is_trampoline(frame);
}

/*
 * The number of the stack of a tracepoint or function, whose probe @owner has. Between the
 * two may be the kernel's own caller of probes, which write_stack() leaves out.
 */
static noinline notrace unsigned int capture_stack(const struct exptrace_interned *interned,
					  const struct module *owner)
{
	/* With the one that tells whether there are more. */
	unsigned long frames[RECORDER_FRAMES_MAX + EXPTRACE_STACK_FRAMES + 1];
	unsigned int nr, own = 0, id = 0;

	nr = stack_trace_save(frames, ARRAY_SIZE(frames), 0);
	while (own < min_t(unsigned int, nr, RECORDER_FRAMES_MAX) &&
	       is_recorder_frame(frames[own], owner))
		own++;
	nr -= own;
	if (nr > EXPTRACE_STACK_FRAMES)
		nr = EXPTRACE_STACK_FRAMES | EXPTRACE_STACK_CUT;
	if (nr && interned->stacks)
		id = exptrace_intern_stack(interned->stacks, frames + own, nr);
	return id;
}

/* Generation and number of a stack in one; not 0. */
static __always_inline u64 put_stack(struct exptrace_slot *slot, unsigned long type, u64 same)
{
	struct exptrace_writer w = { .slot = slot, .pos = slot->pos, .context = slot->context };
	const struct exptrace_interned *interned = slot->interned;
	u64 gen = interned->gen << 32;

	if (!test_bit(type, wanted[slot->exp]))
		return 0;
	exptrace_stamp(&w, EXPTRACE_EVENT_STACK, current);
	if (!same || upper_32_bits(same) != upper_32_bits(gen))
		same = gen | capture_stack(interned, READ_ONCE(owners[slot->exp]));
	if (!lower_32_bits(same))
		this_cpu_inc(exptrace.cpus->unknown_stacks[interned->gen & 1]);
	exptrace_number(&w, lower_32_bits(same));
	slot->pos = w.pos;
	return same;
}

/**
 * exptrace_put_stack - write the stack of the event of @type that is to follow
 * @slot:	where the event will be; there is room for both
 * @type:	the event's type
 *
 * Context: any, NMI included, under any lock: nothing waits or allocates. Return: false
 * if the event wants none; else the event is to follow one tick later.
 */
notrace unsigned long exptrace_put_stack(struct exptrace_slot *slot, unsigned long type)
{
	return !!put_stack(slot, type, 0);
}
EXPTRACE_KEEPING(exptrace_put_stack);
EXPTRACE_DECLARE_KEEPING(exptrace_put_stack);
EXPTRACE_EXPORT_KEEPING(exptrace_put_stack);

/*
 * As that, for the events of one call, which have the same stack: it is found out once in a
 * generation. @same is what this has returned for the event before, or 0. Return: 0 if the
 * event wants none.
 */
notrace unsigned long exptrace_put_same_stack(struct exptrace_slot *slot, unsigned long type,
					      unsigned long same)
{
	BUILD_BUG_ON(sizeof(same) != sizeof(u64));
	return put_stack(slot, type, same);
}
EXPTRACE_KEEPING(exptrace_put_same_stack);

static int alloc_tables(void)
{
	unsigned int parity;

	for (parity = 0; parity < 2; parity++) {
		struct exptrace_interned *interned = &exptrace_interned[parity];
		struct exptrace_stacks *stacks;

		if (interned->stacks)
			continue;
		stacks = kvzalloc(sizeof(*stacks), GFP_KERNEL);
		if (!stacks)
			return -ENOMEM;
		/* Writers of an open generation may see it now, and find no room in it. */
		smp_store_release(&interned->stacks, stacks);	/* after the zeros */
	}
	return 0;
}

/**
 * exptrace_stacks_want - let events of these types have stacks
 * @exp:	their experiment
 * @type:	the first type
 * @ntypes:	how many
 *
 * If something is being recorded that has had no stacks, a new generation begins, for
 * only when it is opened does it get room for them.
 *
 * Context: process, exptrace.control held; sleeps. Return: 0; -ENOMEM; what
 * exptrace_advance() returns.
 */
int exptrace_stacks_want(const struct exptrace_experiment *exp, unsigned int type,
			 unsigned int ntypes)
{
	int err;

	lockdep_assert_held(&exptrace.control);

	err = alloc_tables();
	if (err)
		return err;
	if (!nr_wanted++) {
		err = exptrace_next_generation(false);
		if (err) {
			nr_wanted--;
			return err;
		}
	}
	WRITE_ONCE(owners[exp->id], exp->owner);	/* see there */
	while (ntypes--)
		set_bit(type++, wanted[exp->id]);
	static_branch_inc(&exptrace_stacks_on);
	return 0;
}

/* Undoes that. */
void exptrace_stacks_unwant(unsigned int exp, unsigned int type, unsigned int ntypes)
{
	lockdep_assert_held(&exptrace.control);

	static_branch_dec(&exptrace_stacks_on);
	while (ntypes--)
		clear_bit(type++, wanted[exp]);
	nr_wanted--;
}

bool exptrace_stacks_wanted(void)
{
	lockdep_assert_held(&exptrace.control);

	return nr_wanted;
}

/* As exptrace_intern_begin(): @room words may be used, none if stacks are not wanted. */
void exptrace_stacks_begin(u64 gen, unsigned int room)
{
	struct exptrace_stacks *stacks = exptrace_interned[gen & 1].stacks;

	if (!stacks)
		return;
	memset(stacks->entry, 0, sizeof(stacks->entry));
	memset(stacks->place, 0, sizeof(stacks->place));
	atomic_set(&stacks->used, 0);
	atomic_set(&stacks->nr, 0);
	stacks->room = min(room, EXPTRACE_STACK_WORDS);
}

/* No writer is left. */
void exptrace_stacks_exit(void)
{
	unsigned int parity;

	for (parity = 0; parity < 2; parity++) {
		kvfree(exptrace_interned[parity].stacks);
		exptrace_interned[parity].stacks = NULL;
	}
}
