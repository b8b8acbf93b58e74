/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lines and columns of text that several subcommands print alike.
 */
#ifndef EXPTRACE_PRINT_H
#define EXPTRACE_PRINT_H

#include <libexptrace.h>

/* The name of a thread by its number, or "<...>". */
const char *thread_name(const struct exptrace_trace *trace, uint64_t thread);

/* The columns "pid" and "comm" of a thread, by its number. */
void print_thread(const struct exptrace_trace *trace, uint64_t thread);

/* "Damaged: ..." and "Not read: ...", if there is anything to say. */
void print_unread(const struct exptrace_trace *trace);

#endif /* EXPTRACE_PRINT_H */
