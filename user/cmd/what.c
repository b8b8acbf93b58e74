// SPDX-License-Identifier: GPL-2.0-only
/*
 * WHAT, the value of an option or an operand: which events and system calls a subcommand selects.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include <exptrace/wire.h>

#include "suggest.h"
#include "text.h"
#include "what.h"

/* Most descriptions of a trace that are searched for suggestions. */
#define CANDIDATES_MAX	10000

struct shown show(const char *text, size_t len)
{
	struct shown shown;
	size_t part = text_part(text, len, SHOWN_MAX);

	snprintf(shown.text, sizeof(shown.text), "%.*s%s", (int)part, text,
		 part < len ? "..." : "");
	return shown;
}

struct shown show_text(const struct what *what)
{
	return show(what->text, strlen(what->text));
}

static int explain_parse(const struct command *command, const struct what *what,
			 const struct exptrace_selection_error *error)
{
	struct shown word = show(what->text + error->offset, error->length);

	return usage_error(command, "%s %s: '%s' %s", what->option, show_text(what).text,
			   word.text, error->problem);
}

int what_parse(const struct command *command, struct what *what, const char *option,
	       const char *text)
{
	struct exptrace_selection_error error;
	int err;

	what_uninit(what);
	what->option = option;
	what->text = text;
	err = exptrace_selection_parse(text, strlen(text), &what->selection, &error);
	if (err == -EINVAL)
		return explain_parse(command, what, &error);
	if (err)
		return problem("%s: %s", option, strerror(-err));
	if (!exptrace_selection_words(what->selection))
		return usage_error(command, "%s '%s' names no events", option,
				   show_text(what).text);
	return EXIT_OK;
}

void what_uninit(struct what *what)
{
	exptrace_selection_free(what->selection);
	*what = (struct what) { .state = what->state };
}

static int explain_word(const struct what *what, const char *kind, const char *hint,
			const struct suggestion *suggestion)
{
	struct shown word = show(suggestion->word, suggestion->len);
	struct shown best = show(suggestion->best, strlen(suggestion->best));

	if (*best.text)
		return problem("%s %s: there is no %s '%s'; did you mean '%s'?", what->option,
			       show_text(what).text, kind, word.text, best.text);
	return problem("%s %s: there is no %s '%s'%s", what->option, show_text(what).text, kind,
		       word.text, hint);
}

static void suggest_from_trace(struct suggestion *suggestion, const struct exptrace_trace *trace)
{
	const struct exptrace_schema_event *event;
	size_t i;

	for (i = 0; i < CANDIDATES_MAX && (event = exptrace_schema_at(trace, i)); i++)
		if (!EXPTRACE_EVENT_IS_STATE(event->type))
			suggest_event(suggestion,
				      exptrace_experiment_name(trace, event->experiment),
				      event->group, event->name);
}

/* Removes the prefix of the group from a word for system calls. */
static void cut_prefix(struct suggestion *suggestion)
{
	const char *colon = memchr(suggestion->word, ':', suggestion->len);

	if (!colon)
		return;
	suggestion->len -= (size_t)(colon + 1 - suggestion->word);
	suggestion->word = colon + 1;
}

/* @machine: of the system calls, or NULL */
static int explain_call(const struct what *what, struct suggestion *suggestion,
			const char *machine)
{
	cut_prefix(suggestion);
	return explain_word(what, "system call", machine ? "; its number will do" :
			    ", for the trace does not tell its machine; its number will do",
			    suggestion);
}

/* @trace: NULL for the system calls of this machine */
static void suggest_calls(struct suggestion *suggestion, const struct exptrace_trace *trace)
{
	const uint64_t bits[] = { 0, EXPTRACE_SYSCALL_COMPAT };
	struct utsname host = { 0 };
	size_t i;
	uint64_t nr;

	uname(&host);
	for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		for (nr = 0; nr < EXPTRACE_MAX_SYSCALLS; nr++) {
			const char *name = trace ?
				exptrace_name(trace, EXPTRACE_KIND_SYSCALL, bits[i] | nr) :
				exptrace_syscall_name(host.machine, bits[i] | nr);

			if (name)
				suggest_syscall(suggestion, name);
		}
}

