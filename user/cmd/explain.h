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

/* Print a message; all return EXIT_PROBLEM. @err: a negative errno. */
int explain_open(int err);
int explain_start(struct exptrace_device *device, const struct exptrace_start *start, int err);
/* @what: the verb: "stop", "snapshot" */
int explain_control(int err, const char *what);
int explain_read(int err);
int explain_write(const struct stream *stream, const struct outfile *file);
int explain_stall(struct exptrace_device *device, const struct stream *stream,
		  const struct outfile *file, bool impatient);

/* Open the device. Returns an exit code; reports problems. */
int open_device(int flags, struct exptrace_device **device);

#endif /* EXPTRACE_EXPLAIN_H */
