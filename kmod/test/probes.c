// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test module: counts the probes that exptrace has attached to kernel tracepoints, each
 * time its parameter is read. It inspects only the tracepoints, and trusts nothing that
 * exptrace reports.
 */
#include <linux/kallsyms.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/rcupdate_trace.h>
#include <linux/srcu.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "compat.h"

#define MODULE_SUFFIX	" [exptrace]"

/* A module cannot look up another one by name, but symbols have the module's name. */
static bool is_in_exptrace(void *function)
{
	char text[KSYM_SYMBOL_LEN];
	size_t len, suffix = strlen(MODULE_SUFFIX);

	len = sprint_symbol_no_offset(text, (unsigned long)function);
	return len > suffix && !strcmp(text + len - suffix, MODULE_SUFFIX);
}

/* The caller keeps the probes from being freed, since they may be detached meanwhile. */
static void count_probes(struct tracepoint *tp, void *priv)
{
	const struct tracepoint_func *func = rcu_dereference_raw(tp->funcs);
	unsigned int *count = priv;

	for (; func && func->func; func++)
		*count += is_in_exptrace(func->func);
}

#ifdef EXPTRACE_PROBES_ARE_SRCU
static void count_all(unsigned int *count)
{
	struct srcu_ctr __percpu *scp = srcu_read_lock_fast_notrace(&tracepoint_srcu);

	for_each_kernel_tracepoint(count_probes, count);
	srcu_read_unlock_fast_notrace(&tracepoint_srcu, scp);
}
#else
static void count_all(unsigned int *count)
{
	rcu_read_lock();
	for_each_kernel_tracepoint(count_probes, count);
	rcu_read_unlock();
}
#endif

static int attached_get(char *text, const struct kernel_param *unused)
{
	unsigned int count = 0;

	rcu_read_lock_trace();
	count_all(&count);
	rcu_read_unlock_trace();
	return sysfs_emit(text, "%u\n", count);
}

static const struct kernel_param_ops attached_ops = { .get = attached_get };
module_param_cb(attached, &attached_ops, NULL, 0444);
MODULE_PARM_DESC(attached, "out: attached probes of exptrace");

static int __init exptrace_probes_init(void)
{
	return 0;
}
module_init(exptrace_probes_init);

static void __exit exptrace_probes_exit(void)
{
}
module_exit(exptrace_probes_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("exptrace: the probes that it has attached");
MODULE_AUTHOR("the exptrace developers");
