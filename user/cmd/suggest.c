// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suggest a name for a misspelt word of a selection.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "suggest.h"

#define SYSCALLS	"syscalls:"

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool is_same_letter(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/*
 * The number of characters to delete, insert, replace or swap with the next one, to get
 * from @a to @b. Only three rows of the usual table are kept.
 */
static size_t edit_distance(const char *a, size_t na, const char *b, size_t nb)
{
	size_t rows[3][SUGGEST_MAX + 1] = { 0 }, i, j;

	for (j = 0; j <= nb; j++)
		rows[0][j] = j;
	for (i = 1; i <= na; i++) {
		size_t *row = rows[i % 3], *before = rows[(i + 2) % 3];

		row[0] = i;
		for (j = 1; j <= nb; j++) {
			row[j] = least(least(before[j], row[j - 1]) + 1,
				       before[j - 1] + !is_same_letter(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && is_same_letter(a[i - 1], b[j - 2]) &&
			    is_same_letter(a[i - 2], b[j - 1]))
				row[j] = least(row[j], rows[(i + 1) % 3][j - 2] + 1);
		}
	}
	return rows[na % 3][nb];
}

/* The edit distance between @name and a word of @len bytes */
static size_t name_distance(const char *word, size_t len, const char *name)
{
	size_t name_len = strlen(name);

	return name_len > SUGGEST_MAX ? SUGGEST_MAX : edit_distance(word, len, name, name_len);
}

void suggest_init(struct suggestion *suggestion, const char *word, size_t len)
{
	const char *colon = memchr(word, ':', len);
	size_t name = colon ? (size_t)(word + len - (colon + 1)) : len;

	*suggestion = (struct suggestion) { .word = word, .len = len };
	/* allow one mistake for three characters of the name; suggest nothing for patterns */
	if (len <= SUGGEST_MAX && !memchr(word, '*', len) && !memchr(word, '?', len))
		suggestion->distance = (name + 2) / 3 + 1;
}

static void suggest_if(struct suggestion *suggestion, const char *prefix, const char *name,
		       size_t distance)
{
	if (distance >= suggestion->distance || strlen(name) > SUGGEST_MAX)
		return;
	suggestion->distance = distance;
	snprintf(suggestion->best, sizeof(suggestion->best), "%s%s", prefix, name);
}

static void suggest_name(struct suggestion *suggestion, const char *name)
{
	suggest_if(suggestion, "", name,
		   name_distance(suggestion->word, suggestion->len, name));
}

/* For a word with a colon: compare the event's name, and add one if the group differs. */
static void suggest_pair(struct suggestion *suggestion, const char *colon, const char *group,
			 const char *name)
{
	size_t of_len = (size_t)(colon - suggestion->word);
	bool same = strlen(group) == of_len && !memcmp(group, suggestion->word, of_len);
	char prefix[SUGGEST_MAX];

	if ((size_t)snprintf(prefix, sizeof(prefix), "%s:", group) < sizeof(prefix))
		suggest_if(suggestion, prefix, name,
			   name_distance(colon + 1, suggestion->len - of_len - 1, name) + !same);
}

void suggest_event(struct suggestion *suggestion, const char *experiment, const char *group,
		   const char *name)
{
	const char *colon;

	if (!suggestion->distance)
		return;
	colon = memchr(suggestion->word, ':', suggestion->len);
	if (colon) {
		suggest_pair(suggestion, colon, group, name);
		return;
	}
	suggest_name(suggestion, "all");
	suggest_name(suggestion, name);
	suggest_name(suggestion, group);
	if (experiment)
		suggest_name(suggestion, experiment);
}

void suggest_syscall(struct suggestion *suggestion, const char *name)
{
	size_t prefix = strlen(SYSCALLS);

	if (!suggestion->distance || suggestion->len < prefix)
		return;
	suggest_if(suggestion, SYSCALLS, name,
		   name_distance(suggestion->word + prefix, suggestion->len - prefix, name));
}
