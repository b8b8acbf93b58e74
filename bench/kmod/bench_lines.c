// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark: which cache lines of exptrace's own memory an event writes.
 *
 *	cat /sys/module/bench_lines/parameters/written
 *
 * hits the tracepoint with two integers a hundred times and compares what exptrace keeps
 * for all CPUs, and for each of them, before and after. The answer is how many lines have
 * changed of this CPU's, and how many of all others. Batches are not looked at: each
 * belongs to one CPU.
 */
#include <linux/cache.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/smp.h>
#include <linux/string.h>

#include "bench_trace.h"
#include "exptrace.h"

#define EVENTS		100

static unsigned int changed_lines(const void *before, const void *now, size_t size)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < size; i += SMP_CACHE_BYTES)
		n += !!memcmp(before + i, now + i, min_t(size_t, SMP_CACHE_BYTES, size - i));
	return n;
}

static void copy_all(struct exptrace *all, struct exptrace_cpu *cpus)
{
	int cpu;

	memcpy(all, &exptrace, sizeof(*all));
	for_each_possible_cpu(cpu)
		memcpy(&cpus[cpu], per_cpu_ptr(exptrace.cpus, cpu), sizeof(*cpus));
}

static void count_lines(const struct exptrace *all, const struct exptrace_cpu *cpus,
			unsigned int *own, unsigned int *others)
{
	int cpu;

	*own = 0;
	*others = changed_lines(all, &exptrace, sizeof(*all));
	for_each_possible_cpu(cpu) {
		unsigned int n = changed_lines(&cpus[cpu], per_cpu_ptr(exptrace.cpus, cpu),
					       sizeof(*cpus));

		if (cpu == smp_processor_id())
			*own = n;
		else
			*others += n;
	}
}

static int get_written(char *text, const struct kernel_param *param)
{
	struct exptrace_cpu *cpus = kvcalloc(nr_cpu_ids, sizeof(*cpus), GFP_KERNEL);
	struct exptrace *all = kvzalloc(sizeof(*all), GFP_KERNEL);
	unsigned int own = 0, others = 0;
	unsigned long flags;
	int err = -ENOMEM;
	u32 i;

	if (!cpus || !all)
		goto out;
	local_irq_save(flags);
	copy_all(all, cpus);
	for (i = 0; i < EVENTS; i++)
		trace_bench_2(i, 4096);
	count_lines(all, cpus, &own, &others);
	local_irq_restore(flags);
	err = sysfs_emit(text, "%u %u\n", own, others);
out:
	kvfree(all);
	kvfree(cpus);
	return err;
}

static const struct kernel_param_ops written_ops = {
	.get = get_written,
};

module_param_cb(written, &written_ops, NULL, 0400);
MODULE_PARM_DESC(written, "cache lines that a hundred events write: this CPU's, and all others");

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("exptrace's benchmark: the cache lines that an event writes");
MODULE_AUTHOR("the exptrace developers");
