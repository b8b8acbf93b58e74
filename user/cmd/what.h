/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * WHAT, an option's value or an operand: which events, and which system calls.
 */
#ifndef EXPTRACE_WHAT_H
#define EXPTRACE_WHAT_H

#include "cmd.h"

struct what {
	const char *option;	/* as messages have it */
	const char *text;	/* NULL: it was not given */
	struct exptrace_selection *selection;	/* NULL likewise */
	bool checked;		/* against a trace */
};

/* Takes it in. Returns an exit code; problems are reported. */
int what_parse(const struct command *command, struct what *what, const char *option,
	       const char *text);

/* Frees; nothing is given any more. */
void what_uninit(struct what *what);

/*
 * Every word has to mean an event or a system call that a trace has, or could have: when its
 * first event was read, or all without one. Does nothing the next time, or if it was not
 * given. @all: state events are shown as well, else words for them are noted. Returns an exit code;
 * problems are reported.
 */
int what_check_trace(struct what *what, const struct exptrace_trace *trace, bool all);

/* Likewise, among the @n events that the module has, and the machine's system calls. */
int what_check_events(const struct what *what, const struct exptrace_event *events, size_t n);

/* Whether a record is meant, if it was given: state events as the others. After the check. */
static inline bool what_has(const struct what *what, const struct exptrace_trace *trace,
			    const struct exptrace_record *record)
{
	return !what->selection || exptrace_selection_has(what->selection, trace, record);
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
