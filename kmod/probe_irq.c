// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts, hard and soft. Their names are in the statedump.
 */
#include <linux/interrupt.h>
#include <trace/events/irq.h>

#include "probe.h"

static notrace void probe_irq_handler_entry(void *data, int irq, struct irqaction *action)
{
	EXPTRACE_WRITER(w);

	if (!exptrace_standard_begin(&w, EXPTRACE_EVENT_IRQ_HANDLER_ENTRY, exptrace_max(1, 0)))
		return;
	exptrace_number(&w, irq);
	exptrace_end(&w);
}

static notrace void probe_irq_handler_exit(void *data, int irq, struct irqaction *action, int ret)
{
	EXPTRACE_WRITER(w);

	if (!exptrace_standard_begin(&w, EXPTRACE_EVENT_IRQ_HANDLER_EXIT, exptrace_max(2, 0)))
		return;
	exptrace_number(&w, irq);
	exptrace_number(&w, ret);
	exptrace_end(&w);
}

static __always_inline void put_softirq(unsigned int type, unsigned int vec)
{
	EXPTRACE_WRITER(w);

	if (!exptrace_standard_begin(&w, type, exptrace_max(1, 0)))
		return;
	exptrace_number(&w, vec);
	exptrace_end(&w);
}

static notrace void probe_softirq_entry(void *data, unsigned int vec)
{
	put_softirq(EXPTRACE_EVENT_SOFTIRQ_ENTRY, vec);
}

static notrace void probe_softirq_exit(void *data, unsigned int vec)
{
	put_softirq(EXPTRACE_EVENT_SOFTIRQ_EXIT, vec);
}

static notrace void probe_softirq_raise(void *data, unsigned int vec)
{
	put_softirq(EXPTRACE_EVENT_SOFTIRQ_RAISE, vec);
}

#define PROBES(X)						\
	X(irq_handler_entry)					\
	X(irq_handler_exit)					\
	X(softirq_entry)					\
	X(softirq_exit)						\
	X(softirq_raise)

EXPTRACE_CHECK_PROBES(PROBES)

static const struct exptrace_probe probes[] = {
	PROBES(EXPTRACE_PROBE)
};

const struct exptrace_probes exptrace_irq_probes = EXPTRACE_PROBES(probes);
