// SPDX-License-Identifier: GPL-2.0-only
/*
 * The statedump: which threads there are when a generation begins.
 */
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>

#include "tables.h"

/* Returns false if there was no room. */
static bool write_task(struct exptrace_writer *w, const struct task_struct *task)
{
	char comm[TASK_COMM_LEN];

	if (!exptrace_ensure(w, exptrace_max(3, TASK_COMM_LEN)))
		return false;
	strscpy(comm, task->comm, sizeof(comm));	/* may be torn: it has no lock here */
	exptrace_stamp(w, EXPTRACE_EVENT_TASK, NULL);
	exptrace_number(w, task->pid);
	exptrace_number(w, task->tgid);
	exptrace_string(w, comm, strlen(comm));
	exptrace_commit(w);
	return true;
}

/*
 * Writes all threads into generation @gen, which is open. It is best effort: it
 * takes batches like any event, and stops where the pool is empty, for then the
 * generation's events have no room either.
 */
void exptrace_write_statedump(unsigned long gen)
{
	struct exptrace_slot slot = {};
	struct task_struct *process, *thread;
	struct exptrace_writer w;

	exptrace_unbound_writer(&w, &slot, gen, EXPTRACE_EXPERIMENT_STANDARD, EXPTRACE_UNBOUND);
	rcu_read_lock();
	for_each_process_thread(process, thread) {
		if (!write_task(&w, thread))
			goto out;
	}
out:
	rcu_read_unlock();
	exptrace_flush_slot(&slot);
}
