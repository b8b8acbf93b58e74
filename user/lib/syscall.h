/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The names of system calls.
 */
#ifndef EXPTRACE_LIB_SYSCALL_H
#define EXPTRACE_LIB_SYSCALL_H

#include <stdint.h>

#include <libexptrace.h>

/* From this number on, a call has the same one in all tables: it is newer than that rule. */
#define SYSCALLS_COMMON	424

/* The table in which the @number of an event counts; @nr: out: its number there. */
enum exptrace_syscall_table syscall_table(uint64_t number, uint64_t *nr);

/*
 * The name of the call with the @number of an event, of a @machine (as uname(2) has it, or
 * NULL); NULL if unknown.
 */
const char *syscall_name(const char *machine, uint64_t number);

#endif /* EXPTRACE_LIB_SYSCALL_H */
