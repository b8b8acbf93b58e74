/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Symbols of a generation's sites.
 */
#ifndef _EXPTRACE_SYMBOLS_H
#define _EXPTRACE_SYMBOLS_H

#include "framing.h"
#include "intern.h"

unsigned int exptrace_sites_max(u64 pool_size);
unsigned int exptrace_stack_words_max(u64 pool_size);
void exptrace_symbols_extent(struct exptrace_extent *extent, unsigned int sites,
			     unsigned int words);
int exptrace_write_symbols(struct exptrace_table *table, u64 gen);

#endif /* _EXPTRACE_SYMBOLS_H */
