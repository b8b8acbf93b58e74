// SPDX-License-Identifier: GPL-2.0-only
/*
 * Filters: parse the options, set the device's filter and restore the former one.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <linux/magic.h>

#include "cmd.h"
#include "filter.h"
#include "settings.h"

/* Where to look for a cgroup that is not given as a directory's path */
static const char *const mounts[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };

/* Copy the next word of a comma-separated list. Returns false if it is too long or empty. */
static bool next_in_list(const char **list, char *word, size_t size)
{
	size_t len = strcspn(*list, ",");

	if (!len || len >= size)
		return false;
	memcpy(word, *list, len);
	word[len] = 0;
	*list += len;
	return true;
}

static bool parse_pids(const char *list, uint32_t *pids, uint32_t *n)
{
	char word[16];
	uint64_t pid;

	for (;; list++) {
		if (*n == EXPTRACE_FILTER_MAX_PIDS || !next_in_list(&list, word, sizeof(word)) ||
		    !parse_number(word, 1, INT32_MAX, &pid))
			return false;
		pids[(*n)++] = (uint32_t)pid;
		if (!*list)
			return true;
	}
}

/* CPU or FIRST-LAST */
static bool parse_cpus(char *word, uint64_t *cpus)
{
	const uint64_t max = EXPTRACE_FILTER_MAX_CPU_WORDS * 64 - 1;
	char *dash = strchr(word, '-');
	uint64_t first, last, cpu;

	if (dash)
		*dash = 0;
	if (!parse_number(word, 0, max, &first) ||
	    !parse_number(dash ? dash + 1 : word, first, max, &last))
		return false;
	for (cpu = first; cpu <= last; cpu++)
		cpus[cpu / 64] |= 1ULL << cpu % 64;
	return true;
}

static bool parse_cpu_list(const char *list, struct filter *filter)
{
	uint32_t n = EXPTRACE_FILTER_MAX_CPU_WORDS;
	char word[16];

	for (;; list++) {
		if (!next_in_list(&list, word, sizeof(word)) || !parse_cpus(word, filter->cpus))
			return false;
		if (!*list)
			break;
	}
	while (!filter->cpus[n - 1])
		n--;
	filter->conditions.nr_cpu_words = n;
	return true;
}

/* Parse a number with its unit, into nanoseconds. */
static bool parse_time(const char *text, __u64 *ns)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = { { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 } };
	double number;
	const char *unit = parse_decimal(text, &number);
	size_t i;

	if (!unit)
		return false;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(unit, units[i].name))
			continue;
		number *= (double)units[i].ns;
		if (!(number >= 1 && number < 1e18))
			return false;
		*ns = (__u64)(number + 0.5);
		return true;
	}
	return false;
}

/* WHAT=TIME */
static bool parse_duration(const char *word, struct exptrace_filter *conditions)
{
	static const char syscalls[] = "syscalls=", sched_switch[] = "sched_switch=";

	if (!strncmp(word, syscalls, strlen(syscalls)))
		return parse_time(word + strlen(syscalls), &conditions->min_syscall_ns);
	if (!strncmp(word, sched_switch, strlen(sched_switch)))
		return parse_time(word + strlen(sched_switch), &conditions->min_switch_ns);
	return false;
}

static bool parse_durations(const char *list, struct exptrace_filter *conditions)
{
	char word[64];

	for (;; list++) {
		if (!next_in_list(&list, word, sizeof(word)) || !parse_duration(word, conditions))
			return false;
		if (!*list)
			return true;
	}
}

const char *filter_wanted(int c)
{
	switch (c) {
	case OPT_CPU:
		return "a list of CPUs, as 0-3,8, up to 8191";
	case OPT_MIN_DURATION:
		return "syscalls=TIME or sched_switch=TIME, with ns, us, ms or s, 1ns to 999999999s";
	default:
		return "a list of at most 1024 ids of processes or threads, 1 to 2147483647";
	}
}

