/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rules of the filter, private to filter/.
 */
#ifndef _EXPTRACE_RULES_H
#define _EXPTRACE_RULES_H

#include <linux/cgroup.h>
#include <linux/cpumask.h>

#include "duration.h"
#include "filter.h"
#include "follow.h"

/**
 * struct exptrace_rules - a filter that is set
 * @followed:	the threads that pass, or NULL: all
 * @pids:	the threads, then the processes, of the request
 * @cgroup:	their cgroup, or NULL: any
 * @cpus:	the CPUs that pass
 * @all_cpus:	all CPUs pass, and @cpus is not used
 * @calls:	start times of system calls, or NULL if they have no minimum duration
 * @switched:	time of each CPU's last switch, or NULL if switches have no minimum
 * @as_set:	the request; its arrays are in kernel memory, and its ids are those of the
 *		requester's pid namespace
 */
struct exptrace_rules {
	struct exptrace_followed	*followed;
	struct pid			**pids;
	struct cgroup			*cgroup;
	cpumask_var_t			cpus;
	bool				all_cpus;
	struct exptrace_calls		*calls;
	u64 __percpu			*switched;
	struct exptrace_filter		as_set;
};

/* The current rules, see rules.c. */
extern struct exptrace_rules *exptrace_rules;

/* The arrays of a filter that was copied from user space. */
static inline const u32 *exptrace_threads_of(const struct exptrace_filter *filter)
{
	return (const u32 *)(uintptr_t)filter->threads;
}

static inline const u32 *exptrace_processes_of(const struct exptrace_filter *filter)
{
	return (const u32 *)(uintptr_t)filter->processes;
}

static inline const u64 *exptrace_cpus_of(const struct exptrace_filter *filter)
{
	return (const u64 *)(uintptr_t)filter->cpus;
}

void exptrace_filter_free_lists(const struct exptrace_filter *filter);
int exptrace_filter_set(const struct exptrace_filter *filter);

#endif /* _EXPTRACE_RULES_H */
