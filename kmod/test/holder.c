// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test module: holds the pool lock. The first time the CPU "cpu" is about to release it,
 * that CPU is kept there, with interrupts off, until "release" is set, for at most 8 s.
 */
#include <linux/atomic.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/processor.h>
#include <linux/smp.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>

#define MOST_NS		(8 * NSEC_PER_SEC)

static unsigned int cpu;
module_param(cpu, uint, 0444);
MODULE_PARM_DESC(cpu, "CPU that holds the lock");

static bool release;
module_param(release, bool, 0644);
MODULE_PARM_DESC(release, "in: release the lock");

static bool holding;
module_param(holding, bool, 0444);
MODULE_PARM_DESC(holding, "out: the lock is held");

static atomic_t armed = ATOMIC_INIT(1);

static int hold_lock(struct kprobe *probe, struct pt_regs *regs)
{
	u64 end = ktime_get_mono_fast_ns() + MOST_NS;

	if (smp_processor_id() != cpu || !atomic_xchg(&armed, 0))
		return 0;
	WRITE_ONCE(holding, true);
	while (ktime_get_mono_fast_ns() < end && !READ_ONCE(release))
		cpu_relax();
	WRITE_ONCE(holding, false);
	return 0;
}

/*
 * A post handler keeps the kernel from turning the probe into a jump. That would need an
 * interrupt on every CPU, and so wait for the CPU that holds the lock.
 */
static void after_unlock(struct kprobe *probe, struct pt_regs *regs, unsigned long flags)
{
}

static struct kprobe probe = {
	.symbol_name = "exptrace_pool_unlock",
	.pre_handler = hold_lock,
	.post_handler = after_unlock,
};

static int __init exptrace_holder_init(void)
{
	return register_kprobe(&probe);
}
module_init(exptrace_holder_init);

static void __exit exptrace_holder_exit(void)
{
	unregister_kprobe(&probe);
}
module_exit(exptrace_holder_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("exptrace: holds the pool lock");
MODULE_AUTHOR("the exptrace developers");
