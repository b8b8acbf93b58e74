// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Patterns of names: * ? [a-z] [!a-z], and \ before a character that means itself.
 */
#include <string.h>

#include "glob.h"

/* Finds the "]" of the set that begins at @pos, or NULL. The first character is never the end. */
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

/* Reads a character of a set, which may be escaped by \. */
static unsigned char set_char(const char **pos)
{
	if (**pos == '\\')
		++*pos;
	return (unsigned char)*(*pos)++;
}

/* Does a set contain the character? @pos: behind its "["; @end: at its "]". */
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

/* Returns the end of the element at @pos, which is not "*", if it matches @c; otherwise NULL. */
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
 * Backtracks to the last "*" only: every earlier one already matches as little text as possible,
 * and matching more there cannot help.
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
