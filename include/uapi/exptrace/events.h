/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The catalogue: every experiment and event that is part of exptrace.
 *
 * It is the only source of the module's event numbers, of the schema in the stream and of the names
 * in selections on the command line. A reader does not need it: each generation carries the schema.
 *
 * EXPTRACE_EXPERIMENTS(X): X(ID, id, version, name)
 *
 * EXPTRACE_EVENTS(X, A), all of them, or EXPTRACE_<EXPERIMENT>_EVENTS(X, A):
 *	X(EXPERIMENT, NAME, type, ntypes, group, name, args)
 * where args is a row of A(KIND, "name"), in wire order. If ntypes is more than 1, the event uses
 * that many types from `type` on, and its first argument is not written: it is the type minus the
 * first type. An event has the name of the kernel tracepoint that it records. A group whose name
 * ends in _more holds events that are usually not wanted together with their main group.
 */
#ifndef _UAPI_EXPTRACE_EVENTS_H
#define _UAPI_EXPTRACE_EVENTS_H

#define EXPTRACE_EXPERIMENTS(X)						\
	X(STANDARD,	0, 2, "standard")				\
	X(ALLOCFREE,	1, 2, "allocfree")

#define EXPTRACE_EVENTS(X, A)						\
	EXPTRACE_STANDARD_EVENTS(X, A)					\
	EXPTRACE_ALLOCFREE_EVENTS(X, A)

#define EXPTRACE_STANDARD_EVENTS(X, A)					\
	EXPTRACE_STATE_EVENTS(X, A)					\
	EXPTRACE_SCHED_EVENTS(X, A)					\
	EXPTRACE_IRQ_EVENTS(X, A)					\
	EXPTRACE_TIMER_EVENTS(X, A)					\
	EXPTRACE_WORKQUEUE_EVENTS(X, A)					\
	EXPTRACE_SYSCALL_EVENTS(X, A)					\
	EXPTRACE_FAULT_EVENTS(X, A)					\
	EXPTRACE_POWER_EVENTS(X, A)					\
	EXPTRACE_SIGNAL_EVENTS(X, A)					\
	EXPTRACE_BLOCK_EVENTS(X, A)					\
	EXPTRACE_PRINTK_EVENTS(X, A)					\
	EXPTRACE_MARKER_EVENTS(X, A)

#define EXPTRACE_STATE_EVENTS(X, A)					\
	X(STANDARD, CURRENT, 60, 1, "state", "current",			\
	  A(PID, "pid"))						\
	X(STANDARD, TASK, 61, 1, "state", "task",			\
	  A(PID, "pid") A(PID, "tgid") A(STRING, "comm")		\
	  A(TASK_STATE, "state") A(CPU, "cpu") A(INT, "prio")		\
	  A(UINT, "cgroup") A(UINT, "start"))				\
	X(STANDARD, NAME, 62, 1, "state", "name",			\
	  A(UINT, "kind") A(UINT, "number") A(STRING, "name"))		\
	X(STANDARD, STACK, 63, 1, "state", "stack",			\
	  A(STACK_ID, "stack"))						\
	X(STANDARD, TASK_NEW, 240, 1, "state", "task_new",		\
	  A(PID, "pid") A(PID, "tgid") A(PID, "parent")			\
	  A(UINT, "start") A(UINT, "cgroup") A(STRING, "comm"))		\
	X(STANDARD, TASK_EXEC, 241, 1, "state", "task_exec",		\
	  A(PID, "pid") A(PID, "old_pid") A(STRING, "comm"))		\
	X(STANDARD, TASK_NAME, 242, 1, "state", "task_name",		\
	  A(PID, "pid") A(STRING, "comm"))				\
	X(STANDARD, TASK_EXIT, 243, 1, "state", "task_exit",		\
	  A(PID, "pid"))						\
	X(STANDARD, TASK_CGROUP, 244, 1, "state", "task_cgroup",	\
	  A(PID, "pid") A(UINT, "process") A(UINT, "cgroup"))

