// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPU idle states and frequencies.
 */
#include <trace/events/power.h>

#include "probe.h"

/* @state is PWR_EVENT_EXIT, which is -1 as a signed number, when the CPU leaves idle. */
static notrace void probe_cpu_idle(void *data, unsigned int state, unsigned int cpu)
{
	EXPTRACE_WRITER(w);

	if (!exptrace_standard_begin(&w, EXPTRACE_EVENT_CPU_IDLE, exptrace_max(2, 0)))
		return;
	exptrace_signed(&w, (int)state);
	exptrace_number(&w, cpu);
	exptrace_end(&w);
}

static notrace void probe_cpu_frequency(void *data, unsigned int khz, unsigned int cpu)
{
	EXPTRACE_WRITER(w);

	if (!exptrace_standard_begin(&w, EXPTRACE_EVENT_CPU_FREQUENCY, exptrace_max(2, 0)))
		return;
	exptrace_number(&w, khz);
	exptrace_number(&w, cpu);
	exptrace_end(&w);
}

#define PROBES(X)						\
	X(cpu_idle)						\
	X(cpu_frequency)

EXPTRACE_CHECK_PROBES(PROBES)

static const struct exptrace_probe probes[] = {
	PROBES(EXPTRACE_PROBE)
};

const struct exptrace_probes exptrace_power_probes = EXPTRACE_PROBES(probes);
