// SPDX-License-Identifier: GPL-2.0-only
/*
 * What was lost and what stayed unknown, added up over all CPUs.
 */
#include <linux/cpumask.h>
#include <linux/sched.h>
#include <linux/seqlock.h>

#include "statistics.h"

static u64 add_up_lost(void)
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

/* Events lost since start, as of about now: writers go on counting meanwhile. */
u64 exptrace_lost(void)
{
	unsigned int seq;
	u64 lost;

	do {
		seq = read_seqbegin(&exptrace.settling);
		lost = add_up_lost();
	} while (read_seqretry(&exptrace.settling, seq));
	return lost;
}

static void add_up_unknown(u64 *sites, u64 *stacks)
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

/* The same for places in the code, and for stacks, that got no number. */
void exptrace_unknown(u64 *sites, u64 *stacks)
{
	unsigned int seq;

	do {
		seq = read_seqbegin(&exptrace.settling);
		add_up_unknown(sites, stacks);
	} while (read_seqretry(&exptrace.settling, seq));
}
