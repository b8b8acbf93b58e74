// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which events are recorded: checks what was asked for, sets it, puts it back.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "cmd.h"
#include "recorder.h"

/* What can be set of an event. */
#define FLAGS	(EXPTRACE_EVENT_F_ENABLED | EXPTRACE_EVENT_F_STACK)

static int selection_load(struct selection *selection, struct exptrace_device *device)
{
	int ret = exptrace_device_syscall_tables(device, &selection->calls);

	if (ret)
		return ret;
	for (;;) {
		void *events = realloc(selection->events,
				       (selection->n + 1) * sizeof(*selection->events));
		int err;

		if (!events)
			return -ENOMEM;
		selection->events = events;
		err = exptrace_device_event(device, selection->n,
					    &selection->events[selection->n]);
		if (err)
			return err == -ENOENT ? 0 : err;
		selection->n++;
	}
}

static bool is_selectable(const struct exptrace_event *event)
{
	return !EXPTRACE_EVENT_IS_STATE(event->type);
}

static bool means(const char *word, size_t len, const struct exptrace_event *event)
{
	return is_selectable(event) &&
	       exptrace_select_is(word, len, exptrace_device_experiment(event->experiment),
				  event->group, event->name);
}

static void print_events(const struct selection *selection)
{
	const char *group = "";
	size_t i;

	for (i = 0; i < selection->n; i++) {
		const struct exptrace_event *event = &selection->events[i];

		if (!is_selectable(event))
			continue;
		if (strcmp(group, event->group))
			fprintf(stderr, "%s  %s:", *group ? "\n" : "", event->group);
		group = event->group;
		fprintf(stderr, " %s", event->name);
	}
	fputc('\n', stderr);
}

static int check_syscall(const char *word, size_t len)
{
	const char *name = exptrace_select_syscall(word, &len);
	struct utsname host;
	int table;

	if (!name)
		return EXIT_OK;
	uname(&host);
	for (table = 0; table < EXPTRACE_NR_SYSCALL_TABLES; table++)
		if (exptrace_syscall_number_in(host.machine, (enum exptrace_syscall_table)table,
					       name, len) >= 0)
			return EXIT_OK;
	return problem("there is no system call '%.*s' here; its number will do", (int)len, name);
}

/* Every word must mean an event that there is, though not in this kernel. */
static int check_word(const struct selection *selection, const char *word, size_t len)
{
	size_t i;

	for (i = 0; i < selection->n; i++)
		if (means(word, len, &selection->events[i]))
			return check_syscall(word, len);
	problem("there is no event, group or experiment '%.*s'; there are:", (int)len, word);
	print_events(selection);
	return EXIT_PROBLEM;
}

static int check_words(const struct selection *selection, const char *what)
{
	const char *word;
	size_t len;
	int ret = EXIT_OK;

	while (!ret && (word = exptrace_select_next(&what, &len)))
		ret = check_word(selection, word, len);
	return ret;
}

static bool is_available(const struct exptrace_event *event)
{
	return event->flags & EXPTRACE_EVENT_F_AVAILABLE;
}

/* Whether @what asks for it, if it was off. */
static bool is_wanted(const struct exptrace_event *event, const char *what)
{
	return is_selectable(event) &&
	       exptrace_select(what, exptrace_device_experiment(event->experiment),
			       event->group, event->name, false);
}

/* What a word asks for and this kernel lacks; @what is all the words. */
static void note_missing(const struct selection *selection, const char *what, const char *word,
			 size_t len)
{
	size_t i, wanted = 0, missing = 0;

	for (i = 0; i < selection->n; i++) {
		const struct exptrace_event *event = &selection->events[i];

		if (!means(word, len, event) || !is_wanted(event, what))
			continue;
		wanted++;
		missing += !is_available(event);
	}
	if (missing && missing == wanted)
		problem("note: this kernel has no tracepoint for '%.*s'", (int)len, word);
	else if (missing)
		problem("note: this kernel lacks %zu of the %zu events of '%.*s'", missing, wanted,
			(int)len, word);
}

static void note_all_missing(const struct selection *selection, const char *what)
{
	const char *rest = what, *word;
	size_t len;

	while ((word = exptrace_select_next(&rest, &len)))
		note_missing(selection, what, word, len);
}

static int explain_nothing(const struct selection *selection, const char *what)
{
	size_t i;

	for (i = 0; i < selection->n; i++)
		if (is_wanted(&selection->events[i], what))
			return problem("this kernel has no tracepoint for '%s', and no other event is "
				       "on (see 'exptrace list')", what);
	return problem("'%s' leaves no event to be recorded", what);
}

