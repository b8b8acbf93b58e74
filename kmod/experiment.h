/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Experiments: streams of events with a schema, and switches for their events.
 */
#ifndef _EXPTRACE_EXPERIMENT_H
#define _EXPTRACE_EXPERIMENT_H

#include "exptrace.h"
#include "function.h"

struct module;
struct tracepoint;

/* Including the terminating zero: they have to fit struct exptrace_event. */
#define EXPTRACE_NAME_CHARS	32
#define EXPTRACE_GROUP_CHARS	16

/* An event's entry in the schema has to fit the smallest batch. */
#define EXPTRACE_MAX_ARGS	16

/**
 * struct exptrace_arg_def - an argument in the schema
 * @kind:	enum exptrace_kind; 0 ends the arguments of an event
 * @name:	its name
 */
struct exptrace_arg_def {
	u8		kind;
	const char	*name;
};

/**
 * struct exptrace_event_def - an event in the schema
 * @type:	its first type
 * @ntypes:	number of types
 * @group:	its group
 * @name:	its name, same as the tracepoint's
 * @args:	its arguments
 */
struct exptrace_event_def {
	u8				type;
	u8				ntypes;
	const char			*group;
	const char			*name;
	const struct exptrace_arg_def	*args;
};

/* An event's definition, generated from the catalogue. */
#define EXPTRACE_ARG_DEF(kind, name)	{ EXPTRACE_KIND_##kind, name },
#define EXPTRACE_EVENT_DEF(EXPERIMENT, NAME, type, ntypes, group, name, args)	\
	{ type, ntypes, group, name, (const struct exptrace_arg_def[]){ args { 0, NULL } } },

/**
 * struct exptrace_switch - an event that can be on or off
 * @name:	its name
 * @tracepoint:	the name of its tracepoint
 * @probe:	its probe
 * @begin:	called before the probe is attached, or NULL; caller holds exptrace.control
 * @end:	called after the probe was detached, when it may still be running; or NULL;
 *		caller holds exptrace.control
 * @function:	hooked in place of a tracepoint, with a probe of its own; or NULL
 * @def:	the event's definition
 * @tp:		its tracepoint, NULL if the kernel has none
 * @changed:	generation in which it was last switched on or off; exptrace.control
 * @on:		switched on; exptrace_registry_lock
 * @stack:	recorded with a stack; exptrace_registry_lock
 * @attached:	its probe is attached; exptrace.control
 * @refused:	the kernel refused to attach its probe; exptrace.control
 */
struct exptrace_switch {
	const char			*name;
	const char			*tracepoint;
	void				*probe;
	int				(*begin)(void);
	void				(*end)(void);
	struct exptrace_function	*function;
	const struct exptrace_event_def	*def;
	struct tracepoint		*tp;
	u64				changed;
	bool				on;
	bool				stack;
	bool				attached;
	bool				refused;
};

/* Does this kernel have the event's tracepoint or function? */
static inline bool exptrace_switch_available(const struct exptrace_switch *sw)
{
	return sw->tp || (sw->function && sw->function->found);
}

/* Was the event on for all of generation @gen? Caller holds exptrace.control. */
static inline bool exptrace_switch_was_on(const struct exptrace_switch *sw, u64 gen)
{
	return sw->on && !sw->refused && sw->changed != gen;
}

/* A switch for an event named after its tracepoint, with probe_<tracepoint>(). */
#define EXPTRACE_SWITCH(tp)	\
	{ .name = #tp, .tracepoint = #tp, .probe = probe_##tp },

/* Check at compile time that probes have their tracepoints' prototypes. */
#define EXPTRACE_CHECK_PROBE(tracepoint)	\
	check_trace_callback_type_##tracepoint(probe_##tracepoint);
#define EXPTRACE_CHECK_PROBES(PROBES)		\
static void __maybe_unused check_probes(void)	\
{						\
	PROBES(EXPTRACE_CHECK_PROBE)		\
}

/**
 * struct exptrace_experiment - a stream of its own
 * @id:		its number on the wire, below EXPTRACE_NR_EXPERIMENTS
 * @version:	version of its events
 * @name:	its name
 * @owner:	THIS_MODULE of the probes, whose frames are left out of stacks
 * @events:	its events; must include EXPTRACE_EVENT_CURRENT, which writers add, and
 *		EXPTRACE_EVENT_STACK if its events can have stacks
 * @nr_events:	number of entries in @events
 * @switches:	its switchable events, each with a tracepoint or a function, and a definition
 *		of the same name; may be NULL
 * @nr_switches: number of entries in @switches
 *
 * Events need no switch: their owner may write them at any time with exptrace_begin(), which
 * does nothing unless something is being recorded.
 */
struct exptrace_experiment {
	u8				id;
	u32				version;
	const char			*name;
	const struct module		*owner;
	const struct exptrace_event_def	*events;
	unsigned int			nr_events;
	struct exptrace_switch		*switches;
	unsigned int			nr_switches;
};

/* Registered experiments by number, or NULL; exptrace_registry_lock. */
extern struct exptrace_experiment *exptrace_experiments[EXPTRACE_NR_EXPERIMENTS];

extern struct mutex exptrace_registry_lock;	/* see experiment.c */

void exptrace_schema_begin(u64 gen);

int exptrace_experiment_register(struct exptrace_experiment *exp);
void exptrace_experiment_unregister(struct exptrace_experiment *exp);

struct exptrace_switch *exptrace_switch_at(unsigned int index,
					   const struct exptrace_experiment **experiment);
struct exptrace_switch *exptrace_switch_named(unsigned int id, const char *name,
					      const struct exptrace_experiment **experiment);
int exptrace_switch_set(struct exptrace_switch *sw, bool on);
int exptrace_switch_stack(const struct exptrace_experiment *exp, struct exptrace_switch *sw,
			  bool stack);
bool exptrace_has_stacks(const struct exptrace_experiment *exp);
int exptrace_attach_all(void);
void exptrace_detach_all(void);

/* select.c */
int exptrace_select(const char *selection);

/* tracepoint.c */
unsigned int exptrace_tracepoints_find(struct exptrace_experiment *exp);
/**
 * struct exptrace_hook - a probe that records no event: for a filter or the trigger
 * @tracepoint:	the tracepoint's name
 * @probe:	the probe
 */
struct exptrace_hook {
	const char	*tracepoint;
	void		*probe;
};

int exptrace_can_hook(const struct exptrace_hook *hooks, unsigned int nr);
int exptrace_hook(const struct exptrace_hook *hooks, unsigned int nr, void *data);
void exptrace_unhook(const struct exptrace_hook *hooks, unsigned int nr, void *data);
int exptrace_attach(struct exptrace_switch *sw);
void exptrace_detach(struct exptrace_switch *sw);

#endif /* _EXPTRACE_EXPERIMENT_H */
