/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the probes of the standard stream. Each probe file has one small function per
 * event and exports a list of them, which standard.c collects.
 */
#ifndef _EXPTRACE_PROBE_H
#define _EXPTRACE_PROBE_H

#include "address.h"
#include "experiment.h"
#include "probes.h"
#include "writer.h"

/**
 * struct exptrace_probe - how an event of the standard stream is recorded
 * @event:	name of the event
 * @tracepoint:	name of the tracepoint
 * @probe:	function to attach to the tracepoint; NULL if this kernel cannot have it
 * @begin:	as in struct exptrace_switch
 * @end:	likewise
 */
struct exptrace_probe {
	const char	*event;
	const char	*tracepoint;
	void		*probe;
	int		(*begin)(void);
	void		(*end)(void);
};

/* An event named after its tracepoint. */
#define EXPTRACE_PROBE(tp)	{ .event = #tp, .tracepoint = #tp, .probe = probe_##tp },

/**
 * struct exptrace_probes - the probes of one file
 * @list:	array of probes, in the order in which events are listed
 * @nr:		number of entries
 */
struct exptrace_probes {
	const struct exptrace_probe	*list;
	unsigned int			nr;
};

#define EXPTRACE_PROBES(array)	{ .list = (array), .nr = ARRAY_SIZE(array) }

extern const struct exptrace_probes exptrace_sched_probes;
extern const struct exptrace_probes exptrace_irq_probes;
extern const struct exptrace_probes exptrace_timer_probes;
extern const struct exptrace_probes exptrace_workqueue_probes;
extern const struct exptrace_probes exptrace_syscall_probes;
extern const struct exptrace_probes exptrace_fault_probes;
extern const struct exptrace_probes exptrace_power_probes;
extern const struct exptrace_probes exptrace_signal_probes;
extern const struct exptrace_probes exptrace_block_probes;
extern const struct exptrace_probes exptrace_printk_probes;

/* exptrace_begin() for the standard stream. */
static __always_inline bool exptrace_standard_begin(struct exptrace_writer *w, unsigned int type,
						    size_t max)
{
	return exptrace_begin(w, EXPTRACE_EXPERIMENT_STANDARD, type, max);
}

/* The same for an event about @task, whichever thread runs here. */
static __always_inline bool exptrace_standard_begin_about(struct exptrace_writer *w,
							  const struct task_struct *task,
							  unsigned int type, size_t max)
{
	return exptrace_begin_about(w, EXPTRACE_EXPERIMENT_STANDARD, exptrace_about(task), type,
				    max);
}

/* Append a signed number. */
static __always_inline void exptrace_signed(struct exptrace_writer *w, s64 value)
{
	exptrace_number(w, exptrace_zigzag(value));
}

#endif /* _EXPTRACE_PROBE_H */
