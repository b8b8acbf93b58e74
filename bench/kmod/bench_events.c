// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark: events in a loop, as many as are asked for, and how long that took.
 *
 *	echo "kmalloc 10000" >/sys/module/bench_events/parameters/run
 *	cat /sys/module/bench_events/parameters/run
 *	cat /sys/module/bench_events/parameters/ns
 *
 * "kmalloc" allocates and frees an object; "bench_0", "bench_2" and "bench_5" hit the
 * tracepoints of these names. The answer is in ticks of the time-stamp counter, which are
 * instructions where QEMU counts those, and in nanoseconds. Interrupts are off while they
 * are counted, and on in between.
 */
#include <linux/irqflags.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#ifndef CONFIG_UML
#include <asm/msr.h>
#endif

#define CREATE_TRACE_POINTS
#include "bench_trace.h"

EXPORT_TRACEPOINT_SYMBOL_GPL(bench_0);
EXPORT_TRACEPOINT_SYMBOL_GPL(bench_2);
EXPORT_TRACEPOINT_SYMBOL_GPL(bench_5);

/* How many go without an interrupt. */
#define ROUND		500

/* What something took. */
struct taken {
	u64	ticks;
	u64	ns;
};

static struct taken last;
static DEFINE_MUTEX(last_lock);	/* protects last */

/* In order with all before and after. */
static __always_inline u64 read_ticks(void)
{
#ifdef CONFIG_UML
	return ktime_get_ns();
#else
	return rdtsc_ordered();
#endif
}

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

static void run_round(struct taken *sum, const struct workload *w, u32 first, u32 n)
{
	u64 ticks, end_ticks, ns;
	unsigned long flags;
	u32 i;

	local_irq_save(flags);
	ns = ktime_get_ns();
	ticks = read_ticks();
	for (i = first; i < first + n; i++)
		w->event(i);
	end_ticks = read_ticks();
	ns = ktime_get_ns() - ns;
	local_irq_restore(flags);
	sum->ticks += end_ticks - ticks;
	sum->ns += ns;
}

static struct taken run(const struct workload *w, u32 n)
{
	struct taken sum = { };
	u32 i;

	for (i = 0; i < n; i += ROUND) {
		run_round(&sum, w, i, min_t(u32, n - i, ROUND));
		cond_resched();
	}
	return sum;
}

static int set_run(const char *text, const struct kernel_param *param)
{
	struct taken taken;
	unsigned int i;
	char name[16];
	u32 n;

	if (sscanf(text, "%15s %u", name, &n) != 2)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(workloads); i++) {
		if (strcmp(name, workloads[i].name))
			continue;
		taken = run(&workloads[i], n);
		mutex_lock(&last_lock);
		last = taken;
		mutex_unlock(&last_lock);
		return 0;
	}
	return -EINVAL;
}

static int get_u64(char *text, const u64 *value)
{
	int len;

	mutex_lock(&last_lock);
	len = sysfs_emit(text, "%llu\n", *value);
	mutex_unlock(&last_lock);
	return len;
}

static int get_run(char *text, const struct kernel_param *param)
{
	return get_u64(text, &last.ticks);
}

static int get_ns(char *text, const struct kernel_param *param)
{
	return get_u64(text, &last.ns);
}

static const struct kernel_param_ops run_ops = {
	.set = set_run,
	.get = get_run,
};

module_param_cb(run, &run_ops, NULL, 0600);
MODULE_PARM_DESC(run, "write: WORKLOAD COUNT; read: ticks that it took");

static const struct kernel_param_ops ns_ops = {
	.get = get_ns,
};

module_param_cb(ns, &ns_ops, NULL, 0400);
MODULE_PARM_DESC(ns, "nanoseconds that it took");

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
