/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages of calls that have no trace to keep them with: the last one of each thread.
 *
 * Some of these calls fail often, and cheaply: so only what the message is made of is noted.
 */
#ifndef EXPTRACE_LIB_ERROR_H
#define EXPTRACE_LIB_ERROR_H

#include <stddef.h>

/*
 * Notes what could not be done with @object of @len bytes (cut, if it is long; NULL: with
 * nothing); the message ends with what errno @err means. Returns @err.
 */
int error_failed(int err, const char *what, const char *object, size_t len);

/* The same, if @what says all. Both times it must be constant. */
int error_refused(int err, const char *what, const char *object, size_t len);

/* The message, as long as this thread's next one is not asked for; "": nothing has failed. */
const char *error_text(void);

#endif /* EXPTRACE_LIB_ERROR_H */
