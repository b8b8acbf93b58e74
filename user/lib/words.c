// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The words of a selection; docs/exptrace.md has the grammar.
 */
#include <errno.h>
#include <string.h>

#include <exptrace/events.h>

#include "glob.h"
#include "words.h"

#define SEPARATORS	", \t\n"

/* The group that can be limited to some system calls, whose names follow a colon */
#define SYSCALLS	"syscalls"

struct known_event {
	const char *experiment, *group, *name;
};

#define NO_ARG(kind, name)
#define EXPERIMENT(ID, id, version, name)	static const char experiment_##ID[] = name;
#define EVENT(EXPERIMENT, NAME, type, ntypes, group, name, args)		\
	{ experiment_##EXPERIMENT, group, name },

EXPTRACE_EXPERIMENTS(EXPERIMENT)
static const struct known_event catalogue[] = { EXPTRACE_EVENTS(EVENT, NO_ARG) };

#define NR_KNOWN	(sizeof(catalogue) / sizeof(catalogue[0]))

static bool is_separator(char c)
{
	return c && strchr(SEPARATORS, c);
}

/* Finds the end of the word at @text. A \ escapes a separator. */
static const char *find_end(const char *text, const char *end)
{
	for (; text < end && !is_separator(*text); text++)
		if (*text == '\\' && end - text > 1)
			text++;
	return text;
}

static bool begins_with(const struct word_part *part, const char *prefix)
{
	return part->len >= strlen(prefix) && !memcmp(part->text, prefix, strlen(prefix));
}

static const char *find_problem(const struct word_part *whole)
{
	if (!whole->len)
		return "is a sign without a name";
	if (whole->len > WORD_MAX)
		return "is too long";
	if (begins_with(whole, "tp:") || begins_with(whole, "fn:"))
		return "has a prefix, tp: or fn:, that is reserved for later versions";
	return glob_problem(whole->text, whole->len);
}

static struct word_part make_part(const char *text, const char *end)
{
	size_t len = (size_t)(end - text);

	return (struct word_part) { text, len, glob_is_plain(text, len) };
}

static const char *find_colon(const struct word_part *whole)
{
	const char *pos = whole->text, *end = pos + whole->len;

	while (pos < end && *pos != ':')
		pos = glob_next(pos, end);
	return pos < end ? pos : NULL;
}

bool word_part_is(const struct word_part *part, const char *text)
{
	if (!text)
		return false;
	/* the common case */
	if (part->plain && part->len && *part->text != *text)
		return false;
	if (part->plain)
		return !strncmp(part->text, text, part->len) && strlen(text) == part->len;
	return glob_matches(part->text, part->len, text, strlen(text));
}

static bool is_only_stars(const struct word_part *part)
{
	size_t i;

	for (i = 0; i < part->len && part->text[i] == '*'; i++)
		;
	return part->len && i == part->len;
}

/* Classifies a pair whose first part is the group of system calls: an event, all, or calls. */
static void classify_syscalls(struct word *word)
{
	size_t i;

	if (is_only_stars(&word->name)) {
		word->name = word->of;
		word->kind = WORD_NAME;
		return;
	}
	word->kind = WORD_CALL;
	for (i = 0; word->name.plain && i < NR_KNOWN; i++)
		if (word_part_is(&word->of, catalogue[i].group) &&
		    word_part_is(&word->name, catalogue[i].name))
			word->kind = WORD_PAIR;
}

static void classify(struct word *word)
{
	const char *colon = find_colon(&word->whole);

	word->name = word->whole;
	word->kind = WORD_NAME;
	if (word->whole.plain && word_part_is(&word->whole, "all"))
		word->kind = WORD_ALL;
	if (!colon)
		return;
	word->of = make_part(word->whole.text, colon);
	word->name = make_part(colon + 1, word->whole.text + word->whole.len);
	word->kind = WORD_PAIR;
	if (word->of.plain && word_part_is(&word->of, SYSCALLS))
		classify_syscalls(word);
}

int word_next(const char **text, const char *end, struct word *word,
	      struct exptrace_selection_error *error)
{
	const char *begin;

	while (*text < end && is_separator(**text))
		++*text;
	if (*text == end)
		return 0;
	begin = *text;
	*text = find_end(begin, end);
	*word = (struct word) { .minus = *begin == '-', .sign = *begin == '-' || *begin == '+' };
	word->whole = make_part(begin + word->sign, *text);
	error->problem = find_problem(&word->whole);
	if (error->problem) {
		error->length = (size_t)(*text - begin);
		return -EINVAL;
	}
	classify(word);
	return 1;
}

/* Patterns do not match experiments, or a pattern for groups could select whole streams. */
static bool is_of(const struct word_part *part, const char *experiment, const char *group)
{
	return word_part_is(part, group) || (part->plain && word_part_is(part, experiment));
}

bool word_means(const struct word *word, const char *experiment, const char *group,
		const char *name)
{
	switch (word->kind) {
	case WORD_ALL:
		return true;
	case WORD_NAME:
		return word_part_is(&word->name, name) || is_of(&word->name, experiment, group);
	case WORD_PAIR:
		return word_part_is(&word->name, name) && is_of(&word->of, experiment, group);
	default:
		return word_part_is(&word->of, group);
	}
}

bool word_is_in_catalogue(const struct word *word)
{
	size_t i;

	for (i = 0; i < NR_KNOWN; i++)
		if (word_means(word, catalogue[i].experiment, catalogue[i].group,
			       catalogue[i].name))
			return true;
	return false;
}
