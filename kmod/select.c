// SPDX-License-Identifier: GPL-2.0-only
/*
 * The selection of events by name.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "experiment.h"
#include "filter/filter.h"

/* The group that can be limited to some system calls: "syscalls:NUMBER". */
#define SYSCALLS	"syscalls"
/* Behind a name: with stacks. */
#define STACK		":stack"

/* In the place of true: it has just become so, and is undone after an error. */
#define ADDED		2

/**
 * struct wish - what an event is to be
 * @on:		it is on
 * @stack:	with a stack
 * @chosen:	it is on not only for the sake of its stack: it was before, or a word
 *		without ":stack" says so
 */
struct wish {
	u8	on;
	u8	stack;
	bool	chosen;
};

/**
 * struct selection - what is to be on
 * @events:	events, by index
 * @calls:	system calls
 */
struct selection {
	struct wish			*events;
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

/* Writes to @want what @name says; -ENOENT if nothing has that name. */
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
 * What "@name:stack" says: these are on and have stacks, or have none and are on as they
 * were. Which system calls are wanted stays the same. Events that cannot have stacks stay
 * as they were; -EOPNOTSUPP if @name means no others.
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

/* Whether system calls are wanted. Words with ":stack" do not count, wherever they stand. */
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
 * What "syscalls:@number" says, of programs of the machine's own kind. The first of them is
 * the only one, if no system calls were wanted; the next ones add to it.
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

/* Where ":stack" begins in @word, if it ends so; else NULL. */
static char *find_stack(char *word)
{
	size_t len = strlen(word);
	char *end;

	if (len < strlen(STACK))
		return NULL;
	end = word + len - strlen(STACK);
	return strcmp(end, STACK) ? NULL : end;
}

/* @word is the same afterwards. */
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

/* What can fail. Stacks come first: so the first event that is on has one. */
static int grant(const struct exptrace_experiment *exp, struct exptrace_switch *sw,
		 struct wish *wish)
{
	int err;

	if (wish->stack && !sw->stack) {
		err = exptrace_switch_stack(exp, sw, true);
		if (err)
			return err;
		wish->stack = ADDED;
	}
	if (wish->on && !sw->on) {
		err = exptrace_switch_set(sw, true);
		if (err)
			return err;
		wish->on = ADDED;
	}
	return 0;
}

/* What can't: takes back what is not wanted, or after an error, what was granted. */
static void withdraw(const struct exptrace_experiment *exp, struct exptrace_switch *sw,
		     const struct wish *wish, bool undo)
{
	if (undo ? wish->on == ADDED : !wish->on)
		exptrace_switch_set(sw, false);
	if (undo ? wish->stack == ADDED : !wish->stack)
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
		err = grant(exp, sw, &want->events[i]);
	for (i = 0; (sw = exptrace_switch_at(i, &exp)); i++)
		withdraw(exp, sw, &want->events[i], err);
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
 *		commas or white space; "syscalls:" with a system call's number limits
 *		the group to that one. With ":stack" behind it, a name means its events
 *		with stacks, as far as they can have them. A sign adds (+) or removes (-,
 *		of ":stack" the stacks alone); if the first name has none, the selection
 *		begins from nothing.
 *
 * Context: process, exptrace.control held. Return: 0; -ENOENT if a name is not
 * known; -EOPNOTSUPP if no event of that name can have a stack; -ENOMEM; what attaching a
 * probe or exptrace_switch_stack() returns. After an error nothing has changed.
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
		want.events[i] = (struct wish) { .on = sw->on, .stack = sw->stack,
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
