// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark: LTTng's probes of the synthetic tracepoints of bench_events.
 */
#include <linux/module.h>
#include <lttng/tracer.h>

#include "bench_trace.h"

#include <wrapper/tracepoint.h>

#define LTTNG_PACKAGE_BUILD
#define CREATE_TRACE_POINTS
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH instrumentation/events
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE bench

#include <instrumentation/events/bench.h>

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("exptrace's benchmark: LTTng's probes");
MODULE_AUTHOR("the exptrace developers");
