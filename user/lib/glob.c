// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Patterns of names: * ? [a-z] [!a-z], and \ before a character that means itself.
 */
#include <string.h>

#include "glob.h"

/* Where the set that begins at @pos has its "]"; NULL: nowhere. The first character is none. */
static const char *set_end(const char *pos, const char *end)
{
	pos++;
	if (pos < end && (*pos == '!' || *pos == '^'))
		pos++;
	if (pos < end && *pos == ']')
		pos++;
	for (; pos < end && *pos != ']'; pos++)
		if (*pos == '\\' && ++pos == end)
			break;
	return pos < end ? pos : NULL;
}

const char *glob_next(const char *pos, const char *end)
{
	const char *last = *pos == '[' ? set_end(pos, end) : NULL;

	if (last)
		return last + 1;
	return *pos == '\\' && end - pos > 1 ? pos + 2 : pos + 1;
}

const char *glob_problem(const char *pattern, size_t len)
{
	const char *pos = pattern, *end = pattern + len;

	for (; pos < end; pos = glob_next(pos, end)) {
		if (*pos == '[' && !set_end(pos, end))
			return "has a '[' without ']'";
		if (*pos == '\\' && end - pos == 1)
			return "ends with '\\'";
	}
	return NULL;
}

bool glob_is_plain(const char *pattern, size_t len)
{
	for (; len--; pattern++)
		if (strchr("*?[\\", *pattern) && *pattern)
			return false;
	return true;
}

/* A character of a set, which may have a \ before it. */
static unsigned char set_char(const char **pos)
{
	if (**pos == '\\')
		++*pos;
	return (unsigned char)*(*pos)++;
}

/* Whether the set between @pos, behind its "[", and its "]" at @end has the character. */
static bool set_has(const char *pos, const char *end, unsigned char c)
{
	bool inverse = *pos == '!' || *pos == '^', found = false;

	pos += inverse;
	while (pos < end) {
		unsigned char first = set_char(&pos), last = first;

		if (end - pos > 1 && *pos == '-') {
			pos++;
			last = set_char(&pos);
		}
		found |= first <= c && c <= last;
	}
	return found != inverse;
}

/* What follows the element at @pos if it stands for @c, else NULL. It is no "*". */
static const char *match_one(const char *pos, const char *end, char c)
{
	const char *next = glob_next(pos, end);

	switch (*pos) {
	case '?':
		return next;
	case '[':
		return set_has(pos + 1, next - 1, (unsigned char)c) ? next : NULL;
	case '\\':
		return pos[1] == c ? next : NULL;
	default:
		return *pos == c ? next : NULL;
	}
}

/*
 * The last "*" alone is tried with more of the text: what one before it had took the least
 * that it could, so more of that cannot help.
 */
bool glob_matches(const char *pattern, size_t len, const char *text, size_t text_len)
{
	const char *pos = pattern, *end = pattern + len, *text_end = text + text_len;
	const char *star = NULL, *taken = NULL, *next;

	while (text < text_end) {
		if (pos < end && *pos == '*') {
			star = ++pos;
			taken = text;
			continue;
		}
		next = pos < end ? match_one(pos, end, *text) : NULL;
		if (next) {
			pos = next;
			text++;
		} else if (star) {
			pos = star;
			text = ++taken;
		} else {
			return false;
		}
	}
	while (pos < end && *pos == '*')
		pos++;
	return pos == end;
}
