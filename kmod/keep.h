/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls that keep all registers: what is called once in thousands of events must not
 * make every event save and restore registers around it.
 */
#ifndef _EXPTRACE_KEEP_H
#define _EXPTRACE_KEEP_H

#include <linux/build_bug.h>
#include <linux/export.h>

#if defined(CONFIG_X86_64) && defined(CONFIG_PARAVIRT)
#include <asm/paravirt.h>

/* Define and export what EXPTRACE_CALL_KEEPING() calls. */
#define EXPTRACE_KEEPING(function)		PV_CALLEE_SAVE_REGS_THUNK(function)
#define EXPTRACE_EXPORT_KEEPING(function)	EXPORT_SYMBOL_GPL(__raw_callee_save_##function)

/* Calls @function(@argument); the result is what is in a register afterwards. */
#define EXPTRACE_CALL_KEEPING(function, argument) ({			\
	unsigned long __result;						\
									\
	asm volatile("call __raw_callee_save_" #function		\
		     : "=a" (__result), ASM_CALL_CONSTRAINT		\
		     : "D" (argument) : "memory", "cc");		\
	__result;							\
})

/* Likewise, @function(@first, @second). */
#define EXPTRACE_CALL_KEEPING_2(function, first, second) ({		\
	unsigned long __result;						\
									\
	asm volatile("call __raw_callee_save_" #function		\
		     : "=a" (__result), ASM_CALL_CONSTRAINT		\
		     : "D" (first), "S" (second) : "memory", "cc");	\
	__result;							\
})

/* Likewise, @function(@first, @second, @third). */
#define EXPTRACE_CALL_KEEPING_3(function, first, second, third) ({	\
	unsigned long __result;						\
									\
	asm volatile("call __raw_callee_save_" #function		\
		     : "=a" (__result), ASM_CALL_CONSTRAINT		\
		     : "D" (first), "S" (second), "d" (third)		\
		     : "memory", "cc");					\
	__result;							\
})

#else
#define EXPTRACE_KEEPING(function)		static_assert(true)
#define EXPTRACE_EXPORT_KEEPING(function)	static_assert(true)
#define EXPTRACE_CALL_KEEPING(function, argument)	((unsigned long)function(argument))
#define EXPTRACE_CALL_KEEPING_2(function, first, second)	\
	((unsigned long)function(first, second))
#define EXPTRACE_CALL_KEEPING_3(function, first, second, third)	\
	((unsigned long)function(first, second, third))
#endif

#endif /* _EXPTRACE_KEEP_H */
