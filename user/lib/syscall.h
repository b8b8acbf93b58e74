/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The names of system calls.
 */
#ifndef EXPTRACE_LIB_SYSCALL_H
#define EXPTRACE_LIB_SYSCALL_H

#include <stdint.h>

#include <libexptrace.h>

/* The name of call number @nr of a @machine (as uname(2) has it, or NULL); NULL if unknown. */
const char *syscall_name(const char *machine, uint64_t nr);

#endif /* EXPTRACE_LIB_SYSCALL_H */
