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

/* Loads four bytes, little endian. */
static inline uint32_t varint_load(const uint8_t *pos)
{
	uint32_t bytes;

	memcpy(&bytes, pos, sizeof(bytes));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	bytes = __builtin_bswap32(bytes);
#endif
	return bytes;
}

/*
 * Reads the number at @pos. Returns its end; NULL if it extends beyond @end, has more than 10 bytes
 * or is larger than 2^64 - 1.
 *
 * The size of a number is hard to predict, so up to four bytes are decoded without a branch: the
 * lowest clear bit 7 marks the last byte, and higher bytes are masked before the groups of seven
 * bits are joined.
 */
static inline const uint8_t *varint_get(const uint8_t *pos, const uint8_t *end, uint64_t *value)
{
	uint32_t bytes = 0, last = 0;

	if (likely(end - pos >= (ptrdiff_t)sizeof(bytes))) {
		bytes = varint_load(pos);
		last = ~bytes & 0x80808080;
	}
	if (unlikely(!last)) {
		uint64_t number = 0;

		pos = varint_get_long(pos, end, &number);
		*value = number;
		return pos;
	}
	bytes &= last ^ (last - 1);
	bytes = (bytes & 0x007f007f) | (bytes & 0x7f007f00) >> 1;
	*value = (bytes & 0x3fff) | (bytes & 0x3fff0000) >> 2;
	return pos + (__builtin_ctz(last) >> 3) + 1;
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
