// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page faults. They may happen in any context, also with interrupts off and in NMIs. The
 * writer itself never faults, because the pool and the per-CPU memory are always mapped.
 */
#include <linux/mm.h>
#include <linux/ptrace.h>

#ifdef CONFIG_X86
#include <asm/trap_pf.h>
#endif

#include "probe.h"

#if defined(EXPTRACE_FAULTS_ARE_GENERIC)
#include <trace/events/exceptions.h>
#elif defined(CONFIG_X86)
#include <asm/trace/exceptions.h>
#endif

#if defined(EXPTRACE_FAULTS_ARE_GENERIC) || defined(CONFIG_X86)

/*
 * Error code to record for a user fault at @address. For a kernel address the hardware's
 * code would reveal whether something is mapped there, so report what the kernel reports
 * to the program.
 */
static __always_inline u64 user_error(unsigned long address, unsigned long error_code)
{
	if (!static_branch_unlikely(&exptrace_address_ids) || address < TASK_SIZE_MAX)
		return error_code;
#ifdef CONFIG_X86
	return error_code | X86_PF_PROT;
#else
	return 0;
#endif
}

static notrace void probe_page_fault_user(void *data, unsigned long address, struct pt_regs *regs,
					  unsigned long error_code)
{
	EXPTRACE_WRITER(w);

	if (!exptrace_standard_begin(&w, EXPTRACE_EVENT_PAGE_FAULT_USER, exptrace_max(3, 0)))
		return;
	exptrace_user_address(&w, EXPTRACE_KIND_USER_ADDRESS, EXPTRACE_REALM_USER_FAULT, address);
	exptrace_user_address(&w, EXPTRACE_KIND_USER_CODE, EXPTRACE_REALM_USER_FAULT,
			      instruction_pointer(regs));
	exptrace_number(&w, user_error(address, error_code));
	exptrace_end(&w);
}

static notrace void probe_page_fault_kernel(void *data, unsigned long address,
					    struct pt_regs *regs, unsigned long error_code)
{
	EXPTRACE_WRITER(w);

	if (!exptrace_standard_begin(&w, EXPTRACE_EVENT_PAGE_FAULT_KERNEL, exptrace_max(3, 0)))
		return;
	exptrace_user_address(&w, EXPTRACE_KIND_USER_ADDRESS, EXPTRACE_REALM_KERNEL_FAULT,
			      address);
	exptrace_site(&w, instruction_pointer(regs));
	exptrace_number(&w, error_code);
	exptrace_end(&w);
}

#define PROBES(X)						\
	X(page_fault_user)					\
	X(page_fault_kernel)

EXPTRACE_CHECK_PROBES(PROBES)

static const struct exptrace_probe probes[] = {
	PROBES(EXPTRACE_PROBE)
};
#else
static const struct exptrace_probe probes[] = {
	{ "page_fault_user", "page_fault_user", NULL },
	{ "page_fault_kernel", "page_fault_kernel", NULL },
};
#endif

const struct exptrace_probes exptrace_fault_probes = EXPTRACE_PROBES(probes);
