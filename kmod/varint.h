/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Encoding of numbers: unsigned LEB128.
 */
#ifndef _EXPTRACE_VARINT_H
#define _EXPTRACE_VARINT_H

#include <linux/types.h>

#include <exptrace/wire.h>

#include "compat.h"

/*
 * Writes @value in 1 to EXPTRACE_VARINT_MAX bytes; returns what is behind them.
 * Two bytes are the most frequent number, and one store: the upper seven bits move
 * up by one to make room for the mark of the lower byte.
 */
static __always_inline u8 *exptrace_put_varint(u8 *p, u64 value)
{
	if (value < 0x80) {
		*p = value;
		return p + 1;
	}
	while (unlikely(value >= 0x4000)) {
		*p++ = value | 0x80;
		value >>= 7;
	}
	put_unaligned_le16(value + (value & 0x3f80) + 0x80, p);
	return p + 2;
}

/* Writes @value, 2^21 or more and below 2^28, in four bytes. */
static __always_inline u8 *exptrace_put_four(u8 *p, u32 value)
{
	u32 spread = (value & 0x3fff) | (value >> 14) << 16;

	put_unaligned_le32(spread + (spread & 0x3f803f80) + 0x00808080, p);
	return p + 4;
}

/*
 * As exptrace_put_varint(), for addresses: those of objects and of modules' code take
 * five bytes as a rule, those of the kernel's own code four.
 */
static __always_inline u8 *exptrace_put_address(u8 *p, u64 value)
{
	u64 high = value >> 7;

	if (likely(high - (1 << 21) < (1 << 28) - (1 << 21))) {
		*p = value | 0x80;
		return exptrace_put_four(p + 1, high);
	}
	if (likely(value - (1 << 21) < (1 << 28) - (1 << 21)))
		return exptrace_put_four(p, value);
	return exptrace_put_varint(p, value);
}

/* Writes @value in exactly EXPTRACE_VARINT_MAX bytes. */
static inline void exptrace_put_padded_varint(u8 *p, u64 value)
{
	int i;

	for (i = 0; i < EXPTRACE_VARINT_MAX - 1; i++) {
		*p++ = value | 0x80;
		value >>= 7;
	}
	*p = value;
}

#endif /* _EXPTRACE_VARINT_H */
