// SPDX-License-Identifier: GPL-2.0-only
/*
 * Minimum sizes of batches and of the pool.
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

/* The maximum number of batches that the tables of a generation need. */
unsigned int exptrace_table_batches(u64 pool_size, unsigned int batch_size)
{
	return exptrace_opening_batches(batch_size) +
	       exptrace_closing_batches(pool_size, batch_size);
}

/*
 * The pool must hold, for each of two generations, the tables and one batch per context
 * and online CPU. This is no guarantee: a CPU that comes online later, or another
 * experiment, takes batches like any writer. If there are none, events are lost and
 * counted, or generations last longer (ENOBUFS).
 */
static u64 least_pool_for(u64 pool_size, unsigned int batch_size)
{
	u64 batches = exptrace_table_batches(pool_size, batch_size) +
		      EXPTRACE_NR_CONTEXTS * num_online_cpus();

	return 2 * batches * batch_size;
}

/**
 * exptrace_least_pool - the smallest pool for a recording
 * @batch_size:	a valid batch size
 *
 * A larger pool has larger tables, so the size is found by iteration from below. That
 * terminates because the tables are a small part of what the pool grows by.
 *
 * Context: exptrace.control held. The result holds only for the moment: it depends on the
 * online CPUs, the experiments, and whether stacks are wanted.
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
