// SPDX-License-Identifier: GPL-2.0-only
/*
 * Statistics: events lost and places unknown, summed over all CPUs.
 */
#include <linux/cpumask.h>
#include <linux/sched.h>
#include <linux/seqlock.h>

#include "statistics.h"

static u64 sum_lost(void)
{
	u64 lost = READ_ONCE(exptrace.lost);
	unsigned int i;
	int cpu;

	for_each_possible_cpu(cpu) {
		const u64 *counter = (const u64 *)per_cpu_ptr(exptrace.cpus, cpu)->lost;

		for (i = 0; i < sizeof_field(struct exptrace_cpu, lost) / sizeof(u64); i++)
			lost += READ_ONCE(counter[i]);
		cond_resched();
	}
	return lost;
}

/* Events lost since start. Approximate, since writers go on counting meanwhile. */
u64 exptrace_lost(void)
{
	unsigned int seq;
	u64 lost;

	do {
		seq = read_seqbegin(&exptrace.settling);
		lost = sum_lost();
	} while (read_seqretry(&exptrace.settling, seq));
	return lost;
}

static void sum_unknown(u64 *sites, u64 *stacks)
{
	int cpu;

	*sites = READ_ONCE(exptrace.unknown_sites);
	*stacks = READ_ONCE(exptrace.unknown_stacks);
	for_each_possible_cpu(cpu) {
		const struct exptrace_cpu *c = per_cpu_ptr(exptrace.cpus, cpu);

		*sites += READ_ONCE(c->unknown_sites[0]) + READ_ONCE(c->unknown_sites[1]);
		*stacks += READ_ONCE(c->unknown_stacks[0]) + READ_ONCE(c->unknown_stacks[1]);
		cond_resched();
	}
}

/* Call sites and stacks without a number since start; approximate as well. */
void exptrace_unknown(u64 *sites, u64 *stacks)
{
	unsigned int seq;

	do {
		seq = read_seqbegin(&exptrace.settling);
		sum_unknown(sites, stacks);
	} while (read_seqretry(&exptrace.settling, seq));
}
