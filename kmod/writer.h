/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The writer: how a probe appends an event to its experiment's stream.
 *
 *	EXPTRACE_WRITER(w);
 *
 *	if (!exptrace_begin(&w, EXPTRACE_EXPERIMENT_STANDARD, TYPE, exptrace_max(2, 0)))
 *		return;
 *	exptrace_number(&w, first);
 *	exptrace_number(&w, second);
 *	exptrace_end(&w);
 *
 * Preemption is off from exptrace_begin() to exptrace_end() (invariant 2). All experiments use
 * the same type of writer. An unbound writer, for tables and dumps, is bound to no CPU and works
 * on a slot of its own in task context.
 */
#ifndef _EXPTRACE_WRITER_H
#define _EXPTRACE_WRITER_H

#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "address.h"
#include "batch.h"
#include "clock.h"
#include "filter/filter.h"
#include "intern.h"
#include "keep.h"
#include "object.h"
#include "stack.h"
#include "varint.h"

/* In place of a context: writers that are bound to no CPU. */
enum {
	EXPTRACE_UNBOUND	= EXPTRACE_NR_CONTEXTS,	/* of events */
	EXPTRACE_UNBOUND_TABLE,				/* of tables: may use the reserve */
};

/* In place of a pid: the batch does not say yet which thread runs here. */
#define EXPTRACE_NOBODY		(~0U)

/**
 * struct exptrace_writer - a place to append to
 * @slot:	the slot being filled
 * @pos:	next byte to write; stored to @slot in exptrace_end()
 * @context:	context of @slot
 *
 * Lives on the stack of one function, mostly in registers. See EXPTRACE_WRITER().
 */
struct exptrace_writer {
	struct exptrace_slot	*slot;
	u8			*pos;
	unsigned int		context;
};

/* Declare a writer, uninitialized even in kernels that zero automatic variables. */
#define EXPTRACE_WRITER(w)	struct exptrace_writer w __attribute__((__uninitialized__))

bool exptrace_refill(struct exptrace_slot *slot);
bool exptrace_refill_uncounted(struct exptrace_slot *slot);
bool exptrace_refuse(struct exptrace_slot *slot);
void exptrace_lose(unsigned int exp, enum exptrace_lost reason, u64 events);
void exptrace_append_batch(struct exptrace_slot *slot);
void exptrace_flush_slot(struct exptrace_slot *slot);
void exptrace_flush_cpu(struct exptrace_cpu *cpu, unsigned int parity);

/* Upper bound of an event with @numbers arguments and @chars characters in strings. */
static __always_inline size_t exptrace_max(unsigned int numbers, size_t chars)
{
	/* type and delta of the event, a "current" and a "stack" before it; pid; stack's id */
	return 3 * (1 + EXPTRACE_VARINT_MAX) + 5 + 2 + numbers * EXPTRACE_VARINT_MAX + chars;
}

/* The current context. Preemption is off. */
static __always_inline unsigned int exptrace_context(void)
{
	unsigned long count = preempt_count();

	if (likely(!(count & (NMI_MASK | HARDIRQ_MASK | SOFTIRQ_OFFSET))))
		return EXPTRACE_CONTEXT_TASK;
	if (count & NMI_MASK)
		return EXPTRACE_CONTEXT_NMI;
	return count & HARDIRQ_MASK ? EXPTRACE_CONTEXT_HARDIRQ : EXPTRACE_CONTEXT_SOFTIRQ;
}

/* In place of a context: look it up. */
#define EXPTRACE_ANY_CONTEXT	(~0U)

/*
 * Get this CPU's writer for @exp and @context. Returns false while nothing is being recorded;
 * otherwise preemption is off until exptrace_release().
 */
static __always_inline bool exptrace_acquire(struct exptrace_writer *w, unsigned int exp,
					     unsigned int context)
{
	struct exptrace_slot __percpu *slots;

	preempt_disable_notrace();
	slots = READ_ONCE(exptrace_writers.slots);
	if (unlikely(!slots)) {
		preempt_enable_notrace();
		return false;
	}
	w->context = context == EXPTRACE_ANY_CONTEXT ? exptrace_context() : context;
	w->slot = this_cpu_ptr(slots) + exp * EXPTRACE_NR_CONTEXTS + w->context;
	return true;
}

static __always_inline void exptrace_release(void)
{
	preempt_enable_notrace();
}

