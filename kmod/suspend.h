/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suspend: the time that a generation spans, which ends where the clocks stop.
 */
#ifndef _EXPTRACE_SUSPEND_H
#define _EXPTRACE_SUSPEND_H

#include "clock.h"

const struct exptrace_clock_snapshot *exptrace_span_begin(u64 gen);
const struct exptrace_clock_snapshot *exptrace_span_end(u64 gen);
bool exptrace_span_ended(u64 gen);
void exptrace_span_publish(u64 gen, struct exptrace_slot __percpu *slots);

int exptrace_suspend_begin(void);
void exptrace_suspend_end(void);
void exptrace_suspend_exit(void);

#endif /* _EXPTRACE_SUSPEND_H */
