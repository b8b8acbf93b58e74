// SPDX-License-Identifier: GPL-2.0-only
/*
 * Self-observation: /sys/kernel/debug/exptrace/state.
 *
 * Takes no lock of the recorder, so that it can be read when that hangs; numbers
 * that are read one after the other need not fit together.
 */
#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "experiment.h"
#include "flush.h"
#include "intern.h"
#include "trigger.h"

static struct dentry *dir;

static void show_recorder(struct seq_file *m)
{
	seq_printf(m, "recording %d\n", READ_ONCE(exptrace.recording));
	seq_printf(m, "generation %llu\n", READ_ONCE(exptrace.gen));
	seq_printf(m, "next_generation %llu\n", READ_ONCE(exptrace.next_gen));
	seq_printf(m, "control_locked %d\n", mutex_is_locked(&exptrace.control));
	seq_printf(m, "flushing_locked %d\n", mutex_is_locked(&exptrace.flushing));
	seq_printf(m, "triggers %llu\n", exptrace_triggers());
}

static void show_pool(struct seq_file *m)
{
	struct exptrace_pool *pool = &exptrace_pool;
	unsigned int exp;

	seq_printf(m, "pool_locked %d\n", raw_spin_is_locked(&pool->lock));
	seq_printf(m, "batches %u\n", READ_ONCE(pool->nr));
	seq_printf(m, "batch_size %u\n", READ_ONCE(pool->batch_size));
	seq_printf(m, "empty %u\n", READ_ONCE(pool->nr_empty));
	seq_printf(m, "reserved %u\n", READ_ONCE(pool->nr_reserved));
	seq_printf(m, "full %u\n", READ_ONCE(pool->nr_full));
	seq_printf(m, "mapped %u\n", READ_ONCE(pool->mapped));
	for (exp = 0; exp < EXPTRACE_NR_EXPERIMENTS; exp++)
		if (READ_ONCE(pool->used[exp]))
			seq_printf(m, "used experiment %u batches %u\n", exp,
				   READ_ONCE(pool->used[exp]));
}

static void show_flush(struct seq_file *m)
{
	const struct exptrace_flush *flush = &exptrace_flush;

	seq_printf(m, "generations %u\n", READ_ONCE(flush->nr));
	seq_printf(m, "reading %llu\n", READ_ONCE(flush->reading));
	seq_printf(m, "frozen %llu\n", READ_ONCE(flush->frozen));
	seq_printf(m, "flushed %llu\n", READ_ONCE(flush->flushed));
	seq_printf(m, "woken %llu\n", READ_ONCE(flush->kicked));
	seq_printf(m, "evicted_generations %llu\n", READ_ONCE(flush->evicted_generations));
	seq_printf(m, "evicted_events %llu\n", READ_ONCE(flush->evicted_events));
}

static void show_sites(struct seq_file *m)
{
	unsigned int parity;

	for (parity = 0; parity < 2; parity++)
		seq_printf(m, "sites parity %u: %d of %u\n", parity,
			   atomic_read(&exptrace_interned[parity].nr),
			   READ_ONCE(exptrace_interned[parity].max));
}

static const char *const lost_names[EXPTRACE_NR_LOST] = {
	[EXPTRACE_LOST_POOL] = "pool",
	[EXPTRACE_LOST_NESTED] = "nested",
	[EXPTRACE_LOST_CONTENDED] = "contended",
	[EXPTRACE_LOST_OVERWRITTEN] = "overwritten",
	[EXPTRACE_LOST_QUOTA] = "quota",
};

static void show_slot(struct seq_file *m, int cpu, unsigned int parity, unsigned int exp,
		      unsigned int context)
{
	const struct exptrace_cpu *c = per_cpu_ptr(exptrace.cpus, cpu);
	const struct exptrace_slot *slot = &c->slot[parity][exp][context];
	unsigned int reason;

	if (!local64_read(&slot->attempted))
		return;
	seq_printf(m, "cpu %d parity %u experiment %u context %u: attempted %llu recorded %llu",
		   cpu, parity, exp, context, (u64)local64_read(&slot->attempted),
		   READ_ONCE(slot->recorded));
	seq_printf(m, " batch %d busy %d", !!READ_ONCE(slot->batch), READ_ONCE(slot->busy));
	for (reason = 0; reason < EXPTRACE_NR_LOST; reason++) {
		u64 lost = READ_ONCE(c->lost[parity][exp][context][reason]);

		if (lost)
			seq_printf(m, " %s %llu", lost_names[reason], lost);
	}
	seq_putc(m, '\n');
}

static int state_show(struct seq_file *m, void *unused)
{
	unsigned int parity, exp, context;
	int cpu;

	show_recorder(m);
	show_pool(m);
	show_flush(m);
	show_sites(m);
	for_each_possible_cpu(cpu)
		for (parity = 0; parity < 2; parity++)
			for (exp = 0; exp < EXPTRACE_NR_EXPERIMENTS; exp++)
				for (context = 0; context < EXPTRACE_NR_CONTEXTS; context++)
					show_slot(m, cpu, parity, exp, context);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(state);

/* Without debugfs there is nothing to see, which is no reason to fail. */
void __init exptrace_observe_init(void)
{
	dir = debugfs_create_dir("exptrace", NULL);
	debugfs_create_file("state", 0400, dir, NULL, &state_fops);
}

void exptrace_observe_exit(void)
{
	debugfs_remove_recursive(dir);
}
