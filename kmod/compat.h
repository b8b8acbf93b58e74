/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between kernel versions, 6.1 and later: each shim names the
 * version that changed and why. No other file compares versions.
 */
#ifndef _EXPTRACE_COMPAT_H
#define _EXPTRACE_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "exptrace needs Linux 6.1 or later: earlier kernels have other kmalloc tracepoints"
#endif
#ifndef CONFIG_TRACEPOINTS
#error "exptrace needs a kernel with CONFIG_TRACEPOINTS"
#endif
#ifndef CONFIG_64BIT
#error "exptrace needs a 64-bit kernel"
#endif

#include <linux/linkage.h>
#include <linux/mm.h>

/*
 * Does kptr_restrict hide kernel pointers from the current task? No version exports this to
 * modules: 7.3 exports the variable only to a test of the kernel, and none exports
 * kallsyms_show_value(). But %pK prints zeros for a hidden pointer.
 */
#include <linux/kernel.h>
#include <linux/string.h>
static inline bool exptrace_pointers_are_hidden(void)
{
	char text[20];

	snprintf(text, sizeof(text), "%pK", (void *)snprintf);
	return strspn(text, "0") == strlen(text);
}

/* 6.12: <asm/unaligned.h> moved. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

/* 6.2: architectures define the padding before functions, for the kernel's mitigations. */
#ifdef ASM_FUNC_ALIGN
#define EXPTRACE_FUNC_ALIGN	ASM_FUNC_ALIGN
#else
#define EXPTRACE_FUNC_ALIGN	__ALIGN_STR
#endif

/* 6.3: vm_flags is read-only, except through functions that take the lock. */
static inline void exptrace_vm_flags(struct vm_area_struct *vma, vm_flags_t set, vm_flags_t clear)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_mod(vma, set, clear);
#else
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
#endif
}

/* 6.16: sched_process_exit says whether the whole thread group is dead. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
#define EXPTRACE_EXIT_HAS_GROUP_DEAD
#endif

/* 6.8: sched_stat_runtime no longer has the virtual runtime. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define EXPTRACE_RUNTIME_HAS_VRUNTIME
#endif

/* 6.13: nr_irqs is accessed through a function. */
#include <linux/irqnr.h>
static inline unsigned int exptrace_nr_irqs(void)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	return irq_get_nr_irqs();
#else
	return nr_irqs;
#endif
}

/* 6.16: the tracepoints of page faults are no longer x86's own. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
#define EXPTRACE_FAULTS_ARE_GENERIC
#endif

/* 7.1: hrtimer_expire_entry passes the time by value, not by pointer. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 1, 0)
#define EXPTRACE_HRTIMER_NOW_BY_VALUE
#endif

/* 6.18: the flags of a clone are 64 bits wide. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
#define EXPTRACE_CLONE_FLAGS	u64
#else
#define EXPTRACE_CLONE_FLAGS	unsigned long
#endif

/* Is @address outside of the kernel's image? 6.12: is_vmalloc_or_module_addr() is exported. */
static inline bool exptrace_is_loaded(unsigned long address)
{
#ifdef MODULES_VADDR
	if (address >= MODULES_VADDR && address < MODULES_END)
		return true;
#endif
	return is_vmalloc_addr((void *)address);
}

/*
 * Functions can be hooked at their entry, and their arguments read. 6.2: all architectures have
 * the same accessor for arguments.
 */
#ifdef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
#define EXPTRACE_HAS_FUNCTIONS
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define exptrace_function_argument(regs, n)	ftrace_regs_get_argument(regs, n)
#else
#define exptrace_function_argument(regs, n)	regs_get_kernel_argument(&(regs)->regs, n)
#endif
#endif

/* 6.2: kvfree_call_rcu() gets the object; before that, the offset of its head, if it has one. */
static inline const void *exptrace_kfree_rcu_object(unsigned long head, unsigned long object)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	return (const void *)object;
#else
	return (const void *)(head ? head - object : object);
#endif
}

/*
 * The grace period after which probes of tracepoints are freed. 7.0: SRCU. 6.13: RCU Tasks Trace
 * for those of system calls. Before that: RCU.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#define EXPTRACE_PROBES_ARE_SRCU
#endif

#endif /* _EXPTRACE_COMPAT_H */
