// SPDX-License-Identifier: GPL-2.0-only
/*
 * The system call by which a thread executed a program.
 *
 * The new program gets new registers. On x86 they say that the call is the new program's
 * execve(2), even if it was execveat(2) or a call of a 32-bit program, which has a
 * different number. A thread that was not its process's leader also has another id
 * afterwards. So a probe notes the call when the thread is renamed: by then it has its
 * new id, but still the old registers.
 */
#include <linux/compiler.h>
#include <linux/hash.h>
#include <linux/lockdep.h>
#include <linux/mm_types.h>	/* trace/events/sched.h names struct folio */
#include <linux/sched.h>
#include <linux/string.h>
#include <asm/syscall.h>
#include <asm/unistd.h>
#include <trace/events/task.h>

#include "exec.h"
#include "experiment.h"

#define NOTE_BITS	12

/*
 * Notes indexed by the hash of the thread id: the id in the upper half, the number of its
 * call in the lower; 0 is an empty entry. A note lives until its thread returns from the
 * call, and only that thread uses it. If two threads hash alike, the first one's note is
 * lost. Each note is one word, so READ_ONCE() with WRITE_ONCE() or cmpxchg() suffices.
 */
static u64 notes[BIT(NOTE_BITS)];

static __always_inline u64 *exec_note_of(u32 pid)
{
	return &notes[hash_32(pid, NOTE_BITS)];
}

static __always_inline bool is_exec(u32 nr)
{
	return nr == __NR_execve || nr == __NR_execveat;
}

/*
 * 32-bit programs use other numbers for execve(2), so any of their calls is noted.
 * Programs started by the kernel itself are in no call, but they come from 64-bit
 * threads.
 */
static notrace void probe_task_rename(void *data, struct task_struct *task, const char *comm)
{
	u32 nr;

	if (task != current || !task->in_execve)
		return;
	nr = exptrace_call_number(syscall_get_nr(task, task_pt_regs(task)));
	if (is_exec(nr) || nr & EXPTRACE_SYSCALL_COMPAT)
		WRITE_ONCE(*exec_note_of(task->pid), (u64)task->pid << 32 | nr);
}

#define PROBES(X)						\
	X(task_rename)

EXPTRACE_CHECK_PROBES(PROBES)

static const struct exptrace_hook hooks[] = {
	{ "task_rename", probe_task_rename },
};

/**
 * exptrace_exec_number - the call by which the current thread executed a program
 * @nr:		number in the thread's registers at the end of a call
 * @ret:	result of the call
 *
 * Must be called at the end of each call that is_exec(), or is a 32-bit program's.
 * Context: task. Return: the number with which the call began, or EXPTRACE_SYSCALL_NONE
 * if that is unknown because no probe saw it begin.
 */
noinline notrace u32 exptrace_exec_number(u32 nr, long ret)
{
	u32 pid = current->pid;
	u64 *place = exec_note_of(pid), note = READ_ONCE(*place);

	/* Another thread may overwrite the note at any time. */
	if (note >> 32 == pid && cmpxchg(place, note, 0) == note)
		return (u32)note;
	/* A call that failed may have kept its registers and its name. */
	return ret || nr & EXPTRACE_SYSCALL_COMPAT ? nr : EXPTRACE_SYSCALL_NONE;
}
EXPTRACE_KEEPING(exptrace_exec_number);

/* Must be called before the first exptrace_exec_number(). Caller holds exptrace.control. */
int exptrace_exec_begin(void)
{
	lockdep_assert_held(&exptrace.control);

	/* Older notes may be of earlier threads with the same ids. */
	memset(notes, 0, sizeof(notes));
	return exptrace_hook(hooks, ARRAY_SIZE(hooks), NULL);
}

/* exptrace_exec_number() is not called any more. Caller holds exptrace.control. */
void exptrace_exec_end(void)
{
	exptrace_unhook(hooks, ARRAY_SIZE(hooks), NULL);
}
