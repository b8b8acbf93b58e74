// SPDX-License-Identifier: GPL-2.0-only
/*
 * The filter: which events are attempted.
 *
 * A set of rules does not change once it is published, but for the threads that are
 * followed; another filter is another set. Writers look at it with preemption off, so
 * that after an RCU grace period nobody uses the old one.
 */
#include <linux/cgroup.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "duration.h"
#include "experiment.h"
#include "filter.h"
#include "follow.h"

/**
 * struct rules - a filter that is set
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
struct rules {
	struct exptrace_followed	*followed;
	struct pid			**pids;
	struct cgroup			*cgroup;
	cpumask_var_t			cpus;
	bool				all_cpus;
	struct exptrace_calls		*calls;
	u64 __percpu			*switched;
	struct exptrace_filter		as_set;
};

DEFINE_STATIC_KEY_FALSE(exptrace_filtered);
EXPORT_SYMBOL_GPL(exptrace_filtered);

/*
 * Written under exptrace.control as a release, read with preemption off, or in an RCU
 * read-side section, by READ_ONCE(); the grace period in publish() is their partner.
 * NULL: all passes.
 */
static struct rules *rules;

#ifdef CONFIG_CGROUPS
/* As task_dfl_cgroup(), with preemption off in the place of an RCU read lock. */
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

static bool is_chosen(const struct rules *r, const struct task_struct *task)
{
	if (r->followed && !exptrace_is_followed(r->followed, task))
		return false;
	return !r->cgroup || is_in_cgroup(task, r->cgroup);
}

/**
 * exptrace_passes - is an event to be attempted?
 * @task:	the thread that runs here; in interrupts, the one that is interrupted
 * @other:	a thread that the event is about besides, or NULL
 * @about:	in which way
 *
 * Context: any, with preemption off.
 */
noinline notrace bool exptrace_passes(const struct task_struct *task,
				      const struct task_struct *other, enum exptrace_about about)
{
	const struct rules *r = READ_ONCE(rules);	/* see there */

	if (!r)
		return true;
	/* First of all, since it takes note of the switch. */
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
	const struct rules *r;
	bool timed;

	preempt_disable_notrace();
	r = READ_ONCE(rules);	/* see there */
	timed = r && r->calls;
	preempt_enable_notrace();
	return timed;
}
EXPTRACE_KEEPING(exptrace_times_calls);

/* The present thread's system call ends; sets @ns if it was a long one. Task context. */
notrace enum exptrace_call exptrace_call_ended(u64 *ns)
{
	enum exptrace_call call = EXPTRACE_CALL_UNTIMED;
	const struct rules *r;

	preempt_disable_notrace();
	r = READ_ONCE(rules);	/* see there */
	if (r && r->calls && exptrace_calls_ended(r->calls, ns))
		call = *ns < r->as_set.min_syscall_ns ? EXPTRACE_CALL_SHORT : EXPTRACE_CALL_LONG;
	preempt_enable_notrace();
	return call;
}

/* The arrays of a filter that is in the kernel. */
static const u32 *threads_of(const struct exptrace_filter *filter)
{
	return (const u32 *)(uintptr_t)filter->threads;
}

static const u32 *processes_of(const struct exptrace_filter *filter)
{
	return (const u32 *)(uintptr_t)filter->processes;
}

static const u64 *cpus_of(const struct exptrace_filter *filter)
{
	return (const u64 *)(uintptr_t)filter->cpus;
}

static void free_lists(const struct exptrace_filter *filter)
{
	kfree(threads_of(filter));
	kfree(processes_of(filter));
	kfree(cpus_of(filter));
}

static unsigned int nr_pids(const struct rules *r)
{
	return r->as_set.nr_threads + r->as_set.nr_processes;
}

static void put_pids(struct rules *r)
{
	unsigned int i;

	for (i = 0; r->pids && i < nr_pids(r); i++)
		put_pid(r->pids[i]);
	kfree(r->pids);
}

static void free_rules(struct rules *r)
{
	exptrace_unfollow(r->followed);
	put_pids(r);
	exptrace_calls_free(r->calls);
	free_percpu(r->switched);
	if (r->cgroup)
		put_cgroup(r->cgroup);
	free_cpumask_var(r->cpus);
	free_lists(&r->as_set);
	kfree(r);
}

