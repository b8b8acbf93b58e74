// SPDX-License-Identifier: GPL-2.0-only
/*
 * Experiment 0, the standard stream: gathers its events from the files of probes.
 */
#include <linux/kernel.h>

#include "probe.h"

static const struct exptrace_event_def events[] = {
	EXPTRACE_STANDARD_EVENTS(EXPTRACE_EVENT_DEF, EXPTRACE_ARG_DEF)
};

/* Each event has at most one switch. */
static struct exptrace_switch standard_switches[ARRAY_SIZE(events)];

struct exptrace_experiment exptrace_standard = {
	.id = EXPTRACE_EXPERIMENT_STANDARD,
	.version = 2,
	.name = "standard",
	.owner = THIS_MODULE,
	.events = events,
	.nr_events = ARRAY_SIZE(events),
	.switches = standard_switches,
};

static const struct exptrace_probes *const probes[] = {
	&exptrace_sched_probes,
	&exptrace_irq_probes,
	&exptrace_timer_probes,
	&exptrace_workqueue_probes,
	&exptrace_syscall_probes,
	&exptrace_fault_probes,
	&exptrace_power_probes,
	&exptrace_signal_probes,
	&exptrace_block_probes,
	&exptrace_printk_probes,
};

static void __init add_standard_switch(const struct exptrace_probe *probe)
{
	if (WARN_ON_ONCE(exptrace_standard.nr_switches == ARRAY_SIZE(standard_switches)))
		return;
	standard_switches[exptrace_standard.nr_switches++] = (struct exptrace_switch) {
		.name = probe->event,
		.tracepoint = probe->tracepoint,
		.probe = probe->probe,
		.begin = probe->begin,
		.end = probe->end,
	};
}

/* Fill in the switches. Called once, before the experiment is registered. */
void __init exptrace_standard_init(void)
{
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		for (j = 0; j < probes[i]->nr; j++)
			add_standard_switch(&probes[i]->list[j]);
}

/*
 * Has sched_switch been on since generation @gen began, until its end or until now? Caller holds
 * exptrace.control.
 */
bool exptrace_switches_are_on(u64 gen)
{
	const struct exptrace_switch *sw;
	unsigned int i;

	for (i = 0; i < exptrace_standard.nr_switches; i++) {
		sw = &standard_switches[i];
		if (sw->def && sw->def->type == EXPTRACE_EVENT_SCHED_SWITCH)
			return exptrace_switch_was_on(sw, gen);
	}
	return false;
}
