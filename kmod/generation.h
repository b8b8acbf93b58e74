/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Generations: begun, advanced, completed.
 */
#ifndef _EXPTRACE_GENERATION_H
#define _EXPTRACE_GENERATION_H

#include "exptrace.h"

int exptrace_prepare_generation(u64 gen);
void exptrace_publish_generation(u64 gen);
void exptrace_unpublish(void);
void exptrace_close_generation(u64 gen);
int exptrace_advance(bool expedited, u64 *completed);
void exptrace_schedule(void);

int exptrace_generation_init(void);
void exptrace_generation_exit(void);

#endif /* _EXPTRACE_GENERATION_H */
