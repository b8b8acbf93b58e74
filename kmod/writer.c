// SPDX-License-Identifier: GPL-2.0-only
/*
 * The refill: a slot's full batch for an empty one, the writer's slow path.
 */
#include <linux/bits.h>
#include <linux/export.h>
#include <linux/smp.h>

#include "flush.h"
#include "writer.h"

static bool is_bound(const struct exptrace_slot *slot)
{
	return slot->context < EXPTRACE_NR_CONTEXTS;
}

static u64 m_of(const struct exptrace_slot *slot)
{
	if (!is_bound(slot))
		return EXPTRACE_M_NONE;
	return (u64)raw_smp_processor_id() * EXPTRACE_NR_CONTEXTS + slot->context;
}

/* Counts the event that the writer is about. Returns false, for the caller to. */
static bool lose(const struct exptrace_slot *slot, enum exptrace_lost reason)
{
	unsigned int parity = slot->interned->gen & 1;

	if (is_bound(slot))	/* this_cpu_inc(): it nests, as what it counts does */
		this_cpu_inc(exptrace.cpus->lost[parity][slot->exp][slot->context][reason]);
	return false;
}

/*
 * Does a schema tell what the slot's events are? Events of an experiment that comes or has
 * gone may be written meanwhile. A slot gets no batch then, so they all come to the refill.
 */
static bool is_in_schema(const struct exptrace_slot *slot)
{
	return slot->interned->experiments & BIT(slot->exp);
}

/* Takes back that the event was attempted. Returns false, for the caller to. */
static bool forget(struct exptrace_slot *slot)
{
	local64_dec(&slot->attempted);
	return false;
}

/*
 * Without a batch to hand over there is nothing to do in the lock if it has none
 * to give: when the pool is empty, every event of every CPU comes here. Returns
 * the reason, or EXPTRACE_NR_LOST if it is worth a try.
 */
static enum exptrace_lost nothing_to_get(const struct exptrace_slot *slot)
{
	const struct exptrace_pool *pool = &exptrace_pool;

	if (pool->mode == EXPTRACE_MODE_FLIGHT || slot->context == EXPTRACE_UNBOUND_TABLE)
		return EXPTRACE_NR_LOST;
	if (READ_ONCE(pool->nr_empty) <= READ_ONCE(pool->nr_reserved))
		return EXPTRACE_LOST_POOL;
	if (is_bound(slot) && exptrace_over_quota(slot->exp))
		return EXPTRACE_LOST_QUOTA;
	return EXPTRACE_NR_LOST;
}

/* Begins a batch of the stream at @at, in the memory that @slot has. */
static void begin_batch(struct exptrace_slot *slot, u8 *at)
{
	struct exptrace_batch *batch = slot->batch;

	if (is_bound(slot))	/* what others write is of the time that they say */
		slot->last = exptrace_clock();
	slot->pid = EXPTRACE_NOBODY;
	memset(&batch->near, 0, sizeof(batch->near));
	exptrace_batch_header(batch, at, slot->exp, slot->interned->gen, m_of(slot), slot->last);
	slot->pos = batch->data + batch->start;
	if (slot->exp != EXPTRACE_EXPERIMENT_STANDARD)
		*slot->pos++ = EXPTRACE_CONTENT_EVENTS;
}

static void adopt(struct exptrace_slot *slot, struct exptrace_batch *batch)
{
	slot->batch = batch;
	slot->end = batch->data + exptrace_pool.batch_size;
	batch->begin = 0;
	batch->first = slot->recorded;
	batch->changes = 0;
	batch->cpu = is_bound(slot) ? raw_smp_processor_id() : -1;
	begin_batch(slot, batch->data);
}

/*
 * Begins another batch of the stream right behind the one that @slot, bound to no CPU, has
 * written something to; there is room for its header.
 */
void exptrace_append_batch(struct exptrace_slot *slot)
{
	exptrace_batch_seal(slot->batch, slot->pos, slot->recorded);
	begin_batch(slot, slot->pos);
}

/* The slot has no batch any more. */
static void disown(struct exptrace_slot *slot)
{
	slot->batch = NULL;
	slot->pos = NULL;
	slot->end = NULL;
}

/* Returns as refill(). */
static enum exptrace_lost exchange(struct exptrace_slot *slot)
{
	enum exptrace_need need = slot->context == EXPTRACE_UNBOUND_TABLE ? EXPTRACE_NEED_TABLES
									  : EXPTRACE_NEED_EVENTS;
	unsigned int charge = is_bound(slot) ? slot->exp : EXPTRACE_NO_CHARGE;
	struct exptrace_batch *empty;

