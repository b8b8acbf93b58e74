/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages for what fails with the device: what went wrong, and what to do about it.
 */
#ifndef EXPTRACE_EXPLAIN_H
#define EXPTRACE_EXPLAIN_H

#include <stdbool.h>

#include <libexptrace.h>

struct outfile;
struct stream;

/* All return EXIT_PROBLEM. */
int explain_open(int err);
int explain_start(struct exptrace_device *device, const struct exptrace_start *start, int err);
int explain_control(int err, const char *what);
int explain_read(int err);
int explain_write(const struct stream *stream, const struct outfile *file);
int explain_stall(struct exptrace_device *device, const struct stream *stream,
		  const struct outfile *file, bool impatient);

/* Opens the device; an exit code, problems are reported. */
int open_device(int flags, struct exptrace_device **device);

#endif /* EXPTRACE_EXPLAIN_H */
