// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads as text, "comm-pid": cached, and made again after names have changed.
 */
#include <stdlib.h>

#include "threads.h"

#define COMM_WIDTH	16
#define PID_WIDTH	7

static char *put_spaces(char *pos, size_t n)
{
	memset(pos, ' ', n);
	return pos + n;
}

void thread_make(struct threads *threads, struct thread *thread, int64_t pid)
{
	const char *comm = exptrace_comm(threads->trace, pid);
	size_t len = strnlen(comm ? comm : "<...>", THREAD_COMM_MAX), columns;
	char *pos = thread->column, *start, text[TEXT_FOREIGN(THREAD_COMM_MAX)];

	len = (size_t)(text_foreign(text, comm ? comm : "<...>", len) - text);
	columns = text_columns(text, len);
	pos = put_spaces(pos, columns < COMM_WIDTH ? COMM_WIDTH - columns : 0);
	start = pos;
	pos = text_bytes(pos, text, len);
	thread->comm_at = (uint8_t)(start - thread->column);
	thread->comm_len = (uint8_t)(pos - start);
	*pos++ = '-';
	start = pos;
	if (pid == EXPTRACE_PID_UNKNOWN)
		*pos++ = '?';
	else
		pos = text_signed(pos, pid);
	len = (size_t)(pos - start);
	thread->pid_at = (uint8_t)(start - thread->column);
	thread->pid_len = (uint8_t)len;
	pos = put_spaces(pos, len < PID_WIDTH ? PID_WIDTH - len : 0);
	thread->len = (uint8_t)(pos - thread->column);
	thread->changes = threads->changes;
}

void threads_init(struct threads *threads, const struct exptrace_trace *trace)
{
	memset(threads, 0, sizeof(*threads));
	threads->trace = trace;
	threads->pids.size = sizeof(struct thread);
}

void threads_uninit(struct threads *threads)
{
	pids_uninit(&threads->pids);
}
