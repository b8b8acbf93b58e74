// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Selecting events and system calls on the device, and its experiments.
 */
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include <exptrace/events.h>
#include <libexptrace.h>

#include "api.h"
#include "error.h"

/* Can a selection switch the event? State events are always recorded. */
static bool is_switchable(const struct exptrace_event *event)
{
	return !EXPTRACE_EVENT_IS_STATE(event->type) && (event->flags & EXPTRACE_EVENT_F_AVAILABLE);
}

/* Switches an event. Returns 1 if it is now on, 0 if it is off, or a negative errno. */
static int select_event(struct exptrace_device *device, const struct exptrace_event *event,
			const struct exptrace_selection *selection)
{
	bool now = event->flags & EXPTRACE_EVENT_F_ENABLED;
	bool on;
	int err = 0;

	if (!is_switchable(event))
		return 0;
	on = exptrace_selection_means(selection, exptrace_device_experiment(event->experiment),
				      event->group, event->name, now);
	if (on != now)
		err = exptrace_device_switch(device, event,
					     (on ? EXPTRACE_EVENT_F_ENABLED : 0) |
					     (event->flags & EXPTRACE_EVENT_F_STACK));
	return err ? err : on;
}

/* Returns 1 if any event of the group is on, 0 if not, or a negative errno. */
static int group_is_on(struct exptrace_device *device, const char *group)
{
	struct exptrace_event event;
	unsigned int index;
	int err;

	for (index = 0; !(err = exptrace_device_event(device, index, &event)); index++)
		if (!strcmp(event.group, group) && (event.flags & EXPTRACE_EVENT_F_ENABLED))
			return 1;
	return err == -ENOENT ? 0 : err;
}

/* Computes which system calls to record. -ENOENT: a word matches no system call. */
static int choose_calls(struct exptrace_device *device, struct exptrace_selection *selection,
			struct exptrace_syscall_tables *calls)
{
	struct utsname host;
	int now = group_is_on(device, "syscalls");
	int err = now < 0 ? now : exptrace_device_syscall_tables(device, calls);

	if (!err && uname(&host) < 0)
		err = error_failed(-errno, "cannot get the machine", NULL, 0);
	return err ? err : exptrace_selection_syscalls(selection, host.machine, now, calls);
}

API int exptrace_selection_offer_device(struct exptrace_selection *selection,
					struct exptrace_device *device)
{
	struct exptrace_syscall_tables calls;
	struct exptrace_event event;
	unsigned int index;
	int err;

	for (index = 0; !(err = exptrace_device_event(device, index, &event)); index++)
		if (!EXPTRACE_EVENT_IS_STATE(event.type))
			exptrace_selection_offer(selection,
						 exptrace_device_experiment(event.experiment),
						 event.group, event.name);
	if (err != -ENOENT)
		return err;
	err = choose_calls(device, selection, &calls);
	/* the state of the word shows an unknown system call */
	return err == -ENOENT ? 0 : err;
}

/* Offers the device's events. Returns -ENOENT if a word matches none of them. */
static int check_words(struct exptrace_device *device, struct exptrace_selection *selection)
{
	size_t i, n = exptrace_selection_words(selection);
	int err = exptrace_selection_offer_device(selection, device);

	for (i = 0; !err && i < n; i++)
		if (exptrace_selection_word_state(selection, i) != EXPTRACE_WORD_FOUND) {
			size_t len;
			const char *word = exptrace_selection_word(selection, i, &len);

			err = error_refused(-ENOENT, "there is no such event", word, len);
		}
	return err;
}

static int select_events(struct exptrace_device *device,
			 const struct exptrace_selection *selection)
{
	struct exptrace_event event;
	unsigned int index;
	int n = 0, ret;

	for (index = 0;; index++) {
		ret = exptrace_device_event(device, index, &event);
		if (ret == -ENOENT)
			return n;
		if (!ret)
			ret = select_event(device, &event, selection);
		if (ret < 0)
			return ret;
		n += ret;
	}
}

API int exptrace_device_select(struct exptrace_device *device,
			       struct exptrace_selection *selection)
{
	struct exptrace_syscall_tables calls;
	int err = check_words(device, selection);

	if (!err)
		err = choose_calls(device, selection, &calls);
	if (!err)
		err = exptrace_device_set_syscall_tables(device, &calls);
	return err ? err : select_events(device, selection);
}

API int exptrace_device_experiment_id(const char *name, size_t len)
{
	int id;

	for (id = 0; id < EXPTRACE_MAX_EXPERIMENTS; id++) {
		const char *known = exptrace_device_experiment((uint8_t)id);

		if (known && strlen(known) == len && !memcmp(known, name, len))
			return id;
	}
	return error_refused(-ENOENT, "there is no such experiment", name, len);
}

API const char *exptrace_device_experiment(uint8_t experiment)
{
#define EXPERIMENT_NAME(ID, id, version, name)	case (id): return (name);
	switch (experiment) {
	EXPTRACE_EXPERIMENTS(EXPERIMENT_NAME)
	default:
		return NULL;
	}
#undef EXPERIMENT_NAME
}
