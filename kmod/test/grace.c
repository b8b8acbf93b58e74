// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test module: delays RCU grace periods. A thread holds the CPU "cpu" with preemption
 * off, from load until "release" is set, for at most 8 s.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/processor.h>
#include <linux/sched/task.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>

#define MOST_NS		(8 * NSEC_PER_SEC)

static unsigned int cpu;
module_param(cpu, uint, 0444);
MODULE_PARM_DESC(cpu, "CPU to hold");

static bool release;
module_param(release, bool, 0644);
MODULE_PARM_DESC(release, "in: release the CPU");

static bool holding;
module_param(holding, bool, 0444);
MODULE_PARM_DESC(holding, "out: the CPU is held");

static DECLARE_COMPLETION(begun);
static struct task_struct *thread;

static int hold_cpu(void *unused)
{
	u64 end;

	preempt_disable();
	WRITE_ONCE(holding, true);
	complete(&begun);
	end = ktime_get_mono_fast_ns() + MOST_NS;
	while (ktime_get_mono_fast_ns() < end && !READ_ONCE(release))
		cpu_relax();
	WRITE_ONCE(holding, false);
	preempt_enable();
	return 0;
}

static int __init exptrace_grace_init(void)
{
	thread = kthread_create_on_cpu(hold_cpu, NULL, cpu, "exptrace_grace/%u");
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	/* The thread may exit before it is stopped. */
	get_task_struct(thread);
	wake_up_process(thread);
	wait_for_completion(&begun);
	return 0;
}
module_init(exptrace_grace_init);

static void __exit exptrace_grace_exit(void)
{
	WRITE_ONCE(release, true);
	kthread_stop(thread);
	put_task_struct(thread);
}
module_exit(exptrace_grace_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("exptrace: delays a grace period");
MODULE_AUTHOR("the exptrace developers");
