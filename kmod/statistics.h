/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics: events lost and places unknown.
 */
#ifndef _EXPTRACE_STATISTICS_H
#define _EXPTRACE_STATISTICS_H

#include "exptrace.h"

u64 exptrace_lost(void);
void exptrace_unknown(u64 *sites, u64 *stacks);

#endif /* _EXPTRACE_STATISTICS_H */
