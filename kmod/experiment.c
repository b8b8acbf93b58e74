// SPDX-License-Identifier: GPL-2.0-only
/*
 * The experiments that are registered, and the switches of their events.
 */
#include <linux/bits.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "experiment.h"
#include "intern.h"
#include "stack.h"

struct exptrace_experiment *exptrace_experiments[EXPTRACE_NR_EXPERIMENTS];

/*
 * Protects which experiments are registered, which of their events are on or have stacks, and
 * which system calls are wanted. Changes need both exptrace.control and this lock, held
 * briefly inside it. Reads need either: this one, where exptrace.control may be held for long.
 */
DEFINE_MUTEX(exptrace_registry_lock);

/*
 * Switchable event @index, counted through all experiments, or NULL past the last one. Sets
 * @experiment, unless NULL, to its experiment. Caller holds exptrace.control or
 * exptrace_registry_lock.
 */
struct exptrace_switch *exptrace_switch_at(unsigned int index,
					   const struct exptrace_experiment **experiment)
{
	unsigned int i;

	lockdep_assert(lockdep_is_held(&exptrace.control) ||
		       lockdep_is_held(&exptrace_registry_lock));

	for (i = 0; i < EXPTRACE_NR_EXPERIMENTS; i++) {
		const struct exptrace_experiment *exp = exptrace_experiments[i];

		if (!exp)
			continue;
		if (index < exp->nr_switches) {
			if (experiment)
				*experiment = exp;
			return &exp->switches[index];
		}
		index -= exp->nr_switches;
	}
	return NULL;
}

/* Switchable event @name of experiment @id, or NULL. As exptrace_switch_at(). */
struct exptrace_switch *exptrace_switch_named(unsigned int id, const char *name,
					      const struct exptrace_experiment **experiment)
{
	const struct exptrace_experiment *exp;
	unsigned int i;

	exp = id < EXPTRACE_NR_EXPERIMENTS ? exptrace_experiments[id] : NULL;
	for (i = 0; exp && i < exp->nr_switches; i++) {
		if (strcmp(exp->switches[i].name, name))
			continue;
		*experiment = exp;
		return &exp->switches[i];
	}
	return NULL;
}

static bool has_valid_args(const struct exptrace_event_def *event)
{
	unsigned int i;

	for (i = 0; event->args[i].kind; i++)
		if (i == EXPTRACE_MAX_ARGS || strlen(event->args[i].name) >= EXPTRACE_NAME_CHARS)
			return false;
	return true;
}

static bool is_valid_event(const struct exptrace_event_def *event)
{
	unsigned int last = event->type + event->ntypes - 1;

	return has_valid_args(event) && event->ntypes &&
	       event->type >= EXPTRACE_EVENT_STATE_FIRST &&
	       last <= EXPTRACE_EVENT_LAST && (last < 127 || event->type > 136) &&
	       EXPTRACE_EVENT_IS_STATE(event->type) == EXPTRACE_EVENT_IS_STATE(last) &&
	       strlen(event->name) < EXPTRACE_NAME_CHARS &&
	       strlen(event->group) < EXPTRACE_GROUP_CHARS;
}

/* Point each switch at the definition of its event. Returns false if one has none. */
static bool bind_switches(struct exptrace_experiment *exp)
{
	unsigned int i, j;

	for (i = 0; i < exp->nr_switches; i++) {
		for (j = 0; j < exp->nr_events; j++)
			if (!strcmp(exp->events[j].name, exp->switches[i].name))
				exp->switches[i].def = &exp->events[j];
		if (!exp->switches[i].def)
			return false;
	}
	return true;
}

static bool experiment_is_valid(struct exptrace_experiment *exp)
{
	bool says_current = false;
	unsigned int i;

	if (exp->id >= EXPTRACE_NR_EXPERIMENTS || strlen(exp->name) >= EXPTRACE_NAME_CHARS)
		return false;
	for (i = 0; i < exp->nr_events; i++) {
		if (!is_valid_event(&exp->events[i]))
			return false;
		says_current |= exp->events[i].type == EXPTRACE_EVENT_CURRENT;
	}
	return says_current && bind_switches(exp);
}

/* Generation @gen, about to be opened, has the experiments that are registered now. */
void exptrace_schema_begin(u64 gen)
{
	unsigned int id;

	lockdep_assert_held(&exptrace.control);

	exptrace_interned[gen & 1].experiments = 0;
	for (id = 0; id < EXPTRACE_NR_EXPERIMENTS; id++)
		if (exptrace_experiments[id])
			exptrace_interned[gen & 1].experiments |= BIT(id);
}

/* Does the schema of the current generation, if any, have experiment @id? */
static bool schema_has(unsigned int id)
{
	return exptrace.recording && exptrace_interned[exptrace.gen & 1].experiments & BIT(id);
}

static void set_experiment(unsigned int id, struct exptrace_experiment *exp)
{
	mutex_lock(&exptrace_registry_lock);
	exptrace_experiments[id] = exp;
	mutex_unlock(&exptrace_registry_lock);
}

