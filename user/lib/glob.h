/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Patterns of names: * ? [a-z] [!a-z], and \ before a character that means itself.
 *
 * Neither patterns nor names end with a zero: any bytes may be in them.
 */
#ifndef EXPTRACE_LIB_GLOB_H
#define EXPTRACE_LIB_GLOB_H

#include <stdbool.h>
#include <stddef.h>

/* What follows the element of a pattern at @pos: a character, or what stands for one or more. */
const char *glob_next(const char *pos, const char *end);

/* What is wrong with a pattern, in words that fit behind it; NULL: nothing. */
const char *glob_problem(const char *pattern, size_t len);

/* Whether each of its bytes means itself. */
bool glob_is_plain(const char *pattern, size_t len);

/* Whether the whole of @text is as the pattern, which is sound; len * text_len steps at most. */
bool glob_matches(const char *pattern, size_t len, const char *text, size_t text_len);

#endif /* EXPTRACE_LIB_GLOB_H */
