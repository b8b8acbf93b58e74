/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Error messages of calls without a trace: the last one of each thread.
 *
 * Some of these calls fail often and must be cheap. So they store only the parts of the message;
 * error_text() formats it.
 */
#ifndef EXPTRACE_LIB_ERROR_H
#define EXPTRACE_LIB_ERROR_H

#include <stddef.h>

/*
 * Stores the failed action, a constant string, and the object that it failed on: @len bytes, cut
 * if long, or NULL. The message ends with the meaning of errno @err. Returns @err.
 */
int error_failed(int err, const char *what, const char *object, size_t len);

/* The same for a @what that needs no errno. */
int error_refused(int err, const char *what, const char *object, size_t len);

/* Returns the message, valid until this thread's next call; "": nothing has failed. */
const char *error_text(void);

#endif /* EXPTRACE_LIB_ERROR_H */
