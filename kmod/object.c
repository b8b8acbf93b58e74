// SPDX-License-Identifier: GPL-2.0-only
/*
 * The encoding of object addresses: the slow path, for an object in another page.
 */
#include "address.h"
#include "object.h"
#include "varint.h"

/* @value is a result of exptrace_data_address(). */
notrace u8 *exptrace_put_far_object(u8 *p, u64 value, u64 *pages)
{
	unsigned int low = value & (EXPTRACE_OBJECT_FAR - 1);
	u64 page = value >> EXPTRACE_OBJECT_NEAR_BITS;

	pages[low >> EXPTRACE_OBJECT_PAGE_BITS] = page;
	put_unaligned_le32(page << 16 | EXPTRACE_OBJECT_FAR | low, p);
	p += EXPTRACE_OBJECT_BYTES;
	if (page < EXPTRACE_OBJECT_LONG >> 16) {
		p[-1] = page >> 16;
		return p;
	}
	p[-1] = 0xff;
	return exptrace_put_varint(p, page >> 16);
}
EXPTRACE_KEEPING(exptrace_put_far_object);
EXPTRACE_DECLARE_KEEPING(exptrace_put_far_object);
EXPTRACE_EXPORT_KEEPING(exptrace_put_far_object);
