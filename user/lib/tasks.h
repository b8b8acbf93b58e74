/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The names of threads: pid to comm.
 */
#ifndef EXPTRACE_LIB_TASKS_H
#define EXPTRACE_LIB_TASKS_H

#include <stddef.h>
#include <stdint.h>

#include "index.h"

#define TASKS_COMM_MAX	24	/* with the terminator; the kernel has 16 */

struct task;

struct tasks {
	struct index index;	/* pid to its place in list */
	struct task *list;
	size_t room;
	uint64_t changes;	/* names that became others */
};

/*
 * From @time on, @pid is called @comm. What an event of a later time said stays.
 * Returns 0 or -ENOMEM.
 */
int tasks_set(struct tasks *tasks, uint64_t pid, const char *comm, size_t len, uint64_t time);

/* The names stay; what is told from now on is of a later time, whatever the ticks are. */
void tasks_forget_times(struct tasks *tasks);

const char *tasks_comm(const struct tasks *tasks, int64_t pid);

void tasks_uninit(struct tasks *tasks);

#endif /* EXPTRACE_LIB_TASKS_H */
