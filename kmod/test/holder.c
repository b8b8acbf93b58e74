// SPDX-License-Identifier: GPL-2.0-only
/*
 * A test module: holds the pool's lock. The first time that the CPU "cpu" is about to let
 * it go, it is kept there, with interrupts off, until "release" is set, for 8 s at most.
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
MODULE_PARM_DESC(cpu, "the CPU that is to hold it");

static bool release;
module_param(release, bool, 0644);
MODULE_PARM_DESC(release, "in: let it go");

static bool holding;
module_param(holding, bool, 0444);
MODULE_PARM_DESC(holding, "out: it is held");

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
 * With it, the probe is never made a jump, which takes an interrupt of every CPU: who asks for
 * that would wait for the one that holds the lock.
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
MODULE_DESCRIPTION("exptrace: the pool's lock, held");
MODULE_AUTHOR("the exptrace developers");
