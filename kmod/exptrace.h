/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * exptrace: a flight recorder for the Linux kernel, the shared declarations.
 *
 * Data flows like this, each step a file:
 *
 *   tracepoint -> probes/ -> writer -> batch -> exchange -> flush -> drain -> device/
 *
 * A probe takes a writer for its experiment. The writer finds the buffer that this CPU and this
 * context fill for the experiment in the current generation, and appends to it with plain
 * stores. The refill, the only place with a lock, exchanges a full buffer (a batch) for an empty
 * one, and puts it on the flush list, where the reader of /dev/exptrace takes it. advance()
 * begins a new generation and completes the old one. Tables around the events of a generation
 * (tables/) let a reader decode it alone. docs/design.md lists the layers; calls go down.
 *
 * The invariants; the code refers to them by number.
 *
 *  1. The fast path takes no lock, no atomic and no barrier, and writes no cache
 *     line that another CPU writes. Otherwise cost grows with the CPUs.
 *  2. Preemption is off, with the notrace variants, from reading the generation
 *     to the last byte. Otherwise advance() could take a buffer being written.
 *  3. One buffer per context (task, softirq, hardirq, NMI). Otherwise the events of an
 *     interrupt would be lost (4).
 *  4. A probe that fires inside the writer of its own context finds it busy: it
 *     is refused and counted. Otherwise it recurses, or writes into the middle of
 *     an event.
 *  5. The refill is the only place with a lock, a raw spinlock with interrupts
 *     off (trylock from NMI), and it allocates nothing, sleeps never, and wakes
 *     readers through irq_work. Otherwise probes under the run-queue lock or
 *     inside kmalloc deadlock, and PREEMPT_RT breaks.
 *  6. advance() publishes the new generation, then waits for an RCU grace period,
 *     and only then touches the old one's buffers. Otherwise it races a writer.
 *  7. Writers know two generations; the flush side keeps as many complete ones
 *     as the pool holds. Otherwise gen % 2 would alias.
 *  8. A reader sees generations in order, never interleaved, each ended by a
 *     marker. Otherwise it could not decode one without the others.
 *  9. Per generation, CPU and experiment, attempted = recorded + sum(lost).
 *     Otherwise a trace can't be believed.
 * 10. Each generation can be decoded alone.
 * 11. Unload is two-phase: detach, wait until no probe runs, flush, sync the
 *     irq_work, free. Open files pin the module.
 * 12. Kernel addresses go only to those who may see them.
 * 13. No spinlock is held, and preemption is not disabled, for longer than a constant
 *     (10,000 instructions; more with stacks, see docs/design.md), whatever the size
 *     of the pool and the number of generations, threads and CPUs. Otherwise the
 *     recorder can't run beside real-time work.
 * 14. Unknown means unknown. A name, call site, time or count that may belong to something
 *     else is never shown as if it were certain.
 * 15. Nothing in the stream reveals addresses to readers who may not see them: not by
 *     value, by hash, or by an order that follows addresses. Otherwise 12 is kept in
 *     name only, and where the kernel and its modules lie can be computed.
 */
#ifndef _EXPTRACE_H
#define _EXPTRACE_H

#include <linux/cache.h>
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/seqlock.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uuid.h>
#include <linux/workqueue.h>
#include <asm/local64.h>

#include <exptrace/wire.h>
#include <exptrace/events.h>
#include <exptrace/exptrace.h>

#include "compat.h"

/* Limit on experiments registered at a time. Their number is a byte on the wire. */
#define EXPTRACE_NR_EXPERIMENTS		EXPTRACE_MAX_EXPERIMENTS

/**
 * struct exptrace_slot - where one context of one CPU writes one experiment
 * @pos:	next byte to write; NULL while there is no batch
 * @end:	end of the batch
 * @last:	ticks of the last event in the batch
 * @attempted:	events attempted in this generation, including those that found it busy
 * @recorded:	events recorded in this generation
 * @batch:	the batch being filled, or NULL
 * @interned:	shared by all writers of its generation; set before that is published
 * @pid:	the thread that runs here, as far as the batch says
 * @exp:	the experiment; constant
 * @context:	enum exptrace_context, or EXPTRACE_UNBOUND*; constant
 * @busy:	an event is being written, or the batch exchanged (invariant 4)
 *
 * Rule: while its generation is published, and for one RCU grace period after, only its CPU
 * writes it, in its context and with preemption off; after that, only advance().
 */
struct exptrace_slot {
	u8			*pos;
	u8			*end;
	u64			last;
	local64_t		attempted;
	u64			recorded;
	struct exptrace_batch	*batch;
	struct exptrace_interned *interned;
	u32			pid;
	u8			exp;
	u8			context;
	bool			busy;
} ____cacheline_aligned;