/*
 * Mark @slot busy; returns false if it is busy already (invariant 4). Code may interrupt the same
 * context as the kernel sees it: the tail of an interrupt that wakes ksoftirqd looks like task
 * context. So this comes before anything in the slot is read, and exptrace_leave() after all
 * else. Test and set need not be atomic: whatever interrupts in between has left the slot again
 * before we go on.
 */
static __always_inline bool exptrace_enter(struct exptrace_slot *slot)
{
	if (unlikely(READ_ONCE(slot->busy)))
		return false;
	WRITE_ONCE(slot->busy, true);
	barrier();	/* before all accesses to the slot; pairs with this CPU's interrupts */
	return true;
}

static __always_inline void exptrace_leave(struct exptrace_slot *slot)
{
	barrier();	/* after all accesses to the slot; likewise */
	WRITE_ONCE(slot->busy, false);
}

/*
 * Make room for @max bytes. Returns false if there is none: then the event is lost, and counted.
 */
static __always_inline bool exptrace_ensure(struct exptrace_writer *w, size_t max)
{
	struct exptrace_slot *slot = w->slot;

	if (unlikely(slot->pos + max > slot->end) &&
	    !(u8)EXPTRACE_CALL_KEEPING(exptrace_refill, slot))
		return false;
	w->pos = slot->pos;
	return true;
}

static __always_inline void exptrace_byte(struct exptrace_writer *w, u8 byte)
{
	*w->pos++ = byte;
}

static __always_inline void exptrace_number(struct exptrace_writer *w, u64 value)
{
	w->pos = exptrace_put_varint(w->pos, value);
}

/* Append the address of an object. Counts as two numbers in exptrace_max(). */
static __always_inline void exptrace_object(struct exptrace_writer *w, const void *object)
{
	w->pos = exptrace_put_object(w->pos, exptrace_data_address(object),
				     w->slot->batch->addr_state.object);
}

/* Append an address of @kind, EXPTRACE_KIND_USER_ADDRESS or _USER_CODE. Counts as one number. */
static __always_inline void exptrace_user_address(struct exptrace_writer *w, unsigned int kind,
						  enum exptrace_realm realm,
						  unsigned long address)
{
	u64 *last = &w->slot->batch->addr_state.user[kind == EXPTRACE_KIND_USER_CODE];
	u64 value = exptrace_any_address(address, realm);

	exptrace_number(w, exptrace_zigzag((s64)(value - *last)));
	*last = value;
}

/* Append a call site. Counts as one number. */
static __always_inline void exptrace_site(struct exptrace_writer *w, unsigned long address)
{
	put_unaligned_le16(exptrace_intern(w->slot->interned, address), w->pos);
	w->pos += EXPTRACE_SITE_BYTES;
}

/* Append a string of @len bytes. Counts as @len + 2 characters in exptrace_max(). */
static __always_inline void exptrace_string(struct exptrace_writer *w, const char *s, size_t len)
{
	exptrace_number(w, len);
	memcpy(w->pos, s, len);
	w->pos += len;
}

/* Say which thread runs here, @delta ticks after the previous event. */
static __always_inline void exptrace_put_current(struct exptrace_writer *w, u64 delta, u32 pid)
{
	exptrace_byte(w, EXPTRACE_EVENT_CURRENT);
	exptrace_number(w, delta);
	exptrace_number(w, pid);
	w->slot->pid = pid;
	w->slot->last++;
}

/* Write the stack of the next event, if it has one. There is room for both. */
static __always_inline bool exptrace_stack(struct exptrace_writer *w, unsigned int type)
{
	if (!static_branch_unlikely(&exptrace_stacks_on) ||
	    !(u8)EXPTRACE_CALL_KEEPING_2(exptrace_put_stack, w->slot, (unsigned long)type))
		return false;
	w->pos = w->slot->pos;
	return true;
}

/*
 * Append the head of an event: its type, and its time, @delta ticks after the previous event.
 * @task is the running thread, for task context.
 */
static __always_inline void exptrace_stamp_after(struct exptrace_writer *w, unsigned int type,
						 const struct task_struct *task, u64 delta)
{
	struct exptrace_slot *slot = w->slot;

	if (unlikely((s64)delta < 1))
		delta = 1;
	slot->last += delta;
	if (w->context == EXPTRACE_CONTEXT_TASK && unlikely(slot->pid != (u32)task->pid)) {
		exptrace_put_current(w, delta, task->pid);
		delta = 1;
	}
	exptrace_byte(w, type);
	exptrace_number(w, delta);
}

