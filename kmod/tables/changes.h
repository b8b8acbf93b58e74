/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The life cycle of threads, recorded regardless of selections and filters.
 */
#ifndef _EXPTRACE_CHANGES_H
#define _EXPTRACE_CHANGES_H

#include <linux/types.h>

int exptrace_changes_begin(void);
void exptrace_changes_end(void);
u64 exptrace_changes_take_missing(u64 gen);

#endif /* _EXPTRACE_CHANGES_H */
