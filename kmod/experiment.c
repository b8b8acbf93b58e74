// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list of experiments, and the selection of their events by name.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bits.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "experiment.h"
#include "intern.h"
#include "stack.h"

struct exptrace_experiment *exptrace_experiments[EXPTRACE_NR_EXPERIMENTS];

/*
 * Taken for a moment, inside exptrace.control, to change which experiments there are, which
 * of their events are on or have stacks, and which system calls are wanted. Who only wants
 * to know takes either; so this lock alone, if exptrace.control may be held for long.
 */
DEFINE_MUTEX(exptrace_registry_lock);

/*
 * The switchable event number @index, counted through all experiments, or NULL
 * past the last. @experiment (may be NULL) is set to its experiment. Caller holds
 * exptrace.control or exptrace_registry_lock.
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

/* The switchable event called @name of experiment number @id, or NULL. As exptrace_switch_at(). */
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

/* Generation @gen, which is about to be opened, is to have those that there are now. */
void exptrace_schema_begin(u64 gen)
{
	unsigned int id;

	lockdep_assert_held(&exptrace.control);

	exptrace_interned[gen & 1].experiments = 0;
	for (id = 0; id < EXPTRACE_NR_EXPERIMENTS; id++)
		if (exptrace_experiments[id])
			exptrace_interned[gen & 1].experiments |= BIT(id);
}

/* Does the generation that is being written, if any, have an experiment of this number? */
static bool is_in_schema(unsigned int id)
{
	return exptrace.recording && exptrace_interned[exptrace.gen & 1].experiments & BIT(id);
}

/* A recording learns of a change with its next generation, which begins now. */
static int begin_schema(void)
{
	u64 completed;

	return exptrace.recording ? exptrace_advance(false, &completed) : 0;
}

static void set_experiment(unsigned int id, struct exptrace_experiment *exp)
{
	mutex_lock(&exptrace_registry_lock);
	exptrace_experiments[id] = exp;
	mutex_unlock(&exptrace_registry_lock);
}

static int add(struct exptrace_experiment *exp)
{
	unsigned int i;
	int err = 0;

	if (exptrace_experiments[exp->id])
		return -EBUSY;
	/*
	 * One of this number is gone, but the next generation could not begin then. What is
	 * written of the new one must not go into batches that are told by the old schema.
	 */
	if (is_in_schema(exp->id))
		err = begin_schema();
	if (err)
		return err;
	for (i = 0; i < exp->nr_switches; i++) {
		exp->switches[i].on = false;
		exp->switches[i].stack = false;
		exp->switches[i].attached = false;
	}
	set_experiment(exp->id, exp);
	err = begin_schema();
	if (err)
		set_experiment(exp->id, NULL);
	return err;
}

/**
 * exptrace_experiment_register - add an experiment
 * @exp:	the experiment, which stays the caller's and must not change until
 *		exptrace_experiment_unregister()
 *
 * Its events may be switched on when this has returned; all are off. They may be written
 * at any time: as long as the schema lacks them, nothing is recorded or counted.
 *
 * Context: process; sleeps. Return: 0; -EINVAL if its numbers or names are out of
 * range, or an event has more than EXPTRACE_MAX_ARGS arguments; -EBUSY if its number
 * is taken; -EINTR if the caller is being killed; if something is being recorded, what
 * EXPTRACE_IOC_ADVANCE returns.
 */
int exptrace_experiment_register(struct exptrace_experiment *exp)
{
	int err;

	if (!is_valid(exp))
		return -EINVAL;
	exptrace_tracepoints_find(exp);
	if (mutex_lock_killable(&exptrace.control))
		return -EINTR;
	err = add(exp);
	mutex_unlock(&exptrace.control);
	return err;
}
EXPORT_SYMBOL_GPL(exptrace_experiment_register);

static void switch_off(struct exptrace_experiment *exp)
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
 * @exp:	what was registered; nothing writes its events by other means any more
 *
 * What it recorded stays. When this has returned, none of its probes runs, and its
 * events are off.
 *
 * Context: process; sleeps.
 */
void exptrace_experiment_unregister(struct exptrace_experiment *exp)
{
	mutex_lock(&exptrace.control);
	set_experiment(exp->id, NULL);
	switch_off(exp);
	/* If that fails, the present generation keeps the schema that it has, see add(). */
	begin_schema();
	mutex_unlock(&exptrace.control);
}
EXPORT_SYMBOL_GPL(exptrace_experiment_unregister);

/* Returns -ENOENT if the kernel lacks the tracepoint, or the function. */
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

static bool has_stacks(const struct exptrace_experiment *exp)
{
	unsigned int i;

	for (i = 0; i < exp->nr_events; i++)
		if (exp->events[i].type == EXPTRACE_EVENT_STACK)
			return true;
	return false;
}

/*
 * Lets an event of @exp have stacks or not. Returns 0; -EOPNOTSUPP if the experiment has
 * none; what exptrace_stacks_want() returns. Not to have them can't fail.
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
	else if (has_stacks(exp))
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
		if (stack && !has_stacks(exp)) {
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
