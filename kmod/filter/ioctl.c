// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies the filter from and to user space.
 */
#include <linux/err.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "rules.h"

static bool filter_is_valid(const struct exptrace_filter *filter)
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

/* Replace the user's array at @address with a copy in kernel memory. */
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

	/* Only copies may be freed. */
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
		exptrace_filter_free_lists(filter);
	return err;
}

/* EXPTRACE_IOC_SET_FILTER */
long exptrace_filter_ioctl_set(const struct exptrace_filter __user *arg)
{
	struct exptrace_filter filter;
	int err;

	if (copy_from_user(&filter, arg, sizeof(filter)))
		return -EFAULT;
	if (!filter_is_valid(&filter))
		return -EINVAL;
	err = copy_lists(&filter);
	if (err)
		return err;
	err = exptrace_lock_control();
	if (err) {
		exptrace_filter_free_lists(&filter);
		return err;
	}
	err = exptrace_filter_set(&filter);
	mutex_unlock(&exptrace.control);
	return err;
}

/**
 * struct copy - a filter with its arrays
 * @filter:	the filter, which points to the arrays below
 * @threads:	array of threads
 * @processes:	array of processes
 * @cpus:	array of words, a bit for each CPU
 */
struct copy {
	struct exptrace_filter	filter;
	u32			threads[EXPTRACE_FILTER_MAX_PIDS];
	u32			processes[EXPTRACE_FILTER_MAX_PIDS];
	u64			cpus[EXPTRACE_FILTER_MAX_CPU_WORDS];
};

/* Ids in the current task's pid namespace; 0 for those that have none there. */
static void copy_ids(u32 *ids, struct pid *const *pids, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		ids[i] = pid_vnr(pids[i]);
}

/* Copy the current filter. Needs no lock: the rules stay for a grace period. */
static void copy_rules(struct copy *copy)
{
	const struct exptrace_filter *set;
	const struct exptrace_rules *r;

	rcu_read_lock();
	r = READ_ONCE(exptrace_rules);	/* see rules.c */
	if (r) {
		set = &r->as_set;
		copy->filter = *set;
		copy_ids(copy->threads, r->pids, set->nr_threads);
		copy_ids(copy->processes, r->pids + set->nr_threads, set->nr_processes);
		memcpy(copy->cpus, exptrace_cpus_of(set), set->nr_cpu_words * sizeof(u64));
	}
	rcu_read_unlock();
	copy->filter.threads = (uintptr_t)copy->threads;
	copy->filter.processes = (uintptr_t)copy->processes;
	copy->filter.cpus = (uintptr_t)copy->cpus;
}

/* Copy as many of @nr elements as there is @room for. */
static int put_list(u64 user, unsigned int room, const void *list, unsigned int nr, size_t size)
{
	return copy_to_user(u64_to_user_ptr(user), list, min(nr, room) * size) ? -EFAULT : 0;
}

static int put_lists(const struct exptrace_filter *places, const struct exptrace_filter *filter)
{
	return put_list(places->threads, places->nr_threads, exptrace_threads_of(filter),
			filter->nr_threads, sizeof(u32)) ?:
	       put_list(places->processes, places->nr_processes, exptrace_processes_of(filter),
			filter->nr_processes, sizeof(u32)) ?:
	       put_list(places->cpus, places->nr_cpu_words, exptrace_cpus_of(filter),
			filter->nr_cpu_words, sizeof(u64));
}

/* Copy @filter to user space; @places has the user's own arrays. */
static int put_filter(struct exptrace_filter __user *arg, const struct exptrace_filter *places,
		      struct exptrace_filter *filter)
{
	int err;

	err = put_lists(places, filter);
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
	err = put_filter(arg, &places, &copy->filter);
	kfree(copy);
	return err;
}
