/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Numbers of the wire format: unsigned LEB128, read with every byte checked.
 */
#ifndef EXPTRACE_LIB_VARINT_H
#define EXPTRACE_LIB_VARINT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

const uint8_t *varint_get_long(const uint8_t *pos, const uint8_t *end, uint64_t *value);

/*
 * Reads the number at @pos. Returns what follows it; NULL if it goes beyond
 * @end, has more than 10 bytes or is larger than 2^64 - 1.
 */
static inline const uint8_t *varint_get(const uint8_t *pos, const uint8_t *end, uint64_t *value)
{
	if (unlikely(end - pos < 2))
		return varint_get_long(pos, end, value);
	if (pos[0] < 0x80) {
		*value = pos[0];
		return pos + 1;
	}
	if (likely(pos[1] < 0x80)) {
		*value = (pos[0] & 0x7f) | (uint64_t)pos[1] << 7;
		return pos + 2;
	}
	return varint_get_long(pos, end, value);
}

static inline int64_t varint_zigzag(uint64_t number)
{
	return (int64_t)(number >> 1 ^ -(number & 1));
}

static inline uint64_t varint_rol64(uint64_t v, unsigned int n)
{
	return v << n | v >> (64 - n);
}

#endif /* EXPTRACE_LIB_VARINT_H */
