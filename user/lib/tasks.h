/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Threads and their names: who has an id, and when.
 *
 * An id is used again, by another thread. So each thread has a number of its own, in the
 * order in which they are seen, and each id a list of those that held it, the last one
 * first. Threads are told apart by id and start; earlier traces do not tell the start.
 *
 * What was known is so until it is broken off: where something is missing that might have
 * told otherwise. Who is seen then under an id is another thread, without a name, until the
 * trace tells who it is.
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
	struct index pids;	/* pid to its place in list */
	struct task *list;
	size_t room;
	struct index starts;	/* pid and start to its place in known */
	uint32_t *known;	/* threads */
	size_t known_room;
	struct task_thread *threads;
	size_t nthreads, threads_room;
	struct task_holder *holders;
	size_t nholders, holders_room;
	size_t ntimeless;	/* the first holders, of a time before all that is asked for */
	uint32_t epoch;		/* grows where what was known is broken off */
	bool doubt;		/* what is told is not to be believed */
	uint64_t doubts;	/* how often that was so */
	uint64_t changes;	/* of names, and of who holds an id */
};

/* What a trace tells of a thread, and when. */
struct task_news {
	uint64_t pid;
	uint64_t start;		/* 0: not known */
	uint64_t ticks, ns;
	size_t len;
	const char *comm;
};

/* All return 0 or -ENOMEM. */

/* From that time on it holds its id, and is so called. */
int tasks_told(struct tasks *tasks, const struct task_news *news);

/* The same of one that begins: where the start is not known, it is another one than before. */
int tasks_begin(struct tasks *tasks, const struct task_news *news);

/* Who holds the id is so called from now on. */
int tasks_name(struct tasks *tasks, const struct task_news *news);

/* Nothing is known of who holds which id any more. */
void tasks_break(struct tasks *tasks);

/* Likewise, and nothing that is told is believed until the next tasks_break(). */
void tasks_doubt(struct tasks *tasks);

/* What is told from now on is of a later time, whatever the ticks are. */
void tasks_forget_times(struct tasks *tasks);

/*
 * The number of the thread that holds @pid at @ticks, which are @ns; 0: an idle task.
 * Or -ENOMEM.
 */
int64_t tasks_thread(struct tasks *tasks, uint64_t pid, uint64_t ticks, uint64_t ns);

/* Whether another one may have held @pid after @ticks. */
bool tasks_changed(const struct tasks *tasks, uint64_t pid, uint64_t ticks);

/* The name of who holds @pid now; NULL: not known. */
const char *tasks_comm(const struct tasks *tasks, int64_t pid);

/* Of a thread's number: its id, or -1; its last name, or NULL. */
int64_t tasks_thread_pid(const struct tasks *tasks, uint64_t thread);
const char *tasks_thread_comm(const struct tasks *tasks, uint64_t thread);

void tasks_uninit(struct tasks *tasks);

#endif /* EXPTRACE_LIB_TASKS_H */
