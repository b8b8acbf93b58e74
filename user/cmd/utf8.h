/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * UTF-8 as of RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#ifndef EXPTRACE_UTF8_H
#define EXPTRACE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_MAX	4	/* bytes of a character */

/* The length of the first character of @n bytes (at least one); 0 if it is not valid. */
size_t utf8_length(const uint8_t *bytes, size_t n);

/* The code point of a character with the length from utf8_length(). */
uint32_t utf8_code(const uint8_t *bytes, size_t length);

/*
 * Does a character control a terminal or the text layout? Controls, line and paragraph
 * separators, and characters that change the direction of text.
 */
bool utf8_is_control(uint32_t code);

#endif /* EXPTRACE_UTF8_H */
