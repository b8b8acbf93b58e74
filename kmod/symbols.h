/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The symbols of a generation's sites.
 */
#ifndef _EXPTRACE_SYMBOLS_H
#define _EXPTRACE_SYMBOLS_H

#include "exptrace.h"

unsigned int exptrace_sites_max(u64 pool_size);
unsigned int exptrace_stack_words_max(u64 pool_size);
unsigned int exptrace_symbols_batches(unsigned int sites, unsigned int words,
				      unsigned int batch_size);
int exptrace_write_symbols(u64 gen);

#endif /* _EXPTRACE_SYMBOLS_H */
