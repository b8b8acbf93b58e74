// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark: triggers a given number of events in a loop and measures the time.
 *
 *	echo "kmalloc 10000" >/sys/module/bench_events/parameters/run
 *	cat /sys/module/bench_events/parameters/run
 *	cat /sys/module/bench_events/parameters/ns
 *
 * "kmalloc" allocates and frees an object. "bench_0", "bench_2" and "bench_5" hit the
 * tracepoints of these names. "direct" calls the probe of another benchmark module, which
 * writes an event with two integers, without a tracepoint. "run" reads as ticks of the
 * time-stamp counter (instructions if QEMU counts them), "ns" as nanoseconds. Interrupts
 * are disabled during each measured round and enabled between rounds.
 *
 *	echo "direct 10000" >/sys/module/bench_events/parameters/hammer
 *	cat /sys/module/bench_events/parameters/hammer
 *
 * does the same for that many milliseconds, like the kernel's ring_buffer_benchmark, and
 * reads as the number of events and the nanoseconds they took.
 *
 *	echo "kmalloc 1000" >/sys/module/bench_events/parameters/together
 *	cat /sys/module/bench_events/parameters/together
 *
 * does what "run" does on all CPUs at the same time, for that many milliseconds, and reads
 * as one line per CPU: its number, the events, and the nanoseconds they took. Shells on
 * several CPUs cannot do this with "run": the kernel serializes writes to a module's
 * parameters.
 */
#include <linux/atomic.h>
#include <linux/cpu.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#ifndef CONFIG_UML
#include <asm/msr.h>
#endif

#define CREATE_TRACE_POINTS
#include "bench_trace.h"
#include "bench_events.h"

EXPORT_TRACEPOINT_SYMBOL_GPL(bench_0);
EXPORT_TRACEPOINT_SYMBOL_GPL(bench_2);
EXPORT_TRACEPOINT_SYMBOL_GPL(bench_5);

/* Events with interrupts disabled in one go; events between two readings of the clock. */
#define ROUND		500

/* Duration of a run. */
struct taken {
	u64	ticks;
	u64	ns;
};

/* Events of a hammer run, and their duration. */
struct hammered {
	u64	events;
	u64	ns;
};

/* One CPU's part of a run on all CPUs. */
struct part {
	struct task_struct *task;	/* NULL: the CPU is not online */
	void		(*event)(u32 i);
	u32		ms;
	atomic_t	*absent;	/* number of CPUs that have not begun */
	u64		events;
	struct taken	taken;
};

static struct taken last;
static struct hammered last_hammered;
static struct part *last_parts;		/* indexed by CPU; NULL: none yet */
static DEFINE_MUTEX(last_lock);	/* protects last, last_hammered and last_parts */

static void (*direct)(u32 i);
static DECLARE_RWSEM(direct_lock);	/* protects direct; held for reading while it may be called */

/* Ordered against everything before and after. */
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

	/* Hide from the compiler that the object is unused. */
	barrier_data(object);
	kfree(object);
}

static noinline void hit_0(u32 i)
{
	trace_bench_0(i);
}

static noinline void hit_2(u32 i)
{
	trace_bench_2(bench_first(i), BENCH_SECOND);
}

static noinline void hit_5(u32 i)
{
	trace_bench_5(bench_first(i), BENCH_SECOND, 7, 120, 1000000);
}

static const struct workload {
	const char	*name;
	void		(*event)(u32 i);	/* NULL: direct */
} workloads[] = {
	{ "kmalloc", kmalloc_kfree },
	{ "bench_0", hit_0 },
	{ "bench_2", hit_2 },
	{ "bench_5", hit_5 },
	{ "direct", NULL },
};

void bench_set_direct(void (*write)(u32 i))
{
	down_write(&direct_lock);
	direct = write;
	up_write(&direct_lock);
}
EXPORT_SYMBOL_GPL(bench_set_direct);

static void run_round(struct taken *sum, void (*event)(u32 i), u32 first, u32 n)
{
	u64 ticks, end_ticks, ns;
	unsigned long flags;
	u32 i;

	local_irq_save(flags);
	ns = ktime_get_ns();
	ticks = read_ticks();
	for (i = first; i < first + n; i++)
		event(i);
	end_ticks = read_ticks();
	ns = ktime_get_ns() - ns;
	local_irq_restore(flags);
	sum->ticks += end_ticks - ticks;
	sum->ns += ns;
}

static struct taken run(void (*event)(u32 i), u32 n)
{
	struct taken sum = { };
	u32 i;

	for (i = 0; i < n; i += ROUND) {
		run_round(&sum, event, i, min_t(u32, n - i, ROUND));
		cond_resched();
	}
	return sum;
}

/*
 * Measures like ring_buffer_benchmark: interrupts are enabled, and all the time up to the
 * last reading of the clock counts, whatever else ran in between.
 */
static struct hammered hammer(void (*event)(u32 i), u32 ms)
{
	ktime_t begin = ktime_get(), end = ktime_add_ms(begin, ms), now;
	u64 events = 0;
	u32 i;

	do {
		for (i = 0; i < ROUND; i++)
			event(events + i);
		now = ktime_get();
		events += ROUND;
		if (!IS_ENABLED(CONFIG_PREEMPTION))
			cond_resched();
	} while (ktime_before(now, end) && !fatal_signal_pending(current));
	return (struct hammered) { events, ktime_to_ns(ktime_sub(now, begin)) };
}

/* Waits until all CPUs are ready. */
static int do_part(void *data)
{
	struct part *part = data;
	ktime_t end;

	atomic_dec(part->absent);
	while (atomic_read(part->absent) > 0) {
		cpu_relax();
		cond_resched();
	}
	end = ktime_add_ms(ktime_get(), part->ms);
	do {
		run_round(&part->taken, part->event, part->events, ROUND);
		part->events += ROUND;
		cond_resched();
	} while (ktime_before(ktime_get(), end));
	return 0;
}

