/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which threads, CPUs and durations are recorded: options, the device's filter, its words.
 */
#ifndef EXPTRACE_FILTER_H
#define EXPTRACE_FILTER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <libexptrace.h>

/* A filter as options name it. */
struct filter {
	bool given;		/* there was an option */
	const char *cgroup;	/* a directory, or NULL */
	struct exptrace_filter conditions;	/* its lists are those below */
	uint32_t processes[EXPTRACE_FILTER_MAX_PIDS];
	uint32_t threads[EXPTRACE_FILTER_MAX_PIDS];
	uint64_t cpus[EXPTRACE_FILTER_MAX_CPU_WORDS];
	struct exptrace_filter *before;	/* what was set before, or NULL */
};

/* The letters, and the values in an enum, of the options. */
#define FILTER_LETTERS	"p:"
#define FILTER_VALUES	OPT_TID, OPT_CHILDREN, OPT_CGROUP, OPT_CPU, OPT_MIN_DURATION
#define FILTER_OPTIONS							\
	{ "pid",	required_argument,	NULL, 'p' },		\
	{ "tid",	required_argument,	NULL, OPT_TID },	\
	{ "children",	no_argument,		NULL, OPT_CHILDREN },	\
	{ "cgroup",	required_argument,	NULL, OPT_CGROUP },	\
	{ "cpu",	required_argument,	NULL, OPT_CPU },	\
	{ "min-duration", required_argument,	NULL, OPT_MIN_DURATION }
#define FILTER_HELP							\
	"  -p, --pid PID[,...]  only these processes, with all their threads, by their ids\n" \
	"                      in this pid namespace; in the trace, ids are the host's\n" \
	"      --tid TID[,...]  only these threads, likewise\n"		\
	"      --children      and the processes that they create, or have created\n" \
	"      --cgroup DIR    only what runs in this cgroup, or below it\n" \
	"      --cpu LIST      only what happens on these CPUs: 0-3,8\n" \
	"      --min-duration syscalls=TIME|sched_switch=TIME[,...]\n"	\
	"                      only system calls that took, and switches away from threads\n" \
	"                      that ran, at least so long (ns, us, ms, s)\n"

/* Takes in an option with its value in optarg; false if that is bad. */
bool filter_option(struct filter *filter, int c);

/* What its value is to be. */
const char *filter_wanted(int c);

/* Adds a process, with the children that it will have. An exit code; problems are reported. */
int filter_follow(struct filter *filter, pid_t pid);

/*
 * Sets it, and remembers what was set before. Returns an exit code; problems are
 * reported, and nothing is changed.
 */
int filter_set(struct filter *filter, struct exptrace_device *device);

/* Puts back what was set before, as far as it can be, and frees. */
void filter_restore(struct filter *filter, struct exptrace_device *device);

/* Frees; what is set stays so. */
void filter_forget(struct filter *filter);

/* Prints a line, with @head before it, if the device has a filter. 0 or a negative errno. */
int filter_print(FILE *file, const char *head, struct exptrace_device *device);

/* Likewise for the system calls that are recorded, if not all are. */
int filter_print_syscalls(FILE *file, const char *head, struct exptrace_device *device);

#endif /* EXPTRACE_FILTER_H */
