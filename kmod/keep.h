/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls that preserve all registers. A slow path that is taken once in thousands of events must
 * not make every event save and restore registers around the call.
 */
#ifndef _EXPTRACE_KEEP_H
#define _EXPTRACE_KEEP_H

#include <linux/build_bug.h>
#include <linux/export.h>
#include <linux/linkage.h>

#include "compat.h"

/* UML uses the calling convention of programs. */
#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)
#include <asm/frame.h>
#include <asm/ibt.h>

/*
 * Define exptrace_keeping_@function(), which EXPTRACE_CALL_KEEPING() calls: it calls @function
 * and preserves all registers but rax. It has a frame of its own, so that stacks can be unwound
 * through it, and the padding and return that the kernel's mitigations require.
 */
#define EXPTRACE_KEEPING(function)					\
	asm(".pushsection .text, \"ax\"\n"				\
	    EXPTRACE_FUNC_ALIGN "\n"					\
	    ".globl exptrace_keeping_" #function "\n"			\
	    ".type exptrace_keeping_" #function ", @function\n"		\
	    "exptrace_keeping_" #function ":\n"				\
	    ASM_ENDBR "\n"						\
	    FRAME_BEGIN "\n"						\
	    "push %rdi\n"						\
	    "push %rsi\n"						\
	    "push %rdx\n"						\
	    "push %rcx\n"						\
	    "push %r8\n"						\
	    "push %r9\n"						\
	    "push %r10\n"						\
	    "push %r11\n"						\
	    "call " #function "\n"					\
	    "pop %r11\n"						\
	    "pop %r10\n"						\
	    "pop %r9\n"							\
	    "pop %r8\n"							\
	    "pop %rcx\n"						\
	    "pop %rdx\n"						\
	    "pop %rsi\n"						\
	    "pop %rdi\n"						\
	    FRAME_END "\n"						\
	    ASM_RET "\n"						\
	    ".size exptrace_keeping_" #function ", . - exptrace_keeping_" #function "\n" \
	    ".popsection")

/* Declare and export it, so that other modules can use EXPTRACE_CALL_KEEPING(). */
#define EXPTRACE_DECLARE_KEEPING(function)	extern typeof(function) exptrace_keeping_##function
#define EXPTRACE_EXPORT_KEEPING(function)	EXPORT_SYMBOL_GPL(exptrace_keeping_##function)

/* Call @function(@argument). The result is the whole register: cast it to the return type. */
#define EXPTRACE_CALL_KEEPING(function, argument) ({			\
	unsigned long __result;						\
									\
	asm volatile("call exptrace_keeping_" #function			\
		     : "=a" (__result), ASM_CALL_CONSTRAINT		\
		     : "D" (argument) : "memory", "cc");		\
	__result;							\
})

/* Call @function(@first, @second). */
#define EXPTRACE_CALL_KEEPING_2(function, first, second) ({		\
	unsigned long __result;						\
									\
	asm volatile("call exptrace_keeping_" #function			\
		     : "=a" (__result), ASM_CALL_CONSTRAINT		\
		     : "D" (first), "S" (second) : "memory", "cc");	\
	__result;							\
})

/* Call @function(@first, @second, @third). */
#define EXPTRACE_CALL_KEEPING_3(function, first, second, third) ({	\
	unsigned long __result;						\
									\
	asm volatile("call exptrace_keeping_" #function			\
		     : "=a" (__result), ASM_CALL_CONSTRAINT		\
		     : "D" (first), "S" (second), "d" (third)		\
		     : "memory", "cc");					\
	__result;							\
})

#else
#define EXPTRACE_KEEPING(function)		static_assert(true)
#define EXPTRACE_DECLARE_KEEPING(function)	static_assert(true)
#define EXPTRACE_EXPORT_KEEPING(function)	EXPORT_SYMBOL_GPL(function)
#define EXPTRACE_CALL_KEEPING(function, argument)	((unsigned long)function(argument))
#define EXPTRACE_CALL_KEEPING_2(function, first, second)	\
	((unsigned long)function(first, second))
#define EXPTRACE_CALL_KEEPING_3(function, first, second, third)	\
	((unsigned long)function(first, second, third))
#endif

#endif /* _EXPTRACE_KEEP_H */
