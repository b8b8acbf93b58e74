// SPDX-License-Identifier: GPL-2.0-only
/*
 * The statedump: which threads there are when a generation begins, and the names of
 * what events tell by number alone.
 */
#include <linux/cgroup.h>
#include <linux/interrupt.h>
#include <linux/irq.h>	/* <linux/irqdesc.h>, and what it needs */
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>

#include "address.h"
#include "tables.h"

/* With the zero; interrupts that are shared have all names of their handlers. */
#define IRQ_NAME_CHARS	96

/* Of the unified hierarchy; 0 if there is none. */
static u64 cgroup_of(struct task_struct *task)
{
#ifdef CONFIG_CGROUPS
	return cgroup_id(task_dfl_cgroup(task));
#else
	return 0;
#endif
}

/* Returns false if there was no room. */
static bool write_task(struct exptrace_writer *w, struct task_struct *task)
{
	char comm[TASK_COMM_LEN];

	if (!exptrace_ensure(w, exptrace_max(7, TASK_COMM_LEN)))
		return false;
	strscpy(comm, task->comm, sizeof(comm));	/* may be torn: it has no lock here */
	exptrace_stamp(w, EXPTRACE_EVENT_TASK, NULL);
	exptrace_number(w, task->pid);
	exptrace_number(w, task->tgid);
	exptrace_string(w, comm, strlen(comm));
	exptrace_number(w, task_state_index(task));
	exptrace_number(w, task_cpu(task));
	exptrace_number(w, exptrace_zigzag(READ_ONCE(task->prio)));
	exptrace_number(w, cgroup_of(task));
	exptrace_commit(w);
	return true;
}

static bool write_tasks(struct exptrace_writer *w)
{
	struct task_struct *process, *thread;
	bool room = true;

	rcu_read_lock();
	for_each_process_thread(process, thread) {
		room = write_task(w, thread);
		if (!room)
			goto out;
	}
out:
	rcu_read_unlock();
	return room;
}

/* @number, as an argument of this @kind, has this @name. */
static bool write_name(struct exptrace_writer *w, enum exptrace_kind kind, unsigned int number,
		       const char *name)
{
	size_t len = strlen(name);

	if (!exptrace_ensure(w, exptrace_max(3, len)))
		return false;
	exptrace_stamp(w, EXPTRACE_EVENT_NAME, NULL);
	exptrace_number(w, kind);
	exptrace_number(w, number);
	exptrace_string(w, name, len);
	exptrace_commit(w);
	return true;
}

/* The names of an interrupt's handlers, as in /proc/interrupts; false if it has none. */
static bool name_irq(struct irq_desc *desc, char *name, size_t size)
{
	const struct irqaction *action;
	unsigned long flags;
	size_t len = 0;

	raw_spin_lock_irqsave(&desc->lock, flags);
	for (action = desc->action; action; action = action->next)
		len += scnprintf(name + len, size - len, "%s%s", len ? ", " : "",
				 action->name ?: "?");
	raw_spin_unlock_irqrestore(&desc->lock, flags);
	return len;
}

static bool write_irq(struct exptrace_writer *w, unsigned int irq)
{
	char name[IRQ_NAME_CHARS];
	struct irq_data *data;
	bool named;

	rcu_read_lock();	/* descriptors are freed by RCU */
	data = irq_get_irq_data(irq);
	named = data && name_irq(irq_data_to_desc(data), name, sizeof(name));
	rcu_read_unlock();
	return !named || write_name(w, EXPTRACE_KIND_IRQ, irq, name);
}

static bool write_irqs(struct exptrace_writer *w)
{
	unsigned int irq, nr = exptrace_nr_irqs();

	for (irq = 0; irq < nr; irq++)
		if (!write_irq(w, irq))
			return false;
	return true;
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

static bool write_softirqs(struct exptrace_writer *w)
{
	unsigned int vec;

	for (vec = 0; vec < NR_SOFTIRQS; vec++)
		if (softirqs[vec] && !write_name(w, EXPTRACE_KIND_SOFTIRQ, vec, softirqs[vec]))
			return false;
	return true;
}

/*
 * Writes it into generation @gen, which is open. It is best effort: it takes batches
 * like any event, and stops where the pool is empty, for then the generation's events
 * have no room either.
 */
void exptrace_write_statedump(unsigned long gen)
{
	struct exptrace_slot slot = {};
	struct exptrace_writer w;

	exptrace_unbound_writer(&w, &slot, gen, EXPTRACE_EXPERIMENT_STANDARD, EXPTRACE_UNBOUND);
	if (write_softirqs(&w) && write_irqs(&w))
		write_tasks(&w);
	exptrace_flush_slot(&slot);
}
