// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test module: an interrupt "irq" whose handlers are replaced while it is loaded. It
 * fires on each CPU for "first", "second" and "first" again, whose names are at the same
 * address, and finally for "left" and "right", which share it.
 */
#include <linux/cpu.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/module.h>
#include <linux/smp.h>
#include <linux/string.h>

static unsigned int irq;
module_param(irq, uint, 0444);
MODULE_PARM_DESC(irq, "out: interrupt number");

static char name[8];

static irqreturn_t handle(int number, void *unused)
{
	return IRQ_HANDLED;
}

static void fire_here(void *unused)
{
	generic_handle_irq(irq);
}

static void fire(void)
{
	int cpu;

	cpus_read_lock();
	for_each_online_cpu(cpu)
		smp_call_function_single(cpu, fire_here, NULL, true);
	cpus_read_unlock();
}

static int fire_for(const char *text)
{
	int err;

	strscpy(name, text, sizeof(name));
	err = request_irq(irq, handle, IRQF_NO_THREAD, name, name);
	if (err)
		return err;
	fire();
	free_irq(irq, name);
	return 0;
}

static int fire_shared(void)
{
	static const char left[] = "left", right[] = "right";
	unsigned long flags = IRQF_SHARED | IRQF_NO_THREAD;
	int err;

	err = request_irq(irq, handle, flags, left, (void *)left);
	if (err)
		return err;
	err = request_irq(irq, handle, flags, right, (void *)right);
	if (!err) {
		fire();
		free_irq(irq, (void *)right);
	}
	free_irq(irq, (void *)left);
	return err;
}

static int __init exptrace_irqs_init(void)
{
	int err = irq_alloc_desc(numa_node_id());

	if (err < 0)
		return err;
	irq = err;
	irq_set_chip_and_handler(irq, &dummy_irq_chip, handle_simple_irq);
	irq_modify_status(irq, IRQ_NOREQUEST, 0);
	err = fire_for("first") ?: fire_for("second") ?: fire_for("first") ?: fire_shared();
	if (err)
		irq_free_desc(irq);
	return err;
}
module_init(exptrace_irqs_init);

static void __exit exptrace_irqs_exit(void)
{
	irq_free_desc(irq);
}
module_exit(exptrace_irqs_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("exptrace: an interrupt whose handlers come and go");
MODULE_AUTHOR("the exptrace developers");
