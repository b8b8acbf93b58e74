/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rules of the filter, for its own files.
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
 * @followed:	the threads, or NULL: all
 * @pids:	whom they began with: the threads, then the processes, that were asked for
 * @cgroup:	their cgroup, or NULL: any
 * @cpus:	the CPUs
 * @all_cpus:	all of them are in it
 * @calls:	when system calls began, or NULL: it doesn't matter
 * @switched:	when each CPU switched threads last, or NULL: likewise
 * @as_set:	what was asked for; its arrays lie in the kernel, and who asked for it knows
 *		what the ids in them mean
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

/* See rules.c. */
extern struct exptrace_rules *exptrace_rules;

/* The arrays of a filter that is in the kernel. */
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
