// SPDX-License-Identifier: GPL-2.0-only
/*
 * The statedump: which threads there are when a generation begins, and the names of
 * what events tell by number alone.
 */
#include <linux/interrupt.h>
#include <linux/irq.h>	/* <linux/irqdesc.h>, and what it needs */
#include <linux/jhash.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/timekeeping.h>

#include "address.h"
#include "call_names.h"
#include "span/span.h"
#include "tables.h"
#include "tasks/tasks.h"

/* With the zero; interrupts that are shared have all names of their handlers. */
#define IRQ_NAME_CHARS	96

struct exptrace_missing exptrace_missing[2];

/* The part of the pool that the dump of a generation may take, however many threads. */
#define POOL_SHARE	8

/* Threads whose ids differ in fewer bits are told apart. */
#define DUMPED_BITS	16

/* What the dump said about a thread. */
enum {
	DUMPED_NOTHING,
	DUMPED_SEVERAL,	/* that have the same place here */
	DUMPED_BY_EVENT,		/* of the generation itself, which is published */
	DUMPED_FIRST,		/* a hash of what was told, from here on */
};

/*
 * By the last bits of the thread's id; exptrace.control, and while a dump is not amended
 * (@to_amend) events of its generation are noted from any context.
 */
static u16 dumped[BIT(DUMPED_BITS)];

/* The generation whose dump is to be amended, or 0; exptrace.control, read anywhere. */
static u64 to_amend;

/* Batches that the dump of the generation being opened may still take; exptrace.control. */
static unsigned int batches_left;

/**
 * struct dump - a statedump that is being written
 * @gen:	into this generation
 * @table:	what it is written with, behind the generation's opening tables if there is room
 * @missing:	what found no room in the generation's dump
 * @since:	0, or what is told is what is not yet: threads that began after this
 *		moment (nanoseconds of CLOCK_MONOTONIC), or have changed since
 * @until:	then, threads that began before this moment: events tell of the others
 * @full:	there was no room for something: nor is there for what follows
 */
struct dump {
	u64			gen;
	struct exptrace_table	*table;
	struct exptrace_missing	*missing;
	u64			since;
	u64			until;
	bool			full;
};

/*
 * All of it is of the generation's beginning, and is written as fast as the clock ticks, or
 * slower: so it takes a tick each, whatever the clock does meanwhile.
 */
static void begin_entry(struct exptrace_writer *w, unsigned int type)
{
	exptrace_stamp_after(w, type, NULL, 1);
}

/* A generation that has ended already has room for nothing that is true later. */
static bool has_room(struct dump *dump, size_t max)
{
	const struct exptrace_batch *before = dump->table->slot.batch;

	if (!batches_left && !exptrace_table_fits(dump->table, max))
		dump->full = true;
	if (!dump->full)
		dump->full = exptrace_span_ended(dump->gen) ||
			     exptrace_table_entry(dump->table, max);
	if (!dump->full && dump->table->slot.batch != before)
		batches_left--;
	return !dump->full;
}

/**
 * struct thread - what is told of a thread
 * @comm:	its name
 * @start:	when it began, in nanoseconds of CLOCK_MONOTONIC: tells apart those that have
 *		the same id one after the other
 * @cgroup:	where it is
 */
struct thread {
	char	comm[TASK_COMM_LEN];
	u64	start;
	u64	cgroup;
};

static u16 thread_hash(const struct task_struct *task, const struct thread *thread)
{
	u32 hash = jhash_3words(task->pid, thread->start, thread->cgroup, 0);

	return max_t(u16, jhash(thread->comm, strlen(thread->comm), hash), DUMPED_FIRST);
}

/* Whether this thread is to be told, with that; notes what the whole dump tells. */
static bool needs_dump(const struct dump *dump, const struct task_struct *task,
		    const struct thread *thread)
{
	u16 *entry = &dumped[task->pid % BIT(DUMPED_BITS)];
	u16 last = READ_ONCE(*entry), hash = thread_hash(task, thread);

	if (!dump->since) {
		WRITE_ONCE(*entry, last == DUMPED_NOTHING ? hash : DUMPED_SEVERAL);
		return true;
	}
	if (last == hash || thread->start >= dump->until)
		return false;
	if (last >= DUMPED_FIRST || last == DUMPED_NOTHING)
		return true;
	/* Whether it has changed before its generation was published can't be known. */
	return thread->start >= dump->since;
}

/*
 * An event of generation @gen tells a new name of thread @pid: the dump is not to tell that
 * it had the name before. Context: any.
 */
notrace void exptrace_told_by_event(u64 gen, pid_t pid)
{
	u16 *entry = &dumped[pid % BIT(DUMPED_BITS)];

	/* No order with what advance() does: that comes a grace period later, if not at once. */
	if (gen == READ_ONCE(to_amend) && READ_ONCE(*entry) != DUMPED_SEVERAL)
		WRITE_ONCE(*entry, DUMPED_BY_EVENT);
}

/* Those that the dump told, or counted, before they changed lack the change. */
static void count_missing(const struct dump *dump, const struct thread *thread)
{
	if (thread->start < dump->since) {
		dump->missing->changes++;
		return;
	}
	dump->missing->tasks++;
	WRITE_ONCE(exptrace.missing_tasks, exptrace.missing_tasks + 1);
}

