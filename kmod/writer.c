// SPDX-License-Identifier: GPL-2.0-only
/*
 * The refill, the writer's slow path: exchange a slot's full batch for an empty one.
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

/* Count the event being written as lost. Returns false, for the caller to return. */
static bool lose_event(const struct exptrace_slot *slot, enum exptrace_lost reason)
{
	unsigned int parity = slot->interned->gen & 1;

	if (is_bound(slot))	/* this_cpu_inc(): it nests, as what it counts does */
		this_cpu_inc(exptrace.cpus->lost[parity][slot->exp][slot->context][reason]);
	return false;
}

/*
 * Does the generation's schema describe the slot's events? An experiment may write events
 * before it is in the schema, and after it was removed. Its slots get no batch then, so each
 * such event ends up in the refill.
 */
static bool is_in_schema(const struct exptrace_slot *slot)
{
	return slot->interned->experiments & BIT(slot->exp);
}

/* Uncount the attempt. Returns false, for the caller to return. */
static bool uncount_attempt(struct exptrace_slot *slot)
{
	local64_dec(&slot->attempted);
	return false;
}

/*
 * Avoid the lock if there is neither a batch to hand over nor one to get: while the pool is
 * empty, every event of every CPU comes here. Returns the reason why there is none, or
 * EXPTRACE_NR_LOST if it is worth a try.
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

/* Begin a batch of the stream at @at, in the batch that @slot owns. */
static void begin_batch(struct exptrace_slot *slot, u8 *at)
{
	struct exptrace_batch *batch = slot->batch;

	if (is_bound(slot))	/* others set the time themselves */
		slot->last = exptrace_clock();
	slot->pid = EXPTRACE_NOBODY;
	memset(&batch->addr_state, 0, sizeof(batch->addr_state));
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
 * Begin another batch of the stream right after the present one, which is not empty. @slot is
 * bound to no CPU, and there is room for the header.
 */
void exptrace_append_batch(struct exptrace_slot *slot)
{
	exptrace_batch_seal(slot->batch, slot->pos, slot->recorded);
	begin_batch(slot, slot->pos);
}

/* Leave the slot without a batch. */
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
 * Was the caller hit while another slot's writer holds the pool's lock on this CPU? In NMI
 * context that counts as contention instead.
 */
static bool is_nested(const struct exptrace_slot *slot)
{
	return is_bound(slot) && slot->context != EXPTRACE_CONTEXT_NMI &&
	       exptrace_pool_locked_here();
}

/* Count an event whose slot was busy. Returns false. */
notrace bool exptrace_refuse(struct exptrace_slot *slot)
{
	return is_in_schema(slot) ? lose_event(slot, EXPTRACE_LOST_NESTED) : uncount_attempt(slot);
}
EXPTRACE_KEEPING(exptrace_refuse);
EXPTRACE_DECLARE_KEEPING(exptrace_refuse);
EXPTRACE_EXPORT_KEEPING(exptrace_refuse);

/* Returns EXPTRACE_NR_LOST if there is room now, else the reason why not. */
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
 * exptrace_lose - count events that a probe did not even begin as lost
 * @exp:	their experiment
 * @reason:	why
 * @events:	how many
 *
 * Context: any. Does not count events that the schema lacks or the filter drops.
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
 * exptrace_refill - hand over a slot's batch and get an empty one
 * @slot:	the slot, which has too little room for the next event; an empty batch of
 *		any size has enough for any event
 *
 * Context: any. If the slot is bound to a CPU, preemption is off, and the slot is busy, so that
 * probes that fire in here are refused. Return: true if there is room now; false if the event
 * is lost, and counted; or if the schema lacks it, and then it is not counted at all.
 */
noinline notrace bool exptrace_refill(struct exptrace_slot *slot)
{
	enum exptrace_lost reason;

	if (!is_in_schema(slot))
		return uncount_attempt(slot);
	reason = refill(slot);
	return reason == EXPTRACE_NR_LOST || lose_event(slot, reason);
}
EXPTRACE_KEEPING(exptrace_refill);
EXPTRACE_DECLARE_KEEPING(exptrace_refill);
EXPTRACE_EXPORT_KEEPING(exptrace_refill);

/* As exptrace_refill(), for data that is no event; the caller counts it, if at all. */
notrace bool exptrace_refill_uncounted(struct exptrace_slot *slot)
{
	return is_in_schema(slot) && refill(slot) == EXPTRACE_NR_LOST;
}

/*
 * Hand over the batch of @slot, without getting another one. Called by the slot's owner, or by
 * advance() after the grace period (invariant 6).
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

/* Hand over the batches of all slots of @cpu in the generation of this @parity. */
void exptrace_flush_cpu(struct exptrace_cpu *cpu, unsigned int parity)
{
	unsigned int exp, context;

	lockdep_assert_held(&exptrace.flushing);

	for (exp = 0; exp < EXPTRACE_NR_EXPERIMENTS; exp++)
		for (context = 0; context < EXPTRACE_NR_CONTEXTS; context++)
			exptrace_flush_slot(&cpu->slot[parity][exp][context]);
}
