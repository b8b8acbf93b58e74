/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How large batches and the pool must be.
 */
#ifndef _EXPTRACE_SIZE_H
#define _EXPTRACE_SIZE_H

#include <linux/types.h>

bool exptrace_batch_size_is_valid(unsigned int batch_size);
unsigned int exptrace_table_batches(u64 pool_size, unsigned int batch_size);
u64 exptrace_least_pool(unsigned int batch_size);

#endif /* _EXPTRACE_SIZE_H */
