// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark: events in a loop, as many as are asked for, and how long that took.
 *
 *	echo "kmalloc 10000" >/sys/module/bench_events/parameters/run
 *	cat /sys/module/bench_events/parameters/run
 *
 * "kmalloc" allocates and frees an object; "bench_0", "bench_2" and "bench_5" hit the
 * tracepoints of these names. The answer is in ticks of the time-stamp counter, which are
 * instructions where QEMU counts those. Interrupts are off while they are counted, and on
 * in between.
 */
#include <linux/irqflags.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/msr.h>

#define CREATE_TRACE_POINTS
#include "bench_trace.h"

EXPORT_TRACEPOINT_SYMBOL_GPL(bench_0);
EXPORT_TRACEPOINT_SYMBOL_GPL(bench_2);
EXPORT_TRACEPOINT_SYMBOL_GPL(bench_5);

/* How many go without an interrupt. */
#define ROUND		500

static u64 ticks;
static DEFINE_MUTEX(ticks_lock);	/* protects ticks */

static noinline void kmalloc_kfree(u32 i)
{
	void *object = kmalloc(64, GFP_ATOMIC);

	/* The compiler must not see that nobody uses it. */
	barrier_data(object);
	kfree(object);
}

static noinline void hit_0(u32 i)
{
	trace_bench_0(i);
}

static noinline void hit_2(u32 i)
{
	trace_bench_2(i & 0x3fff, 4096);
}

static noinline void hit_5(u32 i)
{
	trace_bench_5(i & 0x3fff, 4096, 7, 120, 1000000);
}

static const struct workload {
	const char	*name;
	void		(*event)(u32 i);
} workloads[] = {
	{ "kmalloc", kmalloc_kfree },
	{ "bench_0", hit_0 },
	{ "bench_2", hit_2 },
	{ "bench_5", hit_5 },
};

static u64 run_round(const struct workload *w, u32 first, u32 n)
{
	unsigned long flags;
	u64 start, end;
	u32 i;

	local_irq_save(flags);
	start = rdtsc_ordered();
	for (i = first; i < first + n; i++)
		w->event(i);
	end = rdtsc_ordered();
	local_irq_restore(flags);
	return end - start;
}

static u64 run(const struct workload *w, u32 n)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < n; i += ROUND) {
		sum += run_round(w, i, min_t(u32, n - i, ROUND));
		cond_resched();
	}
	return sum;
}

static int set_run(const char *text, const struct kernel_param *param)
{
	unsigned int i;
	char name[16];
	u64 taken;
	u32 n;

	if (sscanf(text, "%15s %u", name, &n) != 2)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(workloads); i++) {
		if (strcmp(name, workloads[i].name))
			continue;
		taken = run(&workloads[i], n);
		mutex_lock(&ticks_lock);
		ticks = taken;
		mutex_unlock(&ticks_lock);
		return 0;
	}
	return -EINVAL;
}

static int get_run(char *text, const struct kernel_param *param)
{
	int len;

	mutex_lock(&ticks_lock);
	len = sysfs_emit(text, "%llu\n", ticks);
	mutex_unlock(&ticks_lock);
	return len;
}

static const struct kernel_param_ops run_ops = {
	.set = set_run,
	.get = get_run,
};

module_param_cb(run, &run_ops, NULL, 0600);
MODULE_PARM_DESC(run, "write: WORKLOAD COUNT; read: ticks that it took");

static int __init bench_events_init(void)
{
	return 0;
}

static void __exit bench_events_exit(void)
{
}

module_init(bench_events_init);
module_exit(bench_events_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("exptrace's benchmark: events in a loop");
MODULE_AUTHOR("the exptrace developers");
