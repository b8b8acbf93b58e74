// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may see kernel addresses, and identifiers for everybody else (invariants 12 and 15).
 */
#include <linux/capability.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/siphash.h>

#include "address.h"

DEFINE_STATIC_KEY_FALSE(exptrace_address_ids);
EXPORT_SYMBOL_GPL(exptrace_address_ids);

static siphash_key_t id_keys[EXPTRACE_NR_REALMS] __ro_after_init;

/* The keys of identifiers stay the same until the module is unloaded. */
void __init exptrace_address_init(void)
{
	get_random_bytes(id_keys, sizeof(id_keys));
}

/* A 32-bit identifier for an address in a realm; 0 only for NULL. Context: any. */
notrace unsigned long exptrace_address_id(unsigned long address, unsigned long realm)
{
	return address ? (u32)siphash_1u64(address, &id_keys[realm]) | 1 : 0;
}
EXPTRACE_KEEPING(exptrace_address_id);
EXPTRACE_DECLARE_KEEPING(exptrace_address_id);
EXPTRACE_EXPORT_KEEPING(exptrace_address_id);

/* A code address as a signed number, for the table of stacks. */
u64 exptrace_text_address(unsigned long address)
{
	if (exptrace.raw_addresses)
		return exptrace_zigzag((s64)(address - exptrace.text_base));
	return exptrace_zigzag(exptrace_address_id(address, EXPTRACE_REALM_CODE));
}

/* May the current task see kernel addresses? Needs CAP_SYSLOG, and kptr_restrict below 2. */
bool exptrace_may_see_addresses(void)
{
	return capable(CAP_SYSLOG) && !exptrace_pointers_are_hidden();
}

/* Called by the task that starts a recording, before a generation is published. */
void exptrace_address_select(void)
{
	WRITE_ONCE(exptrace.raw_addresses, exptrace_may_see_addresses());
	if (exptrace.raw_addresses) {
		exptrace.text_base = (unsigned long)schedule;
		exptrace_writers.data_base = PAGE_OFFSET;
		static_branch_disable(&exptrace_address_ids);
	} else {
		exptrace.text_base = 0;
		exptrace_writers.data_base = 0;
		static_branch_enable(&exptrace_address_ids);
	}
}