void selection_forget(struct selection *selection)
{
	free(selection->events);
	selection->events = NULL;
	selection->n = 0;
}

/* Loads what is on, unless that was done, and checks @what. */
static int selection_check(struct selection *selection, struct exptrace_device *device,
			   const char *what)
{
	int err = selection->events ? 0 : selection_load(selection, device);

	if (err) {
		selection_forget(selection);
		return problem("cannot list the events: %s", strerror(-err));
	}
	return check_words(selection, what);
}

int selection_set(struct selection *selection, struct exptrace_device *device, const char *what)
{
	int n;

	if (selection_check(selection, device, what)) {
		selection_forget(selection);
		return EXIT_PROBLEM;
	}
	n = exptrace_device_select(device, what);
	if (n > 0) {
		note_all_missing(selection, what);
		return EXIT_OK;
	}
	if (n < 0)
		problem("cannot switch the events: %s", strerror(-n));
	else
		explain_nothing(selection, what);
	selection_restore(selection, device);
	return EXIT_PROBLEM;
}

static bool is_same(const struct exptrace_event *a, const struct exptrace_event *b)
{
	return a->experiment == b->experiment && !strcmp(a->name, b->name);
}

/* What @event is now: its index may have changed. -ENOENT: its experiment has gone. */
static int find_now(struct exptrace_device *device, const struct exptrace_event *event,
		    struct exptrace_event *now)
{
	unsigned int index;
	int err;

	if (!exptrace_device_event(device, event->index, now) && is_same(event, now))
		return 0;
	for (index = 0; !(err = exptrace_device_event(device, index, now)); index++)
		if (is_same(event, now))
			return 0;
	return err;
}

/*
 * Those that @what means have stacks, as far as they can, the others none. 0 or a
 * negative errno.
 */
static int set_stacks(const struct selection *selection, struct exptrace_device *device,
		      const char *what)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < selection->n; i++) {
		const struct exptrace_event *event = &selection->events[i];
		struct exptrace_event now;
		uint32_t flags;

		if (!is_selectable(event) || !is_available(event))
			continue;
		err = find_now(device, event, &now);
		flags = now.flags & EXPTRACE_EVENT_F_ENABLED;
		if (is_wanted(event, what))
			flags |= EXPTRACE_EVENT_F_STACK;
		if (!err && flags != (now.flags & FLAGS))
			err = exptrace_device_switch(device, event, flags);
		if (err == -EOPNOTSUPP || err == -ENOENT)
			err = 0;
	}
	return err;
}

/* Whether some of the events that a word asks for have stacks, if this kernel has any. */
static int check_stacks(const struct selection *selection, struct exptrace_device *device,
			const char *what, const char *word, size_t len)
{
	size_t i, wanted = 0, without = 0;

	for (i = 0; i < selection->n; i++) {
		const struct exptrace_event *event = &selection->events[i];
		struct exptrace_event now;

		if (!means(word, len, event) || !is_wanted(event, what) || !is_available(event) ||
		    exptrace_device_event(device, event->index, &now))
			continue;
		wanted++;
		without += !(now.flags & EXPTRACE_EVENT_F_STACK);
	}
	if (without && without == wanted)
		return problem("cannot record stacks: '%.*s' has none", (int)len, word);
	if (without)
		problem("note: %zu of the %zu events of '%.*s' cannot have stacks", without, wanted,
			(int)len, word);
	return EXIT_OK;
}

static int check_all_stacks(const struct selection *selection, struct exptrace_device *device,
			    const char *what)
{
	const char *rest = what, *word;
	size_t len;
	int ret = EXIT_OK;

	while (!ret && (word = exptrace_select_next(&rest, &len)))
		ret = check_stacks(selection, device, what, word, len);
	return ret;
}

int selection_set_stacks(struct selection *selection, struct exptrace_device *device,
			 const char *what)
{
	int err, ret = selection_check(selection, device, what);

	if (!ret) {
		err = set_stacks(selection, device, what);
		ret = err ? problem("cannot record stacks: %s", strerror(-err)) :
		      check_all_stacks(selection, device, what);
	}
	if (ret)
		selection_restore(selection, device);
	else
		note_all_missing(selection, what);
	return ret;
}

void selection_restore(struct selection *selection, struct exptrace_device *device)
{
	size_t i;

	for (i = 0; i < selection->n; i++) {
		const struct exptrace_event *old = &selection->events[i];
		struct exptrace_event now;

		if (find_now(device, old, &now))
			continue;
		if ((old->flags ^ now.flags) & FLAGS)
			exptrace_device_switch(device, old, old->flags & FLAGS);
	}
	exptrace_device_set_syscall_tables(device, &selection->calls);
	selection_forget(selection);
}
