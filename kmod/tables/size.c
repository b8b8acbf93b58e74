// SPDX-License-Identifier: GPL-2.0-only
/*
 * How large batches and the pool must be.
 */
#include <linux/cpumask.h>
#include <linux/lockdep.h>
#include <linux/log2.h>

#include "size.h"
#include "tables.h"

bool exptrace_batch_size_is_valid(unsigned int batch_size)
{
	return is_power_of_2(batch_size) && batch_size >= EXPTRACE_BATCH_MIN &&
	       batch_size <= EXPTRACE_BATCH_MAX;
}

/* Batches that the tables of a generation can need. */
unsigned int exptrace_table_batches(u64 pool_size, unsigned int batch_size)
{
	return exptrace_opening_batches(batch_size) +
	       exptrace_closing_batches(pool_size, batch_size);
}

/*
 * What must be in the pool for each of two generations: its tables, and a batch for each
 * context of the CPUs that are online. That is no promise: a CPU that comes later, or another
 * experiment, takes batches as every writer does, and where there are none, events are lost
 * and counted, or generations last longer (ENOBUFS).
 */
static u64 least_pool_for(u64 pool_size, unsigned int batch_size)
{
	u64 batches = exptrace_table_batches(pool_size, batch_size) +
		      EXPTRACE_NR_CONTEXTS * num_online_cpus();

	return 2 * batches * batch_size;
}

/**
 * exptrace_least_pool - the smallest pool that a recording can have
 * @batch_size:	valid
 *
 * A larger pool has larger tables, so it is approached from below; as they are a small part
 * of what it grows by, that ends.
 *
 * Context: exptrace.control held. It is that of the moment: it depends on the CPUs that are
 * online, the experiments, and whether stacks are wanted.
 */
u64 exptrace_least_pool(unsigned int batch_size)
{
	u64 size = 0, least = least_pool_for(0, batch_size);

	lockdep_assert_held(&exptrace.control);

	while (least > size) {
		size = least;
		least = least_pool_for(size, batch_size);
	}
	return size;
}
