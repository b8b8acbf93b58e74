// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list of experiments, and the selection of their events by name.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "experiment.h"

struct exptrace_experiment *const exptrace_experiments[] = {
	&exptrace_standard,
	&exptrace_allocfree,
};

const unsigned int exptrace_nr_experiments = ARRAY_SIZE(exptrace_experiments);

/*
 * The switchable event number @index, counted through all experiments, or NULL
 * past the last. @experiment (may be NULL) is set to its experiment.
 */
struct exptrace_switch *exptrace_switch_at(unsigned int index,
					   const struct exptrace_experiment **experiment)
{
	unsigned int i;

	for (i = 0; i < exptrace_nr_experiments; i++) {
		const struct exptrace_experiment *exp = exptrace_experiments[i];

		if (index < exp->nr_switches) {
			if (experiment)
				*experiment = exp;
			return &exp->switches[index];
		}
		index -= exp->nr_switches;
	}
	return NULL;
}

/* Ties every switch to its event's definition. */
void __init exptrace_experiments_init(void)
{
	const struct exptrace_experiment *exp;
	struct exptrace_switch *sw;
	unsigned int i, j;

	for (i = 0; (sw = exptrace_switch_at(i, &exp)); i++)
		for (j = 0; j < exp->nr_events; j++)
			if (!strcmp(exp->events[j].name, sw->name))
				sw->def = &exp->events[j];
}

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
static int mark(bool *want, const char *name, bool on)
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

static int apply(const bool *want)
{
	struct exptrace_switch *sw;
	unsigned int i;
	int err;

	for (i = 0; (sw = exptrace_switch_at(i, NULL)); i++) {
		err = exptrace_switch_set(sw, want[i]);
		if (err)
			return err;
	}
	return 0;
}

static unsigned int nr_switches(void)
{
	unsigned int nr = 0;

	while (exptrace_switch_at(nr, NULL))
		nr++;
	return nr;
}

static int mark_all(bool *want, char *names)
{
	bool plain = false;
	char *name;
	int err;

	while ((name = strsep(&names, ", \t\n"))) {
		bool sign = *name == '+' || *name == '-';

		if (!*name)
			continue;
		if (!sign && !plain)
			memset(want, 0, nr_switches() * sizeof(*want));
		plain |= !sign;
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
 *		commas or white space. A sign adds (+) or removes (-); the first name
 *		without one begins a selection from nothing.
 *
 * Context: process, exptrace.control held. Return: 0; -ENOENT if a name is not
 * known, and then nothing has changed; -ENOMEM; what attaching a probe returns.
 */
int exptrace_select(const char *selection)
{
	struct exptrace_switch *sw;
	unsigned int i;
	bool *want;
	char *names;
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
