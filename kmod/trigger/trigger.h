/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Triggers: the kernel itself requests a snapshot.
 */
#ifndef _EXPTRACE_TRIGGER_H
#define _EXPTRACE_TRIGGER_H

#include <linux/types.h>

/* trigger.c */
int exptrace_trigger_snapshot(u64 *first, u64 *last);
int exptrace_trigger_wait(u64 *first, u64 *last);
void exptrace_trigger_fire(void);
void exptrace_trigger_cancel(void);
u64 exptrace_triggers(void);
bool exptrace_trigger_armed(void);
bool exptrace_trigger_done(void);
bool exptrace_trigger_pending(void);
void exptrace_trigger_exit(void);

/* latency.c */
int exptrace_trigger_set_latency(u64 us, const void *owner);
void exptrace_trigger_disown(const void *owner);
u64 exptrace_trigger_latency(void);
int exptrace_latency_begin(void);
void exptrace_latency_end(void);
void exptrace_latency_exit(void);

#endif /* _EXPTRACE_TRIGGER_H */
