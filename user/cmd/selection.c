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
	int ret = exptrace_device_syscalls(device, &selection->calls);

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
	return event->type >= EXPTRACE_EVENT_FIRST;
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

	if (!name || (!uname(&host) && exptrace_syscall_number(host.machine, name, len) >= 0))
		return EXIT_OK;
	return problem("there is no system call '%.*s' here; its number will do", (int)len, name);
}

/* Every word must mean an event, and one that is asked for by its own name must exist. */
static int check_word(const struct selection *selection, const char *word, size_t len)
{
	size_t i, known = 0, available = 0;

	for (i = 0; i < selection->n; i++) {
		const struct exptrace_event *event = &selection->events[i];

		if (!means(word, len, event))
			continue;
		known++;
		available += !!(event->flags & EXPTRACE_EVENT_F_AVAILABLE);
	}
	if (!known) {
		problem("there is no event, group or experiment '%.*s'; there are:", (int)len, word);
		print_events(selection);
		return EXIT_PROBLEM;
	}
	if (!available)
		return problem("this kernel has no tracepoint for '%.*s'; leave it out "
			       "(see 'exptrace list')", (int)len, word);
	if (available < known)
		problem("note: this kernel lacks %zu of the %zu events of '%.*s'",
			known - available, known, (int)len, word);
	return check_syscall(word, len);
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
	if (n > 0)
		return EXIT_OK;
	selection_restore(selection, device);
	if (n < 0)
		return problem("cannot switch the events: %s", strerror(-n));
	return problem("'%s' leaves no event to be recorded", what);
}

/* Those that @what means have stacks, the others none. 0 or a negative errno. */
static int set_stacks(const struct selection *selection, struct exptrace_device *device,
		      const char *what)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < selection->n; i++) {
		const struct exptrace_event *event = &selection->events[i];
		struct exptrace_event now;
		uint32_t flags;

		if (!is_selectable(event) || !(event->flags & EXPTRACE_EVENT_F_AVAILABLE))
			continue;
		err = exptrace_device_event(device, event->index, &now);
		flags = now.flags & EXPTRACE_EVENT_F_ENABLED;
		if (exptrace_select(what, exptrace_device_experiment(event->experiment),
				    event->group, event->name, false))
			flags |= EXPTRACE_EVENT_F_STACK;
		if (!err && flags != (now.flags & FLAGS))
			err = exptrace_device_set_event(device, event->index, flags);
	}
	return err;
}

int selection_set_stacks(struct selection *selection, struct exptrace_device *device,
			 const char *what)
{
	int err;

	if (selection_check(selection, device, what)) {
		selection_restore(selection, device);
		return EXIT_PROBLEM;
	}
	err = set_stacks(selection, device, what);
	if (!err)
		return EXIT_OK;
	selection_restore(selection, device);
	return problem("cannot record stacks: %s", strerror(-err));
}

void selection_restore(struct selection *selection, struct exptrace_device *device)
{
	size_t i;

	for (i = 0; i < selection->n; i++) {
		const struct exptrace_event *old = &selection->events[i];
		struct exptrace_event now;

		if (exptrace_device_event(device, old->index, &now))
			continue;
		if ((old->flags ^ now.flags) & FLAGS)
			exptrace_device_set_event(device, old->index, old->flags & FLAGS);
	}
	exptrace_device_set_syscalls(device, &selection->calls);
	selection_forget(selection);
}
