// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The error message of a trace: the last one, kept until the next call that fails.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "api.h"
#include "error.h"
#include "trace.h"

/* The position in the file that it lies in, if the trace is several files. */
API const char *exptrace_locate(const struct exptrace_trace *trace, uint64_t offset,
				uint64_t *in_file)
{
	const struct source *source = trace->input.source;

	*in_file = offset;
	return source && source->ops->where ? source->ops->where(source, in_file) : NULL;
}

int trace_error(struct exptrace_trace *trace, int err, uint64_t offset, const char *format, ...)
{
	uint64_t in_file;
	const char *file = exptrace_locate(trace, offset, &in_file);
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(trace->message, sizeof(trace->message), format, args);
	va_end(args);
	if (n < 0 || (size_t)n > sizeof(trace->message))
		n = sizeof(trace->message);
	snprintf(trace->message + n, sizeof(trace->message) - n, " at offset %llu%s%s",
		 (unsigned long long)in_file, file ? " of " : "", file ? file : "");
	trace->error = trace->message;
	trace->error_offset = offset;
	return err;
}

int trace_no_memory(struct exptrace_trace *trace, uint64_t offset)
{
	return trace_error(trace, -ENOMEM, offset, "out of memory");
}

int trace_bad_event(struct exptrace_trace *trace, const struct cursor *cursor,
		    const struct exptrace_batch *batch)
{
	return trace_error(trace, -EBADMSG, cursor_offset(cursor),
			   "event %s (type %u of experiment %u) in generation %llu", cursor->bad,
			   cursor->type, batch->experiment, (unsigned long long)batch->generation);
}

API const char *exptrace_error(const struct exptrace_trace *trace)
{
	if (!trace)
		return error_text();
	return trace->error ? trace->error : "";
}

int trace_wrong_mode(const struct exptrace_trace *trace)
{
	return trace_refuse(trace, -EINVAL, "this trace is being read in another way");
}
