/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The filter: which events are attempted. Without a filter it costs an event one no-op.
 */
#ifndef _EXPTRACE_FILTER_H
#define _EXPTRACE_FILTER_H

#include <linux/jump_label.h>

#include "exptrace.h"
#include "keep.h"

DECLARE_STATIC_KEY_FALSE(exptrace_filtered);

/* Whom an event is about, besides the running thread. */
enum exptrace_about {
	EXPTRACE_ABOUT_CURRENT,		/* nobody */
	EXPTRACE_ABOUT_TASK,
	EXPTRACE_ABOUT_SWITCH,		/* the next thread; the running one leaves */
	EXPTRACE_ABOUT_ALL,		/* everybody: never filtered */
};

/**
 * struct exptrace_subject - whom an event is about
 * @about:	kind of subject
 * @task:	the other thread, or NULL
 *
 * Constant except for @task, so the compiler leaves nothing of it.
 */
struct exptrace_subject {
	enum exptrace_about		about;
	const struct task_struct	*task;
};

static __always_inline struct exptrace_subject exptrace_about_current(void)
{
	return (struct exptrace_subject) { .about = EXPTRACE_ABOUT_CURRENT };
}

static __always_inline struct exptrace_subject exptrace_about(const struct task_struct *task)
{
	return (struct exptrace_subject) { EXPTRACE_ABOUT_TASK, task };
}

static __always_inline struct exptrace_subject
exptrace_about_switch(const struct task_struct *next)
{
	return (struct exptrace_subject) { EXPTRACE_ABOUT_SWITCH, next };
}

static __always_inline struct exptrace_subject exptrace_about_all(void)
{
	return (struct exptrace_subject) { .about = EXPTRACE_ABOUT_ALL };
}

bool exptrace_passes(const struct task_struct *task, const struct task_struct *other,
		     enum exptrace_about about);

/* Does the filter drop an event of @task, the running thread, about @subject? Preemption off. */
static __always_inline bool exptrace_filters_out(const struct task_struct *task,
						 struct exptrace_subject subject)
{
	return subject.about != EXPTRACE_ABOUT_ALL &&
	       static_branch_unlikely(&exptrace_filtered) &&
	       !(u8)EXPTRACE_CALL_KEEPING_3(exptrace_passes, task, subject.task, subject.about);
}

/* The verdict on a system call's duration. */
enum exptrace_call {
	EXPTRACE_CALL_UNTIMED,		/* no minimum is set, or the start is unknown */
	EXPTRACE_CALL_SHORT,
	EXPTRACE_CALL_LONG,
};

bool exptrace_times_calls(unsigned long unused);
enum exptrace_call exptrace_call_ended(u64 *ns);

/* Is a minimum duration of system calls set? */
static __always_inline bool exptrace_calls_are_timed(void)
{
	return static_branch_unlikely(&exptrace_filtered) &&
	       (u8)EXPTRACE_CALL_KEEPING(exptrace_times_calls, 0UL);
}

/* Caller holds exptrace.control. */
int exptrace_filter_begin(void);
void exptrace_filter_end(void);
void exptrace_filter_clear(void);

/* describe.c */
size_t exptrace_filter_describe(char *text, size_t size);
bool exptrace_filter_limits_switches(char *text, size_t size);

/* ioctl.c */
long exptrace_filter_ioctl_get(struct exptrace_filter __user *arg);
long exptrace_filter_ioctl_set(const struct exptrace_filter __user *arg);

/*
 * syscalls.c: which system calls are recorded. The caller of exptrace_syscalls_set() holds
 * exptrace.control.
 */
extern u64 exptrace_wanted_syscalls[EXPTRACE_NR_SYSCALL_TABLES][EXPTRACE_MAX_SYSCALLS / 64];
extern bool exptrace_syscalls_limited;
void exptrace_syscalls_get(struct exptrace_syscall_tables *calls);
void exptrace_syscalls_set(const struct exptrace_syscall_tables *calls);

#endif /* _EXPTRACE_FILTER_H */
