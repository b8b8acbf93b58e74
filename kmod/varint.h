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
 * Write @value in 1 to EXPTRACE_VARINT_MAX bytes; returns the position after them. Two bytes
 * are the most frequent length, and take one store: the upper seven bits move up by one to
 * make room for the continuation bit of the lower byte.
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

/* Write @value in exactly EXPTRACE_VARINT_MAX bytes. */
static inline void exptrace_put_padded_varint(u8 *p, u64 value)
{
	int i;

	for (i = 0; i < EXPTRACE_VARINT_MAX - 1; i++) {
		*p++ = value | 0x80;
		value >>= 7;
	}
	*p = value;
}

/* Read the number at *@p and advance *@p to its end. */
static inline u64 exptrace_get_varint(const u8 **p)
{
	unsigned int shift = 0;
	u64 value = 0;

	while (**p & 0x80) {
		value |= (u64)(*(*p)++ & 0x7f) << shift;
		shift += 7;
	}
	return value | (u64)*(*p)++ << shift;
}

#endif /* _EXPTRACE_VARINT_H */
