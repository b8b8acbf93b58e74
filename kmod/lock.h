/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pool lock. Everything done under it takes at most 10,000 instructions, whatever the
 * sizes of the pool and of the machine (invariant 13; docs/design.md).
 */
#ifndef _EXPTRACE_LOCK_H
#define _EXPTRACE_LOCK_H

#include <linux/types.h>

unsigned long exptrace_pool_lock(void);
bool exptrace_pool_trylock(unsigned long *flags);
void exptrace_pool_unlock(unsigned long flags);
bool exptrace_pool_locked_here(void);

void exptrace_time_holds(void);
bool exptrace_longest_hold(u64 *ns, unsigned long *holder);
void exptrace_forget_longest_hold(void);

#endif /* _EXPTRACE_LOCK_H */
