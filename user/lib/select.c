// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Selections: words such as "sched,-sched_wakeup" that say which events are meant.
 */
#include <string.h>

#include <libexptrace.h>

#include "api.h"

#define SEPARATORS	", \t\n"

/* The next word with its sign; NULL at the end. */
static const char *next_word(const char **what, size_t *len)
{
	const char *word = *what + strspn(*what, SEPARATORS);

	*len = strcspn(word, SEPARATORS);
	*what = word + *len;
	return *len ? word : NULL;
}

static bool has_sign(const char *word)
{
	return *word == '+' || *word == '-';
}

API const char *exptrace_select_next(const char **what, size_t *len)
{
	const char *word = next_word(what, len);

	if (word && has_sign(word)) {
		word++;
		--*len;
	}
	return word;
}

static bool is_name(const char *word, size_t len, const char *name)
{
	return name && strlen(name) == len && !memcmp(word, name, len);
}

API bool exptrace_select_is(const char *word, size_t len, const char *experiment,
			    const char *group, const char *name)
{
	return is_name(word, len, name) || is_name(word, len, group) ||
	       is_name(word, len, experiment) || is_name(word, len, "all");
}

API bool exptrace_select(const char *what, const char *experiment, const char *group,
			 const char *name, bool now)
{
	const char *word;
	bool first = true;
	size_t len;

	while ((word = next_word(&what, &len))) {
		bool sign = has_sign(word);

		if (first && !sign)
			now = false;
		first = false;
		if (exptrace_select_is(word + sign, len - sign, experiment, group, name))
			now = *word != '-';
	}
	return now;
}
