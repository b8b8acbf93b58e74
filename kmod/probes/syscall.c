// SPDX-License-Identifier: GPL-2.0-only
/*
 * System calls. Both tracepoints run in task context with preemption enabled.
 */
#include <linux/sched.h>
#include <asm/syscall.h>
#include <asm/unistd.h>
#include <trace/events/syscalls.h>

#include "probe.h"
#include "tasks/tasks.h"

#define NR_ARGS	6

static __always_inline bool is_in_tables(u32 nr)
{
	const u64 *table = exptrace_wanted_syscalls[EXPTRACE_SYSCALLS_NATIVE];

	if (unlikely(nr & EXPTRACE_SYSCALL_X32))
		table = exptrace_wanted_syscalls[EXPTRACE_SYSCALLS_X32];
	else if (unlikely(nr & EXPTRACE_SYSCALL_COMPAT))
		table = exptrace_wanted_syscalls[EXPTRACE_SYSCALLS_COMPAT];
	nr &= ~(EXPTRACE_SYSCALL_COMPAT | EXPTRACE_SYSCALL_X32);
	return nr < EXPTRACE_MAX_SYSCALLS && READ_ONCE(table[nr / 64]) & BIT_ULL(nr % 64);
}

static __always_inline bool is_wanted(u32 nr)
{
	return likely(!READ_ONCE(exptrace_syscalls_limited)) || is_in_tables(nr);
}

/*
 * The same at the end of a call. rt_sigreturn(2) restores the thread's earlier registers,
 * so at its end its own number is gone. Nor is it known whether that of a 32-bit program
 * is meant, because x86 tells this from a bit of the number.
 */
static __always_inline bool is_exit_wanted(u32 nr)
{
	return likely(!READ_ONCE(exptrace_syscalls_limited)) ||
	       is_in_tables(nr == EXPTRACE_SYSCALL_NONE ? __NR_rt_sigreturn : nr);
}

static __always_inline bool begin_syscall_event(struct exptrace_writer *w, unsigned int type,
						size_t max)
{
	return exptrace_begin_task(w, EXPTRACE_EXPERIMENT_STANDARD, current,
				   exptrace_about_current(), type, max);
}

/* The number of the system call that ends in the current task. */
static __always_inline u32 exit_number(struct pt_regs *regs, long ret)
{
	u32 nr = exptrace_call_number(syscall_get_nr(current, regs));

	if (unlikely(nr == __NR_execve || nr == __NR_execveat || nr & EXPTRACE_SYSCALL_COMPAT))
		return (u32)EXPTRACE_CALL_KEEPING_2(exptrace_exec_number, nr, ret);
	return nr;
}

static notrace void probe_sys_enter(void *data, struct pt_regs *regs, long id)
{
	u32 nr = exptrace_call_number(id);
	EXPTRACE_WRITER(w);

	if (exptrace_calls_are_timed() || !is_wanted(nr) ||
	    !begin_syscall_event(&w, EXPTRACE_EVENT_SYS_ENTER, exptrace_max(1, 0)))
		return;
	exptrace_number(&w, nr);
	exptrace_end(&w);
}

static __always_inline void put_syscall_exit(u32 nr, long ret)
{
	EXPTRACE_WRITER(w);

	if (!begin_syscall_event(&w, EXPTRACE_EVENT_SYS_EXIT, exptrace_max(2, 0)))
		return;
	exptrace_number(&w, nr);
	exptrace_signed(&w, ret);
	exptrace_end(&w);
}

static void put_call(u32 nr, long ret, u64 ns)
{
	EXPTRACE_WRITER(w);

	if (!begin_syscall_event(&w, EXPTRACE_EVENT_SYS_CALL, exptrace_max(3, 0)))
		return;
	exptrace_number(&w, nr);
	exptrace_signed(&w, ret);
	exptrace_number(&w, ns);
	exptrace_end(&w);
}

/* With a minimum duration, a call has one event, at its end. */
static noinline notrace void put_timed_exit(u32 nr, long ret)
{
	u64 ns;

	switch (exptrace_call_ended(&ns)) {
	case EXPTRACE_CALL_UNTIMED:
		put_syscall_exit(nr, ret);
		break;
	case EXPTRACE_CALL_SHORT:
		break;
	case EXPTRACE_CALL_LONG:
		put_call(nr, ret, ns);
		break;
	}
}

static notrace void probe_sys_exit(void *data, struct pt_regs *regs, long ret)
{
	u32 nr = exit_number(regs, ret);

	if (!is_exit_wanted(nr))
		return;
	if (exptrace_calls_are_timed())
		put_timed_exit(nr, ret);
	else
		put_syscall_exit(nr, ret);
}

static notrace void probe_sys_enter_args(void *data, struct pt_regs *regs, long id)
{
	unsigned long args[NR_ARGS];
	u32 nr = exptrace_call_number(id);
	EXPTRACE_WRITER(w);
	int i;

	if (exptrace_calls_are_timed() || !is_wanted(nr) ||
	    !begin_syscall_event(&w, EXPTRACE_EVENT_SYS_ENTER_ARGS, exptrace_max(1 + NR_ARGS, 0)))
		return;
	syscall_get_arguments(current, regs, args);
	exptrace_number(&w, nr);
	for (i = 0; i < NR_ARGS; i++)
		exptrace_number(&w, args[i]);
	exptrace_end(&w);
}

#define PROBES(X)						\
	X(sys_enter)						\
	X(sys_exit)

EXPTRACE_CHECK_PROBES(PROBES)

static void __maybe_unused check_args_probe(void)
{
	check_trace_callback_type_sys_enter(probe_sys_enter_args);
}

static const struct exptrace_probe probes[] = {
	EXPTRACE_PROBE(sys_enter)
	{
		.event = "sys_exit", .tracepoint = "sys_exit", .probe = probe_sys_exit,
		.begin = exptrace_exec_begin, .end = exptrace_exec_end,
	},
	{ .event = "sys_enter_args", .tracepoint = "sys_enter", .probe = probe_sys_enter_args },
};

const struct exptrace_probes exptrace_syscall_probes = EXPTRACE_PROBES(probes);
