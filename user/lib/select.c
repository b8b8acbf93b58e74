// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Selections: words such as "sched,-sched_wakeup" that select events.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../common/array.h"
#include "api.h"
#include "error.h"
#include "select.h"

/* Copies the text, since words point into it. */
static struct exptrace_selection *new_selection(const char *text, size_t len)
{
	struct exptrace_selection *selection = calloc(1, sizeof(*selection));

	if (!selection)
		return NULL;
	memset(selection->calls.wanted, 0xff, sizeof(selection->calls.wanted));
	selection->text = malloc(len + 1);
	if (!selection->text) {
		free(selection);
		return NULL;
	}
	memcpy(selection->text, text, len);
	return selection;
}

static int add_word(struct exptrace_selection *selection, const struct word *word)
{
	if (array_reach(&selection->words, selection->nwords, &selection->words_room,
			sizeof(*selection->words)))
		return -ENOMEM;
	selection->words[selection->nwords++] = *word;
	return 0;
}

/* Stores the error as the thread's last message. */
static int store_error(int err, const struct exptrace_selection *selection,
		const struct exptrace_selection_error *error)
{
	if (err == -ENOMEM)
		return error_failed(err, "cannot read a selection", NULL, 0);
	return error_refused(err, error->problem, selection->text + error->offset, error->length);
}

static int read_words(struct exptrace_selection *selection, size_t len,
		      struct exptrace_selection_error *error)
{
	const char *pos = selection->text, *end = pos + len;
	struct word word;
	int ret;

	while ((ret = word_next(&pos, end, &word, error)) == 1) {
		ret = add_word(selection, &word);
		if (ret)
			return ret;
	}
	if (ret)
		error->offset = (size_t)(pos - selection->text) - error->length;
	return ret;
}

API int exptrace_selection_parse(const char *text, size_t len,
				 struct exptrace_selection **selection,
				 struct exptrace_selection_error *error)
{
	struct exptrace_selection *new = new_selection(text, len);
	struct exptrace_selection_error ignored;
	int ret;

	*selection = NULL;
	if (!error)
		error = &ignored;
	if (!new)
		return error_failed(-ENOMEM, "cannot read a selection", NULL, 0);
	ret = read_words(new, len, error);
	if (!ret) {
		*selection = new;
		return 0;
	}
	store_error(ret, new, error);
	exptrace_selection_free(new);
	return ret;
}

API void exptrace_selection_free(struct exptrace_selection *selection)
{
	if (!selection)
		return;
	free(selection->text);
	free(selection->words);
	free(selection->verdicts);
	free(selection);
}

/* The first word's sign decides whether to start from nothing or from what is already on. */
static bool begins_with_nothing(const struct exptrace_selection *selection)
{
	return selection->nwords && !selection->words[0].sign;
}

API bool exptrace_selection_means(const struct exptrace_selection *selection,
				  const char *experiment, const char *group, const char *name,
				  bool now)
{
	size_t i = selection->nwords;

	while (i--) {
		const struct word *word = &selection->words[i];

		/* excluding one system call leaves the events of the others on */
		if (word->kind == WORD_CALL && word->minus)
			continue;
		if (word_means(word, experiment, group, name))
			return !word->minus;
	}
	return now && !begins_with_nothing(selection);
}

API size_t exptrace_selection_words(const struct exptrace_selection *selection)
{
	return selection->nwords;
}

API const char *exptrace_selection_word(const struct exptrace_selection *selection, size_t index,
					size_t *len)
{
	*len = selection->words[index].whole.len;
	return selection->words[index].whole.text;
}

API bool exptrace_selection_word_means(const struct exptrace_selection *selection, size_t index,
				       const char *experiment, const char *group,
				       const char *name)
{
	return word_means(&selection->words[index], experiment, group, name);
}

static void mark_found(struct exptrace_selection *selection, struct word *word)
{
	selection->nfound += !word->found;
	word->found = true;
}

API void exptrace_selection_offer(struct exptrace_selection *selection, const char *experiment,
				  const char *group, const char *name)
{
	size_t i;

	for (i = 0; i < selection->nwords && selection->nfound < selection->nwords; i++) {
		struct word *word = &selection->words[i];

		if (!word->found && word->kind != WORD_CALL &&
		    word_means(word, experiment, group, name))
			mark_found(selection, word);
	}
}

API enum exptrace_word_state exptrace_selection_word_state(
	const struct exptrace_selection *selection, size_t index)
{
	const struct word *word = &selection->words[index];

	if (word->found)
		return EXPTRACE_WORD_FOUND;
	if (word->kind == WORD_CALL)
		return EXPTRACE_WORD_UNKNOWN_SYSCALL;
	return word_is_in_catalogue(word) ? EXPTRACE_WORD_ABSENT : EXPTRACE_WORD_UNKNOWN;
}

static void want_all(struct exptrace_syscall_tables *calls)
{
	memset(calls->wanted, 0xff, sizeof(calls->wanted));
}

static void want(struct exptrace_syscall_tables *calls, unsigned int table, unsigned int nr,
		 bool wanted)
{
	if (wanted)
		calls->wanted[table][nr / 64] |= 1ULL << nr % 64;
	else
		calls->wanted[table][nr / 64] &= ~(1ULL << nr % 64);
}

/* Switches the calls of a table that match the word. Returns true if there are any. */
static bool mark_in_table(struct exptrace_syscall_tables *calls, const struct call_names *names,
			  unsigned int table, const struct word *word)
{
	unsigned int i;
	bool found = false;
	int nr;

	for (i = 0; i < EXPTRACE_MAX_SYSCALLS; i++) {
		if (!word_part_is(&word->name, names->list[table][i]))
			continue;
		want(calls, table, i, !word->minus);
		found = true;
	}
	if (found || !word->name.plain)
		return found;
	/* without a machine name, only digits are recognized */
	nr = exptrace_syscall_number_in(NULL, (enum exptrace_syscall_table)table, word->name.text,
					word->name.len);
	if (nr >= 0)
		want(calls, table, (unsigned int)nr, !word->minus);
	return nr >= 0;
}

/* Switches the calls that match the word. If calls were off (!@now), starts from none. */
static bool mark_calls(struct exptrace_syscall_tables *calls, const struct call_names *names,
		       const struct word *word, bool now)
{
	bool found = false;
	unsigned int table;

	if (!word->minus && !now)
		memset(calls->wanted, 0, sizeof(calls->wanted));
	for (table = 0; table < EXPTRACE_NR_SYSCALL_TABLES; table++)
		found |= mark_in_table(calls, names, table, word);
	return found;
}

int select_calls(struct exptrace_selection *selection, const struct call_names *names, bool now,
		 struct exptrace_syscall_tables *calls)
{
	struct exptrace_syscall_tables new = *calls;
	int ret = 0;
	size_t i;

	if (begins_with_nothing(selection)) {
		now = false;
		want_all(&new);
	}
	for (i = 0; i < selection->nwords; i++) {
		struct word *word = &selection->words[i];

		if (word->kind == WORD_CALL) {
			if (mark_calls(&new, names, word, now))
				mark_found(selection, word);
			else
				ret = error_refused(-ENOENT, "there is no such system call",
						    word->whole.text, word->whole.len);
			now |= !word->minus;
		} else if (word_means(word, "standard", "syscalls", NULL)) {
			want_all(&new);
			now = !word->minus;
		}
	}
	if (!ret)
		*calls = new;
	return ret;
}
