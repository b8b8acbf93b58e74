/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads as text, "comm-pid": cached, and made again after names have changed.
 */
#ifndef EXPTRACE_THREADS_H
#define EXPTRACE_THREADS_H

#include <libexptrace.h>

#include "pids.h"
#include "text.h"

#define THREAD_COMM_MAX	31	/* bytes of a name that are shown; the kernel has 15 */
#define THREAD_TEXT	(TEXT_FOREIGN(THREAD_COMM_MAX) + 1 + TEXT_NUMBER_MAX + 1)

struct thread {
	uint64_t changes;	/* threads->changes when this was made; 0: not made yet */
	uint8_t len;		/* of the column */
	uint8_t comm_at, comm_len;	/* in it */
	uint8_t pid_at, pid_len;
	char column[THREAD_TEXT + TEXT_PIECE];
};

struct threads {
	const struct exptrace_trace *trace;
	uint64_t changes;	/* exptrace_comm_changes() + 1 */
	struct pids pids;
	struct thread other;	/* for impossible pids */
};

void threads_init(struct threads *threads, const struct exptrace_trace *trace);
void threads_uninit(struct threads *threads);

/* The slow path of threads_get(): makes the text. */
void thread_make(struct threads *threads, struct thread *thread, int64_t pid);

/* Notices changed names. To be called before an event is printed. */
static inline void threads_update(struct threads *threads)
{
	threads->changes = exptrace_comm_changes(threads->trace) + 1;
}

/* The text of a thread, as of threads_update(); valid until the next call. */
static inline const struct thread *threads_get(struct threads *threads, int64_t pid)
{
	struct thread *thread = pids_get(&threads->pids, (uint64_t)pid);

	if (unlikely(!thread)) {
		thread = &threads->other;
		thread->changes = 0;
	}
	if (unlikely(thread->changes != threads->changes))
		thread_make(threads, thread, pid);
	return thread;
}

#endif /* EXPTRACE_THREADS_H */
