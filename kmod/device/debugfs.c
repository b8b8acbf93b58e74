// SPDX-License-Identifier: GPL-2.0-only
/*
 * Self-observation: /sys/kernel/debug/exptrace/state, and longest_hold beside it.
 *
 * "state" waits for no lock of the recorder, so that it can be read when the recorder hangs. The
 * lists of generations are copied under the pool's lock if a few attempts get it. All other
 * numbers are read one by one, and need not be consistent.
 */
#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>
#include <linux/wait.h>

#include "device.h"
#include "experiment.h"
#include "flush.h"
#include "intern.h"
#include "trigger/trigger.h"

/* Limit on the generations shown, half of them the oldest, half the newest. */
#define MOST_SHOWN	32U

/* Limits on the attempts to get the pool's lock, and the sleep between two. */
#define MOST_TRIES	100
#define MOST_NS		(100 * NSEC_PER_MSEC)
#define BETWEEN_US	1000

/**
 * struct summary - what is shown of a generation; see struct exptrace_generation
 * @gen:	its number
 * @session:	its recording
 * @events:	events in the batches on its list
 * @nr:		batches on its list
 * @pushed:	batches ever added
 * @reserved:	batches reserved for its tables
 * @closing:	its ledger is being written
 * @complete:	nothing will be added
 * @begun:	a reader has taken from it
 */
struct summary {
	u64		gen;
	u64		session;
	u64		events;
	unsigned int	nr;
	unsigned int	pushed;
	unsigned int	reserved;
	bool		closing;
	bool		complete;
	bool		begun;
};

/**
 * struct lists - a consistent copy of the lists of generations
 * @writing:	generations open for writers, by parity; 0: none
 * @nr:		generations on the flush list
 * @nr_dead:	evicted generations that are not freed yet
 * @nr_shown:	entries of @shown
 * @shown:	the oldest and the newest, in order
 */
struct lists {
	u64		writing[2];
	unsigned int	nr;
	unsigned int	nr_dead;
	unsigned int	nr_shown;
	struct summary	shown[MOST_SHOWN];
};

static struct dentry *dir;

static void show_recorder(struct seq_file *m)
{
	seq_printf(m, "recording %d\n", READ_ONCE(exptrace.recording));
	seq_printf(m, "generation %llu\n", READ_ONCE(exptrace.gen));
	seq_printf(m, "next_generation %llu\n", READ_ONCE(exptrace.next_gen));
	seq_printf(m, "control_locked %d\n", mutex_is_locked(&exptrace.control));
	seq_printf(m, "flushing_locked %d\n", mutex_is_locked(&exptrace.flushing));
	seq_printf(m, "period_ms %u\n", READ_ONCE(exptrace.period_ms));
	seq_printf(m, "periodic_pending %d\n", delayed_work_pending(&exptrace.periodic));
	seq_printf(m, "advance_pending %d\n", exptrace_advance_pending());
	seq_printf(m, "large %d\n", READ_ONCE(exptrace.large));
	seq_printf(m, "triggers %llu\n", exptrace_triggers());
	seq_printf(m, "trigger_armed %d\n", exptrace_trigger_armed());
	seq_printf(m, "trigger_pending %d\n", exptrace_trigger_pending());
	seq_printf(m, "trigger_done %d\n", exptrace_trigger_done());
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
	seq_printf(m, "closed %d\n", READ_ONCE(pool->closed));
	for (exp = 0; exp < EXPTRACE_NR_EXPERIMENTS; exp++)
		if (READ_ONCE(pool->used[exp]))
			seq_printf(m, "used experiment %u batches %u\n", exp,
				   READ_ONCE(pool->used[exp]));
}

static void show_flush(struct seq_file *m)
{
	const struct exptrace_flush *flush = &exptrace_flush;

	seq_printf(m, "generations %u\n", READ_ONCE(flush->nr));
	seq_printf(m, "recordings_begun %llu\n", READ_ONCE(flush->begun));
	seq_printf(m, "recordings_ended %llu\n", READ_ONCE(flush->ended));
	seq_printf(m, "reading %llu\n", READ_ONCE(flush->reading));
	seq_printf(m, "taken %d\n", READ_ONCE(flush->taken));
	seq_printf(m, "frozen %llu\n", READ_ONCE(flush->frozen));
	seq_printf(m, "flushed %llu\n", READ_ONCE(flush->flushed));
	seq_printf(m, "woken %llu\n", READ_ONCE(flush->kicked));
	seq_printf(m, "wake_pending %d\n", exptrace_wake_pending());
	/* No barrier: a stale value does no harm. */
	seq_printf(m, "waiting %d\n", waitqueue_active(&exptrace_readers));
	seq_printf(m, "evicted_generations %llu\n", READ_ONCE(flush->evicted_generations));
	seq_printf(m, "evicted_events %llu\n", READ_ONCE(flush->evicted_events));
}

static void summarize(struct summary *summary, const struct exptrace_generation *gen)
{
	*summary = (struct summary) {
		.gen = gen->gen,
		.session = gen->session,
		.events = gen->events,
		.nr = gen->nr,
		.pushed = gen->pushed,
		.reserved = gen->reserved,
		.closing = gen->closing,
		.complete = gen->complete,
		.begun = gen->begun,
	};
}

