// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel stacks: numbering them, and attaching them to events.
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

/* Maximum number of frames of the recorder and of a probe. */
#define RECORDER_FRAMES_MAX	8

DEFINE_STATIC_KEY_FALSE(exptrace_stacks_on);
EXPORT_SYMBOL_GPL(exptrace_stacks_on);

/* Event types with stacks, by experiment; bits are changed atomically, read at any time. */
static unsigned long wanted[EXPTRACE_NR_EXPERIMENTS][BITS_TO_LONGS(EXPTRACE_EVENT_LAST + 1)];

/*
 * Modules of the probes of these events, by experiment. Written under exptrace.control
 * before a type is wanted; a running probe pins its module.
 */
static const struct module *owners[EXPTRACE_NR_EXPERIMENTS];

/* Number of events whose types are wanted; exptrace.control. */
static unsigned int nr_wanted;

/* The number of frames without the EXPTRACE_STACK_CUT flag. */
static unsigned int nr_frames(unsigned int nr)
{
	return nr & ~EXPTRACE_STACK_CUT;
}

/* Is this the stack with @number? If its code is unloaded meanwhile, either answer is right. */
static bool is_stack(const struct exptrace_stacks *stacks, unsigned int number,
		     const unsigned long *frames, unsigned int nr)
{
	const unsigned long *word = &stacks->word[stacks->place[number] - 1];

	if (word[0] != nr)
		return false;
	/* A frame may be retired at any time: one word, which then matches no frame. */
	return data_race(!memcmp(word + 1, frames, nr_frames(nr) * sizeof(*frames)));
}

/* Copy a stack to a place of its own. Returns its offset plus 1; 0 if there is no room. */
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

/* Release the number (plus 1) of a stack that has no entry; 0 is ignored. */
static void waste_stack_number(struct exptrace_stacks *stacks, u32 taken)
{
	if (taken)
		stacks->place[taken - 1] = 0;
}

/*
 * If another CPU inserts the same stack first, the number and words allocated here stay
 * unused.
 */
notrace unsigned int exptrace_intern_stack(struct exptrace_stacks *stacks,
					   const unsigned long *frames, unsigned int nr)
{
	u32 words = nr_frames(nr) * sizeof(*frames) / sizeof(u32), taken = 0;
	u32 hash = jhash2((const u32 *)frames, words, nr);
	unsigned int i;

	for (i = 0; i < EXPTRACE_STACK_PROBES; i++) {
		u64 *slot = &stacks->entry[(hash + i) % EXPTRACE_STACK_SLOTS];
		/*
		 * Pairs with the cmpxchg() below: an entry's place and words are visible
		 * with it.
		 */
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

/* Did the stack with @number, which must exist, have more frames? */
bool exptrace_stack_is_cut(const struct exptrace_stacks *stacks, unsigned int number)
{
	return stacks->word[stacks->place[number] - 1] & EXPTRACE_STACK_CUT;
}

/* The code of a frame of the stack with @number is being unloaded: replace it by @site. */
void exptrace_stack_retire(struct exptrace_stacks *stacks, unsigned int number,
			   unsigned int frame, unsigned int site)
{
	lockdep_assert_held(&exptrace.control);

	WRITE_ONCE(stacks->word[stacks->place[number] + frame], site);
}

/*
 * The site of a frame, created if needed; 0 if there is no room. A frame in unloaded code has
 * been replaced by its site already.
 */
unsigned int exptrace_frame_site(struct exptrace_interned *interned, unsigned long frame)
{
	if (frame < EXPTRACE_NR_SITES)
		return frame;
	return exptrace_intern_uncounted(interned, exptrace_call_of(frame));
}

/* Is the frame in the recorder, in the probe's module, or in the trampoline that called it? */
static __always_inline bool is_recorder_frame(unsigned long frame, const struct module *owner)
{
	return within_module(frame, THIS_MODULE) || (owner && within_module(frame, owner)) ||
	       exptrace_function_is_trampoline(frame);
}

/*
 * Capture the current stack, without the frames of the recorder and of the probe in
 * @owner; returns its number. Frames of the kernel's code that calls probes are left out
 * later, by write_stack().
 */
static noinline notrace unsigned int capture_stack(const struct exptrace_interned *interned,
						   const struct module *owner)
{
	/* One more than needed, to see whether there are more. */
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

/* Returns the generation and number of the stack in one word, never 0; 0 if none is wanted. */
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
 * exptrace_put_stack - write the stack of the following event
 * @slot:	slot of the event; has room for both
 * @type:	type of the event
 *
 * Context: any, including NMI, under any lock: it never waits or allocates. Return: false
 * if the event type has no stack; otherwise the event must follow one tick later.
 */
notrace unsigned long exptrace_put_stack(struct exptrace_slot *slot, unsigned long type)
{
	return !!put_stack(slot, type, 0);
}
EXPTRACE_KEEPING(exptrace_put_stack);
EXPTRACE_DECLARE_KEEPING(exptrace_put_stack);
EXPTRACE_EXPORT_KEEPING(exptrace_put_stack);

/*
 * The same for several events of one call, which share a stack: it is captured once per
 * generation. @same is the return value for the previous event, or 0. Return: 0 if the
 * event type has no stack.
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
		/* Writers of the open generation may see the table now; it has no room yet. */
		smp_store_release(&interned->stacks, stacks);	/* after the zeros */
	}
	return 0;
}

/**
 * exptrace_stacks_want - enable stacks for event types
 * @exp:	their experiment
 * @type:	first type
 * @ntypes:	number of types
 *
 * If a recording without stacks is running, this begins a new generation, because room
 * for stacks is reserved when a generation is opened.
 *
 * Context: process, exptrace.control held; sleeps. Return: 0; -ENOMEM; or an error of
 * exptrace_advance().
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
	WRITE_ONCE(owners[exp->id], exp->owner);	/* see @owners */
	while (ntypes--)
		set_bit(type++, wanted[exp->id]);
	static_branch_inc(&exptrace_stacks_on);
	return 0;
}

/* Undo exptrace_stacks_want(). */
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

/*
 * Like exptrace_intern_begin(): at most @room words may be used; none if stacks are not
 * wanted.
 */
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
