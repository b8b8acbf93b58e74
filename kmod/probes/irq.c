// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hard and soft interrupts. The statedump has the names of soft interrupts. A hard
 * interrupt is named after its handler, which may come and go, or be one of several on a
 * shared line. So each batch names the handler before its first event of an interrupt,
 * and again when the handler differs. It cannot rely on an earlier batch, because batches
 * are evicted one by one.
 */
#include <linux/interrupt.h>
#include <trace/events/irq.h>

#include "probe.h"

/* Longer names are truncated. */
#define NAME_CHARS	128

/* FNV-1a of a number and a name; never 0. */
static __always_inline u64 name_hash(unsigned int number, const char *name, size_t len)
{
	u64 hash = 0xcbf29ce484222325ULL ^ number;

	while (len--)
		hash = (hash ^ (u8)*name++) * 0x100000001b3ULL;
	return hash ?: 1;
}

/* Write the handler's name unless this batch already has it. The caller has made room. */
static __always_inline void put_irq_name(struct exptrace_writer *w, unsigned int irq,
					 const struct irqaction *action)
{
	const char *name = action->name ?: "?";
	size_t len = strnlen(name, NAME_CHARS);
	u64 *written = &w->slot->batch->addr_state.irq[irq % EXPTRACE_NAMED_IRQS];
	u64 hash = name_hash(irq, name, len);

	if (*written == hash)
		return;
	*written = hash;
	exptrace_stamp(w, EXPTRACE_EVENT_NAME, current);
	exptrace_number(w, EXPTRACE_KIND_IRQ);
	exptrace_number(w, irq);
	exptrace_string(w, name, len);
	w->slot->pos = w->pos;	/* exptrace_put_stack() appends here */
}

/* Begin an interrupt event with @numbers arguments, the first of which is @irq. */
static __always_inline bool begin_irq_event(struct exptrace_writer *w, unsigned int type, int irq,
					    const struct irqaction *action, unsigned int numbers)
{
	if (!exptrace_attempt(w, EXPTRACE_EXPERIMENT_STANDARD, EXPTRACE_ANY_CONTEXT, current,
			      exptrace_about_current(),
			      exptrace_max(numbers, 0) + exptrace_max(3, NAME_CHARS)))
		return false;
	put_irq_name(w, irq, action);
	exptrace_head(w, type, current);
	exptrace_number(w, irq);
	return true;
}

static notrace void probe_irq_handler_entry(void *data, int irq, struct irqaction *action)
{
	EXPTRACE_WRITER(w);

	if (!begin_irq_event(&w, EXPTRACE_EVENT_IRQ_HANDLER_ENTRY, irq, action, 1))
		return;
	exptrace_end(&w);
}

static notrace void probe_irq_handler_exit(void *data, int irq, struct irqaction *action, int ret)
{
	EXPTRACE_WRITER(w);

	if (!begin_irq_event(&w, EXPTRACE_EVENT_IRQ_HANDLER_EXIT, irq, action, 2))
		return;
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
