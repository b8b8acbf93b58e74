/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs subcommands inside the test, on traces in memory, and keeps their output.
 */
#ifndef EXPTRACE_TEST_RUN_H
#define EXPTRACE_TEST_RUN_H

#include <libexptrace.h>

#include "../cmd/cmd.h"
#include "writer.h"

#define RUN_OUTPUT	(256 * 1024)

/* The last run's standard output and error, with a terminating 0. */
extern char run_output[RUN_OUTPUT];
extern size_t run_size;		/* without the terminator */

/* Runs the command with these arguments, up to a NULL. Returns its exit code. */
int run_words(const struct command *command, const char *const *words);

/* Runs the command on a trace of @n bytes. @option may be NULL. Returns the exit code. */
int run_bytes(const struct command *command, const char *option, const uint8_t *data, size_t n);
int run_trace(const struct command *command, const char *option, const struct writer *w);

/* Runs dump --all --json. Returns the exit code. */
int run_dump_json(const uint8_t *data, size_t n);

/* Whether the last run printed @text. */
bool run_printed(const char *text);

/* Returns the descriptor of a memory file with these bytes, positioned at its beginning. */
int memory_file(const uint8_t *data, size_t n);

/* Opens a trace in a memory file; the caller closes it with test_close(). */
struct exptrace_trace *test_open(const struct writer *w, int *fd);
void test_close(struct exptrace_trace *trace, int fd);

#endif /* EXPTRACE_TEST_RUN_H */
