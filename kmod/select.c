// SPDX-License-Identifier: GPL-2.0-only
/*
 * Select events by name: the module parameter, and the attribute "events" in sysfs.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "experiment.h"
#include "filter/filter.h"

/* This group can be limited to some system calls: "syscalls:NUMBER". */
#define SYSCALLS	"syscalls"
/* Suffix of a name: with stacks. */
#define STACK		":stack"

/* In place of true: was enabled just now, and is disabled again after an error. */
#define ADDED		2

/**
 * struct want - the wanted state of an event
 * @on:		switched on
 * @stack:	with a stack
 * @chosen:	on for its own sake, and not just because of ":stack": it was on before, or a
 *		word without ":stack" names it
 */
struct want {
	u8	on;
	u8	stack;
	bool	chosen;
};

/**
 * struct selection - the wanted state of all events
 * @events:	events, by index
 * @calls:	system calls to record
 */
struct selection {
	struct want			*events;
	struct exptrace_syscall_tables	calls;
};

static bool is_called(const struct exptrace_switch *sw, const struct exptrace_experiment *exp,
		      const char *name)
{
	return !strcmp(name, "all") || !strcmp(name, sw->name) ||
	       !strcmp(name, sw->def->group) || !strcmp(name, exp->name);
}

static void want_all_calls(struct selection *want)
{
	memset(want->calls.wanted, 0xff, sizeof(want->calls.wanted));
}

/* Apply @name to @want. Returns -ENOENT if nothing has that name. */
static int mark(struct selection *want, const char *name, bool on)
{
	const struct exptrace_experiment *exp;
	struct exptrace_switch *sw;
	bool found = false;
	unsigned int i;

	for (i = 0; (sw = exptrace_switch_at(i, &exp)); i++) {
		if (!is_called(sw, exp, name))
			continue;
		found = true;
		want->events[i].on = on && exptrace_switch_available(sw);
		want->events[i].chosen = want->events[i].on;
		if (!strcmp(sw->def->group, SYSCALLS) && strcmp(name, sw->name))
			want_all_calls(want);
	}
	return found ? 0 : -ENOENT;
}

/*
 * Apply "@name:stack" to @want: switch these events on, with stacks; or switch off only their
 * stacks. The system calls to record stay the same, and so do events that cannot have stacks.
 * Returns -ENOENT if nothing has that name, -EOPNOTSUPP if none of it can have stacks.
 */
static int mark_stack(struct selection *want, const char *name, bool stack)
{
	const struct exptrace_experiment *exp;
	struct exptrace_switch *sw;
	int err = -ENOENT;
	unsigned int i;

	for (i = 0; (sw = exptrace_switch_at(i, &exp)); i++) {
		if (!is_called(sw, exp, name))
			continue;
		if (stack && !exptrace_has_stacks(exp)) {
			err = err ? -EOPNOTSUPP : 0;
			continue;
		}
		err = 0;
		want->events[i].stack = stack && exptrace_switch_available(sw);
		if (want->events[i].stack)
			want->events[i].on = true;
	}
	return err;
}

/* Are system calls wanted? Words with ":stack" do not count, whatever their order. */
static bool wants_calls(const struct selection *want)
{
	struct exptrace_switch *sw;
	unsigned int i;

	for (i = 0; (sw = exptrace_switch_at(i, NULL)); i++)
		if (want->events[i].chosen && !strcmp(sw->def->group, SYSCALLS))
			return true;
	return false;
}

/*
 * Apply "syscalls:@number" to @want, for native programs. If no system calls were wanted, the
 * first such word selects only that one, and the next ones add to it.
 */
static int mark_call(struct selection *want, const char *number, bool on)
{
	struct exptrace_syscall_tables calls = want->calls;
	u64 *wanted = calls.wanted[EXPTRACE_SYSCALLS_NATIVE];
	unsigned int nr;

	if (kstrtouint(number, 10, &nr) || nr >= EXPTRACE_MAX_SYSCALLS)
		return -ENOENT;
	if (on && !wants_calls(want))
		calls = (struct exptrace_syscall_tables) {};
	if (on) {
		mark(want, SYSCALLS, true);
		wanted[nr / 64] |= BIT_ULL(nr % 64);
	} else {
		wanted[nr / 64] &= ~BIT_ULL(nr % 64);
	}
	want->calls = calls;
	return 0;
}

/* The suffix ":stack" of @word, or NULL. */
static char *find_stack(char *word)
{
	size_t len = strlen(word);
	char *end;

	if (len < strlen(STACK))
		return NULL;
	end = word + len - strlen(STACK);
	return strcmp(end, STACK) ? NULL : end;
}

