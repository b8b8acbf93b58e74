// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which system calls are recorded.
 */
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "experiment.h"
#include "filter.h"

/*
 * The numbers to record, if not all; exptrace_registry_lock. Probes read them at any time: while
 * they change, either the old or the new selection applies to a call.
 */
u64 exptrace_wanted_syscalls[EXPTRACE_NR_SYSCALL_TABLES][EXPTRACE_MAX_SYSCALLS / 64];
bool exptrace_syscalls_limited;

void exptrace_syscalls_get(struct exptrace_syscall_tables *calls)
{
	*calls = (struct exptrace_syscall_tables) {};
	mutex_lock(&exptrace_registry_lock);
	if (exptrace_syscalls_limited)
		memcpy(calls->wanted, exptrace_wanted_syscalls, sizeof(exptrace_wanted_syscalls));
	else
		memset(calls->wanted, 0xff, sizeof(exptrace_wanted_syscalls));
	mutex_unlock(&exptrace_registry_lock);
}

void exptrace_syscalls_set(const struct exptrace_syscall_tables *calls)
{
	unsigned int i, j;

	lockdep_assert_held(&exptrace.control);

	mutex_lock(&exptrace_registry_lock);
	for (i = 0; i < ARRAY_SIZE(exptrace_wanted_syscalls); i++)
		for (j = 0; j < ARRAY_SIZE(exptrace_wanted_syscalls[i]); j++)
			WRITE_ONCE(exptrace_wanted_syscalls[i][j], calls->wanted[i][j]);
	WRITE_ONCE(exptrace_syscalls_limited,
		   memchr_inv(exptrace_wanted_syscalls, 0xff, sizeof(exptrace_wanted_syscalls)));
	mutex_unlock(&exptrace_registry_lock);
}
