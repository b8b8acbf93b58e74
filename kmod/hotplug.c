// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPU hot-unplug: hand over the batches of a dead CPU.
 */
#include <linux/cpuhotplug.h>
#include <linux/minmax.h>

#include "hotplug.h"
#include "writer.h"

/* The slot, of either generation, that the CPU wrote last. It may have no batch. */
static struct exptrace_slot *latest_slot(struct exptrace_cpu *cpu, unsigned int exp,
					 unsigned int context)
{
	struct exptrace_slot *one = &cpu->slot[0][exp][context];
	struct exptrace_slot *other = &cpu->slot[1][exp][context];

	if (!one->batch)
		return other;
	return other->batch && other->last > one->last ? other : one;
}

/*
 * Record that nothing runs on the dead CPU any more. No event says so: an offline CPU hits no
 * tracepoints, and it goes offline before its last thread leaves it.
 */
static void write_idle(struct exptrace_cpu *dead)
{
	struct exptrace_slot *slot = latest_slot(dead, EXPTRACE_EXPERIMENT_STANDARD,
						 EXPTRACE_CONTEXT_TASK);
	EXPTRACE_WRITER(w);

	lockdep_assert_held(&exptrace.flushing);

	/* type, delta, pid */
	if (!slot->batch || slot->end - slot->pos < 1 + EXPTRACE_VARINT_MAX + 1)
		return;
	w.slot = slot;
	w.pos = slot->pos;
	exptrace_put_current(&w, max_t(s64, exptrace_clock() - slot->last, 1), 0);
	slot->pos = w.pos;
}

/*
 * CPU @cpu is dead: hand over its batches of both generations, so that its slots are empty if it
 * comes back. Its counters stay for the ledger. Runs on another CPU, under the CPU hot-plug
 * lock. That nests inside exptrace.control, so exptrace.flushing must serialize this instead.
 */
static int flush_dead_cpu(unsigned int cpu)
{
	struct exptrace_cpu *dead = per_cpu_ptr(exptrace.cpus, cpu);

	mutex_lock(&exptrace.flushing);
	write_idle(dead);
	exptrace_flush_cpu(dead, 0);
	exptrace_flush_cpu(dead, 1);
	mutex_unlock(&exptrace.flushing);
	return 0;
}

static int cpuhp_state;

int __init exptrace_hotplug_init(void)
{
	int err;

	err = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "exptrace:prepare", NULL,
					flush_dead_cpu);
	if (err < 0)
		return err;
	cpuhp_state = err;
	return 0;
}

void exptrace_hotplug_exit(void)
{
	cpuhp_remove_state_nocalls(cpuhp_state);
}
