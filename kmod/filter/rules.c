// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules of the filter: which events are attempted.
 *
 * A published set of rules never changes, except for the threads being followed and the times
 * that durations are measured from; a new filter is a new set. Writers read it with preemption
 * off, so nobody uses the old one after an RCU grace period.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "rules.h"

DEFINE_STATIC_KEY_FALSE(exptrace_filtered);
EXPORT_SYMBOL_GPL(exptrace_filtered);

/*
 * The current rules; NULL: everything passes. Written under exptrace.control with a release,
 * read by READ_ONCE() with preemption off or in an RCU read-side section. The release pairs
 * with the address dependency, the grace period in filter_publish() with the read sections.
 */
struct exptrace_rules *exptrace_rules;

#ifdef CONFIG_CGROUPS
/* As task_dfl_cgroup(), but preemption off stands in for the RCU read lock. */
static bool is_in_cgroup(const struct task_struct *task, struct cgroup *cgroup)
{
	return cgroup_is_descendant(task_css_set_check(task, true)->dfl_cgrp, cgroup);
}

static struct cgroup *find_cgroup(u64 id)
{
	return cgroup_get_from_id(id);
}

static void put_cgroup(struct cgroup *cgroup)
{
	cgroup_put(cgroup);
}
#else
static bool is_in_cgroup(const struct task_struct *task, struct cgroup *cgroup)
{
	return true;
}

static struct cgroup *find_cgroup(u64 id)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static void put_cgroup(struct cgroup *cgroup)
{
}
#endif

static bool is_chosen(const struct exptrace_rules *r, const struct task_struct *task)
{
	if (r->followed && !exptrace_is_followed(r->followed, task))
		return false;
	return !r->cgroup || is_in_cgroup(task, r->cgroup);
}

/**
 * exptrace_passes - does an event pass the filter?
 * @task:	the running thread; in interrupts, the interrupted one
 * @other:	another thread that the event is about, or NULL
 * @about:	how it is about @other
 *
 * Context: any, with preemption off.
 */
noinline notrace bool exptrace_passes(const struct task_struct *task,
				      const struct task_struct *other, enum exptrace_about about)
{
	const struct exptrace_rules *r = READ_ONCE(exptrace_rules);	/* see its definition */

	if (!r)
		return true;
	/* First, since it must note every switch. */
	if (about == EXPTRACE_ABOUT_SWITCH && r->switched &&
	    !exptrace_ran(r->switched, r->as_set.min_switch_ns))
		return false;
	if (!r->all_cpus && !cpumask_test_cpu(raw_smp_processor_id(), r->cpus))
		return false;
	return is_chosen(r, task) || (other && is_chosen(r, other));
}
EXPTRACE_KEEPING(exptrace_passes);
EXPTRACE_DECLARE_KEEPING(exptrace_passes);
EXPTRACE_EXPORT_KEEPING(exptrace_passes);

/* See exptrace_calls_are_timed(). */
noinline notrace bool exptrace_times_calls(unsigned long unused)
{
	const struct exptrace_rules *r;
	bool timed;

	preempt_disable_notrace();
	r = READ_ONCE(exptrace_rules);	/* see its definition */
	timed = r && r->calls;
	preempt_enable_notrace();
	return timed;
}
EXPTRACE_KEEPING(exptrace_times_calls);

/* The current thread's system call ends. Sets @ns if it was long. Context: task. */
notrace enum exptrace_call exptrace_call_ended(u64 *ns)
{
	enum exptrace_call call = EXPTRACE_CALL_UNTIMED;
	const struct exptrace_rules *r;

	preempt_disable_notrace();
	r = READ_ONCE(exptrace_rules);	/* see its definition */
	if (r && r->calls && exptrace_calls_ended(r->calls, ns))
		call = *ns < r->as_set.min_syscall_ns ? EXPTRACE_CALL_SHORT : EXPTRACE_CALL_LONG;
	preempt_enable_notrace();
	return call;
}

void exptrace_filter_free_lists(const struct exptrace_filter *filter)
{
	kfree(exptrace_threads_of(filter));
	kfree(exptrace_processes_of(filter));
	kfree(exptrace_cpus_of(filter));
}

static unsigned int nr_pids(const struct exptrace_rules *r)
{
	return r->as_set.nr_threads + r->as_set.nr_processes;
}

static void put_pids(struct exptrace_rules *r)
{
	unsigned int i;

	for (i = 0; r->pids && i < nr_pids(r); i++)
		put_pid(r->pids[i]);
	kfree(r->pids);
}

static void free_rules(struct exptrace_rules *r)
{
	exptrace_unfollow(r->followed);
	put_pids(r);
	exptrace_calls_free(r->calls);
	free_percpu(r->switched);
	if (r->cgroup)
		put_cgroup(r->cgroup);
	free_cpumask_var(r->cpus);
	exptrace_filter_free_lists(&r->as_set);
	kfree(r);
}