static __always_inline void exptrace_stamp(struct exptrace_writer *w, unsigned int type,
					   const struct task_struct *task)
{
	exptrace_stamp_after(w, type, task, exptrace_clock() - w->slot->last);
}

/*
 * Attempt an event of @task, the running thread, about @subject: get a writer with room for it.
 * After success the caller writes the head and calls exptrace_end().
 */
static __always_inline bool exptrace_attempt(struct exptrace_writer *w, unsigned int exp,
					     unsigned int context, const struct task_struct *task,
					     struct exptrace_subject subject, size_t max)
{
	if (!exptrace_acquire(w, exp, context))
		return false;
	if (exptrace_filters_out(task, subject)) {
		exptrace_release();
		return false;
	}
	local64_inc(&w->slot->attempted);
	if (unlikely(!exptrace_enter(w->slot))) {
		EXPTRACE_CALL_KEEPING(exptrace_refuse, w->slot);
		exptrace_release();
		return false;
	}
	if (unlikely(!exptrace_ensure(w, max))) {
		exptrace_leave(w->slot);
		exptrace_release();
		return false;
	}
	return true;
}

/* Append the head of the attempted event, preceded by its stack. */
static __always_inline void exptrace_head(struct exptrace_writer *w, unsigned int type,
					  const struct task_struct *task)
{
	/* Unwinding takes time: the event happened when it began. */
	u64 delta = exptrace_stack(w, type) ? 1 : exptrace_clock() - w->slot->last;

	exptrace_stamp_after(w, type, task, delta);
}

static __always_inline bool exptrace_begin_as(struct exptrace_writer *w, unsigned int exp,
					      unsigned int context, const struct task_struct *task,
					      struct exptrace_subject subject, unsigned int type,
					      size_t max)
{
	if (!exptrace_attempt(w, exp, context, task, subject, max))
		return false;
	exptrace_head(w, type, task);
	return true;
}

/*
 * As exptrace_begin_about(), for callers that are always in task context, with @task as current.
 */
static __always_inline bool exptrace_begin_task(struct exptrace_writer *w, unsigned int exp,
						const struct task_struct *task,
						struct exptrace_subject subject, unsigned int type,
						size_t max)
{
	return exptrace_begin_as(w, exp, EXPTRACE_CONTEXT_TASK, task, subject, type, max);
}

/* As exptrace_begin(), for an event about @subject. */
static __always_inline bool exptrace_begin_about(struct exptrace_writer *w, unsigned int exp,
						 struct exptrace_subject subject,
						 unsigned int type, size_t max)
{
	return exptrace_begin_as(w, exp, EXPTRACE_ANY_CONTEXT, current, subject, type, max);
}

/**
 * exptrace_begin - begin an event
 * @w:		the writer
 * @exp:	the experiment
 * @type:	the event's type
 * @max:	exptrace_max() of its arguments
 *
 * Context: any. Return: true with preemption off, and exptrace_end() must follow;
 * or false if nothing is being recorded, or the event is filtered out or lost.
 */
static __always_inline bool exptrace_begin(struct exptrace_writer *w, unsigned int exp,
					   unsigned int type, size_t max)
{
	return exptrace_begin_about(w, exp, exptrace_about_current(), type, max);
}

/* Make the event part of the stream. */
static __always_inline void exptrace_commit(struct exptrace_writer *w)
{
	w->slot->pos = w->pos;
	w->slot->recorded++;
}

static __always_inline void exptrace_end(struct exptrace_writer *w)
{
	exptrace_commit(w);
	exptrace_leave(w->slot);
	exptrace_release();
}

/*
 * Make @w an unbound writer for generation @gen and experiment @exp that works on @slot, which is
 * zeroed or was used for this before. The caller makes sure that the generation stays open, and
 * flushes with exptrace_flush_slot().
 */
static inline void exptrace_unbound_writer(struct exptrace_writer *w, struct exptrace_slot *slot,
					   u64 gen, unsigned int exp, unsigned int context)
{
	slot->interned = &exptrace_interned[gen & 1];
	slot->exp = exp;
	slot->context = context;
	*w = (struct exptrace_writer) { .slot = slot, .context = context };
}

#endif /* _EXPTRACE_WRITER_H */
