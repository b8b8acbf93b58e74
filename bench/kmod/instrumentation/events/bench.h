/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The synthetic tracepoints as LTTng records them.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM bench

#if !defined(_BENCH_LTTNG_H) || defined(TRACE_HEADER_MULTI_READ)
#define _BENCH_LTTNG_H

#include <lttng/tracepoint-event.h>
#include <linux/types.h>

LTTNG_TRACEPOINT_EVENT(bench_0,
	TP_PROTO(u32 unused),
	TP_ARGS(unused),
	TP_FIELDS()
)

LTTNG_TRACEPOINT_EVENT(bench_2,
	TP_PROTO(u32 a, u32 b),
	TP_ARGS(a, b),
	TP_FIELDS(
		ctf_integer(u32, a, a)
		ctf_integer(u32, b, b)
	)
)

LTTNG_TRACEPOINT_EVENT(bench_5,
	TP_PROTO(u32 a, u32 b, u32 c, u32 d, u32 e),
	TP_ARGS(a, b, c, d, e),
	TP_FIELDS(
		ctf_integer(u32, a, a)
		ctf_integer(u32, b, b)
		ctf_integer(u32, c, c)
		ctf_integer(u32, d, d)
		ctf_integer(u32, e, e)
	)
)

#endif /* _BENCH_LTTNG_H */

#include <lttng/define_trace.h>
