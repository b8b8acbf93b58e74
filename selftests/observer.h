/* SPDX-License-Identifier: GPL-2.0-only */
/* An independent count of events: BPF programs at the same tracepoints (observer.bpf.c). */
#ifndef EXPTRACE_SELFTEST_OBSERVER_H
#define EXPTRACE_SELFTEST_OBSERVER_H

/* X(tracepoint, ID): of the standard stream, and of the allocations. */
#define OBSERVER_STANDARD_EVENTS(X)			\
	X(sched_switch, SWITCH)				\
	X(sched_wakeup, WAKEUP)				\
	X(sched_wakeup_new, WAKEUP_NEW)			\
	X(sched_migrate_task, MIGRATE)			\
	X(sched_process_fork, FORK)			\
	X(sched_process_exec, EXEC)			\
	X(sched_process_exit, EXIT)			\
	X(task_rename, RENAME)				\
	X(sched_pi_setprio, SETPRIO)

#define OBSERVER_ALLOCFREE_EVENTS(X)			\
	X(kmalloc, KMALLOC)				\
	X(kfree, KFREE)					\
	X(kmem_cache_alloc, CACHE_ALLOC)		\
	X(kmem_cache_free, CACHE_FREE)

#define OBSERVER_EVENTS(X)	OBSERVER_STANDARD_EVENTS(X) OBSERVER_ALLOCFREE_EVENTS(X)

#define OBSERVER_ID(tracepoint, id)	OBSERVER_##id,
enum observer_event {
	OBSERVER_EVENTS(OBSERVER_ID)
	OBSERVER_NR,
	OBSERVER_FIRST_ALLOCFREE = OBSERVER_KMALLOC,
};

#endif
