// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reading numbers of five bytes and more, and those near the end of their batch.
 */
#include <exptrace/wire.h>

#include "varint.h"

const uint8_t *varint_get_long(const uint8_t *pos, const uint8_t *end, uint64_t *value)
{
	uint64_t v = 0;
	unsigned int i;

	for (i = 0; i < EXPTRACE_VARINT_MAX && pos < end; i++) {
		uint64_t byte = *pos++;

		if (i == EXPTRACE_VARINT_MAX - 1 && byte > 1)
			return NULL;
		v |= (byte & 0x7f) << (7 * i);
		if (byte < 0x80) {
			*value = v;
			return pos;
		}
	}
	return NULL;
}
