/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Experiments: streams of events with a schema, and the switches of their events.
 */
#ifndef _EXPTRACE_EXPERIMENT_H
#define _EXPTRACE_EXPERIMENT_H

#include "exptrace.h"
#include "function.h"

struct module;
struct tracepoint;

/* With the zero: they have to fit struct exptrace_event. */
#define EXPTRACE_NAME_CHARS	32
#define EXPTRACE_GROUP_CHARS	16

/* So that an event's entry in the schema fits the smallest batch. */
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
 * @ntypes:	how many types it takes
 * @group:	its group
 * @name:	its name, that of the tracepoint it records
 * @args:	its arguments
 */
struct exptrace_event_def {
	u8				type;
	u8				ntypes;
	const char			*group;
	const char			*name;
	const struct exptrace_arg_def	*args;
};

/* The event's definition, out of the catalogue. */
#define EXPTRACE_ARG_DEF(kind, name)	{ EXPTRACE_KIND_##kind, name },
#define EXPTRACE_EVENT_DEF(EXPERIMENT, NAME, type, ntypes, group, name, args)	\
	{ type, ntypes, group, name, (const struct exptrace_arg_def[]){ args { 0, NULL } } },

/**
 * struct exptrace_switch - an event that can be on or off
 * @name:	its name
 * @tracepoint:	the name of its tracepoint
 * @probe:	its probe
 * @begin:	called before the probe is attached, if the event needs more than that; may be
 *		NULL; caller holds exptrace.control
 * @end:	called after the probe was detached, which may still run; likewise
 * @function:	what is hooked in place of a tracepoint, with a probe of its own; or NULL
 * @def:	the event
 * @tp:		its tracepoint, NULL if the kernel has none
 * @changed:	the generation in which it was last switched on or off; exptrace.control
 * @on:		it is wanted; exptrace_registry_lock
 * @stack:	with a stack; exptrace_registry_lock
 * @attached:	its probe is attached; exptrace.control
 * @refused:	it should be, but the kernel refused; exptrace.control
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

/* Does this kernel have what the event needs? */
static inline bool exptrace_switch_available(const struct exptrace_switch *sw)
{
	return sw->tp || (sw->function && sw->function->found);
}

/* Was the event on from the beginning of generation @gen to its end? Caller: exptrace.control. */
static inline bool exptrace_switch_was_on(const struct exptrace_switch *sw, u64 gen)
{
	return sw->on && !sw->refused && sw->changed != gen;
}

/* A switch for probe_<tracepoint>(), of an event with the tracepoint's name. */
#define EXPTRACE_SWITCH(tp)	\
	{ .name = #tp, .tracepoint = #tp, .probe = probe_##tp },

/* Checks at compile time that probes have their tracepoints' prototypes. */
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
 * @version:	of its events
 * @name:	its name
 * @owner:	THIS_MODULE: the module that has the probes of its switches, which stacks
 *		leave out
 * @events:	its events, EXPTRACE_EVENT_CURRENT (which writers add) among them, and
 *		EXPTRACE_EVENT_STACK, if others are to have stacks
 * @nr_events:	their number
 * @switches:	its events that can be switched, each with a definition of the same
 *		name, and a tracepoint or a function; may be NULL
 * @nr_switches: their number
 *
 * Events of an experiment need not have switches: whoever registers it may write
 * them at any time with exptrace_begin(), which records nothing while there is no
 * recording.
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

/* Those that are registered, by number, or NULL; exptrace_registry_lock. */
extern struct exptrace_experiment *exptrace_experiments[EXPTRACE_NR_EXPERIMENTS];

extern struct mutex exptrace_registry_lock;	/* see there */

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
 * struct exptrace_hook - a probe that is no event's: of a filter, of the trigger
 * @tracepoint:	the tracepoint's name
 * @probe:	what is attached to it
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