bool filter_option(struct filter *filter, int c)
{
	struct exptrace_filter *conditions = &filter->conditions;

	switch (c) {
	case 'p':
		filter->given = true;
		return parse_pids(optarg, filter->processes, &conditions->nr_processes);
	case OPT_TID:
		filter->given = true;
		return parse_pids(optarg, filter->threads, &conditions->nr_threads);
	case OPT_CHILDREN:
		filter->given = true;
		conditions->flags |= EXPTRACE_FILTER_CHILDREN;
		return true;
	case OPT_CGROUP:
		filter->given = true;
		filter->cgroup = optarg;
		return true;
	case OPT_CPU:
		filter->given = true;
		return parse_cpu_list(optarg, filter);
	case OPT_MIN_DURATION:
		filter->given = true;
		return parse_durations(optarg, conditions);
	}
	return true;
}

int filter_follow(struct filter *filter, pid_t pid)
{
	struct exptrace_filter *conditions = &filter->conditions;

	if (conditions->nr_processes == EXPTRACE_FILTER_MAX_PIDS)
		return problem("--follow: --pid names as many processes as there can be");
	filter->processes[conditions->nr_processes++] = (uint32_t)pid;
	conditions->flags |= EXPTRACE_FILTER_CHILDREN;
	return EXIT_OK;
}

/* Get the id of a cgroup. Returns false if @path is no directory of the unified hierarchy. */
static bool cgroup_id(const char *path, __u64 *id)
{
	struct statfs fs;
	struct stat dir;

	if (statfs(path, &fs) || fs.f_type != CGROUP2_SUPER_MAGIC || stat(path, &dir) ||
	    !S_ISDIR(dir.st_mode))
		return false;
	*id = dir.st_ino;
	return true;
}

static int find_cgroup(const char *name, __u64 *id)
{
	char path[4096];
	size_t i;

	if (cgroup_id(name, id))
		return EXIT_OK;
	for (i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", mounts[i], name);
		if (cgroup_id(path, id))
			return EXIT_OK;
	}
	return problem("--cgroup %s: no such cgroup; it is a directory in %s, of the unified hierarchy",
		       name, mounts[0]);
}

static uint32_t find_missing(const uint32_t *pids, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		if (kill((pid_t)pids[i], 0) && errno == ESRCH)
			return pids[i];
	return 0;
}

static int explain_filter(const struct filter *filter, int err)
{
	const struct exptrace_filter *conditions = &filter->conditions;
	uint32_t pid;

	switch (err) {
	case -ESRCH:
		pid = find_missing(filter->processes, conditions->nr_processes);
		if (pid)
			return problem("--pid %u: there is no process %u", pid, pid);
		pid = find_missing(filter->threads, conditions->nr_threads);
		if (pid)
			return problem("--tid %u: there is no thread %u", pid, pid);
		return problem("cannot filter: a process is not there, or is a thread's id "
			       "(--tid); ids are those of this pid namespace");
	case -ENOENT:
		return problem("--cgroup %s: the module does not find it", filter->cgroup);
	case -EINVAL:
		if (conditions->flags & EXPTRACE_FILTER_CHILDREN && !conditions->nr_processes &&
		    !conditions->nr_threads)
			return problem("--children: there is no --pid, --tid or --follow");
		return problem("--cpu: this machine has not all of these CPUs");
	case -EOPNOTSUPP:
		return problem("cannot filter: this kernel does not support it");
	default:
		return problem("cannot filter: %s", strerror(-err));
	}
}

int filter_set(struct filter *filter, struct exptrace_device *device)
{
	struct exptrace_filter *conditions = &filter->conditions;
	int err;

	if (filter->cgroup && find_cgroup(filter->cgroup, &conditions->cgroup))
		return EXIT_PROBLEM;
	conditions->processes = (uintptr_t)filter->processes;
	conditions->threads = (uintptr_t)filter->threads;
	conditions->cpus = (uintptr_t)filter->cpus;
	err = exptrace_device_filter(device, &filter->before);
	if (err)
		return problem("cannot read the present filter: %s", strerror(-err));
	err = exptrace_device_set_filter(device, conditions);
	if (!err)
		return EXIT_OK;
	filter_forget(filter);
	return explain_filter(filter, err);
}

void filter_restore(struct filter *filter, struct exptrace_device *device)
{
	/* fails if a thread of the former filter is gone: then filter nothing */
	if (filter->before && exptrace_device_set_filter(device, filter->before)) {
		exptrace_device_set_filter(device, NULL);
		problem("note: the filter that was set before cannot be set again; there is none now");
	}
	filter_forget(filter);
}

void filter_forget(struct filter *filter)
{
	free(filter->before);
	filter->before = NULL;
}
