/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * WHAT, the value of an option or an operand: which events and system calls a subcommand selects.
 */
#ifndef EXPTRACE_WHAT_H
#define EXPTRACE_WHAT_H

#include <exptrace/wire.h>

#include "cmd.h"

/* What a subcommand does with state events: who runs, which tasks exist. */
enum what_state {
	WHAT_STATE_SELECTED,	/* select them like other events */
	WHAT_STATE_HIDDEN,	/* leave them out */
	WHAT_STATE_NEEDED,	/* keep all of them, whatever is selected */
};

struct what {
	const char *option;	/* its name in messages */
	const char *text;	/* NULL: it was not given */
	struct exptrace_selection *selection;	/* NULL likewise */
	enum what_state state;
	bool checked;		/* against a trace */
	bool refused;		/* by that check */
};

/* Parses @text. Returns an exit code; reports problems. */
int what_parse(const struct command *command, struct what *what, const char *option,
	       const char *text);

/* Frees the selection; @what is then as if none was given. */
void what_uninit(struct what *what);

/*
 * Checks that every word means an event or a system call that the trace has or could have. To be
 * called once the first event was read, or the whole trace without any; later calls repeat the
 * result. Returns whether all words pass. Reports problems, and notes words for state events that
 * are hidden.
 */
bool what_check_trace(struct what *what, const struct exptrace_trace *trace);

/*
 * The same for the @n events of the module and the system calls of this machine. Returns an exit
 * code.
 */
int what_check_events(const struct what *what, const struct exptrace_event *events, size_t n);

/* Is the record selected? To be called after the check. */
static inline bool what_selects(const struct what *what, const struct exptrace_trace *trace,
				const struct exptrace_record *record)
{
	if (what->state != WHAT_STATE_SELECTED && EXPTRACE_EVENT_IS_STATE(record->type))
		return what->state == WHAT_STATE_NEEDED;
	return !what->selection || exptrace_selection_has(what->selection, trace, record);
}

/*
 * Does @what, which was given, select an event of the running module? State events are treated like
 * others. @now: whether the event is on.
 */
static inline bool what_selects_event(const struct what *what, const struct exptrace_event *event,
				      bool now)
{
	return exptrace_selection_means(what->selection,
					exptrace_device_experiment(event->experiment),
					event->group, event->name, now);
}

/* Text from the command line for a message, truncated if long. */
#define SHOWN_MAX	64
struct shown {
	char text[SHOWN_MAX + sizeof("...")];
};
struct shown show(const char *text, size_t len);

/* The text of @what, for messages: "--events sched: note: ..." */
struct shown show_text(const struct what *what);

#endif /* EXPTRACE_WHAT_H */
