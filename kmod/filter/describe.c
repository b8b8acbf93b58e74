// SPDX-License-Identifier: GPL-2.0-only
/*
 * Describes the filter in words.
 */
#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "rules.h"

/**
 * struct words - a text under construction
 * @text:	buffer; always zero-terminated
 * @size:	size of @text
 * @len:	length of the text so far
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

/* Separator between two conditions. */
static const char *separator(const struct words *words)
{
	return words->len ? "; " : "";
}

/* Ids are those of the initial pid namespace, as in events. */
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

/* Say which system calls are recorded, if not all. */
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

static void say_rules(struct words *words, const struct exptrace_rules *r)
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
 * Describe what is recorded of the events that are on; empty if everything is. Truncated to
 * @size. Returns the length. Takes no lock that is held for long, see copy_rules().
 */
size_t exptrace_filter_describe(char *text, size_t size)
{
	struct words words = { .text = text, .size = size };
	const struct exptrace_rules *r;

	*text = '\0';
	rcu_read_lock();
	r = READ_ONCE(exptrace_rules);	/* see rules.c */
	if (r)
		say_rules(&words, r);
	rcu_read_unlock();
	say_syscalls(&words);
	return words.len;
}

/*
 * Are there switches of threads that do not pass? If so, write to @text which ones do: a list of
 * CPUs, like "0-3,8", if all on these CPUs do; "chosen" if all to and from the chosen threads
 * do; and nothing in any other case, or if the list is longer than @size. Locks as above.
 */
bool exptrace_filter_limits_switches(char *text, size_t size)
{
	const struct exptrace_rules *r;
	bool limits, threads;

	*text = '\0';
	rcu_read_lock();
	r = READ_ONCE(exptrace_rules);	/* see rules.c */
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
