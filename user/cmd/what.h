/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * WHAT, an option's value or an operand: which events, and which system calls.
 */
#ifndef EXPTRACE_WHAT_H
#define EXPTRACE_WHAT_H

#include <exptrace/wire.h>

#include "cmd.h"

/* What a subcommand does with state events: who runs, which tasks exist. */
enum what_state {
	WHAT_STATE_SELECTED,	/* treats them like others */
	WHAT_STATE_HIDDEN,	/* leaves them out */
	WHAT_STATE_NEEDED,	/* needs them all, whatever is selected */
};

struct what {
	const char *option;	/* as messages have it */
	const char *text;	/* NULL: it was not given */
	struct exptrace_selection *selection;	/* NULL likewise */
	enum what_state state;
	bool checked;		/* against a trace */
	bool refused;		/* by that check */
};

/* Takes it in. Returns an exit code; problems are reported. */
int what_parse(const struct command *command, struct what *what, const char *option,
	       const char *text);

/* Frees; nothing is given any more. */
void what_uninit(struct what *what);

/*
 * Every word has to mean an event or a system call that a trace has, or could have. To be called
 * when the first event was read, or the whole trace without any; later calls repeat the result.
 * Returns whether all words do; problems are reported, and words for state events that are hidden.
 */
bool what_check_trace(struct what *what, const struct exptrace_trace *trace);

/* Likewise, among the @n events that the module has, and the machine's system calls. Returns an exit code. */
int what_check_events(const struct what *what, const struct exptrace_event *events, size_t n);

/* Whether a record is selected. Only after the check. */
static inline bool what_selects(const struct what *what, const struct exptrace_trace *trace,
				const struct exptrace_record *record)
{
	if (what->state != WHAT_STATE_SELECTED && EXPTRACE_EVENT_IS_STATE(record->type))
		return what->state == WHAT_STATE_NEEDED;
	return !what->selection || exptrace_selection_has(what->selection, trace, record);
}

/* Whether @what selects an event of the running module, leaving aside if it is state. */
static inline bool what_selects_event(const struct what *what, const struct exptrace_event *event,
				      bool before)
{
	return exptrace_selection_means(what->selection,
					exptrace_device_experiment(event->experiment),
					event->group, event->name, before);
}

/* A text of the command line for a message, cut if it is long. */
#define SHOWN_MAX	64
struct shown {
	char text[SHOWN_MAX + sizeof("...")];
};
struct shown show(const char *text, size_t len);

/* That of what was given, behind its option: "--events sched: note: ..." */
struct shown show_text(const struct what *what);

#endif /* EXPTRACE_WHAT_H */
