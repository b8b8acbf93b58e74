// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark: counts the cache lines of exptrace's memory that events write.
 *
 *	cat /sys/module/bench_lines/parameters/written
 *
 * hits the tracepoint with two integers a hundred times and compares exptrace's state, that of
 * all CPUs' writers and that of each CPU, before and after. The answer is the number of
 * changed lines of this CPU, and of all others. Batches are not compared: each belongs to
 * one CPU.
 *
 *	cat /sys/module/bench_lines/parameters/written_together
 *
 * does the same on all CPUs at the same time. The CPU that wrote a line cannot be identified
 * then, so the answer is the number of changed lines that belong to a CPU, the fewest and
 * the most, and the number of those that belong to none.
 *
 * Returns ENODATA if nothing was recorded. Repeats the measurement if a batch was exchanged
 * meanwhile.
 */
#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/irqflags.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/smp.h>
#include <linux/stop_machine.h>
#include <linux/string.h>

#include "bench_trace.h"
#include "intern.h"

#define EVENTS		100
#define TRIES		100

/* A copy of the state before, and the number of changed lines. */
struct lines {
	struct exptrace_writers	all;
	unsigned int		shared;
	atomic_t		before, after;	/* number of CPUs that have not arrived */
	struct lines_cpu {
		struct exptrace_cpu	state;
		unsigned int		own;
	} cpus[];
};

static unsigned int changed_lines(const void *before, const void *now, size_t size)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < size; i += SMP_CACHE_BYTES)
		n += !!memcmp(before + i, now + i, min_t(size_t, SMP_CACHE_BYTES, size - i));
	return n;
}

/*
 * The state of a CPU's writers, found through the published slots, which are those of one
 * parity. Must be called while recording.
 */
static struct exptrace_cpu *state_of(int cpu)
{
	struct exptrace_slot *slots = per_cpu_ptr(READ_ONCE(exptrace_writers.slots), cpu);

	if (slots->interned->gen & 1)
		slots -= EXPTRACE_NR_EXPERIMENTS * EXPTRACE_NR_CONTEXTS;
	return container_of(slots, struct exptrace_cpu, slot[0][0][0]);
}

/* Whether a slot of @cpu has another batch now. */
static bool exchanged(const struct exptrace_cpu *before, int cpu)
{
	const struct exptrace_slot *old = &before->slot[0][0][0];
	const struct exptrace_slot *new = &state_of(cpu)->slot[0][0][0];
	unsigned int i;

	for (i = 0; i < sizeof(before->slot) / sizeof(*old); i++)
		if (old[i].batch != new[i].batch)
			return true;
	return false;
}

static void copy_cpu(struct lines *lines, int cpu)
{
	memcpy(&lines->cpus[cpu].state, state_of(cpu), sizeof(struct exptrace_cpu));
}

static void copy_all(struct lines *lines)
{
	memcpy(&lines->all, &exptrace_writers, sizeof(exptrace_writers));
}

static void compare_cpu(struct lines *lines, int cpu)
{
	lines->cpus[cpu].own = changed_lines(&lines->cpus[cpu].state, state_of(cpu),
					     sizeof(struct exptrace_cpu));
}

static void compare_all(struct lines *lines)
{
	lines->shared = changed_lines(&lines->all, &exptrace_writers, sizeof(exptrace_writers));
}

static void hit(void)
{
	u32 i;

	for (i = 0; i < EVENTS; i++)
		trace_bench_2(i, 4096);
}

/* Writes on this CPU alone. Returns whether the result is valid. */
static bool write_alone(struct lines *lines, unsigned int *own, unsigned int *others)
{
	unsigned long flags;
	int cpu, me;
	bool good;

	local_irq_save(flags);
	me = smp_processor_id();
	copy_all(lines);
	for_each_possible_cpu(cpu)
		copy_cpu(lines, cpu);
	hit();
	compare_all(lines);
	*others = lines->shared;
	for_each_possible_cpu(cpu) {
		compare_cpu(lines, cpu);
		if (cpu != me)
			*others += lines->cpus[cpu].own;
	}
	*own = lines->cpus[me].own;
	good = !exchanged(&lines->cpus[me].state, me);
	local_irq_restore(flags);
	return good;
}

static void wait_for_all(atomic_t *absent)
{
	atomic_dec(absent);
	while (atomic_read(absent) > 0)
		cpu_relax();
}

/* Runs on every CPU, with interrupts disabled. */
static int write_part(void *data)
{
	struct lines *lines = data;
	int cpu = smp_processor_id();

	copy_cpu(lines, cpu);
	if (cpu == cpumask_first(cpu_online_mask))
		copy_all(lines);
	wait_for_all(&lines->before);
	hit();
	wait_for_all(&lines->after);
	compare_cpu(lines, cpu);
	if (cpu == cpumask_first(cpu_online_mask))
		compare_all(lines);
	return 0;
}

/*
 * Writes on all CPUs at the same time, with CPU hotplug excluded. Returns whether the result
 * is valid.
 */
static bool write_together(struct lines *lines, unsigned int *fewest, unsigned int *most)
{
	bool good = true;
	int cpu;

	atomic_set(&lines->before, num_online_cpus());
	atomic_set(&lines->after, num_online_cpus());
	stop_machine(write_part, lines, cpu_online_mask);
	*fewest = UINT_MAX;
	*most = 0;
	for_each_online_cpu(cpu) {
		*fewest = min(*fewest, lines->cpus[cpu].own);
		*most = max(*most, lines->cpus[cpu].own);
		good = good && !exchanged(&lines->cpus[cpu].state, cpu);
	}
	return good;
}

static struct lines *alloc_lines(void)
{
	return kvzalloc(sizeof(struct lines) + nr_cpu_ids * sizeof(struct lines_cpu), GFP_KERNEL);
}

static int get_written(char *text, const struct kernel_param *param)
{
	struct lines *lines = alloc_lines();
	unsigned int own, others;
	int tries = TRIES;

	if (!lines)
		return -ENOMEM;
	if (!READ_ONCE(exptrace_writers.slots)) {
		kvfree(lines);
		return -ENODATA;
	}
	while (!write_alone(lines, &own, &others) && tries)
		tries--;
	kvfree(lines);
	if (!tries)
		return -EAGAIN;
	return own ? sysfs_emit(text, "%u %u\n", own, others) : -ENODATA;
}

static int get_written_together(char *text, const struct kernel_param *param)
{
	struct lines *lines = alloc_lines();
	unsigned int fewest, most, shared;
	int tries = TRIES;

	if (!lines)
		return -ENOMEM;
	if (!READ_ONCE(exptrace_writers.slots)) {
		kvfree(lines);
		return -ENODATA;
	}
	while (!write_together(lines, &fewest, &most) && tries)
		tries--;
	shared = lines->shared;
	kvfree(lines);
	if (!tries)
		return -EAGAIN;
	return fewest ? sysfs_emit(text, "%u %u %u\n", fewest, most, shared) : -ENODATA;
}

static const struct kernel_param_ops written_ops = {
	.get = get_written,
};

module_param_cb(written, &written_ops, NULL, 0400);
MODULE_PARM_DESC(written, "cache lines that a hundred events write: of this CPU, of all others");

static const struct kernel_param_ops written_together_ops = {
	.get = get_written_together,
};

module_param_cb(written_together, &written_together_ops, NULL, 0400);
MODULE_PARM_DESC(written_together, "the same on all CPUs at once: of a CPU, fewest and most, and of none");

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("exptrace's benchmark: the cache lines that an event writes");
MODULE_AUTHOR("the exptrace developers");
