/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * exptrace: a flight recorder for the Linux kernel, the shared declarations.
 *
 * Data flows like this, each step a file:
 *
 *   tracepoint -> probes/ -> writer -> batch -> exchange -> flush -> drain -> device/
 *
 * A probe takes a writer for its experiment. The writer finds the buffer that
 * this CPU and this context fill for that experiment in the present generation,
 * and appends to it with plain stores. A full buffer (a batch) is exchanged in
 * the refill, the one place with a lock, and goes to the flush list, from which
 * the reader of /dev/exptrace takes it. advance() begins a new generation and
 * closes the old one: what every generation needs to be understood alone (tables/)
 * is written around its events. docs/design.md lists the layers; calls go down.
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

/* Experiments that can be registered at a time; a byte on the wire. */
#define EXPTRACE_NR_EXPERIMENTS		EXPTRACE_MAX_EXPERIMENTS

/**
 * struct exptrace_slot - where one context of one CPU writes one experiment
 * @pos:	next byte to write; NULL while there is no batch
 * @end:	end of the batch
 * @last:	ticks of the last event in the batch
 * @attempted:	events attempted in this generation, also those that find it busy
 * @recorded:	events recorded in this generation
 * @batch:	the batch being filled, or NULL
 * @interned:	what its generation's writers share; set before that is published
 * @pid:	the thread that the batch's reader believes to run here
 * @exp:	the experiment; constant
 * @context:	enum exptrace_context, or EXPTRACE_UNBOUND*; constant
 * @busy:	an event is being written, or the batch exchanged (invariant 4)
 *
 * Rule: written by its CPU in its context with preemption off, as long as its
 * generation is the published one and for one RCU grace period after; then by
 * advance() alone.
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
 * struct exptrace_cpu - all that a CPU's writers own
 * @slot:	by generation parity, experiment, context
 * @lost:	likewise, events lost by reason; same rule as struct exptrace_slot
 * @unknown_sites: by generation parity, places in the code that got no number; same
 *		rule
 * @unknown_stacks: likewise, stacks
 * @missing_changes: likewise, changes of threads that found no room
 * @overwritten: by generation parity and experiment, events in batches that were
 *		given up before their generation was complete; pool.lock
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
 * struct exptrace_writers - what the writer's inline functions read
 * @slots:	the slots of the published generation, NULL while there is none;
 *		written by advance() as a release, under the lock of suspend.c, read by
 *		writers with READ_ONCE; the RCU grace period in advance() is their
 *		partner (invariant 6)
 * @clock_shift: TSC ticks per tick, log2; constant while recording
 * @data_base:	what object addresses count from; constant while recording
 *
 * All that other modules see of the recorder's state; written under exptrace.control,
 * and by this module alone.
 */
struct exptrace_writers {
	struct exptrace_slot __percpu *slots;
	unsigned int		clock_shift;
	unsigned long		data_base;
} ____cacheline_aligned;

extern struct exptrace_writers exptrace_writers;

/**
 * struct exptrace - the recorder's own state
 * @text_base:	what code addresses count from; constant while recording
 * @cpus:	per-CPU writers' state; constant while the module is loaded
 * @gen:	the published generation's number, or that of the one that the clocks' stop
 *		has just ended; 0 while there is none; written under @control, read
 *		anywhere (READ_ONCE)
 * @control:	serializes start, stop, advance, the switching of events and all
 *		fields below, of which some are read anywhere (READ_ONCE)
 * @next_gen:	the number of the next generation; never reused
 * @recording:	something is being recorded, or about to be
 * @running:	what those are told who ask: set as a release when the first generation is
 *		published, cleared when the last one is complete; read with acquire, so
 *		that who is told so is recorded
 * @owner:	the open file that stops this recording when it is closed
 * @period_ms:	between generations
 * @settling:	taken for writing by those who move what was lost or unknown from the CPUs'
 *		counters to the three sums below, or set these; who adds up both reads
 *		until nothing has been moved meanwhile
 * @lost:	events lost in the completed generations since start; @settling
 * @boot_id:	the boot's, as who started the recording said; zero if nobody did
 * @missing_tasks: threads that found no room in the statedumps since start
 * @missing_changes: what became of threads and was lost, in the completed generations since start
 * @unknown_sites: places without a number in the completed generations since start;
 *		@settling
 * @unknown_stacks: likewise, stacks
 * @raw_addresses: kernel addresses are recorded as they are
 * @flushing:	serializes the flushing of slots by advance() and by CPU hot-unplug
 * @large:	the generation has grown large; written by the refill's irq_work
 * @periodic:	begins a new generation every @period_ms, or when one is large
 * @check:	looks whether the recording can go on, and begins a new generation if not
 * @wq:		runs @periodic and @check
 * @advance:	exptrace_advance(), for layers below it; set with @periodic and @check in
 *		exptrace_generation_init(), before anything can be recorded, and constant
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
 * Takes exptrace.control, or returns -ERESTARTSYS if a signal comes first. It is held for
 * grace periods and while a pool is allocated, so only those who can't fail wait for it in
 * any case; and who only wants to know something does not take it.
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
