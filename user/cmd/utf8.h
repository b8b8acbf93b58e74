/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * UTF-8, as RFC 3629 has it: nothing overlong, no surrogates, nothing above U+10FFFF.
 */
#ifndef EXPTRACE_UTF8_H
#define EXPTRACE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_MAX	4	/* bytes of a character */

/* How many of the @n bytes, one at least, the first character has; 0: they begin none. */
size_t utf8_length(const uint8_t *bytes, size_t n);

/* The character of which utf8_length() has told the length. */
uint32_t utf8_code(const uint8_t *bytes, size_t length);

/*
 * Whether a character is no text, but a command to a terminal or to what lays text out:
 * controls, line and paragraph separators, and what changes the direction of writing.
 */
bool utf8_is_control(uint32_t code);

#endif /* EXPTRACE_UTF8_H */
