/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Synthetic tracepoints with 0, 2 and 5 integer arguments, the same for every recorder.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM bench

#if !defined(_BENCH_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _BENCH_TRACE_H

#include <linux/tracepoint.h>

/* A tracepoint needs at least one argument; this one is not recorded. */
TRACE_EVENT(bench_0,
	TP_PROTO(u32 unused),
	TP_ARGS(unused),
	TP_STRUCT__entry(),
	TP_fast_assign(),
	TP_printk("%s", "")
);

TRACE_EVENT(bench_2,
	TP_PROTO(u32 a, u32 b),
	TP_ARGS(a, b),
	TP_STRUCT__entry(
		__field(u32, a)
		__field(u32, b)
	),
	TP_fast_assign(
		__entry->a = a;
		__entry->b = b;
	),
	TP_printk("a=%u b=%u", __entry->a, __entry->b)
);

TRACE_EVENT(bench_5,
	TP_PROTO(u32 a, u32 b, u32 c, u32 d, u32 e),
	TP_ARGS(a, b, c, d, e),
	TP_STRUCT__entry(
		__field(u32, a)
		__field(u32, b)
		__field(u32, c)
		__field(u32, d)
		__field(u32, e)
	),
	TP_fast_assign(
		__entry->a = a;
		__entry->b = b;
		__entry->c = c;
		__entry->d = d;
		__entry->e = e;
	),
	TP_printk("a=%u b=%u c=%u d=%u e=%u", __entry->a, __entry->b, __entry->c, __entry->d,
		  __entry->e)
);

#endif /* _BENCH_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE bench_trace
#include <trace/define_trace.h>