static void write_task(struct task_struct *task, void *data)
{
	struct dump *dump = data;
	struct exptrace_writer *w = &dump->table->w;
	struct thread thread = {
		.start = task->start_time, .cgroup = exptrace_cgroup_of(task),
	};

	/* It may be torn: it has no lock here. */
	strscpy(thread.comm, task->comm, sizeof(thread.comm));
	if (!needs_dump(dump, task, &thread))
		return;
	if (!has_room(dump, exptrace_max(8, TASK_COMM_LEN))) {
		count_missing(dump, &thread);
		return;
	}
	begin_entry(w, EXPTRACE_EVENT_TASK);
	exptrace_number(w, task->pid);
	exptrace_number(w, task->tgid);
	exptrace_string(w, thread.comm, strlen(thread.comm));
	exptrace_number(w, task_state_index(task));
	exptrace_number(w, task_cpu(task));
	exptrace_number(w, exptrace_zigzag(READ_ONCE(task->prio)));
	exptrace_number(w, thread.cgroup);
	exptrace_number(w, thread.start);
	exptrace_commit(w);
}

/* @number, as an argument of this @kind, has this @name. */
static void write_name(struct dump *dump, enum exptrace_kind kind, unsigned int number,
		       const char *name)
{
	struct exptrace_writer *w = &dump->table->w;
	size_t len = strlen(name);

	if (!has_room(dump, exptrace_max(3, len))) {
		dump->missing->names++;
		return;
	}
	begin_entry(w, EXPTRACE_EVENT_NAME);
	exptrace_number(w, kind);
	exptrace_number(w, number);
	exptrace_string(w, name, len);
	exptrace_commit(w);
}

/* The names of an interrupt's handlers, as in /proc/interrupts; false if it has none. */
static bool name_irq(struct irq_desc *desc, char *name, size_t size)
{
	const struct irqaction *action;
	unsigned long flags;
	size_t len = 0;

	raw_spin_lock_irqsave(&desc->lock, flags);
	/* Those that do not fit are not looked at: interrupts are off. */
	for (action = desc->action; action && len + 1 < size; action = action->next)
		len += scnprintf(name + len, size - len, "%s%s", len ? ", " : "",
				 action->name ?: "?");
	raw_spin_unlock_irqrestore(&desc->lock, flags);
	return len;
}

static void write_irq(struct dump *dump, unsigned int irq)
{
	char name[IRQ_NAME_CHARS];
	struct irq_data *data;
	bool named;

	rcu_read_lock();	/* descriptors are freed by RCU */
	data = irq_get_irq_data(irq);
	named = data && name_irq(irq_data_to_desc(data), name, sizeof(name));
	rcu_read_unlock();
	if (named)
		write_name(dump, EXPTRACE_KIND_IRQ, irq, name);
}

static void write_irqs(struct dump *dump)
{
	unsigned int irq, nr = exptrace_nr_irqs();

	for (irq = 0; irq < nr; irq++) {
		write_irq(dump, irq);
		cond_resched();
	}
}

static const char *const softirqs[NR_SOFTIRQS] = {
	[HI_SOFTIRQ]		= "HI",
	[TIMER_SOFTIRQ]		= "TIMER",
	[NET_TX_SOFTIRQ]	= "NET_TX",
	[NET_RX_SOFTIRQ]	= "NET_RX",
	[BLOCK_SOFTIRQ]		= "BLOCK",
	[IRQ_POLL_SOFTIRQ]	= "IRQ_POLL",
	[TASKLET_SOFTIRQ]	= "TASKLET",
	[SCHED_SOFTIRQ]		= "SCHED",
	[HRTIMER_SOFTIRQ]	= "HRTIMER",
	[RCU_SOFTIRQ]		= "RCU",
};

static void write_softirqs(struct dump *dump)
{
	unsigned int vec;

	for (vec = 0; vec < NR_SOFTIRQS; vec++)
		if (softirqs[vec])
			write_name(dump, EXPTRACE_KIND_SOFTIRQ, vec, softirqs[vec]);
}

static void write_calls(struct dump *dump)
{
	const struct exptrace_call_name *call;

	for (call = exptrace_newer_calls; call->name; call++)
		write_name(dump, EXPTRACE_KIND_SYSCALL, call->nr, call->name);
}

/* When the last whole dump began, as @since, and its last entry's ticks; exptrace.control. */
static u64 dump_began, last_ticks;

static void begin_dump(struct dump *dump, struct exptrace_table *table, u64 gen)
{
	lockdep_assert_held(&exptrace.control);

	dump->gen = gen;
	dump->table = table;
	dump->missing = &exptrace_missing[gen & 1];
	exptrace_table_events(table);
}

/*
 * Writes it into generation @gen, which is open and not yet published: so threads that
 * end soon after that are in it. It is best effort: it takes batches
 * like any event, and where the pool is empty the rest is counted only, for then the
 * generation's events have no room either. The closing tables tell the count.
 */
void exptrace_write_statedump(struct exptrace_table *table, u64 gen)
{
	struct dump dump = {};

	begin_dump(&dump, table, gen);
	dump_began = ktime_get_ns();
	batches_left = exptrace_pool.nr / POOL_SHARE;
	memset(dumped, 0, sizeof(dumped));
	WRITE_ONCE(to_amend, gen);
	write_softirqs(&dump);
	write_irqs(&dump);
	write_calls(&dump);
	exptrace_walk_threads(write_task, &dump);
	last_ticks = table->slot.last;
}

/*
 * Adds what became true before @gen was published, and so is told by no event of it, but by
 * those of the generation before: threads that began, names and cgroups that changed. To be
 * called at once after that.
 */
void exptrace_amend_statedump(u64 gen)
{
	struct exptrace_table table;
	struct dump dump = {};

	exptrace_tables_begin(&table, gen, last_ticks);
	begin_dump(&dump, &table, gen);
	dump.since = dump_began;
	smp_mb();	/* who begins after that finds the generation published */
	dump.until = ktime_get_ns();
	exptrace_walk_threads(write_task, &dump);
	WRITE_ONCE(to_amend, 0);
	exptrace_tables_end(&table);
}
