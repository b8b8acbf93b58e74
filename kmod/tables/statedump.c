// SPDX-License-Identifier: GPL-2.0-only
/*
 * The statedump: threads that exist when a generation begins, and names for what events
 * identify by number.
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

/* Including the NUL. Shared interrupts have the names of all their handlers. */
#define IRQ_NAME_CHARS	96

struct exptrace_missing exptrace_missing[2];

/* The dump of a generation may take 1/8 of the pool, however many threads there are. */
#define POOL_SHARE	8

/* Threads are tracked by the last bits of their ids. */
#define DUMPED_BITS	16

/* What has been dumped about a thread; values from DUMPED_FIRST on are hashes of it. */
enum {
	DUMPED_NOTHING,
	DUMPED_SEVERAL,	/* threads that share the entry */
	DUMPED_BY_EVENT, /* an event of the published generation has it */
	DUMPED_FIRST,	/* first hash value */
};

/*
 * Indexed by the last bits of the thread id; protected by exptrace.control, but until the
 * dump has been amended (@to_amend), events of its generation mark entries from any
 * context.
 */
static u16 dumped[BIT(DUMPED_BITS)];

/*
 * The generation whose dump must still be amended, or 0; written under exptrace.control,
 * read anywhere.
 */
static u64 to_amend;

/* Batches that the dump of the generation being opened may still take; exptrace.control. */
static unsigned int batches_left;

/**
 * struct dump - a statedump being written
 * @gen:	the generation
 * @table:	writer of the dump; starts after the opening tables if these leave room
 * @missing:	counts of what found no room in the generation's dump
 * @since:	0 for a whole dump. When amending: dump only threads that began after this
 *		moment (CLOCK_MONOTONIC, in ns) or have changed since
 * @until:	when amending: dump only threads that began before this moment; events
 *		have the others
 * @full:	something found no room, so nothing else is written
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
 * All entries describe the beginning of the generation, so each takes one tick, whatever
 * the clock does meanwhile. Entries are not written faster than the clock ticks.
 */
static void begin_entry(struct exptrace_writer *w, unsigned int type)
{
	exptrace_stamp_after(w, type, NULL, 1);
}

/* A generation that has already ended must not get entries that became true later. */
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
 * struct thread - dumped data of a thread
 * @comm:	name
 * @start:	start time (CLOCK_MONOTONIC, in ns); distinguishes threads that reuse an
 *		id
 * @cgroup:	id of its cgroup
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

/* Must this thread be dumped? The whole dump also records what it has dumped. */
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
	/* It is unknown whether the thread changed before the generation was published. */
	return thread->start >= dump->since;
}

/*
 * An event of generation @gen has a new name of thread @pid, so the amended dump must not
 * give it the older one. Context: any.
 */
notrace void exptrace_skip_in_dump(u64 gen, pid_t pid)
{
	u16 *entry = &dumped[pid % BIT(DUMPED_BITS)];

	/*
	 * No ordering with advance() is needed: it amends the dump at once or a grace
	 * period later.
	 */
	if (gen == READ_ONCE(to_amend) && READ_ONCE(*entry) != DUMPED_SEVERAL)
		WRITE_ONCE(*entry, DUMPED_BY_EVENT);
}

/* A thread that was dumped or counted before it changed lacks only the change. */
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

	/* The name is read without its lock and may be torn. */
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

/* @number, as an argument of @kind, is called @name. */
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

/* The names of an interrupt's handlers, as in /proc/interrupts; false if there are none. */
static bool name_irq(struct irq_desc *desc, char *name, size_t size)
{
	const struct irqaction *action;
	unsigned long flags;
	size_t len = 0;

	raw_spin_lock_irqsave(&desc->lock, flags);
	/* Stop at the first that does not fit, because interrupts are off. */
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

/*
 * When the last whole dump began (CLOCK_MONOTONIC, in ns), and the ticks of its last
 * entry; exptrace.control.
 */
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
 * Write the statedump of generation @gen, which is open but not yet published, so that
 * threads that end soon are in it. This is best effort: it takes batches like any event.
 * If the pool is empty, the rest is only counted, since events would find no room either.
 * The closing tables have the count.
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
 * Add what changed before @gen was published: new threads, names and cgroups. Events of
 * @gen do not have these changes, those of the previous generation do. Must be called
 * right after the publication.
 */
void exptrace_amend_statedump(u64 gen)
{
	struct exptrace_table table;
	struct dump dump = {};

	exptrace_tables_begin(&table, gen, last_ticks);
	begin_dump(&dump, &table, gen);
	dump.since = dump_began;
	smp_mb();	/* threads that begin after this see the generation published */
	dump.until = ktime_get_ns();
	exptrace_walk_threads(write_task, &dump);
	WRITE_ONCE(to_amend, 0);
	exptrace_tables_end(&table);
}