	if (slot->batch)
		exptrace_batch_seal(slot->batch, slot->pos, slot->recorded);
	if (exptrace_exchange(slot->batch, slot->interned->gen, need, charge, &empty))
		return EXPTRACE_LOST_CONTENDED;
	disown(slot);
	if (!empty)
		return is_bound(slot) && exptrace_over_quota(slot->exp) ? EXPTRACE_LOST_QUOTA :
									  EXPTRACE_LOST_POOL;
	adopt(slot, empty);
	return EXPTRACE_NR_LOST;
}

/*
 * Does the caller fire inside another slot's writer that has the pool's lock on
 * this CPU? From NMI that is contention.
 */
static bool is_nested(const struct exptrace_slot *slot)
{
	return is_bound(slot) && slot->context != EXPTRACE_CONTEXT_NMI &&
	       exptrace_pool_locked_here();
}

/* Counts an event whose slot was found busy. Returns false. */
notrace bool exptrace_refuse(struct exptrace_slot *slot)
{
	return is_in_schema(slot) ? lose(slot, EXPTRACE_LOST_NESTED) : forget(slot);
}
EXPTRACE_KEEPING(exptrace_refuse);
EXPTRACE_DECLARE_KEEPING(exptrace_refuse);
EXPTRACE_EXPORT_KEEPING(exptrace_refuse);

/* Returns EXPTRACE_NR_LOST if there is room now, or why there is none. */
static enum exptrace_lost refill(struct exptrace_slot *slot)
{
	enum exptrace_lost reason;

	if (is_nested(slot))
		return EXPTRACE_LOST_NESTED;
	if (slot->batch)
		return exchange(slot);
	reason = nothing_to_get(slot);
	return reason == EXPTRACE_NR_LOST ? exchange(slot) : reason;
}

/**
 * exptrace_lose - count events that a probe did not even begin
 * @exp:	their experiment
 * @reason:	why
 * @events:	how many
 *
 * Context: any. What no schema knows, or is filtered out, counts for nothing.
 */
notrace void exptrace_lose(unsigned int exp, enum exptrace_lost reason, u64 events)
{
	struct exptrace_slot *slot;
	EXPTRACE_WRITER(w);

	if (!exptrace_acquire(&w, exp, EXPTRACE_ANY_CONTEXT))
		return;
	slot = w.slot;
	if (is_in_schema(slot) && !exptrace_filters_out(current, exptrace_about_current())) {
		local64_add(events, &slot->attempted);
		this_cpu_add(exptrace.cpus->lost[slot->interned->gen & 1][exp][w.context][reason],
			     events);
	}
	exptrace_release();
}

/**
 * exptrace_refill - give a slot an empty batch, hand over the one it has
 * @slot:	the slot, which has too little room for the next event; the smallest
 *		batch has enough for any
 *
 * Context: any; if the slot is bound to a CPU, preemption is off, and the slot was
 * entered, so that what fires in here finds it busy. Return: true if
 * there is room now; false if the event is lost, which has been counted, or no schema
 * knows it, and then it counts for nothing.
 */
noinline notrace bool exptrace_refill(struct exptrace_slot *slot)
{
	enum exptrace_lost reason;

	if (!is_in_schema(slot))
		return forget(slot);
	reason = refill(slot);
	return reason == EXPTRACE_NR_LOST || lose(slot, reason);
}
EXPTRACE_KEEPING(exptrace_refill);
EXPTRACE_DECLARE_KEEPING(exptrace_refill);
EXPTRACE_EXPORT_KEEPING(exptrace_refill);

/* The same for what is no event, and is counted by who writes it, if at all. */
notrace bool exptrace_refill_uncounted(struct exptrace_slot *slot)
{
	return is_in_schema(slot) && refill(slot) == EXPTRACE_NR_LOST;
}

/*
 * Hands over what @slot holds, without taking a new batch. Its owner calls this,
 * or advance() after the grace period (invariant 6).
 */
void exptrace_flush_slot(struct exptrace_slot *slot)
{
	struct exptrace_batch *batch = slot->batch, *none;

	if (!batch)
		return;
	if (exptrace_batch_is_bare(batch, slot->exp, slot->pos)) {
		exptrace_batch_give_back(batch);
	} else {
		exptrace_batch_seal(batch, slot->pos, slot->recorded);
		exptrace_exchange(batch, slot->interned->gen, EXPTRACE_NEED_NONE,
				  EXPTRACE_NO_CHARGE, &none);
	}
	disown(slot);
}

/* Likewise all slots of a CPU in the generations of @parity. */
void exptrace_flush_cpu(struct exptrace_cpu *cpu, unsigned int parity)
{
	unsigned int exp, context;

	lockdep_assert_held(&exptrace.flushing);

	for (exp = 0; exp < EXPTRACE_NR_EXPERIMENTS; exp++)
		for (context = 0; context < EXPTRACE_NR_CONTEXTS; context++)
			exptrace_flush_slot(&cpu->slot[parity][exp][context]);
}
