/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Filters: the options for them, the device's filter, and how it is printed.
 */
#ifndef EXPTRACE_FILTER_H
#define EXPTRACE_FILTER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <libexptrace.h>

/* A filter as the options give it */
struct filter {
	bool given;		/* there was an option for it */
	const char *cgroup;	/* a directory, or NULL */
	struct exptrace_filter conditions;	/* with the lists below */
	uint32_t processes[EXPTRACE_FILTER_MAX_PIDS];
	uint32_t threads[EXPTRACE_FILTER_MAX_PIDS];
	uint64_t cpus[EXPTRACE_FILTER_MAX_CPU_WORDS];
	struct exptrace_filter *before;	/* the device's former filter, or NULL */
};

/* For option tables: the letters and the enum values of the options */
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
	"  -p, --pid PID[,...]  only these processes, with all their threads; ids are those of\n" \
	"                      this pid namespace, but in the trace they are the host's\n" \
	"      --tid TID[,...]  only these threads, likewise\n"		\
	"      --children      also the processes that these create or have created\n" \
	"      --cgroup DIR    only events of threads in this cgroup or below it\n" \
	"      --cpu LIST      only events on these CPUs: 0-3,8\n" \
	"      --min-duration syscalls=TIME|sched_switch=TIME[,...]\n"	\
	"                      only system calls that took, and switches away from threads\n" \
	"                      that ran, at least this long (ns, us, ms, s)\n"

/* Store option @c, with its value in optarg. Returns false if the value is bad. */
bool filter_option(struct filter *filter, int c);

/* What the value of option @c should be, for a message. */
const char *filter_wanted(int c);

/* Add a process, with its future children. Returns an exit code; reports problems. */
int filter_follow(struct filter *filter, pid_t pid);

/*
 * Set the filter, and remember the former one. Returns an exit code; on failure, reports
 * the problem and changes nothing.
 */
int filter_set(struct filter *filter, struct exptrace_device *device);

/* Restore the former filter, if possible, and free it. */
void filter_restore(struct filter *filter, struct exptrace_device *device);

/* Free the former filter; what is set stays set. */
void filter_forget(struct filter *filter);

/* Print a line that begins with @head, if the device has a filter. 0 or a negative errno. */
int filter_print(FILE *file, const char *head, struct exptrace_device *device);

/* The same for the system calls that are recorded, unless all are. */
int filter_print_syscalls(FILE *file, const char *head, struct exptrace_device *device);

#endif /* EXPTRACE_FILTER_H */
