// SPDX-License-Identifier: GPL-2.0-only
/*
 * Traces for the tests of the report.
 */
#include "report_trace.h"

static void describe(struct writer *w, unsigned int type, const char *name, const char *arg,
		     const char *more)
{
	w_schema_event(w, EXPTRACE_EXPERIMENT_STANDARD, type, 1, "test", name, more ? 2 : 1);
	w_schema_arg(w, EXPTRACE_KIND_UINT, arg);
	if (more)
		w_schema_arg(w, EXPTRACE_KIND_INT, more);
}

static void describe_exec(struct writer *w, unsigned int type, const char *name)
{
	w_schema_event(w, EXPTRACE_EXPERIMENT_STANDARD, type, 1, "test", name, 2);
	w_schema_arg(w, EXPTRACE_KIND_PID, "pid");
	w_schema_arg(w, EXPTRACE_KIND_PID, "old_pid");
}

/* An event with a kernel function as its argument. */
static void describe_call(struct writer *w, unsigned int type, const char *name, const char *object)
{
	w_schema_event(w, EXPTRACE_EXPERIMENT_STANDARD, type, 1, "test", name, 2);
	w_schema_arg(w, EXPTRACE_KIND_UINT, object);
	w_schema_arg(w, EXPTRACE_KIND_SITE, "function");
}

/* Threads that exist all the time. Their name equals the text shown for unknown names. */
static void report_statedump(struct writer *w, uint64_t gen)
{
	unsigned int pid;

	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, t_base);
	for (pid = 100; pid <= 300; pid += 100) {
		w_event(w, EXPTRACE_EVENT_TASK, 1);
		w_number(w, pid);
		w_number(w, pid);
		w_string(w, "<...>");
		w_bytes(w, "\1\0\xf0\1\1\5", 6);	/* S, CPU 0, priority 120, cgroup 1, start 5 */
	}
	w_end(w);
}

void report_opening(struct writer *w, uint64_t gen)
{
	t_opening(w, gen);
	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, t_base);
	w_byte(w, EXPTRACE_WIRE_SCHEMA);
	describe(w, IRQ_ENTRY, "irq_handler_entry", "irq", NULL);
	describe(w, IRQ_EXIT, "irq_handler_exit", "irq", "ret");
	describe(w, SOFTIRQ_ENTRY, "softirq_entry", "vec", NULL);
	describe(w, SOFTIRQ_EXIT, "softirq_exit", "vec", NULL);
	w_schema_event(w, EXPTRACE_EXPERIMENT_STANDARD, SYS_ENTER, 1, "test", "sys_enter", 1);
	w_schema_arg(w, EXPTRACE_KIND_SYSCALL, "nr");
	describe(w, SYS_EXIT, "sys_exit", "nr", "ret");
	describe(w, WAKING, "sched_waking", "pid", NULL);
	w_schema_event(w, EXPTRACE_EXPERIMENT_STANDARD, REGION_BEGIN, 1, "marker", "marker_begin", 1);
	w_schema_arg(w, EXPTRACE_KIND_STRING, "name");
	w_schema_event(w, EXPTRACE_EXPERIMENT_STANDARD, REGION_END, 1, "marker", "marker_end", 1);
	w_schema_arg(w, EXPTRACE_KIND_STRING, "name");
	w_schema_event(w, EXPTRACE_EXPERIMENT_STANDARD, SYS_CALL, 1, "test", "sys_call", 3);
	w_schema_arg(w, EXPTRACE_KIND_UINT, "nr");
	w_schema_arg(w, EXPTRACE_KIND_INT, "ret");
	w_schema_arg(w, EXPTRACE_KIND_UINT, "duration");
	describe_call(w, TIMER_ENTRY, "timer_expire_entry", "timer");
	describe(w, TIMER_EXIT, "timer_expire_exit", "timer", NULL);
	describe_call(w, HRTIMER_ENTRY, "hrtimer_expire_entry", "hrtimer");
	describe(w, HRTIMER_EXIT, "hrtimer_expire_exit", "hrtimer", NULL);
	describe_call(w, WORK_START, "workqueue_execute_start", "work");
	describe_call(w, WORK_END, "workqueue_execute_end", "work");
	describe_exec(w, EXEC, "sched_process_exec");
	describe_exec(w, EXEC_STATE, "task_exec");
	w_end(w);
	report_statedump(w, gen);
}

void two_tasks(struct writer *w, uint64_t gen)
{
	t_batch(w, gen, 0, EXPTRACE_CONTEXT_TASK);
	t_at(w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	t_switch(w, 1000, EXPTRACE_TASK_S, 0);
	t_switch(w, 3000, EXPTRACE_TASK_R, 100);
	t_wake(w, 4000, 200);
	w_end(w);
	t_batch(w, gen, 1, EXPTRACE_CONTEXT_TASK);
	t_at(w, 10, EXPTRACE_EVENT_CURRENT, 1, 0);
	t_switch(w, 5000, EXPTRACE_TASK_R, 200);
	t_switch(w, 6000, EXPTRACE_TASK_PREEMPTED, 300);
	t_switch(w, 9000, EXPTRACE_TASK_S, 200);
	w_end(w);
	t_batch(w, gen, 1, EXPTRACE_CONTEXT_HARDIRQ);
	t_wake(w, 2500, 100);
	w_end(w);
}

void woken_and_run(struct writer *w, uint64_t to, uint64_t lost, uint64_t lost_before)
{
	uint64_t gen;

	w_header(w);
	report_opening(w, 1);
	two_tasks(w, 1);
	t_batch(w, 1, 0, EXPTRACE_CONTEXT_SOFTIRQ);
	t_wake(w, T_CLOSING - 500, 300);
	w_end(w);
	t_closing(w, 1, lost_before);
	for (gen = 2; gen < to; gen++) {
		report_opening(w, gen);
		t_batch(w, gen, 0, EXPTRACE_CONTEXT_TASK);
		t_at(w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
		w_end(w);
		t_closing(w, gen, lost);
	}
	report_opening(w, to);
	t_batch(w, to, 1, EXPTRACE_CONTEXT_TASK);
	t_at(w, 10, EXPTRACE_EVENT_CURRENT, 1, 200);
	t_switch(w, 500, EXPTRACE_TASK_S, 300);
	w_end(w);
	t_closing(w, to, 0);
}
