/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The catalogue: every experiment and event that exptrace itself brings.
 *
 * It is the one source of the module's event numbers, of the schema in the
 * stream and of the names that selections on the command line use. A reader
 * needs none of it: each generation carries the schema.
 *
 * EXPTRACE_EXPERIMENTS(X): X(ID, id, version, name)
 *
 * EXPTRACE_EVENTS(X, A), all of them, or EXPTRACE_<EXPERIMENT>_EVENTS(X, A):
 *   X(EXPERIMENT, NAME, type, ntypes, group, name, args)
 * where args is a row of A(KIND, "name"), in the order of the wire. If ntypes
 * is more than 1, the event takes that many types from `type` on, and its first
 * argument is not written: it is the type's distance from the first. An event
 * is named after the kernel's tracepoint that it records.
 */
#ifndef _UAPI_EXPTRACE_EVENTS_H
#define _UAPI_EXPTRACE_EVENTS_H

#define EXPTRACE_EXPERIMENTS(X)						\
	X(STANDARD,	0, 1, "standard")				\
	X(ALLOCFREE,	1, 1, "allocfree")

#define EXPTRACE_EVENTS(X, A)						\
	EXPTRACE_STANDARD_EVENTS(X, A)					\
	EXPTRACE_ALLOCFREE_EVENTS(X, A)

#define EXPTRACE_STANDARD_EVENTS(X, A)					\
	X(STANDARD, CURRENT, 60, 1, "state", "current",			\
	  A(PID, "pid"))						\
	X(STANDARD, TASK, 61, 1, "state", "task",			\
	  A(PID, "pid") A(PID, "tgid") A(STRING, "comm"))		\
	X(STANDARD, SCHED_SWITCH, 64, 10, "sched", "sched_switch",	\
	  A(TASK_STATE, "prev_state") A(PID, "next_pid"))		\
	X(STANDARD, SCHED_WAKEUP, 80, 1, "sched", "sched_wakeup",	\
	  A(PID, "pid") A(CPU, "target_cpu"))				\
	X(STANDARD, SCHED_WAKEUP_NEW, 81, 1, "sched", "sched_wakeup_new", \
	  A(PID, "pid") A(CPU, "target_cpu"))				\
	X(STANDARD, SCHED_MIGRATE_TASK, 82, 1, "sched", "sched_migrate_task", \
	  A(PID, "pid") A(CPU, "orig_cpu") A(CPU, "dest_cpu"))		\
	X(STANDARD, SCHED_PROCESS_FORK, 83, 1, "sched", "sched_process_fork", \
	  A(PID, "parent_pid") A(PID, "child_pid") A(PID, "child_tgid")	\
	  A(STRING, "child_comm"))					\
	X(STANDARD, SCHED_PROCESS_EXEC, 84, 1, "sched", "sched_process_exec", \
	  A(PID, "pid") A(PID, "old_pid") A(STRING, "comm")		\
	  A(STRING, "filename"))					\
	X(STANDARD, SCHED_PROCESS_EXIT, 85, 1, "sched", "sched_process_exit", \
	  A(PID, "pid"))						\
	X(STANDARD, TASK_RENAME, 86, 1, "sched", "task_rename",		\
	  A(PID, "pid") A(STRING, "newcomm"))

#define EXPTRACE_ALLOCFREE_EVENTS(X, A)					\
	X(ALLOCFREE, ALLOC_CURRENT, 60, 1, "state", "current",		\
	  A(PID, "pid"))						\
	X(ALLOCFREE, KMALLOC, 64, 1, "alloc", "kmalloc",		\
	  A(DATA_ADDRESS, "ptr") A(BYTES, "bytes_req")			\
	  A(BYTES, "slack") A(TEXT_ADDRESS, "call_site"))		\
	X(ALLOCFREE, KFREE, 65, 1, "alloc", "kfree",			\
	  A(DATA_ADDRESS, "ptr") A(TEXT_ADDRESS, "call_site"))		\
	X(ALLOCFREE, KMEM_CACHE_ALLOC, 66, 1, "alloc", "kmem_cache_alloc", \
	  A(DATA_ADDRESS, "ptr") A(BYTES, "bytes")			\
	  A(TEXT_ADDRESS, "call_site"))					\
	X(ALLOCFREE, KMEM_CACHE_FREE, 67, 1, "alloc", "kmem_cache_free", \
	  A(DATA_ADDRESS, "ptr") A(BYTES, "bytes")			\
	  A(TEXT_ADDRESS, "call_site"))

#define EXPTRACE_EXPERIMENT_ID(ID, id, version, name)			\
	EXPTRACE_EXPERIMENT_##ID = (id),
enum exptrace_experiment_id {
	EXPTRACE_EXPERIMENTS(EXPTRACE_EXPERIMENT_ID)
};

#undef EXPTRACE_EXPERIMENT_ID

#define EXPTRACE_NO_ARG(kind, name)
#define EXPTRACE_EVENT_TYPE(EXPERIMENT, NAME, type, ntypes, group, name, args) \
	EXPTRACE_EVENT_##NAME = (type),
enum exptrace_event_type {
	EXPTRACE_EVENTS(EXPTRACE_EVENT_TYPE, EXPTRACE_NO_ARG)
};

#undef EXPTRACE_EVENT_TYPE
#undef EXPTRACE_NO_ARG

#endif /* _UAPI_EXPTRACE_EVENTS_H */
