/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The names of system calls.
 */
#ifndef EXPTRACE_LIB_SYSCALL_H
#define EXPTRACE_LIB_SYSCALL_H

/* From this number on, new calls get the same number in all tables. */
#define SYSCALLS_COMMON	424

#endif /* EXPTRACE_LIB_SYSCALL_H */