static int make_followed(struct exptrace_rules *r)
{
	const struct exptrace_filter *filter = &r->as_set;
	struct exptrace_chosen chosen = {
		.threads = exptrace_threads_of(filter),
		.processes = exptrace_processes_of(filter),
		.nr_threads = filter->nr_threads,
		.nr_processes = filter->nr_processes,
		.children = filter->flags & EXPTRACE_FILTER_CHILDREN,
	};
	struct exptrace_followed *followed;

	if (!nr_pids(r))
		return 0;
	r->pids = kcalloc(nr_pids(r), sizeof(*r->pids), GFP_KERNEL);
	if (!r->pids)
		return -ENOMEM;
	chosen.pids = r->pids;
	followed = exptrace_follow(&chosen);
	if (IS_ERR(followed))
		return PTR_ERR(followed);
	r->followed = followed;
	return 0;
}

static int make_cgroup(struct exptrace_rules *r)
{
	struct cgroup *cgroup;

	if (!r->as_set.cgroup)
		return 0;
	cgroup = find_cgroup(r->as_set.cgroup);
	if (IS_ERR(cgroup))
		return PTR_ERR(cgroup);
	r->cgroup = cgroup;
	return 0;
}

/* Requires at least one CPU, and only possible ones. */
static int make_cpus(struct exptrace_rules *r)
{
	const u64 *words = exptrace_cpus_of(&r->as_set);
	unsigned int cpu;

	r->all_cpus = !r->as_set.nr_cpu_words;
	for (cpu = 0; cpu < r->as_set.nr_cpu_words * 64; cpu++) {
		if (!(words[cpu / 64] & BIT_ULL(cpu % 64)))
			continue;
		if (cpu >= nr_cpu_ids || !cpu_possible(cpu))
			return -EINVAL;
		cpumask_set_cpu(cpu, r->cpus);
	}
	return r->all_cpus || !cpumask_empty(r->cpus) ? 0 : -EINVAL;
}

static int make_durations(struct exptrace_rules *r)
{
	struct exptrace_calls *calls;

	if (r->as_set.min_switch_ns) {
		r->switched = alloc_percpu(u64);
		if (!r->switched)
			return -ENOMEM;
	}
	if (!r->as_set.min_syscall_ns)
		return 0;
	calls = exptrace_calls_alloc();
	if (IS_ERR(calls))
		return PTR_ERR(calls);
	r->calls = calls;
	/* Otherwise done when a recording begins. */
	return exptrace.recording ? exptrace_calls_begin(calls) : 0;
}

/* Takes ownership of the arrays of @filter, even after an error. */
static struct exptrace_rules *make_rules(const struct exptrace_filter *filter)
{
	struct exptrace_rules *r = kzalloc(sizeof(*r), GFP_KERNEL);
	int err;

	if (!r || !zalloc_cpumask_var(&r->cpus, GFP_KERNEL)) {
		kfree(r);
		exptrace_filter_free_lists(filter);
		return ERR_PTR(-ENOMEM);
	}
	r->as_set = *filter;
	err = make_cpus(r) ?: make_cgroup(r) ?: make_followed(r) ?: make_durations(r);
	if (!err)
		return r;
	free_rules(r);
	return ERR_PTR(err);
}

/* Replace the current rules with @r, which may be NULL, and free the old ones. */
static void filter_publish(struct exptrace_rules *r)
{
	struct exptrace_rules *old = exptrace_rules;

	lockdep_assert_held(&exptrace.control);

	if (!r)
		static_branch_disable(&exptrace_filtered);
	smp_store_release(&exptrace_rules, r);	/* see its definition */
	if (r)
		static_branch_enable(&exptrace_filtered);
	if (!old)
		return;
	synchronize_rcu();
	free_rules(old);
}

/*
 * A recording is about to begin, and no writer runs. Returns 0 or an error from attaching a
 * probe; exptrace_filter_end() must follow in both cases.
 */
int exptrace_filter_begin(void)
{
	lockdep_assert_held(&exptrace.control);

	if (exptrace_rules && exptrace_rules->switched)
		exptrace_ran_forget(exptrace_rules->switched);
	if (!exptrace_rules || !exptrace_rules->calls)
		return 0;
	return exptrace_calls_begin(exptrace_rules->calls);
}

/* A recording has ended: no event uses the filter any more. */
void exptrace_filter_end(void)
{
	lockdep_assert_held(&exptrace.control);

	if (exptrace_rules && exptrace_rules->calls)
		exptrace_calls_end(exptrace_rules->calls);
}

void exptrace_filter_clear(void)
{
	filter_publish(NULL);
}

static bool is_empty(const struct exptrace_filter *filter)
{
	return !filter->nr_threads && !filter->nr_processes && !filter->nr_cpu_words &&
	       !filter->cgroup && !filter->min_syscall_ns && !filter->min_switch_ns;
}

/* Takes ownership of the arrays of @filter. After an error nothing has changed. */
int exptrace_filter_set(const struct exptrace_filter *filter)
{
	struct exptrace_rules *new = NULL;

	if (!is_empty(filter)) {
		new = make_rules(filter);
		if (IS_ERR(new))
			return PTR_ERR(new);
	}
	if (!new && !exptrace_rules)
		return 0;
	filter_publish(new);
	exptrace_next_generation(false);
	return 0;
}