static int create_part(struct part *part, unsigned int cpu)
{
	struct task_struct *task = kthread_create(do_part, part, "bench/%u", cpu);

	if (IS_ERR(task))
		return PTR_ERR(task);
	kthread_bind(task, cpu);
	part->task = get_task_struct(task);
	atomic_inc(part->absent);
	return 0;
}

/* Waits until all parts have ended. Threads that have not started never will. */
static void end_parts(struct part *parts)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		if (!parts[cpu].task)
			continue;
		kthread_stop(parts[cpu].task);
		put_task_struct(parts[cpu].task);
	}
}

static int run_parts(struct part *parts, void (*event)(u32 i), u32 ms)
{
	atomic_t absent = ATOMIC_INIT(0);
	int cpu, err = 0;

	cpus_read_lock();
	for_each_online_cpu(cpu) {
		parts[cpu].event = event;
		parts[cpu].ms = ms;
		parts[cpu].absent = &absent;
		err = create_part(&parts[cpu], cpu);
		if (err)
			goto out;
	}
	for_each_online_cpu(cpu)
		wake_up_process(parts[cpu].task);
	/* kthread_stop() would prevent a thread that has not run yet from starting. */
	while (atomic_read(&absent) > 0)
		schedule_timeout_uninterruptible(1);
out:
	end_parts(parts);
	cpus_read_unlock();
	return err;
}

/* Caller holds direct_lock. */
static void (*find_event(const char *name))(u32 i)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(workloads); i++)
		if (!strcmp(name, workloads[i].name))
			return workloads[i].event ?: direct;
	return NULL;
}

/* Parses @text, "WORKLOAD NUMBER", and runs @what with it. */
static int work(const char *text, int (*what)(void (*event)(u32 i), u32 n))
{
	void (*event)(u32 i);
	int err = -EINVAL;
	char name[16];
	u32 n;

	if (sscanf(text, "%15s %u", name, &n) != 2)
		return -EINVAL;
	down_read(&direct_lock);
	event = find_event(name);
	if (event)
		err = what(event, n);
	up_read(&direct_lock);
	return err;
}

static int run_and_keep(void (*event)(u32 i), u32 n)
{
	struct taken taken = run(event, n);

	mutex_lock(&last_lock);
	last = taken;
	mutex_unlock(&last_lock);
	return 0;
}

static int hammer_and_keep(void (*event)(u32 i), u32 ms)
{
	struct hammered hammered = hammer(event, ms);

	mutex_lock(&last_lock);
	last_hammered = hammered;
	mutex_unlock(&last_lock);
	return 0;
}

static int run_parts_and_keep(void (*event)(u32 i), u32 ms)
{
	struct part *parts = kvcalloc(nr_cpu_ids, sizeof(*parts), GFP_KERNEL);
	int err;

	if (!parts)
		return -ENOMEM;
	err = run_parts(parts, event, ms);
	if (!err) {
		mutex_lock(&last_lock);
		swap(last_parts, parts);
		mutex_unlock(&last_lock);
	}
	kvfree(parts);
	return err;
}

static int set_run(const char *text, const struct kernel_param *param)
{
	return work(text, run_and_keep);
}

static int set_hammer(const char *text, const struct kernel_param *param)
{
	return work(text, hammer_and_keep);
}

static int set_together(const char *text, const struct kernel_param *param)
{
	return work(text, run_parts_and_keep);
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

static int get_hammer(char *text, const struct kernel_param *param)
{
	int len;

	mutex_lock(&last_lock);
	len = sysfs_emit(text, "%llu %llu\n", last_hammered.events, last_hammered.ns);
	mutex_unlock(&last_lock);
	return len;
}

static int get_together(char *text, const struct kernel_param *param)
{
	int cpu, len = 0;

	mutex_lock(&last_lock);
	for_each_possible_cpu(cpu) {
		const struct part *part = last_parts ? &last_parts[cpu] : NULL;

		if (part && part->task)
			len += sysfs_emit_at(text, len, "%d %llu %llu\n", cpu, part->events,
					     part->taken.ns);
	}
	mutex_unlock(&last_lock);
	return len;
}

static const struct kernel_param_ops run_ops = {
	.set = set_run,
	.get = get_run,
};

module_param_cb(run, &run_ops, NULL, 0600);
MODULE_PARM_DESC(run, "write: WORKLOAD COUNT; read: ticks of the last run");

static const struct kernel_param_ops ns_ops = {
	.get = get_ns,
};

module_param_cb(ns, &ns_ops, NULL, 0400);
MODULE_PARM_DESC(ns, "nanoseconds of the last run");

static const struct kernel_param_ops hammer_ops = {
	.set = set_hammer,
	.get = get_hammer,
};

module_param_cb(hammer, &hammer_ops, NULL, 0600);
MODULE_PARM_DESC(hammer, "write: WORKLOAD MILLISECONDS; read: events and nanoseconds");

static const struct kernel_param_ops together_ops = {
	.set = set_together,
	.get = get_together,
};

module_param_cb(together, &together_ops, NULL, 0600);
MODULE_PARM_DESC(together, "write: WORKLOAD MILLISECONDS; read: CPU, events and nanoseconds, a line per CPU");

static int __init bench_events_init(void)
{
	return 0;
}

static void __exit bench_events_exit(void)
{
	kvfree(last_parts);
}

module_init(bench_events_init);
module_exit(bench_events_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("exptrace's benchmark: events in a loop");
MODULE_AUTHOR("the exptrace developers");
