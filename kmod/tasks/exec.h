/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The numbers of system calls, and which one a thread has executed a program with.
 */
#ifndef _EXPTRACE_EXEC_H
#define _EXPTRACE_EXEC_H

#include <linux/compat.h>
#include <linux/types.h>

#include "exptrace.h"
#include "keep.h"

/* Only x32 programs have calls with that bit. */
static __always_inline u32 exptrace_compat_number(u32 id)
{
#ifdef CONFIG_X86
	if (id & EXPTRACE_SYSCALL_X32 && in_ia32_syscall())
		return EXPTRACE_SYSCALL_NONE;
#endif
	return id | EXPTRACE_SYSCALL_COMPAT;
}

/*
 * EXPTRACE_KIND_SYSCALL: the present task's call number @id. A negative one is none: a
 * program may ask for it, a tracer set it, and the return from a signal's handler leaves it.
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
