/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suspend: the time span of a generation, which ends when the clocks stop.
 */
#ifndef _EXPTRACE_SPAN_H
#define _EXPTRACE_SPAN_H

#include "bend.h"

/**
 * struct exptrace_span - time span of a generation that writers use
 * @begin:	for the opening Sync; written before @ended is cleared, then constant
 * @end:	for the closing Sync, valid if @ended; then constant
 * @bends:	for the Syncs in between; likewise, except its @first, which is as @begin
 * @ended:	the generation has ended and gets no more events
 *
 * Lock: the one in suspend.c for writing; exptrace.control for reading constant fields.
 */
struct exptrace_span {
	struct exptrace_clock_snapshot	begin;
	struct exptrace_clock_snapshot	end;
	struct exptrace_bends		bends;
	bool				ended;
};

const struct exptrace_clock_snapshot *exptrace_span_begin(u64 gen);
const struct exptrace_span *exptrace_span_end(u64 gen);
bool exptrace_span_ended(u64 gen);
void exptrace_span_publish(u64 gen, struct exptrace_slot __percpu *slots);

int exptrace_suspend_begin(void);
void exptrace_suspend_end(void);
void exptrace_suspend_exit(void);

#endif /* _EXPTRACE_SPAN_H */
