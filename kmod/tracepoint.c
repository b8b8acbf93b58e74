// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tracepoints: find them by name, attach and detach probes.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/printk.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "experiment.h"

static void match_tracepoint(struct tracepoint *tp, void *priv)
{
	struct exptrace_experiment *exp = priv;
	unsigned int i;

	for (i = 0; i < exp->nr_switches; i++) {
		struct exptrace_switch *sw = &exp->switches[i];

		if (sw->probe && !strcmp(sw->tracepoint, tp->name))
			sw->tp = tp;
	}
}

static void report_missing(const struct exptrace_switch *sw)
{
	if (sw->function)
		pr_warn("this kernel's %s() can't be hooked: the event %s is missing\n",
			sw->function->name, sw->name);
	else
		pr_warn("this kernel has no tracepoint %s: its event is missing\n",
			sw->tracepoint);
}

/*
 * Find the tracepoints and functions of the experiment's events; return how many were
 * found. Events without one are reported and cannot be switched on.
 */
unsigned int exptrace_tracepoints_find(struct exptrace_experiment *exp)
{
	unsigned int i, found = 0;

	for_each_kernel_tracepoint(match_tracepoint, exp);
	for (i = 0; i < exp->nr_switches; i++) {
		struct exptrace_switch *sw = &exp->switches[i];

		if (sw->tp || (sw->function && exptrace_function_find(sw->function)))
			found++;
		else
			report_missing(sw);
	}
	return found;
}

/**
 * struct lookup - search for a tracepoint by name
 * @name:	name to look for
 * @tp:		the tracepoint, once found
 */
struct lookup {
	const char		*name;
	struct tracepoint	*tp;
};

static void match_lookup(struct tracepoint *tp, void *priv)
{
	struct lookup *lookup = priv;

	if (!strcmp(lookup->name, tp->name))
		lookup->tp = tp;
}

static struct tracepoint *find_tracepoint(const char *name)
{
	struct lookup lookup = { .name = name };

	for_each_kernel_tracepoint(match_lookup, &lookup);
	return lookup.tp;
}

/* Can these probes be attached? Returns 0, or -EOPNOTSUPP if the kernel lacks a tracepoint. */
int exptrace_can_hook(const struct exptrace_hook *hooks, unsigned int nr)
{
	while (nr--)
		if (!find_tracepoint(hooks[nr].tracepoint))
			return -EOPNOTSUPP;
	return 0;
}

/**
 * exptrace_unhook - detach probes that do not belong to an event
 * @hooks:	array of hooks
 * @nr:		number of entries
 * @data:	the data they were attached with; after this, no probe uses it any more
 *
 * Context: process, exptrace.control held; sleeps.
 */
void exptrace_unhook(const struct exptrace_hook *hooks, unsigned int nr, void *data)
{
	lockdep_assert_held(&exptrace.control);

	while (nr--)
		tracepoint_probe_unregister(find_tracepoint(hooks[nr].tracepoint),
					    hooks[nr].probe, data);
	tracepoint_synchronize_unregister();
}

/**
 * exptrace_hook - attach probes that do not belong to an event: all or none
 * @hooks:	array of hooks
 * @nr:		number of entries
 * @data:	first argument of the probes
 *
 * Context: as exptrace_unhook(). Return: 0; -EOPNOTSUPP if the kernel lacks a tracepoint;
 * or the error from attaching a probe.
 */
int exptrace_hook(const struct exptrace_hook *hooks, unsigned int nr, void *data)
{
	struct tracepoint *tp;
	unsigned int i;
	int err;

	lockdep_assert_held(&exptrace.control);

	for (i = 0; i < nr; i++) {
		tp = find_tracepoint(hooks[i].tracepoint);
		err = tp ? tracepoint_probe_register(tp, hooks[i].probe, data) : -EOPNOTSUPP;
		if (err) {
			exptrace_unhook(hooks, i, data);
			return err;
		}
	}
	return 0;
}

/* If the kernel refuses, log that and record without this event. */
static int attach_function(struct exptrace_switch *sw)
{
	int err = exptrace_function_hook(sw->function);

	if (err == -ENOMEM)
		return err;
	sw->attached = !err;
	sw->refused = err;
	if (err)
		pr_warn("can't hook %s(): %d: the event %s is not recorded\n",
			sw->function->name, err, sw->name);
	return 0;
}

int exptrace_attach(struct exptrace_switch *sw)
{
	int err;

	lockdep_assert_held(&exptrace.control);

	if (sw->attached)
		return 0;
	if (sw->function)
		return attach_function(sw);
	err = sw->begin ? sw->begin() : 0;
	if (!err) {
		err = tracepoint_probe_register(sw->tp, sw->probe, NULL);
		if (err && sw->end)
			sw->end();
	}
	if (err) {
		pr_err("can't attach to tracepoint %s: %d\n", sw->name, err);
		return err;
	}
	sw->attached = true;
	return 0;
}

/* The probe may still run until tracepoint_synchronize_unregister(). */
void exptrace_detach(struct exptrace_switch *sw)
{
	lockdep_assert_held(&exptrace.control);

	if (!sw->attached)
		return;
	if (sw->function)
		exptrace_function_unhook(sw->function);
	else
		tracepoint_probe_unregister(sw->tp, sw->probe, NULL);
	if (sw->end)
		sw->end();
	sw->attached = false;
}
