/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System call numbers, and the call by which a thread executed a program.
 */
#ifndef _EXPTRACE_EXEC_H
#define _EXPTRACE_EXEC_H

#include <linux/compat.h>
#include <linux/types.h>

#include "exptrace.h"
#include "keep.h"

/* Only x32 programs can make calls with the x32 bit. */
static __always_inline u32 exptrace_compat_number(u32 id)
{
#ifdef CONFIG_X86
	if (id & EXPTRACE_SYSCALL_X32 && in_ia32_syscall())
		return EXPTRACE_SYSCALL_NONE;
#endif
	return id | EXPTRACE_SYSCALL_COMPAT;
}

/*
 * EXPTRACE_KIND_SYSCALL for call number @id of the current task. A negative number is no
 * call: a program may request one, a tracer may set one, and the return from a signal
 * handler leaves one.
 */
static __always_inline u32 exptrace_call_number(int id)
{
	if (unlikely(id < 0))
		return EXPTRACE_SYSCALL_NONE;
	return in_compat_syscall() ? exptrace_compat_number(id) : (u32)id;
}

int exptrace_exec_begin(void);
void exptrace_exec_end(void);
u32 exptrace_exec_number(u32 nr, long ret);

#endif /* _EXPTRACE_EXEC_H */
