// SPDX-License-Identifier: GPL-2.0-only
/*
 * UTF-8 as of RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#include "utf8.h"

static bool is_within(uint8_t byte, unsigned int first, unsigned int last)
{
	return byte >= first && byte <= last;
}

/* Overlong forms, surrogates and too large code points show in the second byte. */
static bool is_second(uint8_t first, uint8_t second)
{
	switch (first) {
	case 0xe0:
		return is_within(second, 0xa0, 0xbf);	/* below: overlong */
	case 0xed:
		return is_within(second, 0x80, 0x9f);	/* above: surrogates */
	case 0xf0:
		return is_within(second, 0x90, 0xbf);	/* below: overlong */
	case 0xf4:
		return is_within(second, 0x80, 0x8f);	/* above: beyond U+10FFFF */
	default:
		return is_within(second, 0x80, 0xbf);
	}
}

size_t utf8_length(const uint8_t *bytes, size_t n)
{
	size_t i, length;

	if (*bytes < 0x80)
		return 1;
	if (!is_within(*bytes, 0xc2, 0xf4))
		return 0;
	length = *bytes < 0xe0 ? 2 : *bytes < 0xf0 ? 3 : 4;
	if (n < length || !is_second(bytes[0], bytes[1]))
		return 0;
	for (i = 2; i < length; i++)
		if (!is_within(bytes[i], 0x80, 0xbf))
			return 0;
	return length;
}

uint32_t utf8_code(const uint8_t *bytes, size_t length)
{
	uint32_t code = length == 1 ? *bytes : *bytes & (0x7fu >> length);

	while (--length)
		code = code << 6 | (*++bytes & 0x3fu);
	return code;
}

bool utf8_is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) ||
	       code == 0x061c || code == 0x200e || code == 0x200f ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}
