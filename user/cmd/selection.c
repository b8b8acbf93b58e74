// SPDX-License-Identifier: GPL-2.0-only
/*
 * Switches the events that are recorded: checks the request, applies it, and restores the old
 * state.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/array.h"
#include "cmd.h"
#include "explain.h"
#include "selection.h"
#include "what.h"

/* The flags of an event that can be set. */
#define FLAGS	(EXPTRACE_EVENT_F_ENABLED | EXPTRACE_EVENT_F_STACK)

static int selection_load(struct selection *selection, struct exptrace_device *device)
{
	int ret = exptrace_device_syscall_tables(device, &selection->calls);

	if (ret)
		return ret;
	for (;;) {
		/* without exiting: the caller restores what it has changed */
		int err = array_reach(&selection->events, selection->n, &selection->room,
				      sizeof(*selection->events));

		if (err)
			return err;
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

static bool word_means(const struct what *what, size_t word, const struct exptrace_event *event)
{
	return is_selectable(event) &&
	       exptrace_selection_word_means(what->selection, word,
					     exptrace_device_experiment(event->experiment),
					     event->group, event->name);
}

static bool is_available(const struct exptrace_event *event)
{
	return event->flags & EXPTRACE_EVENT_F_AVAILABLE;
}

/* Does @what select the event, if it was off? */
static bool is_wanted(const struct exptrace_event *event, const struct what *what)
{
	return is_selectable(event) && what->selection && what_selects_event(what, event, false);
}

static struct shown show_word(const struct what *what, size_t word)
{
	size_t len;
	const char *text = exptrace_selection_word(what->selection, word, &len);

	return show(text, len);
}

/* Notes the events of a word that this kernel lacks. */
static void note_missing(const struct selection *selection, const struct what *what, size_t word)
{
	size_t i, wanted = 0, missing = 0;

	for (i = 0; i < selection->n; i++) {
		const struct exptrace_event *event = &selection->events[i];

		if (!word_means(what, word, event) || !is_wanted(event, what))
			continue;
		wanted++;
		missing += !is_available(event);
	}
	if (missing && missing == wanted)
		problem("%s %s: note: this kernel has no tracepoint for '%s'", what->option,
			show_text(what).text, show_word(what, word).text);
	else if (missing)
		problem("%s %s: note: this kernel lacks %zu of the %zu events of '%s'",
			what->option, show_text(what).text, missing, wanted,
			show_word(what, word).text);
}

static size_t count_words(const struct what *what)
{
	return what->selection ? exptrace_selection_words(what->selection) : 0;
}

static void note_all_missing(const struct selection *selection, const struct what *what)
{
	size_t i;

	for (i = 0; i < count_words(what); i++)
		note_missing(selection, what, i);
}

static int explain_nothing(const struct selection *selection, const struct what *what)
{
	struct shown text = show(what->text, strlen(what->text));
	size_t i;

	for (i = 0; i < selection->n; i++)
		if (is_wanted(&selection->events[i], what))
			return problem("this kernel has no tracepoint for '%s', and no other event is "
				       "on (see 'exptrace list')", text.text);
	return problem("'%s' leaves no event to be recorded", text.text);
}

void selection_forget(struct selection *selection)
{
	free(selection->events);
	selection->events = NULL;
	selection->n = selection->room = 0;
}

int selection_check(struct selection *selection, struct exptrace_device *device,
		    const struct what *what)
{
	int err = selection->events ? 0 : selection_load(selection, device);

	/* events that were loaded before may have been switched: keep them for the restore */
	if (err)
		selection_forget(selection);
	else if (what->selection)
		err = exptrace_selection_offer_device(what->selection, device);
	if (err)
		return problem("cannot list the events: %s", strerror(-err));
	return what->selection ? what_check_events(what, selection->events, selection->n) :
	       EXIT_OK;
}

int selection_set(struct selection *selection, struct exptrace_device *device,
		  const struct what *what)
{
	int n;

	if (selection_check(selection, device, what)) {
		selection_forget(selection);
		return EXIT_PROBLEM;
	}
	n = exptrace_device_select(device, what->selection);
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
 * Switches stacks on for the events that @what selects, as far as they can have any, and off for
 * the others. 0 or a negative errno.
 */
static int set_stacks(const struct selection *selection, struct exptrace_device *device,
		      const struct what *what)
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
		flags = err ? 0 : now.flags & EXPTRACE_EVENT_F_ENABLED;
		if (is_wanted(event, what))
			flags |= EXPTRACE_EVENT_F_STACK;
		if (!err && flags != (now.flags & FLAGS))
			err = exptrace_device_switch(device, event, flags);
		if (err == -EOPNOTSUPP || err == -ENOENT)
			err = 0;
	}
	return err;
}

/* Reports a word if none of its events, or not all of them, can have stacks. */
static int check_stacks(const struct selection *selection, struct exptrace_device *device,
			const struct what *what, size_t word)
{
	size_t i, wanted = 0, without = 0;

	for (i = 0; i < selection->n; i++) {
		const struct exptrace_event *event = &selection->events[i];
		struct exptrace_event now;

		if (!word_means(what, word, event) || !is_wanted(event, what) || !is_available(event) ||
		    exptrace_device_event(device, event->index, &now))
			continue;
		wanted++;
		without += !(now.flags & EXPTRACE_EVENT_F_STACK);
	}
	if (without && without == wanted)
		return problem("cannot record stacks: '%s' has none", show_word(what, word).text);
	if (without)
		problem("%s %s: note: %zu of the %zu events of '%s' cannot have stacks",
			what->option, show_text(what).text, without, wanted,
			show_word(what, word).text);
	return EXIT_OK;
}

static int check_all_stacks(const struct selection *selection, struct exptrace_device *device,
			    const struct what *what)
{
	int ret = EXIT_OK;
	size_t i;

	for (i = 0; !ret && i < count_words(what); i++)
		ret = check_stacks(selection, device, what, i);
	return ret;
}

int selection_set_stacks(struct selection *selection, struct exptrace_device *device,
			 const struct what *what)
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

	/* already restored, or nothing was changed */
	if (!selection->events)
		return;
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
