/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Encoding of numbers: unsigned LEB128.
 */
#ifndef _EXPTRACE_VARINT_H
#define _EXPTRACE_VARINT_H

#include <linux/types.h>

#include <exptrace/wire.h>

/* Writes @value in 1 to EXPTRACE_VARINT_MAX bytes; returns what is behind them. */
static __always_inline u8 *exptrace_put_varint(u8 *p, u64 value)
{
	while (value >= 0x80) {
		*p++ = value | 0x80;
		value >>= 7;
	}
	*p++ = value;
	return p;
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