static int make_followed(struct rules *r)
{
	const struct exptrace_filter *filter = &r->as_set;
	struct exptrace_chosen chosen = {
		.threads = threads_of(filter),
		.processes = processes_of(filter),
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

static int make_cgroup(struct rules *r)
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

/* Only CPUs that there can be, and one at least. */
static int make_cpus(struct rules *r)
{
	const u64 *words = cpus_of(&r->as_set);
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

static int make_durations(struct rules *r)
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
	/* Else when a recording begins. */
	return exptrace.recording ? exptrace_calls_begin(calls) : 0;
}

/* Takes over the arrays of @filter, after an error too. */
static struct rules *make_rules(const struct exptrace_filter *filter)
{
	struct rules *r = kzalloc(sizeof(*r), GFP_KERNEL);
	int err;

	if (!r || !zalloc_cpumask_var(&r->cpus, GFP_KERNEL)) {
		kfree(r);
		free_lists(filter);
		return ERR_PTR(-ENOMEM);
	}
	r->as_set = *filter;
	err = make_cpus(r) ?: make_cgroup(r) ?: make_followed(r) ?: make_durations(r);
	if (!err)
		return r;
	free_rules(r);
	return ERR_PTR(err);
}

/* @r, or nothing if NULL, takes the place of the rules there are, which are freed. */
static void publish(struct rules *r)
{
	struct rules *old = rules;

	lockdep_assert_held(&exptrace.control);

	if (!r)
		static_branch_disable(&exptrace_filtered);
	smp_store_release(&rules, r);	/* see there */
	if (r)
		static_branch_enable(&exptrace_filtered);
	if (!old)
		return;
	synchronize_rcu();
	free_rules(old);
}

/* A recording tells of its filter with its next generation, which begins now if it can. */
static void begin_generation(void)
{
	u64 completed;

	if (exptrace.recording)
		exptrace_advance(false, &completed);
}

/*
 * A recording is about to begin, and no writer runs. Returns 0 or what attaching a probe
 * returns; in both cases exptrace_filter_end() is to follow.
 */
int exptrace_filter_begin(void)
{
	lockdep_assert_held(&exptrace.control);

	if (rules && rules->switched)
		exptrace_ran_forget(rules->switched);
	return rules && rules->calls ? exptrace_calls_begin(rules->calls) : 0;
}

/* A recording has ended: no event asks the filter any more. */
void exptrace_filter_end(void)
{
	lockdep_assert_held(&exptrace.control);

	if (rules && rules->calls)
		exptrace_calls_end(rules->calls);
}

void exptrace_filter_clear(void)
{
	publish(NULL);
}

static bool is_empty(const struct exptrace_filter *filter)
{
	return !filter->nr_threads && !filter->nr_processes && !filter->nr_cpu_words &&
	       !filter->cgroup && !filter->min_syscall_ns && !filter->min_switch_ns;
}

/* Takes over the arrays of @filter. After an error all is as before. */
static int set(const struct exptrace_filter *filter)
{
	struct rules *new = NULL;

	if (!is_empty(filter)) {
		new = make_rules(filter);
		if (IS_ERR(new))
			return PTR_ERR(new);
	}
	if (!new && !rules)
		return 0;
	publish(new);
	begin_generation();
	return 0;
}

static bool is_valid(const struct exptrace_filter *filter)
{
	if (filter->flags & ~EXPTRACE_FILTER_CHILDREN ||
	    memchr_inv(filter->reserved, 0, sizeof(filter->reserved)))
		return false;
	if (filter->flags & EXPTRACE_FILTER_CHILDREN && !filter->nr_threads &&
	    !filter->nr_processes)
		return false;
	return filter->nr_threads <= EXPTRACE_FILTER_MAX_PIDS &&
	       filter->nr_processes <= EXPTRACE_FILTER_MAX_PIDS &&
	       filter->nr_cpu_words <= EXPTRACE_FILTER_MAX_CPU_WORDS;
}

/* Puts an array of the kernel in the place of the user's, which @address says. */
static int copy_list(u64 *address, unsigned int nr, size_t size)
{
	void __user *user = u64_to_user_ptr(*address);
	void *list;

	*address = 0;
	if (!nr)
		return 0;
	list = memdup_user(user, nr * size);
	if (IS_ERR(list))
		return PTR_ERR(list);
	*address = (uintptr_t)list;
	return 0;
}

static int copy_lists(struct exptrace_filter *filter)
{
	u64 processes = filter->processes, cpus = filter->cpus;
	int err;

	/* What is not copied yet must not be freed. */
	filter->processes = 0;
	filter->cpus = 0;
	err = copy_list(&filter->threads, filter->nr_threads, sizeof(u32));
	if (!err) {
		filter->processes = processes;
		err = copy_list(&filter->processes, filter->nr_processes, sizeof(u32));
	}
	if (!err) {
		filter->cpus = cpus;
		err = copy_list(&filter->cpus, filter->nr_cpu_words, sizeof(u64));
	}
	if (err)
		free_lists(filter);
	return err;
}

/* EXPTRACE_IOC_SET_FILTER */
long exptrace_filter_ioctl_set(const struct exptrace_filter __user *arg)
{
	struct exptrace_filter filter;
	int err;

	if (copy_from_user(&filter, arg, sizeof(filter)))
		return -EFAULT;
	if (!is_valid(&filter))
		return -EINVAL;
	err = copy_lists(&filter);
	if (err)
		return err;
	err = exptrace_lock_control();
	if (err) {
		free_lists(&filter);
		return err;
	}
	err = set(&filter);
	mutex_unlock(&exptrace.control);
	return err;
}

/**
 * struct copy - a filter with its lists
 * @filter:	the filter, whose lists are these
 * @threads:	the lists
 * @processes:	likewise
 * @cpus:	likewise
 */
struct copy {
	struct exptrace_filter	filter;
	u32			threads[EXPTRACE_FILTER_MAX_PIDS];
	u32			processes[EXPTRACE_FILTER_MAX_PIDS];
	u64			cpus[EXPTRACE_FILTER_MAX_CPU_WORDS];
};

/* Their ids in the present task's pid namespace; 0 of those that have none there. */
static void copy_ids(u32 *ids, struct pid *const *pids, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		ids[i] = pid_vnr(pids[i]);
}

/* Makes @copy the filter that is set. Waits for nobody: the rules stay for a grace period. */
static void copy_rules(struct copy *copy)
{
	const struct exptrace_filter *set;
	const struct rules *r;

	rcu_read_lock();
	r = READ_ONCE(rules);	/* see there */
	if (r) {
		set = &r->as_set;
		copy->filter = *set;
		copy_ids(copy->threads, r->pids, set->nr_threads);
		copy_ids(copy->processes, r->pids + set->nr_threads, set->nr_processes);
		memcpy(copy->cpus, cpus_of(set), set->nr_cpu_words * sizeof(u64));
	}
	rcu_read_unlock();
	copy->filter.threads = (uintptr_t)copy->threads;
	copy->filter.processes = (uintptr_t)copy->processes;
	copy->filter.cpus = (uintptr_t)copy->cpus;
}

/* As many of @nr elements as there is @room for. */
static int tell_list(u64 user, unsigned int room, const void *list, unsigned int nr, size_t size)
{
	return copy_to_user(u64_to_user_ptr(user), list, min(nr, room) * size) ? -EFAULT : 0;
}

static int tell_lists(const struct exptrace_filter *places, const struct exptrace_filter *filter)
{
	return tell_list(places->threads, places->nr_threads, threads_of(filter),
			 filter->nr_threads, sizeof(u32)) ?:
	       tell_list(places->processes, places->nr_processes, processes_of(filter),
			 filter->nr_processes, sizeof(u32)) ?:
	       tell_list(places->cpus, places->nr_cpu_words, cpus_of(filter),
			 filter->nr_cpu_words, sizeof(u64));
}

/* Tells @filter, where the user's @places are. */
static int tell(struct exptrace_filter __user *arg, const struct exptrace_filter *places,
		struct exptrace_filter *filter)
{
	int err;

	err = tell_lists(places, filter);
	if (err)
		return err;
	filter->threads = places->threads;
	filter->processes = places->processes;
	filter->cpus = places->cpus;
	return copy_to_user(arg, filter, sizeof(*filter)) ? -EFAULT : 0;
}

/* EXPTRACE_IOC_GET_FILTER */
long exptrace_filter_ioctl_get(struct exptrace_filter __user *arg)
{
	struct exptrace_filter places;
	struct copy *copy;
	int err;

	if (copy_from_user(&places, arg, sizeof(places)))
		return -EFAULT;
	if (memchr_inv(places.reserved, 0, sizeof(places.reserved)))
		return -EINVAL;
	copy = kzalloc(sizeof(*copy), GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	copy_rules(copy);
	err = tell(arg, &places, &copy->filter);
	kfree(copy);
	return err;
}

/**
 * struct words - a text that is being put together
 * @text:	where; always ends with a zero
 * @size:	of it
 * @len:	what there is
 */
struct words {
	char	*text;
	size_t	size;
	size_t	len;
};

__printf(2, 3)
static void say(struct words *words, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	words->len += vscnprintf(words->text + words->len, words->size - words->len, format,
				 args);
	va_end(args);
}

/* What separates a condition from the one before. */
static const char *separator(const struct words *words)
{
	return words->len ? "; " : "";
}

/* By their ids in the initial pid namespace, as in events. */
static void say_pids(struct words *words, const char *what, struct pid *const *pids,
		     unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (i)
			say(words, ",%u", pid_nr(pids[i]));
		else
			say(words, "%s%s %u", separator(words), what, pid_nr(pids[i]));
}

static void say_numbers(struct words *words, const char *what, const u64 *wanted)
{
	BUILD_BUG_ON(sizeof(long) != sizeof(u64));
	say(words, "%s%*pbl", what, EXPTRACE_MAX_SYSCALLS, (const unsigned long *)wanted);
}

/* If not all are recorded. */
static void say_syscalls(struct words *words)
{
	static const char *const whose[EXPTRACE_NR_SYSCALL_TABLES] = {
		"only system calls ", ", of 32-bit programs ", ", of x32 programs ",
	};
	struct exptrace_syscall_tables calls;
	unsigned int i;

	exptrace_syscalls_get(&calls);
	if (!memchr_inv(calls.wanted, 0xff, sizeof(calls.wanted)))
		return;
	say(words, "%s", separator(words));
	for (i = 0; i < EXPTRACE_NR_SYSCALL_TABLES; i++)
		if (!i || memchr_inv(calls.wanted[i], 0, sizeof(calls.wanted[i])))
			say_numbers(words, whose[i], calls.wanted[i]);
}

static void say_rules(struct words *words, const struct rules *r)
{
	const struct exptrace_filter *filter = &r->as_set;

	say_pids(words, "processes", r->pids + filter->nr_threads, filter->nr_processes);
	say_pids(words, "threads", r->pids, filter->nr_threads);
	if (filter->flags & EXPTRACE_FILTER_CHILDREN)
		say(words, " and children");
	if (r->cgroup)
		say(words, "%scgroup %llu", separator(words), filter->cgroup);
	if (!r->all_cpus)
		say(words, "%scpus %*pbl", separator(words), cpumask_pr_args(r->cpus));
	if (filter->min_syscall_ns)
		say(words, "%ssystem calls of %llu ns or more", separator(words),
		    filter->min_syscall_ns);
	if (filter->min_switch_ns)
		say(words, "%sswitches after %llu ns or more", separator(words),
		    filter->min_switch_ns);
}

/*
 * What is recorded of the events that are on, in words; empty if all is. It is cut if
 * it is longer than @size. Returns its length. Waits for nobody, see copy_rules().
 */
size_t exptrace_filter_describe(char *text, size_t size)
{
	struct words words = { .text = text, .size = size };
	const struct rules *r;

	*text = '\0';
	rcu_read_lock();
	r = READ_ONCE(rules);	/* see there */
	if (r)
		say_rules(&words, r);
	rcu_read_unlock();
	say_syscalls(&words);
	return words.len;
}

/*
 * Are there switches of threads that do not pass? Then tells those that do: on which CPUs all
 * of them, as "0-3,8", or "chosen": those to and from each thread that is chosen. Nothing if
 * neither holds, or the list is longer than @size. Waits for nobody, as above.
 */
bool exptrace_filter_limits_switches(char *text, size_t size)
{
	const struct rules *r;
	bool limits, threads;

	*text = '\0';
	rcu_read_lock();
	r = READ_ONCE(rules);	/* see there */
	threads = r && (r->followed || r->cgroup);
	limits = threads || (r && (r->switched || !r->all_cpus));
	if (threads && !r->switched && r->all_cpus)
		strscpy(text, "chosen", size);
	else if (limits && !threads && !r->switched &&
		 snprintf(text, size, "%*pbl", cpumask_pr_args(r->cpus)) >= size)
		*text = '\0';
	rcu_read_unlock();
	return limits;
}