/* Does the word mean events of the trace, and only state events? */
static bool means_state(const struct exptrace_selection *selection, size_t word,
			const struct exptrace_trace *trace)
{
	const struct exptrace_schema_event *event;
	bool found = false;
	size_t i;

	for (i = 0; (event = exptrace_schema_at(trace, i)); i++) {
		if (!exptrace_selection_word_means(selection, word,
						   exptrace_experiment_name(trace, event->experiment),
						   event->group, event->name))
			continue;
		if (!EXPTRACE_EVENT_IS_STATE(event->type))
			return false;
		found = true;
	}
	return found;
}

/* Notes about a word that is valid. */
static void note_word(const struct what *what, size_t i, const struct exptrace_trace *trace,
		      bool all)
{
	size_t len;
	const char *text = exptrace_selection_word(what->selection, i, &len);

	if (exptrace_selection_word_state(what->selection, i) == EXPTRACE_WORD_ABSENT)
		problem("%s %s: note: the trace's recorder did not have '%s'", what->option,
			show_text(what).text, show(text, len).text);
	else if (!all && means_state(what->selection, i, trace))
		problem("%s %s: note: '%s' is state, which --all shows", what->option,
			show_text(what).text, show(text, len).text);
}

static int check_word(const struct what *what, size_t i, const struct exptrace_trace *trace,
		      bool all)
{
	struct suggestion suggestion;
	size_t len;
	const char *text = exptrace_selection_word(what->selection, i, &len);

	suggest_init(&suggestion, text, len);
	switch (exptrace_selection_word_state(what->selection, i)) {
	case EXPTRACE_WORD_UNKNOWN:
		suggest_from_trace(&suggestion, trace);
		return explain_word(what, "event, group or experiment",
				    " in the trace's first generation", &suggestion);
	case EXPTRACE_WORD_UNKNOWN_SYSCALL:
		suggest_calls(&suggestion, trace);
		return explain_call(what, &suggestion, exptrace_property(trace, "machine"));
	default:
		note_word(what, i, trace, all);
		return EXIT_OK;
	}
}

bool what_check_trace(struct what *what, const struct exptrace_trace *trace)
{
	bool all = what->state != WHAT_STATE_HIDDEN;
	size_t i, n;

	if (!what->selection || what->checked)
		return !what->refused;
	what->checked = true;
	exptrace_selection_offer_trace(what->selection, trace);
	n = exptrace_selection_words(what->selection);
	for (i = 0; !what->refused && i < n; i++)
		what->refused = check_word(what, i, trace, all) != EXIT_OK;
	return !what->refused;
}

static void print_events(const struct exptrace_event *events, size_t n)
{
	const char *group = "";
	size_t i;

	for (i = 0; i < n; i++) {
		if (EXPTRACE_EVENT_IS_STATE(events[i].type))
			continue;
		if (strcmp(group, events[i].group)) {
			fputs(*group ? "\n  " : "  ", stderr);
			message_name(events[i].group);
			fputc(':', stderr);
		}
		group = events[i].group;
		fputc(' ', stderr);
		message_name(events[i].name);
	}
	fputc('\n', stderr);
}

/* Lists all events if there is no suggestion. */
static int explain_event(const struct what *what, struct suggestion *suggestion,
			 const struct exptrace_event *events, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!EXPTRACE_EVENT_IS_STATE(events[i].type))
			suggest_event(suggestion,
				      exptrace_device_experiment(events[i].experiment),
				      events[i].group, events[i].name);
	explain_word(what, "event, group or experiment", "; there are:", suggestion);
	if (!*suggestion->best)
		print_events(events, n);
	return EXIT_PROBLEM;
}

int what_check_events(const struct what *what, const struct exptrace_event *events, size_t n)
{
	size_t i, len, words = exptrace_selection_words(what->selection);
	struct suggestion suggestion;

	for (i = 0; i < words; i++) {
		const char *text = exptrace_selection_word(what->selection, i, &len);

		suggest_init(&suggestion, text, len);
		switch (exptrace_selection_word_state(what->selection, i)) {
		case EXPTRACE_WORD_FOUND:
			break;
		case EXPTRACE_WORD_UNKNOWN_SYSCALL:
			suggest_calls(&suggestion, NULL);
			return explain_call(what, &suggestion, "");
		default:
			return explain_event(what, &suggestion, events, n);
		}
	}
	return EXIT_OK;
}
