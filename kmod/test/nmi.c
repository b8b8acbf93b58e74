// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test module: an experiment whose events are written from NMIs that the module sends to
 * all CPUs, and from task context in between. Each NMI also hits a tracepoint of the
 * kernel.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <asm/apic.h>
#include <asm/nmi.h>

#include "experiment.h"
#include "writer.h"

#define TEST_EXPERIMENT		7
#define TEST_EVENT		64

static unsigned int rounds = 100;
module_param(rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "NMIs to send to each CPU");

/* The number of events must match. */
static unsigned int nmis;
module_param(nmis, uint, 0444);
MODULE_PARM_DESC(nmis, "out: NMIs that were handled");

static atomic_t handled = ATOMIC_INIT(0);
static atomic_t expected = ATOMIC_INIT(0);

static const struct exptrace_arg_def args[] = {
	{ EXPTRACE_KIND_UINT, "n" },
	{ EXPTRACE_KIND_CPU, "cpu" },
	{ }
};

static const struct exptrace_event_def events[] = {
	{ EXPTRACE_EVENT_CURRENT, 1, "state", "current",
	  (const struct exptrace_arg_def[]){ { EXPTRACE_KIND_PID, "pid" }, { } } },
	{ TEST_EVENT, 1, "test", "test_nmi", args },
};

static struct exptrace_experiment experiment = {
	.id = TEST_EXPERIMENT,
	.version = 1,
	.name = "test",
	.events = events,
	.nr_events = ARRAY_SIZE(events),
};

static void write_event(unsigned int n)
{
	EXPTRACE_WRITER(w);

	if (!exptrace_begin(&w, TEST_EXPERIMENT, TEST_EVENT, exptrace_max(2, 0)))
		return;
	exptrace_number(&w, n);
	exptrace_number(&w, raw_smp_processor_id());
	exptrace_end(&w);
}

static int handle_nmi(unsigned int type, struct pt_regs *regs)
{
	/* Ignore NMIs that this module did not send. */
	if (atomic_dec_if_positive(&expected) < 0)
		return NMI_DONE;
	write_event(atomic_inc_return(&handled));
	/* This only hits a tracepoint. */
	kfree(NULL);
	return NMI_HANDLED;
}

static int send_one(int cpu)
{
	int before = atomic_read(&handled), patience = 20000;

	write_event(0);
	atomic_inc(&expected);
	apic->send_IPI(cpu, NMI_VECTOR);
	while (atomic_read(&handled) == before && patience--)
		usleep_range(10, 50);
	return atomic_read(&handled) == before ? -ETIMEDOUT : 0;
}

static int send_all(void)
{
	unsigned int i;
	int cpu, err = 0;

	cpus_read_lock();
	for (i = 0; i < rounds && !err; i++) {
		for_each_online_cpu(cpu)
			err = err ?: send_one(cpu);
		cond_resched();
	}
	cpus_read_unlock();
	return err;
}

static int __init exptrace_test_init(void)
{
	int err;

	err = exptrace_experiment_register(&experiment);
	if (err)
		return err;
	err = register_nmi_handler(NMI_LOCAL, handle_nmi, 0, "exptrace_test");
	if (err)
		goto err_experiment;
	err = send_all();
	unregister_nmi_handler(NMI_LOCAL, "exptrace_test");
	if (err)
		goto err_experiment;
	nmis = atomic_read(&handled);
	return 0;

err_experiment:
	exptrace_experiment_unregister(&experiment);
	return err;
}

static void __exit exptrace_test_exit(void)
{
	exptrace_experiment_unregister(&experiment);
}

module_init(exptrace_test_init);
module_exit(exptrace_test_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("exptrace: events from NMIs");
MODULE_AUTHOR("the exptrace developers");
