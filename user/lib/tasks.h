/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Threads and their names: which thread has an id, and when.
 *
 * Ids are reused. So each thread has a number, in the order of appearance, and each id a list of
 * the threads that held it, the last one first. A thread is identified by id and start; older
 * traces lack the start.
 *
 * Knowledge is valid until tasks_break(), which is called where records are missing that might have
 * changed it. A thread that appears with an id after that counts as a new thread without a name,
 * until the trace identifies it.
 */
#ifndef EXPTRACE_LIB_TASKS_H
#define EXPTRACE_LIB_TASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../common/index.h"

#define TASKS_COMM_MAX	24	/* with the terminator; the kernel has 16 */

struct task;
struct task_thread;
struct task_holder;

struct tasks {
	struct index pids;	/* pid to index into list */
	struct task *list;
	size_t room;
	struct index starts;	/* pid and start to index into known */
	uint32_t *known;	/* threads */
	size_t known_room;
	struct task_thread *threads;
	size_t nthreads, threads_room;
	struct task_holder *holders;
	size_t nholders, holders_room;
	size_t ntimeless;	/* holders from before tasks_forget_times() */
	uint32_t epoch;		/* incremented by tasks_break() */
	bool doubt;		/* records are unreliable */
	uint64_t doubts;	/* how often that was so */
	uint64_t changes;	/* of names and of holders */
};

/* A record about a thread */
struct task_news {
	uint64_t pid;
	uint64_t start;		/* 0: unknown */
	uint64_t ticks, ns;
	size_t len;
	const char *comm;
};

/* All return 0 or -ENOMEM. */

/* A thread exists: from that time on, it has this id and name. */
int tasks_exists(struct tasks *tasks, const struct task_news *news);

/* The same for a thread that begins. If its start is unknown, it is a new thread. */
int tasks_begin(struct tasks *tasks, const struct task_news *news);

/* From now on, the thread with this id has this name. */
int tasks_name(struct tasks *tasks, const struct task_news *news);

/* Forgets which thread has which id. */
void tasks_break(struct tasks *tasks);

/* The same, and ignores all records until the next tasks_break(). */
void tasks_doubt(struct tasks *tasks);

/* Treats all further records as later, whatever their ticks are. */
void tasks_forget_times(struct tasks *tasks);

/*
 * Returns the number of the thread that has @pid at @ticks, which is the time @ns; 0: an idle task;
 * or -ENOMEM.
 */
int64_t tasks_thread(struct tasks *tasks, uint64_t pid, uint64_t ticks, uint64_t ns);

/* May another thread have had @pid after @ticks? */
bool tasks_changed(const struct tasks *tasks, uint64_t pid, uint64_t ticks);

/* Returns the name of the thread that has @pid now; NULL if unknown. */
const char *tasks_comm(const struct tasks *tasks, int64_t pid);

/* The id of a thread by its number, or -1; its last name, or NULL. */
int64_t tasks_thread_pid(const struct tasks *tasks, uint64_t thread);
const char *tasks_thread_comm(const struct tasks *tasks, uint64_t thread);

void tasks_uninit(struct tasks *tasks);

#endif /* EXPTRACE_LIB_TASKS_H */
