/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Minimum sizes of batches and of the pool.
 */
#ifndef _EXPTRACE_SIZE_H
#define _EXPTRACE_SIZE_H

#include <linux/build_bug.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/types.h>

#include <exptrace/wire.h>

/* The minimum batch size: batches of a mapped pool consist of whole pages. */
#define EXPTRACE_BATCH_MIN	(PAGE_SIZE > SZ_4K ? (unsigned int)PAGE_SIZE : SZ_4K)
static_assert(PAGE_SIZE <= EXPTRACE_BATCH_MAX);

bool exptrace_batch_size_is_valid(unsigned int batch_size);
unsigned int exptrace_table_batches(u64 pool_size, unsigned int batch_size);
u64 exptrace_least_pool(unsigned int batch_size);

#endif /* _EXPTRACE_SIZE_H */