static int add_experiment(struct exptrace_experiment *exp)
{
	unsigned int i;
	int err = 0;

	if (exptrace_experiments[exp->id])
		return -EBUSY;
	/*
	 * An experiment with this number was removed, but no generation could begin then.
	 * Events of the new one must not go into batches that the old schema describes.
	 */
	if (schema_has(exp->id))
		err = exptrace_next_generation(false);
	if (err)
		return err;
	for (i = 0; i < exp->nr_switches; i++) {
		exp->switches[i].on = false;
		exp->switches[i].stack = false;
		exp->switches[i].attached = false;
	}
	set_experiment(exp->id, exp);
	err = exptrace_next_generation(false);
	if (err)
		set_experiment(exp->id, NULL);
	return err;
}

/**
 * exptrace_experiment_register - add an experiment
 * @exp:	the experiment; stays the caller's, and must not change until
 *		exptrace_experiment_unregister()
 *
 * All of its events are off; they can be switched on after this returns. They may be written
 * at any time: while the schema lacks them, they are neither recorded nor counted.
 *
 * Context: process; sleeps. Return: 0; -EINVAL if its numbers or names are out of
 * range, or an event has more than EXPTRACE_MAX_ARGS arguments; -EBUSY if its number
 * is taken; -EINTR if the caller is being killed; while recording, any error of
 * EXPTRACE_IOC_ADVANCE.
 */
int exptrace_experiment_register(struct exptrace_experiment *exp)
{
	int err;

	if (!experiment_is_valid(exp))
		return -EINVAL;
	exptrace_tracepoints_find(exp);
	if (mutex_lock_killable(&exptrace.control))
		return -EINTR;
	err = add_experiment(exp);
	mutex_unlock(&exptrace.control);
	return err;
}
EXPORT_SYMBOL_GPL(exptrace_experiment_register);

static void switch_all_off(struct exptrace_experiment *exp)
{
	unsigned int i;

	for (i = 0; i < exp->nr_switches; i++) {
		exptrace_switch_set(&exp->switches[i], false);
		exptrace_switch_stack(exp, &exp->switches[i], false);
	}
	tracepoint_synchronize_unregister();
}

/**
 * exptrace_experiment_unregister - remove an experiment
 * @exp:	the experiment; nothing but its own probes writes its events any more
 *
 * Recorded events stay. After this returns, its events are off and none of its probes runs.
 *
 * Context: process; sleeps.
 */
void exptrace_experiment_unregister(struct exptrace_experiment *exp)
{
	mutex_lock(&exptrace.control);
	set_experiment(exp->id, NULL);
	switch_all_off(exp);
	/* On failure the current generation keeps its schema, see add_experiment(). */
	exptrace_next_generation(false);
	mutex_unlock(&exptrace.control);
}
EXPORT_SYMBOL_GPL(exptrace_experiment_unregister);

/* Returns -ENOENT if the kernel lacks the event's tracepoint or function. */
int exptrace_switch_set(struct exptrace_switch *sw, bool on)
{
	int err = 0;

	lockdep_assert_held(&exptrace.control);

	if (!exptrace_switch_available(sw))
		return on ? -ENOENT : 0;
	if (exptrace.recording && on != sw->on)
		sw->changed = exptrace.gen;
	if (exptrace.recording && on)
		err = exptrace_attach(sw);
	else
		exptrace_detach(sw);
	if (err)
		return err;
	mutex_lock(&exptrace_registry_lock);
	sw->on = on;
	mutex_unlock(&exptrace_registry_lock);
	return 0;
}

/* Can events of @exp have stacks? */
bool exptrace_has_stacks(const struct exptrace_experiment *exp)
{
	unsigned int i;

	for (i = 0; i < exp->nr_events; i++)
		if (exp->events[i].type == EXPTRACE_EVENT_STACK)
			return true;
	return false;
}

/*
 * Switch stacks on or off for an event of @exp. Returns 0; -EOPNOTSUPP if the experiment has no
 * stacks; any error of exptrace_stacks_want(). Switching off can't fail.
 */
int exptrace_switch_stack(const struct exptrace_experiment *exp, struct exptrace_switch *sw,
			  bool stack)
{
	int err = 0;

	lockdep_assert_held(&exptrace.control);

	if (stack == sw->stack)
		return 0;
	if (!stack)
		exptrace_stacks_unwant(exp->id, sw->def->type, sw->def->ntypes);
	else if (exptrace_has_stacks(exp))
		err = exptrace_stacks_want(exp, sw->def->type, sw->def->ntypes);
	else
		err = -EOPNOTSUPP;
	if (err)
		return err;
	mutex_lock(&exptrace_registry_lock);
	sw->stack = stack;
	mutex_unlock(&exptrace_registry_lock);
	return 0;
}

void exptrace_detach_all(void)
{
	struct exptrace_switch *sw;
	unsigned int i;

	for (i = 0; (sw = exptrace_switch_at(i, NULL)); i++)
		exptrace_detach(sw);
	tracepoint_synchronize_unregister();
}

/* Attach all events that are on, or none after an error. No generation has begun yet. */
int exptrace_attach_all(void)
{
	struct exptrace_switch *sw;
	unsigned int i;
	int err;

	for (i = 0; (sw = exptrace_switch_at(i, NULL)); i++) {
		sw->changed = 0;
		if (!sw->on)
			continue;
		err = exptrace_attach(sw);
		if (err) {
			exptrace_detach_all();
			return err;
		}
	}
	return 0;
}