#define EXPTRACE_SCHED_EVENTS(X, A)					\
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
	  A(PID, "pid") A(STRING, "newcomm"))				\
	X(STANDARD, SCHED_PI_SETPRIO, 87, 1, "sched", "sched_pi_setprio", \
	  A(PID, "pid") A(INT, "oldprio") A(INT, "newprio"))		\
	X(STANDARD, SCHED_WAKING, 88, 1, "sched_more", "sched_waking",	\
	  A(PID, "pid") A(CPU, "target_cpu"))				\
	X(STANDARD, SCHED_STAT_RUNTIME, 89, 1, "sched_more", "sched_stat_runtime", \
	  A(PID, "pid") A(UINT, "runtime"))

#define EXPTRACE_IRQ_EVENTS(X, A)					\
	X(STANDARD, IRQ_HANDLER_ENTRY, 90, 1, "irq", "irq_handler_entry", \
	  A(IRQ, "irq"))						\
	X(STANDARD, IRQ_HANDLER_EXIT, 91, 1, "irq", "irq_handler_exit",	\
	  A(IRQ, "irq") A(UINT, "ret"))					\
	X(STANDARD, SOFTIRQ_ENTRY, 92, 1, "irq", "softirq_entry",	\
	  A(SOFTIRQ, "vec"))						\
	X(STANDARD, SOFTIRQ_EXIT, 93, 1, "irq", "softirq_exit",		\
	  A(SOFTIRQ, "vec"))						\
	X(STANDARD, SOFTIRQ_RAISE, 94, 1, "irq_more", "softirq_raise",	\
	  A(SOFTIRQ, "vec"))

#define EXPTRACE_TIMER_EVENTS(X, A)					\
	X(STANDARD, TIMER_EXPIRE_ENTRY, 95, 1, "timer", "timer_expire_entry", \
	  A(DATA_ADDRESS, "timer") A(SITE, "function")		\
	  A(INT, "late"))						\
	X(STANDARD, TIMER_EXPIRE_EXIT, 96, 1, "timer", "timer_expire_exit", \
	  A(DATA_ADDRESS, "timer"))					\
	X(STANDARD, HRTIMER_EXPIRE_ENTRY, 97, 1, "timer", "hrtimer_expire_entry", \
	  A(DATA_ADDRESS, "hrtimer") A(SITE, "function")	\
	  A(INT, "late_ns"))						\
	X(STANDARD, HRTIMER_EXPIRE_EXIT, 98, 1, "timer", "hrtimer_expire_exit", \
	  A(DATA_ADDRESS, "hrtimer"))

#define EXPTRACE_WORKQUEUE_EVENTS(X, A)					\
	X(STANDARD, WORKQUEUE_EXECUTE_START, 99, 1, "workqueue",	\
	  "workqueue_execute_start",					\
	  A(DATA_ADDRESS, "work") A(SITE, "function"))		\
	X(STANDARD, WORKQUEUE_EXECUTE_END, 100, 1, "workqueue",		\
	  "workqueue_execute_end",					\
	  A(DATA_ADDRESS, "work") A(SITE, "function"))

#define EXPTRACE_SYSCALL_EVENTS(X, A)					\
	X(STANDARD, SYS_ENTER, 101, 1, "syscalls", "sys_enter",		\
	  A(SYSCALL, "nr"))						\
	X(STANDARD, SYS_EXIT, 102, 1, "syscalls", "sys_exit",		\
	  A(SYSCALL, "nr") A(INT, "ret"))				\
	X(STANDARD, SYS_ENTER_ARGS, 103, 1, "syscalls_more", "sys_enter_args", \
	  A(SYSCALL, "nr") A(FLAGS, "arg0") A(FLAGS, "arg1")		\
	  A(FLAGS, "arg2") A(FLAGS, "arg3") A(FLAGS, "arg4")		\
	  A(FLAGS, "arg5"))						\
	X(STANDARD, SYS_CALL, 120, 1, "syscalls", "sys_call",		\
	  A(SYSCALL, "nr") A(INT, "ret") A(UINT, "duration"))

#define EXPTRACE_FAULT_EVENTS(X, A)					\
	X(STANDARD, PAGE_FAULT_USER, 104, 1, "fault", "page_fault_user", \
	  A(USER_ADDRESS, "address") A(USER_CODE, "ip")			\
	  A(FLAGS, "error_code"))					\
	X(STANDARD, PAGE_FAULT_KERNEL, 105, 1, "fault", "page_fault_kernel", \
	  A(USER_ADDRESS, "address") A(SITE, "ip")			\
	  A(FLAGS, "error_code"))

