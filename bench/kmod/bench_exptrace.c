// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark: an experiment that records the synthetic tracepoints of bench_events and the
 * events of its workload "direct".
 */
#include <linux/module.h>

#include "bench_events.h"
#include "bench_trace.h"
#include "experiment.h"
#include "writer.h"

#define BENCH_EXPERIMENT	6

enum {
	TYPE_BENCH_0 = 64,
	TYPE_BENCH_2,
	TYPE_BENCH_5,
};

#define UINT(name)	{ EXPTRACE_KIND_UINT, name }
#define ARGS(...)	(const struct exptrace_arg_def[]){ __VA_ARGS__, { } }

static const struct exptrace_arg_def no_args[] = { { } };

static const struct exptrace_event_def events[] = {
	{ EXPTRACE_EVENT_CURRENT, 1, "state", "current", ARGS({ EXPTRACE_KIND_PID, "pid" }) },
	{ TYPE_BENCH_0, 1, "bench", "bench_0", no_args },
	{ TYPE_BENCH_2, 1, "bench", "bench_2", ARGS(UINT("a"), UINT("b")) },
	{ TYPE_BENCH_5, 1, "bench", "bench_5",
	  ARGS(UINT("a"), UINT("b"), UINT("c"), UINT("d"), UINT("e")) },
};

static struct exptrace_experiment experiment = {
	.id = BENCH_EXPERIMENT,
	.version = 1,
	.name = "bench",
	.events = events,
	.nr_events = ARRAY_SIZE(events),
};

static notrace void probe_bench_0(void *data, u32 unused)
{
	EXPTRACE_WRITER(w);

	if (!exptrace_begin(&w, BENCH_EXPERIMENT, TYPE_BENCH_0, exptrace_max(0, 0)))
		return;
	exptrace_end(&w);
}

/* Not inlined or cloned, so that a direct call runs the same code as the tracepoint. */
static noinline __noclone notrace void probe_bench_2(void *data, u32 a, u32 b)
{
	EXPTRACE_WRITER(w);

	if (!exptrace_begin(&w, BENCH_EXPERIMENT, TYPE_BENCH_2, exptrace_max(2, 0)))
		return;
	exptrace_number(&w, a);
	exptrace_number(&w, b);
	exptrace_end(&w);
}

static notrace void probe_bench_5(void *data, u32 a, u32 b, u32 c, u32 d, u32 e)
{
	EXPTRACE_WRITER(w);

	if (!exptrace_begin(&w, BENCH_EXPERIMENT, TYPE_BENCH_5, exptrace_max(5, 0)))
		return;
	exptrace_number(&w, a);
	exptrace_number(&w, b);
	exptrace_number(&w, c);
	exptrace_number(&w, d);
	exptrace_number(&w, e);
	exptrace_end(&w);
}

static notrace void write_directly(u32 i)
{
	probe_bench_2(NULL, bench_first(i), BENCH_SECOND);
}

static int __init bench_exptrace_init(void)
{
	int err;

	err = exptrace_experiment_register(&experiment);
	if (err)
		return err;
	err = register_trace_bench_0(probe_bench_0, NULL);
	if (err)
		goto err_experiment;
	err = register_trace_bench_2(probe_bench_2, NULL);
	if (err)
		goto err_bench_0;
	err = register_trace_bench_5(probe_bench_5, NULL);
	if (err)
		goto err_bench_2;
	bench_set_direct(write_directly);
	return 0;

err_bench_2:
	unregister_trace_bench_2(probe_bench_2, NULL);
err_bench_0:
	unregister_trace_bench_0(probe_bench_0, NULL);
err_experiment:
	tracepoint_synchronize_unregister();
	exptrace_experiment_unregister(&experiment);
	return err;
}

static void __exit bench_exptrace_exit(void)
{
	bench_set_direct(NULL);
	unregister_trace_bench_5(probe_bench_5, NULL);
	unregister_trace_bench_2(probe_bench_2, NULL);
	unregister_trace_bench_0(probe_bench_0, NULL);
	tracepoint_synchronize_unregister();
	exptrace_experiment_unregister(&experiment);
}

module_init(bench_exptrace_init);
module_exit(bench_exptrace_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("exptrace's benchmark: the synthetic tracepoints as an experiment");
MODULE_AUTHOR("the exptrace developers");
