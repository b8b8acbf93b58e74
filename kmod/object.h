/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The encoding of object addresses: docs/wire-format.md, "Objects".
 */
#ifndef _EXPTRACE_OBJECT_H
#define _EXPTRACE_OBJECT_H

#include <linux/types.h>

#include <exptrace/wire.h>

#include "compat.h"
#include "keep.h"

/* Write @value in full and remember its page. Returns the position after it. */
u8 *exptrace_put_far_object(u8 *p, u64 value, u64 *pages);

/*
 * Write the address of an object: only its offset, if it is in the page that its entry of
 * @pages remembers.
 */
static __always_inline u8 *exptrace_put_object(u8 *p, u64 value, u64 *pages)
{
	unsigned int low = value & (EXPTRACE_OBJECT_FAR - 1);

	if (likely(pages[low >> EXPTRACE_OBJECT_PAGE_BITS] == value >> EXPTRACE_OBJECT_NEAR_BITS)) {
		put_unaligned_le16(low, p);
		return p + EXPTRACE_OBJECT_NEAR_BYTES;
	}
	return (u8 *)EXPTRACE_CALL_KEEPING_3(exptrace_put_far_object, p, value, pages);
}

#endif /* _EXPTRACE_OBJECT_H */
