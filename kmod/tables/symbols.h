/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The symbols of a generation's sites.
 */
#ifndef _EXPTRACE_SYMBOLS_H
#define _EXPTRACE_SYMBOLS_H

#include "intern.h"
#include "tables.h"

unsigned int exptrace_sites_max(u64 pool_size);
unsigned int exptrace_stack_words_max(u64 pool_size);
void exptrace_symbols_extent(struct exptrace_extent *extent, unsigned int sites,
			     unsigned int words);
/*
 * A frame is where its function goes on when the call returns, which may be behind its
 * end; the call is in it in any case.
 */
static inline unsigned long exptrace_call_of(unsigned long frame)
{
	return frame - 1;
}

unsigned int exptrace_frame_site(struct exptrace_interned *interned, unsigned long frame);
int exptrace_write_symbols(struct exptrace_table *table, u64 gen);

#endif /* _EXPTRACE_SYMBOLS_H */