#define EXPTRACE_POWER_EVENTS(X, A)					\
	X(STANDARD, CPU_IDLE, 106, 1, "power", "cpu_idle",		\
	  A(INT, "state") A(CPU, "cpu_id"))				\
	X(STANDARD, CPU_FREQUENCY, 107, 1, "power", "cpu_frequency",	\
	  A(UINT, "khz") A(CPU, "cpu_id"))

#define EXPTRACE_SIGNAL_EVENTS(X, A)					\
	X(STANDARD, SIGNAL_GENERATE, 108, 1, "signal", "signal_generate", \
	  A(UINT, "sig") A(PID, "pid") A(INT, "code") A(UINT, "group")	\
	  A(UINT, "result"))						\
	X(STANDARD, SIGNAL_DELIVER, 109, 1, "signal", "signal_deliver",	\
	  A(UINT, "sig") A(INT, "code") A(FLAGS, "sa_flags"))

#define EXPTRACE_BLOCK_EVENTS(X, A)					\
	X(STANDARD, BLOCK_RQ_ISSUE, 110, 1, "block", "block_rq_issue",	\
	  A(DEVICE, "dev") A(STRING, "rwbs") A(UINT, "sector")		\
	  A(BYTES, "bytes"))						\
	X(STANDARD, BLOCK_RQ_COMPLETE, 111, 1, "block", "block_rq_complete", \
	  A(DEVICE, "dev") A(STRING, "rwbs") A(UINT, "sector")		\
	  A(BYTES, "bytes") A(INT, "error"))

#define EXPTRACE_PRINTK_EVENTS(X, A)					\
	X(STANDARD, CONSOLE, 112, 1, "printk", "console",		\
	  A(STRING, "text"))

#define EXPTRACE_MARKER_EVENTS(X, A)					\
	X(STANDARD, MARKER, 113, 1, "marker", "marker",			\
	  A(STRING, "text"))						\
	X(STANDARD, MARKER_BEGIN, 114, 1, "marker", "marker_begin",	\
	  A(STRING, "name"))						\
	X(STANDARD, MARKER_END, 115, 1, "marker", "marker_end",		\
	  A(STRING, "name"))						\
	X(STANDARD, MARKER_LOG, 116, 1, "marker", "marker_log",		\
	  A(STRING, "key") A(STRING, "value"))

#define EXPTRACE_ALLOCFREE_EVENTS(X, A)					\
	X(ALLOCFREE, ALLOC_CURRENT, 60, 1, "state", "current",		\
	  A(PID, "pid"))						\
	X(ALLOCFREE, ALLOC_STACK, 63, 1, "state", "stack",		\
	  A(STACK_ID, "stack"))						\
	X(ALLOCFREE, KMALLOC, 64, 1, "alloc", "kmalloc",		\
	  A(DATA_ADDRESS, "ptr") A(BYTES, "bytes_req")			\
	  A(BYTES, "slack") A(SITE, "call_site"))		\
	X(ALLOCFREE, KFREE, 65, 1, "alloc", "kfree",			\
	  A(DATA_ADDRESS, "ptr") A(SITE, "call_site"))		\
	X(ALLOCFREE, KMEM_CACHE_ALLOC, 66, 1, "alloc", "kmem_cache_alloc", \
	  A(DATA_ADDRESS, "ptr") A(BYTES, "bytes")			\
	  A(SITE, "call_site"))					\
	X(ALLOCFREE, KMEM_CACHE_FREE, 67, 1, "alloc", "kmem_cache_free", \
	  A(DATA_ADDRESS, "ptr") A(BYTES, "bytes")			\
	  A(SITE, "call_site"))						\
	X(ALLOCFREE, KMEM_CACHE_FREE_BULK, 68, 1, "alloc", "kmem_cache_free_bulk", \
	  A(DATA_ADDRESS, "ptr") A(SITE, "call_site"))		\
	X(ALLOCFREE, KFREE_RCU, 69, 1, "alloc", "kfree_rcu",		\
	  A(DATA_ADDRESS, "ptr") A(SITE, "call_site"))

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
