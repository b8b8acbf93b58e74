// SPDX-License-Identifier: GPL-2.0-only
/*
 * The refill: a slot's full batch for an empty one, the writer's slow path.
 */
#include <linux/export.h>
#include <linux/smp.h>

#include "flush.h"
#include "writer.h"

static bool is_bound(unsigned int context)
{
	return context < EXPTRACE_NR_CONTEXTS;
}

static u64 m_of(unsigned int context)
{
	if (!is_bound(context))
		return EXPTRACE_M_NONE;
	return (u64)raw_smp_processor_id() * EXPTRACE_NR_CONTEXTS + context;
}

/* Counts the event that the writer is about. Returns false, for the caller to. */
static bool lose(unsigned long gen, unsigned int exp, unsigned int context,
		 enum exptrace_lost reason)
{
	if (is_bound(context))
		this_cpu_ptr(exptrace.cpus)->lost[gen & 1][exp][context][reason]++;
	return false;
}

/*
 * Without a batch to hand over there is nothing to do in the lock if it has none
 * to give: when the pool is empty, every event of every CPU comes here. Returns
 * the reason, or EXPTRACE_NR_LOST if it is worth a try.
 */
static enum exptrace_lost nothing_to_get(unsigned int exp, unsigned int context)
{
	const struct exptrace_pool *pool = &exptrace_pool;

	if (pool->mode == EXPTRACE_MODE_FLIGHT || context == EXPTRACE_UNBOUND_TABLE)
		return EXPTRACE_NR_LOST;
	if (READ_ONCE(pool->nr_empty) <= READ_ONCE(pool->nr_reserved))
		return EXPTRACE_LOST_POOL;
	if (is_bound(context) && exptrace_over_quota(exp))
		return EXPTRACE_LOST_QUOTA;
	return EXPTRACE_NR_LOST;
}

static void adopt(struct exptrace_slot *slot, struct exptrace_batch *batch, unsigned long gen,
		  unsigned int exp, unsigned int context)
{
	slot->last = exptrace_clock();
	slot->pid = EXPTRACE_NOBODY;
	slot->batch = batch;
	batch->first = slot->recorded;
	batch->cpu = is_bound(context) ? raw_smp_processor_id() : -1;
	exptrace_batch_header(batch, exp, gen, m_of(context), slot->last);
	slot->pos = batch->data + batch->start;
	if (exp != EXPTRACE_EXPERIMENT_STANDARD)
		*slot->pos++ = EXPTRACE_CONTENT_EVENTS;
	slot->end = batch->data + exptrace_pool.batch_size;
}

/* The slot has no batch any more. */
static void disown(struct exptrace_slot *slot)
{
	slot->batch = NULL;
	slot->pos = NULL;
	slot->end = NULL;
}

static bool exchange(struct exptrace_slot *slot, u8 *pos, unsigned long gen, unsigned int exp,
		     unsigned int context)
{
	enum exptrace_need need = context == EXPTRACE_UNBOUND_TABLE ? EXPTRACE_NEED_TABLES
								    : EXPTRACE_NEED_EVENTS;
	unsigned int charge = is_bound(context) ? exp : EXPTRACE_NO_CHARGE;
	struct exptrace_batch *empty;

	if (slot->batch)
		exptrace_batch_seal(slot->batch, pos, slot->recorded);
	if (exptrace_exchange(slot->batch, gen, need, charge, &empty)) {
		slot->pos = pos;
		return lose(gen, exp, context, EXPTRACE_LOST_CONTENDED);
	}
	disown(slot);
	if (!empty)
		return lose(gen, exp, context, is_bound(context) && exptrace_over_quota(exp) ?
			    EXPTRACE_LOST_QUOTA : EXPTRACE_LOST_POOL);
	adopt(slot, empty, gen, exp, context);
	return true;
}

/*
 * Does the caller fire inside a writer? Either the slot's own: it shows no room
 * while an event is being written or the batch is exchanged. (An event leaves room
 * behind it, so a full batch doesn't look like that.) Or any writer that has the
 * pool's lock on this CPU; from NMI that is contention.
 */
static bool is_nested(const struct exptrace_slot *slot, unsigned int context)
{
	if (slot->refilling)
		return true;
	if (!is_bound(context))
		return false;
	return (slot->batch && slot->pos == slot->end) ||
	       (context != EXPTRACE_CONTEXT_NMI && exptrace_pool_locked_here());
}

/**
 * exptrace_refill - give a slot an empty batch, hand over the one it has
 * @slot:	the slot, which has less than @max bytes left
 * @max:	bytes that are needed, less than the smallest batch has
 * @gen:	the slot's generation
 * @exp:	its experiment
 * @context:	its context, or EXPTRACE_UNBOUND*
 *
 * While an event is written and while this works, the slot has no room: a probe
 * that fires meanwhile in the same context comes here too and is refused
 * (invariant 4).
 *
 * Context: any; preemption is off if the slot is bound to a CPU. Return: true if
 * there is room now; false if the event is lost, which has been counted.
 */
noinline notrace bool exptrace_refill(struct exptrace_slot *slot, size_t max, unsigned long gen,
				      unsigned int exp, unsigned int context)
{
	enum exptrace_lost reason = EXPTRACE_NR_LOST;
	u8 *pos = slot->pos;
	bool room;

	if (is_nested(slot, context))
		return lose(gen, exp, context, EXPTRACE_LOST_NESTED);
	if (!slot->batch)
		reason = nothing_to_get(exp, context);
	if (reason != EXPTRACE_NR_LOST)
		return lose(gen, exp, context, reason);

	slot->refilling = true;
	slot->pos = slot->end;
	barrier();	/* before anything that can fire a probe; on this CPU only */
	room = exchange(slot, pos, gen, exp, context);
	barrier();
	slot->refilling = false;
	return room;
}
EXPORT_SYMBOL_GPL(exptrace_refill);

/*
 * Hands over what @slot holds, without taking a new batch. Its owner calls this,
 * or advance() after the grace period (invariant 6).
 */
void exptrace_flush_slot(struct exptrace_slot *slot, unsigned long gen, unsigned int exp)
{
	struct exptrace_batch *batch = slot->batch, *none;

	if (!batch)
		return;
	if (exptrace_batch_is_bare(batch, exp, slot->pos)) {
		exptrace_batch_give_back(batch);
	} else {
		exptrace_batch_seal(batch, slot->pos, slot->recorded);
		exptrace_exchange(batch, gen, EXPTRACE_NEED_NONE, EXPTRACE_NO_CHARGE, &none);
	}
	disown(slot);
}
