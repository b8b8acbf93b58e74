// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts, hard and soft. The names of these are in the statedump; an interrupt's is that
 * of its handler, which comes and goes, and one of several where it is shared. So each batch
 * tells what the handler is called that runs, before the first event of it in the batch and
 * when it is another: batches are given up one by one, and an earlier one may be none of them.
 */
#include <linux/interrupt.h>
#include <trace/events/irq.h>

#include "probe.h"

/* The longest name; the rest is cut. */
#define NAME_CHARS	128

/* FNV-1a, of a number and a name; not 0. */
static __always_inline u64 hash(unsigned int number, const char *name, size_t len)
{
	u64 hash = 0xcbf29ce484222325ULL ^ number;

	while (len--)
		hash = (hash ^ (u8)*name++) * 0x100000001b3ULL;
	return hash ?: 1;
}

/* Tells the handler's name, if this batch has not. The writer has room for it. */
static __always_inline void tell_name(struct exptrace_writer *w, unsigned int irq,
				      const struct irqaction *action)
{
	const char *name = action->name ?: "?";
	size_t len = strnlen(name, NAME_CHARS);
	u64 *told = &w->slot->batch->addr_state.irq[irq % EXPTRACE_NAMED_IRQS];
	u64 news = hash(irq, name, len);

	if (*told == news)
		return;
	*told = news;
	exptrace_stamp(w, EXPTRACE_EVENT_NAME, current);
	exptrace_number(w, EXPTRACE_KIND_IRQ);
	exptrace_number(w, irq);
	exptrace_string(w, name, len);
	w->slot->pos = w->pos;	/* a stack is put behind it */
}

/* Begins an event of an interrupt with @numbers arguments, of which the first is its number. */
static __always_inline bool begin(struct exptrace_writer *w, unsigned int type, int irq,
				  const struct irqaction *action, unsigned int numbers)
{
	if (!exptrace_attempt(w, EXPTRACE_EXPERIMENT_STANDARD, EXPTRACE_ANY_CONTEXT, current,
			      exptrace_about_current(),
			      exptrace_max(numbers, 0) + exptrace_max(3, NAME_CHARS)))
		return false;
	tell_name(w, irq, action);
	exptrace_head(w, type, current);
	exptrace_number(w, irq);
	return true;
}

static notrace void probe_irq_handler_entry(void *data, int irq, struct irqaction *action)
{
	EXPTRACE_WRITER(w);

	if (!begin(&w, EXPTRACE_EVENT_IRQ_HANDLER_ENTRY, irq, action, 1))
		return;
	exptrace_end(&w);
}

static notrace void probe_irq_handler_exit(void *data, int irq, struct irqaction *action, int ret)
{
	EXPTRACE_WRITER(w);

	if (!begin(&w, EXPTRACE_EVENT_IRQ_HANDLER_EXIT, irq, action, 2))
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
