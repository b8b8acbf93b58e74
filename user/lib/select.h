/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Selections: words such as "sched,-sched_wakeup" that select events.
 */
#ifndef EXPTRACE_LIB_SELECT_H
#define EXPTRACE_LIB_SELECT_H

#include "words.h"

/* The cached decision about a description of a trace */
struct verdict {
	uint8_t known;		/* decided */
	uint8_t meant;		/* selected */
	uint32_t call;		/* index of the argument that is a system call; SELECT_NO_CALL */
};

#define SELECT_NO_CALL	UINT32_MAX

struct exptrace_selection {
	char *text;
	struct word *words;	/* point into text */
	size_t nwords, words_room;
	size_t nfound;		/* words that match something offered */

	/* selected calls of the last trace offered, and the number used for calls without one */
	struct exptrace_syscall_tables calls;
	uint64_t without_number;

	struct verdict *verdicts;	/* by the description's index */
	size_t nverdicts;
};

/* The names of a kernel's system calls by number, NULL where unknown. */
struct call_names {
	const char *list[EXPTRACE_NR_SYSCALL_TABLES][EXPTRACE_MAX_SYSCALLS];
};

/* See exptrace_selection_syscalls(); for calls with these names. */
int select_calls(struct exptrace_selection *selection, const struct call_names *names, bool now,
		 struct exptrace_syscall_tables *calls);

#endif /* EXPTRACE_LIB_SELECT_H */
