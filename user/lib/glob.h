/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Patterns of names: * ? [a-z] [!a-z], and \ to escape a character.
 *
 * Patterns and names are not terminated and may contain any bytes.
 */
#ifndef EXPTRACE_LIB_GLOB_H
#define EXPTRACE_LIB_GLOB_H

#include <stdbool.h>
#include <stddef.h>

/* Returns the end of the pattern element at @pos. */
const char *glob_next(const char *pos, const char *end);

/* Returns what is wrong with a pattern, as text that continues it; NULL: nothing. */
const char *glob_problem(const char *pattern, size_t len);

/* Does the pattern match only itself? */
bool glob_is_plain(const char *pattern, size_t len);

/* Does the whole @text match the valid pattern? Takes at most len * text_len steps. */
bool glob_matches(const char *pattern, size_t len, const char *text, size_t text_len);

#endif /* EXPTRACE_LIB_GLOB_H */
