/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Watches for new BPF code.
 */
#ifndef _EXPTRACE_ARRIVAL_H
#define _EXPTRACE_ARRIVAL_H

#include <linux/types.h>

void exptrace_arrivals_watch(void);
void exptrace_arrivals_unwatch(void);
void exptrace_arrivals_begin(u64 gen);
bool exptrace_arrivals_seen(u64 gen);

#endif /* _EXPTRACE_ARRIVAL_H */