/**
 * struct exptrace_cpu - state of the writers of a CPU
 * @slot:	by generation parity, experiment, context
 * @lost:	events lost, indexed likewise and by reason; same rule as struct exptrace_slot
 * @unknown_sites: call sites without a number, by generation parity; same rule
 * @unknown_stacks: stacks without a number, likewise
 * @missing_changes: changes of threads without room, likewise
 * @overwritten: events in batches that were evicted before their generation was complete, by
 *		generation parity and experiment; pool.lock
 */
struct exptrace_cpu {
	struct exptrace_slot	slot[2][EXPTRACE_NR_EXPERIMENTS][EXPTRACE_NR_CONTEXTS];
	u64			lost[2][EXPTRACE_NR_EXPERIMENTS][EXPTRACE_NR_CONTEXTS]
				    [EXPTRACE_NR_LOST];
	u64			unknown_sites[2];
	u64			unknown_stacks[2];
	u64			missing_changes[2];
	u64			overwritten[2][EXPTRACE_NR_EXPERIMENTS] ____cacheline_aligned;
};

/**
 * struct exptrace_writers - state that the writer's inline functions read
 * @slots:	slots of the published generation, NULL while there is none; set with a
 *		release, or cleared by the probe of suspend, under the lock of
 *		span/suspend.c; read by writers with READ_ONCE. The RCU grace period in
 *		advance() pairs with their preempt-off section (invariant 6)
 * @clock_shift: TSC ticks per tick, log2; constant while recording
 * @data_base:	base of object addresses; constant while recording
 *
 * The only state of the recorder that other modules see. Only this module writes it, under
 * exptrace.control, except for that probe.
 */
struct exptrace_writers {
	struct exptrace_slot __percpu *slots;
	unsigned int		clock_shift;
	unsigned long		data_base;
} ____cacheline_aligned;

extern struct exptrace_writers exptrace_writers;

/**
 * struct exptrace - the recorder's own state
 * @text_base:	base of code addresses; constant while recording
 * @cpus:	state of the writers; constant while the module is loaded
 * @gen:	number of the published generation, or of the one that just ended because the
 *		clocks stopped; 0 while there is none; written under @control, read anywhere
 *		(READ_ONCE)
 * @control:	serializes start, stop, advance and the switching of events, and protects all
 *		fields below; some of them are read anywhere (READ_ONCE)
 * @next_gen:	number of the next generation; never reused
 * @recording:	something is being recorded, or about to be
 * @running:	state reported to user space: set with a release once the first generation is
 *		published, cleared once the last one is complete; read with an acquire, so
 *		that whoever sees it set is being recorded
 * @owner:	open file that stops this recording when it is closed
 * @period_ms:	milliseconds between generations
 * @settling:	held for writing to move losses and unknowns from the CPUs' counters to the
 *		three sums below, or to set these; readers add up both, and retry
 * @lost:	events lost in completed generations since start; @settling
 * @boot_id:	boot id given by whoever started the recording, or zero
 * @missing_tasks: threads without room in the statedumps since start
 * @missing_changes: changes of threads lost in completed generations since start
 * @unknown_sites: call sites without a number in completed generations since start; @settling
 * @unknown_stacks: stacks without a number, likewise
 * @raw_addresses: record raw kernel addresses
 * @flushing:	serializes the flushing of slots by advance() and by CPU hot-unplug
 * @large:	the generation has grown large, or has many bends; set by irq_work
 * @periodic:	begins a new generation every @period_ms, or when @large is set
 * @check:	begins a new generation if the current one can't continue
 * @wq:		runs all work items of the recorder
 * @advance:	exptrace_advance(), for lower layers; set in exptrace_generation_init(), as
 *		@periodic and @check are, before anything can be recorded; then constant
 */
struct exptrace {
	unsigned long		text_base;
	struct exptrace_cpu __percpu *cpus;

	u64			gen ____cacheline_aligned;
	struct mutex		control;	/* see above */
	u64			next_gen;
	bool			recording;
	bool			running;
	const void		*owner;
	unsigned int		period_ms;
	seqlock_t		settling;
	u64			lost;
	uuid_t			boot_id;
	u64			missing_tasks;
	u64			missing_changes;
	u64			unknown_sites;
	u64			unknown_stacks;
	bool			raw_addresses;
	struct mutex		flushing;	/* see above */
	bool			large;
	struct delayed_work	periodic;
	struct delayed_work	check;
	struct workqueue_struct	*wq;
	int			(*advance)(bool expedited, u64 *completed);
};

extern struct exptrace exptrace;

/*
 * Take exptrace.control, or return -ERESTARTSYS if a signal comes first. It is held for grace
 * periods and while a pool is allocated. So only callers that can't fail wait for it without
 * this, and reports don't take it at all.
 */
static inline int exptrace_lock_control(void)
{
	return mutex_lock_interruptible(&exptrace.control) ? -ERESTARTSYS : 0;
}

/* exptrace.c */
void exptrace_want_advance(void);
void exptrace_check_recording(void);
int exptrace_next_generation(bool expedited);

#endif /* _EXPTRACE_H */