/* Append the @most oldest generations to @lists. */
static void copy_oldest(struct lists *lists, unsigned int most)
{
	const struct exptrace_generation *gen;

	list_for_each_entry(gen, &exptrace_flush.generations, node) {
		if (!most--)
			return;
		summarize(&lists->shown[lists->nr_shown++], gen);
	}
}

/* Append the @nr newest generations; there are that many. */
static void copy_newest(struct lists *lists, unsigned int nr)
{
	const struct exptrace_generation *gen;

	lists->nr_shown += nr;
	list_for_each_entry_reverse(gen, &exptrace_flush.generations, node) {
		if (!nr--)
			return;
		summarize(&lists->shown[MOST_SHOWN / 2 + nr], gen);
	}
}

static void copy_generations(struct lists *lists)
{
	const struct exptrace_flush *flush = &exptrace_flush;
	unsigned int parity;

	lockdep_assert_held(&exptrace_pool.lock);

	for (parity = 0; parity < 2; parity++)
		lists->writing[parity] = flush->writing[parity] ? flush->writing[parity]->gen : 0;
	lists->nr = flush->nr;
	lists->nr_dead = flush->nr_dead;
	lists->nr_shown = 0;
	if (flush->nr <= MOST_SHOWN) {
		copy_oldest(lists, flush->nr);
	} else {
		copy_oldest(lists, MOST_SHOWN / 2);
		copy_newest(lists, MOST_SHOWN / 2);
	}
}

/* Returns false if the lock can't be had, which may be the very fault to be found. */
static bool try_to_copy_generations(struct lists *lists)
{
	u64 end = ktime_get_mono_fast_ns() + MOST_NS;
	unsigned long flags;
	unsigned int tries;

	for (tries = 0; tries < MOST_TRIES && ktime_get_mono_fast_ns() < end; tries++) {
		if (exptrace_pool_trylock(&flags)) {
			copy_generations(lists);
			exptrace_pool_unlock(flags);
			return true;
		}
		usleep_range(BETWEEN_US / 2, BETWEEN_US);
	}
	return false;
}

static const char *state_of(const struct summary *gen)
{
	return gen->complete ? "complete" : gen->closing ? "closing" : "open";
}

static void show_generation(struct seq_file *m, const struct summary *gen)
{
	seq_printf(m, "list generation %llu: recording %llu state %s begun %d",
		   gen->gen, gen->session, state_of(gen), gen->begun);
	seq_printf(m, " batches %u pushed %u events %llu reserved %u\n",
		   gen->nr, gen->pushed, gen->events, gen->reserved);
}

static void show_copied(struct seq_file *m, const struct lists *lists)
{
	unsigned int i;

	seq_puts(m, "lists_read 1\n");
	for (i = 0; i < 2; i++)
		seq_printf(m, "writing parity %u: generation %llu\n", i, lists->writing[i]);
	seq_printf(m, "dead %u\n", lists->nr_dead);
	seq_printf(m, "not_shown %u\n", lists->nr - lists->nr_shown);
	for (i = 0; i < lists->nr_shown; i++)
		show_generation(m, &lists->shown[i]);
}

/* Allocate and print outside of the lock. */
static void show_lists(struct seq_file *m)
{
	struct lists *lists = kzalloc(sizeof(*lists), GFP_KERNEL);

	if (lists && try_to_copy_generations(lists))
		show_copied(m, lists);
	else
		seq_printf(m, "lists_read 0: %s\n",
			   lists ? "the pool's lock is taken" : "there is no memory");
	kfree(lists);
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
	[EXPTRACE_LOST_BURST] = "burst",
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
	show_lists(m);
	for_each_possible_cpu(cpu) {
		for (parity = 0; parity < 2; parity++)
			for (exp = 0; exp < EXPTRACE_NR_EXPERIMENTS; exp++)
				for (context = 0; context < EXPTRACE_NR_CONTEXTS; context++)
					show_slot(m, cpu, parity, exp, context);
		cond_resched();
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(state);

/* Nanoseconds, and the function that released the lock; empty if no hold was timed. */
static int longest_hold_show(struct seq_file *m, void *unused)
{
	unsigned long holder;
	u64 ns;

	if (exptrace_longest_hold(&ns, &holder))
		seq_printf(m, "%llu %ps\n", ns, (void *)holder);
	return 0;
}

static int longest_hold_open(struct inode *inode, struct file *file)
{
	return single_open(file, longest_hold_show, NULL);
}

/* Any write resets the longest hold. */
static ssize_t longest_hold_write(struct file *file, const char __user *buf, size_t count,
				  loff_t *pos)
{
	exptrace_forget_longest_hold();
	return count;
}

static const struct file_operations longest_hold_fops = {
	.owner = THIS_MODULE,
	.open = longest_hold_open,
	.read = seq_read,
	.write = longest_hold_write,
	.llseek = seq_lseek,
	.release = single_release,
};

/* Errors are ignored: debugfs is optional. */
void __init exptrace_observe_init(void)
{
	dir = debugfs_create_dir("exptrace", NULL);
	debugfs_create_file("state", 0400, dir, NULL, &state_fops);
	debugfs_create_file("longest_hold", 0600, dir, NULL, &longest_hold_fops);
}

void exptrace_observe_exit(void)
{
	debugfs_remove_recursive(dir);
}
