// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list of experiments, and the selection of their events by name.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "experiment.h"

struct exptrace_experiment *exptrace_experiments[EXPTRACE_NR_EXPERIMENTS];

/*
 * The switchable event number @index, counted through all experiments, or NULL
 * past the last. @experiment (may be NULL) is set to its experiment. Caller holds
 * exptrace.control, or the module is being loaded.
 */
struct exptrace_switch *exptrace_switch_at(unsigned int index,
					   const struct exptrace_experiment **experiment)
{
	unsigned int i;

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

static bool is_valid_event(const struct exptrace_event_def *event)
{
	unsigned int last = event->type + event->ntypes - 1;

	return event->ntypes && event->type >= EXPTRACE_EVENT_STATE_FIRST &&
	       last <= EXPTRACE_EVENT_LAST && (last < 127 || event->type > 136) &&
	       strlen(event->name) < EXPTRACE_NAME_CHARS &&
	       strlen(event->group) < EXPTRACE_GROUP_CHARS;
}

/* Every switch is tied to its event's definition. */
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

static bool is_valid(struct exptrace_experiment *exp)
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

/* A recording learns of a change with its next generation, which begins now. */
static int begin_schema(void)
{
	u64 completed;

	return exptrace.recording ? exptrace_advance(false, &completed) : 0;
}

/**
 * exptrace_experiment_register - add an experiment
 * @exp:	the experiment, which stays the caller's and must not change until
 *		exptrace_experiment_unregister()
 *
 * Its events may be written and switched on when this has returned.
 *
 * Context: process; sleeps. Return: 0; -EINVAL if its numbers or names are out of
 * range; -EBUSY if its number is taken; if something is being recorded, what
 * EXPTRACE_IOC_ADVANCE returns.
 */
int exptrace_experiment_register(struct exptrace_experiment *exp)
{
	int err;

	if (!is_valid(exp))
		return -EINVAL;
	exptrace_tracepoints_find(exp);
	mutex_lock(&exptrace.control);
	err = -EBUSY;
	if (exptrace_experiments[exp->id])
		goto out;
	exptrace_experiments[exp->id] = exp;
	err = begin_schema();
	if (err)
		exptrace_experiments[exp->id] = NULL;
out:
	mutex_unlock(&exptrace.control);
	return err;
}
EXPORT_SYMBOL_GPL(exptrace_experiment_register);

static void detach_experiment(struct exptrace_experiment *exp)
{
	unsigned int i;

	for (i = 0; i < exp->nr_switches; i++)
		exptrace_detach(&exp->switches[i]);
	tracepoint_synchronize_unregister();
}

/**
 * exptrace_experiment_unregister - remove an experiment
 * @exp:	what was registered; nothing writes its events by other means any more
 *
 * What it recorded stays. When this has returned, none of its probes runs.
 *
 * Context: process; sleeps.
 */
void exptrace_experiment_unregister(struct exptrace_experiment *exp)
{
	mutex_lock(&exptrace.control);
	detach_experiment(exp);
	/* If that fails, events of this number stay in a generation with the old schema. */
	begin_schema();
	exptrace_experiments[exp->id] = NULL;
	mutex_unlock(&exptrace.control);
}
EXPORT_SYMBOL_GPL(exptrace_experiment_unregister);

/* Returns -ENOENT if the kernel lacks the tracepoint. */
int exptrace_switch_set(struct exptrace_switch *sw, bool on)
{
	int err = 0;

	lockdep_assert_held(&exptrace.control);

	if (!sw->tp)
		return on ? -ENOENT : 0;
	if (exptrace.recording && on)
		err = exptrace_attach(sw);
	else
		exptrace_detach(sw);
	if (!err)
		sw->on = on;
	return err;
}

static bool is_called(const struct exptrace_switch *sw, const struct exptrace_experiment *exp,
		      const char *name)
{
	return !strcmp(name, "all") || !strcmp(name, sw->name) ||
	       !strcmp(name, sw->def->group) || !strcmp(name, exp->name);
}

/* Writes to @want, by index, what @name says; -ENOENT if nothing has that name. */
static int mark(u8 *want, const char *name, bool on)
{
	const struct exptrace_experiment *exp;
	struct exptrace_switch *sw;
	bool found = false;
	unsigned int i;

	for (i = 0; (sw = exptrace_switch_at(i, &exp)); i++) {
		if (!is_called(sw, exp, name))
			continue;
		found = true;
		want[i] = on && sw->tp;
	}
	return found ? 0 : -ENOENT;
}

/* Attaches first, which can fail and is undone then; detaching can't. */
static int apply(u8 *want)
{
	const u8 added = 2;
	struct exptrace_switch *sw;
	unsigned int i;
	int err = 0;

	for (i = 0; !err && (sw = exptrace_switch_at(i, NULL)); i++) {
		if (!want[i] || sw->on)
			continue;
		err = exptrace_switch_set(sw, true);
		want[i] = err ? want[i] : added;
	}
	for (i = 0; (sw = exptrace_switch_at(i, NULL)); i++)
		if (err ? want[i] == added : !want[i])
			exptrace_switch_set(sw, false);
	return err;
}

static unsigned int nr_switches(void)
{
	unsigned int nr = 0;

	while (exptrace_switch_at(nr, NULL))
		nr++;
	return nr;
}

static int mark_all(u8 *want, char *names)
{
	bool first = true;
	char *name;
	int err;

	while ((name = strsep(&names, ", \t\n"))) {
		bool sign = *name == '+' || *name == '-';

		if (!*name)
			continue;
		if (first && !sign)
			memset(want, 0, nr_switches() * sizeof(*want));
		first = false;
		err = mark(want, name + sign, *name != '-');
		if (err) {
			pr_err("no event, group or experiment is called \"%s\"\n", name + sign);
			return err;
		}
	}
	return 0;
}

/**
 * exptrace_select - switch events on and off by name
 * @selection:	names of events, groups and experiments, and "all", separated by
 *		commas or white space. A sign adds (+) or removes (-); if the first name
 *		has none, the selection begins from nothing.
 *
 * Context: process, exptrace.control held. Return: 0; -ENOENT if a name is not
 * known; -ENOMEM; what attaching a probe returns. After an error nothing has changed.
 */
int exptrace_select(const char *selection)
{
	struct exptrace_switch *sw;
	unsigned int i;
	char *names;
	u8 *want;
	int err = -ENOMEM;

	lockdep_assert_held(&exptrace.control);

	names = kstrdup(selection, GFP_KERNEL);
	want = kcalloc(nr_switches(), sizeof(*want), GFP_KERNEL);
	if (!names || !want)
		goto out;
	for (i = 0; (sw = exptrace_switch_at(i, NULL)); i++)
		want[i] = sw->on;
	err = mark_all(want, names);
	if (!err)
		err = apply(want);
out:
	kfree(want);
	kfree(names);
	return err;
}
