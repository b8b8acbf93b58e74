// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Error messages of calls without a trace: the last one of each thread.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "error.h"

#define OBJECT_MAX	128

static _Thread_local struct {
	int err;
	bool with_errno;
	const char *what;	/* NULL: nothing has failed */
	char object[OBJECT_MAX];
	char text[3 * OBJECT_MAX];
} last;

static int error_store(int err, bool with_errno, const char *what, const char *object, size_t len)
{
	if (len >= OBJECT_MAX)
		len = OBJECT_MAX - 1;
	last.err = err;
	last.with_errno = with_errno;
	last.what = what;
	if (object)
		memcpy(last.object, object, len);
	last.object[object ? len : 0] = 0;
	return err;
}

int error_failed(int err, const char *what, const char *object, size_t len)
{
	return error_store(err, true, what, object, len);
}

int error_refused(int err, const char *what, const char *object, size_t len)
{
	return error_store(err, false, what, object, len);
}

const char *error_text(void)
{
	if (!last.what)
		return "";
	snprintf(last.text, sizeof(last.text), "%s%s%s%s%s", last.object, *last.object ? ": " : "",
		 last.what, last.with_errno ? ": " : "",
		 last.with_errno ? strerror(-last.err) : "");
	return last.text;
}
