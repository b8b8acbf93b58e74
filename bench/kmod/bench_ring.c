// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark: writes the tracepoint with two integers to one of the kernel's ring buffers.
 * The buffer is that of ring_buffer_benchmark: a megabyte per CPU, the oldest entries are
 * overwritten, and the default clock, unless tsc=1. The loop around it is the same as for
 * exptrace; with empty=1 the probe writes nothing, which measures that loop. The workload
 * "direct" writes the same entry.
 */
#include <linux/module.h>
#include <linux/ring_buffer.h>
#include <linux/version.h>

#include "bench_events.h"
#include "bench_trace.h"

struct entry {
	u32	a;
	u32	b;
};

static bool empty;
module_param(empty, bool, 0400);
MODULE_PARM_DESC(empty, "write nothing");

static bool tsc;
module_param(tsc, bool, 0400);
MODULE_PARM_DESC(tsc, "use the time-stamp counter as the clock, if the kernel lets modules choose one");

static struct trace_buffer *buffer;

/* Not inlined or cloned, so that a direct call runs the same code as the tracepoint. */
static noinline __noclone notrace void probe_empty(void *data, u32 a, u32 b)
{
	barrier();	/* opaque to the compiler */
}

static notrace u64 read_tsc(void)
{
	return __builtin_ia32_rdtsc();
}

/* Debian's kernels do not export ring_buffer_set_clock(). */
static int choose_clock(void)
{
	typeof(ring_buffer_set_clock) *set_clock = symbol_get(ring_buffer_set_clock);

	if (!set_clock)
		return -EOPNOTSUPP;
	set_clock(buffer, read_tsc);
	symbol_put(ring_buffer_set_clock);
	return 0;
}

static noinline __noclone notrace void probe_bench_2(void *data, u32 a, u32 b)
{
	struct ring_buffer_event *event;
	struct entry *entry;

	event = ring_buffer_lock_reserve(buffer, sizeof(*entry));
	if (!event)
		return;
	entry = ring_buffer_event_data(event);
	entry->a = a;
	entry->b = b;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	ring_buffer_unlock_commit(buffer);
#else
	ring_buffer_unlock_commit(buffer, event);
#endif
}

static notrace void write_directly(u32 i)
{
	probe_bench_2(NULL, bench_first(i), BENCH_SECOND);
}

static notrace void call_empty_directly(u32 i)
{
	probe_empty(NULL, bench_first(i), BENCH_SECOND);
}

static int __init init_empty(void)
{
	int err = register_trace_bench_2(probe_empty, NULL);

	if (!err)
		bench_set_direct(call_empty_directly);
	return err;
}

static int __init bench_ring_init(void)
{
	int err;

	if (empty)
		return init_empty();
	buffer = ring_buffer_alloc(1000000, RB_FL_OVERWRITE);
	if (!buffer)
		return -ENOMEM;
	if (tsc) {
		err = choose_clock();
		if (err)
			goto err_buffer;
	}
	err = register_trace_bench_2(probe_bench_2, NULL);
	if (err)
		goto err_buffer;
	bench_set_direct(write_directly);
	return 0;

err_buffer:
	ring_buffer_free(buffer);
	return err;
}

static void __exit bench_ring_exit(void)
{
	bench_set_direct(NULL);
	unregister_trace_bench_2(empty ? probe_empty : probe_bench_2, NULL);
	tracepoint_synchronize_unregister();
	if (buffer)
		ring_buffer_free(buffer);
}

module_init(bench_ring_init);
module_exit(bench_ring_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("exptrace's benchmark: a synthetic tracepoint in the kernel's ring buffer");
MODULE_AUTHOR("the exptrace developers");
