// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test module: stops the kernel's clocks for a while, as suspend does, and resumes them.
 * Devices and filesystems are not involved. As in a hypervisor's suspend (Xen's, for
 * example), all CPUs stand still meanwhile.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/smp.h>
#include <linux/stop_machine.h>
#include <linux/syscore_ops.h>

#include <trace/events/power.h>

/* What to simulate. */
enum {
	SLEEP,		/* the clocks stop: suspend to memory, hibernation */
	IDLE,		/* report that all CPUs idle and the clocks stop; they go on */
	WOKEN,		/* report that the clocks will stop, then that devices resume */
};

static unsigned int how;
module_param(how, uint, 0444);
MODULE_PARM_DESC(how, "0: sleep, 1: report suspend to idle, 2: report one that is woken at once");

static unsigned int ms = 1500;
module_param(ms, uint, 0444);
MODULE_PARM_DESC(ms, "duration in milliseconds");

static unsigned int times = 1;
module_param(times, uint, 0444);
MODULE_PARM_DESC(times, "number of repetitions, with nothing in between");

/* The kernel's debug checks allow drivers more in this state. */
static int sleep(void)
{
	int err;

	system_state = SYSTEM_SUSPEND;
	err = syscore_suspend();
	if (!err) {
		mdelay(ms);
		syscore_resume();
	}
	system_state = SYSTEM_RUNNING;
	return err;
}

/* All CPUs are here with interrupts off; the first one works. */
static int stand_still(void *unused)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < times; i++) {
		switch (how) {
		case SLEEP:
			err = sleep();
			break;
		case IDLE:
			trace_suspend_resume("timekeeping_freeze", smp_processor_id(), true);
			mdelay(ms);
			trace_suspend_resume("timekeeping_freeze", smp_processor_id(), false);
			break;
		case WOKEN:
			trace_suspend_resume("syscore_suspend", 0, true);
			break;
		}
	}
	return err;
}

static int __init exptrace_sleep_init(void)
{
	int err = stop_machine(stand_still, NULL, cpumask_of(0));

	if (!err && how == WOKEN) {
		trace_suspend_resume("dpm_resume_noirq", 0, true);
		trace_suspend_resume("dpm_resume_noirq", 0, false);
	}
	return err ?: -EAGAIN;	/* done: the module need not stay */
}
module_init(exptrace_sleep_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("exptrace: stops the kernel's clocks");
MODULE_AUTHOR("the exptrace developers");
