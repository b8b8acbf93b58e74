// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test module: reports changes of CPU frequencies, as a cpufreq driver does, on machines
 * without one.
 */
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/module.h>

#include <trace/events/power.h>

static unsigned int changes = 10;
module_param(changes, uint, 0444);
MODULE_PARM_DESC(changes, "changes to report for each CPU");

static int __init exptrace_frequency_init(void)
{
	unsigned int change, cpu;

	for (change = 0; change < changes; change++)
		for_each_possible_cpu(cpu)
			trace_cpu_frequency(800000 + 100000 * change + cpu, cpu);
	return -EAGAIN;	/* done: the module need not stay */
}
module_init(exptrace_frequency_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("exptrace: changes of CPU frequencies");
MODULE_AUTHOR("the exptrace developers");
