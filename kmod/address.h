/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel addresses as they leave the kernel: short, or as identifiers.
 */
#ifndef _EXPTRACE_ADDRESS_H
#define _EXPTRACE_ADDRESS_H

#include <linux/bitops.h>
#include <linux/jump_label.h>
#include <linux/uaccess.h>	/* TASK_SIZE_MAX */

#include "exptrace.h"
#include "keep.h"

DECLARE_STATIC_KEY_FALSE(exptrace_address_ids);

/*
 * Where an address comes from. Each realm has its own identifiers: a program chooses the
 * addresses it faults at, and must not find out which address has the same identifier
 * elsewhere (invariant 15).
 */
enum exptrace_realm {
	EXPTRACE_REALM_OBJECT,
	EXPTRACE_REALM_CODE,
	EXPTRACE_REALM_KERNEL_FAULT,
	EXPTRACE_REALM_USER_FAULT,
	EXPTRACE_NR_REALMS
};

unsigned long exptrace_address_id(unsigned long address, unsigned long realm);
u64 exptrace_text_address(unsigned long address);

static __always_inline u64 exptrace_zigzag(s64 value)
{
	return ((u64)value << 1) ^ (u64)(value >> 63);
}

/*
 * EXPTRACE_KIND_DATA_ADDRESS, for exptrace_put_object(). Objects are 8-byte aligned, so the
 * low bits rotate to the top, where they cost nothing if zero. NULL, which is far from the
 * base, becomes a large value.
 */
static __always_inline u64 exptrace_data_address(const void *object)
{
	unsigned long address = (unsigned long)object;

	if (static_branch_unlikely(&exptrace_address_ids))
		return (u32)EXPTRACE_CALL_KEEPING_2(exptrace_address_id, address,
						    EXPTRACE_REALM_OBJECT);
	return ror64(address - exptrace_writers.data_base, 3);
}

/* EXPTRACE_KIND_USER_ADDRESS and _USER_CODE, which may be kernel addresses, too. */
static __always_inline u64 exptrace_any_address(unsigned long address, enum exptrace_realm realm)
{
	if (static_branch_unlikely(&exptrace_address_ids) && address >= TASK_SIZE_MAX)
		return (u32)EXPTRACE_CALL_KEEPING_2(exptrace_address_id, address, realm);
	return address;
}

void exptrace_address_init(void);
void exptrace_address_select(void);
bool exptrace_may_see_addresses(void);

#endif /* _EXPTRACE_ADDRESS_H */