/* Leaves @word unchanged. */
static int mark_word(struct selection *want, char *word, bool on)
{
	char *end = find_stack(word);
	int err;

	if (end) {
		*end = '\0';
		err = mark_stack(want, word, on);
		*end = STACK[0];
		return err;
	}
	if (!strncmp(word, SYSCALLS ":", strlen(SYSCALLS ":")))
		return mark_call(want, word + strlen(SYSCALLS ":"), on);
	return mark(want, word, on);
}

/* The part that can fail. Stacks come first, so that the very first event has one. */
static int enable(const struct exptrace_experiment *exp, struct exptrace_switch *sw,
		  struct want *want)
{
	int err;

	if (want->stack && !sw->stack) {
		err = exptrace_switch_stack(exp, sw, true);
		if (err)
			return err;
		want->stack = ADDED;
	}
	if (want->on && !sw->on) {
		err = exptrace_switch_set(sw, true);
		if (err)
			return err;
		want->on = ADDED;
	}
	return 0;
}

/* The part that can't: disable what is not wanted, or with @undo, what enable() enabled. */
static void disable(const struct exptrace_experiment *exp, struct exptrace_switch *sw,
		    const struct want *want, bool undo)
{
	if (undo ? want->on == ADDED : !want->on)
		exptrace_switch_set(sw, false);
	if (undo ? want->stack == ADDED : !want->stack)
		exptrace_switch_stack(exp, sw, false);
}

static int apply(struct selection *want)
{
	const struct exptrace_experiment *exp;
	struct exptrace_syscall_tables before;
	struct exptrace_switch *sw;
	unsigned int i;
	int err = 0;

	exptrace_syscalls_get(&before);
	exptrace_syscalls_set(&want->calls);
	for (i = 0; !err && (sw = exptrace_switch_at(i, &exp)); i++)
		err = enable(exp, sw, &want->events[i]);
	for (i = 0; (sw = exptrace_switch_at(i, &exp)); i++)
		disable(exp, sw, &want->events[i], err);
	if (err)
		exptrace_syscalls_set(&before);
	return err;
}

static unsigned int nr_switches(void)
{
	unsigned int nr = 0;

	while (exptrace_switch_at(nr, NULL))
		nr++;
	return nr;
}

static void want_nothing(struct selection *want)
{
	memset(want->events, 0, nr_switches() * sizeof(*want->events));
	want_all_calls(want);
}

static void explain(const char *word, int err)
{
	if (err == -EOPNOTSUPP)
		pr_err("no event of \"%s\" can have a stack\n", word);
	else
		pr_err("no event, group or experiment is called \"%s\"\n", word);
}

static int mark_all(struct selection *want, char *names)
{
	bool first = true;
	char *name;
	int err;

	while ((name = strsep(&names, ", \t\n"))) {
		bool sign = *name == '+' || *name == '-';

		if (!*name)
			continue;
		if (first && !sign)
			want_nothing(want);
		first = false;
		err = mark_word(want, name + sign, *name != '-');
		if (err) {
			explain(name + sign, err);
			return err;
		}
	}
	return 0;
}

/**
 * exptrace_select - switch events on and off by name
 * @selection:	names of events, groups and experiments, and "all", separated by
 *		commas or white space. "syscalls:NUMBER" limits the group to that system
 *		call. The suffix ":stack" selects events with stacks, if they can have
 *		any. A sign adds (+) or removes (-; with ":stack" only the stacks). If
 *		the first name has no sign, the selection begins from nothing.
 *
 * Context: process, exptrace.control held. Return: 0; -ENOENT if a name is not
 * known; -EOPNOTSUPP if no event of that name can have a stack; -ENOMEM; any error from
 * attaching a probe or from exptrace_switch_stack(). After an error nothing has changed.
 */
int exptrace_select(const char *selection)
{
	struct selection want = {};
	struct exptrace_switch *sw;
	unsigned int i;
	char *names;
	int err = -ENOMEM;

	lockdep_assert_held(&exptrace.control);

	names = kstrdup(selection, GFP_KERNEL);
	want.events = kcalloc(nr_switches(), sizeof(*want.events), GFP_KERNEL);
	if (!names || !want.events)
		goto out;
	for (i = 0; (sw = exptrace_switch_at(i, NULL)); i++)
		want.events[i] = (struct want) { .on = sw->on, .stack = sw->stack,
						 .chosen = sw->on };
	exptrace_syscalls_get(&want.calls);
	err = mark_all(&want, names);
	if (!err)
		err = apply(&want);
out:
	kfree(want.events);
	kfree(names);
	return err;
}
