// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which system call a thread has executed a program with.
 *
 * The program gets new registers. In these, x86 says that the call is the new program's
 * execve(2): even if it was execveat(2), or a call of a 32-bit program, whose number is
 * another one. And a thread that is not its process's first has another id afterwards. So
 * a probe notes the call when the thread gets its new name: it has its new id then, and
 * its registers are still the old ones.
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
 * By the hash of the thread's id: this, and the number of its call; 0: nobody's. A thread
 * has a note only until it returns from the call, and looks at its own alone. Two may have
 * the same place: the first one's note is lost then. Whole words, so READ_ONCE(), and
 * WRITE_ONCE() or cmpxchg(), suffice.
 */
static u64 notes[BIT(NOTE_BITS)];

static __always_inline u64 *place_of(u32 pid)
{
	return &notes[hash_32(pid, NOTE_BITS)];
}

static __always_inline bool is_exec(u32 nr)
{
	return nr == __NR_execve || nr == __NR_execveat;
}

/*
 * Those of 32-bit programs have other numbers, and need not be looked at: programs of the
 * kernel's own, which are in no call, come from threads that are of 64 bits.
 */
static notrace void probe_task_rename(void *data, struct task_struct *task, const char *comm)
{
	u32 nr;

	if (task != current || !task->in_execve)
		return;
	nr = exptrace_call_number(syscall_get_nr(task, task_pt_regs(task)));
	if (is_exec(nr) || nr & EXPTRACE_SYSCALL_COMPAT)
		WRITE_ONCE(*place_of(task->pid), (u64)task->pid << 32 | nr);
}

#define PROBES(X)						\
	X(task_rename)

EXPTRACE_CHECK_PROBES(PROBES)

static const struct exptrace_hook hooks[] = {
	{ "task_rename", probe_task_rename },
};

/**
 * exptrace_exec_number - with which call did the present thread execute a program?
 * @nr:		the number that its registers have at the end of a call
 * @ret:	the call's result
 *
 * To be asked at the end of each call that is_exec(), or is a 32-bit program's. Context:
 * task. Return: the number that the call began with; EXPTRACE_SYSCALL_NONE if that is
 * not known, since nobody has seen it begin.
 */
noinline notrace u32 exptrace_exec_number(u32 nr, long ret)
{
	u32 pid = current->pid;
	u64 *place = place_of(pid), note = READ_ONCE(*place);

	/* Another thread may take the place at any time. */
	if (note >> 32 == pid && cmpxchg(place, note, 0) == note)
		return (u32)note;
	/* One that has failed may have kept its registers, and its name. */
	return ret || nr & EXPTRACE_SYSCALL_COMPAT ? nr : EXPTRACE_SYSCALL_NONE;
}
EXPTRACE_KEEPING(exptrace_exec_number);

/* To be called before ends of calls are looked at. Caller holds exptrace.control. */
int exptrace_exec_begin(void)
{
	lockdep_assert_held(&exptrace.control);

	/* What was noted before may be of another thread with the same id. */
	memset(notes, 0, sizeof(notes));
	return exptrace_hook(hooks, ARRAY_SIZE(hooks), NULL);
}

/* No end is looked at any more. Caller holds exptrace.control. */
void exptrace_exec_end(void)
{
	exptrace_unhook(hooks, ARRAY_SIZE(hooks), NULL);
}
