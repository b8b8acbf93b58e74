// SPDX-License-Identifier: GPL-2.0-only
/*
 * A C++ program that uses the library, and the macros and initializers of the headers.
 */
#include <libexptrace.h>
#include <exptrace/events.h>

#include <sys/ioctl.h>

static void count(void *arg, const struct exptrace_generation *generation)
{
	*static_cast<uint64_t *>(arg) += generation->number;
}

int main()
{
	static const unsigned long requests[] = { EXPTRACE_IOC_INFO, EXPTRACE_IOC_START };
	const struct exptrace_start start = EXPTRACE_START_INIT;
	const struct exptrace_record *record;
	struct exptrace_trace *trace;
	uint64_t numbers = 0;
	bool right;

	if (exptrace_open_memory(EXPTRACE_HEADER_MAGIC "\0\0\0\0", EXPTRACE_HEADER_SIZE, &trace))
		return 1;
	exptrace_on_generation(trace, count, &numbers);
	right = !exptrace_next_event(trace, &record) && !numbers &&
		!exptrace_account(trace)->generations && !exptrace_times(trace)->gaps &&
		start.mode == EXPTRACE_MODE_STREAM && start.period_ms == EXPTRACE_START_DEFAULT &&
		!start.pool_size && !start.reserved[1] && requests[0] != requests[1] &&
		EXPTRACE_EVENT_IS_STATE(EXPTRACE_EVENT_CURRENT);
	exptrace_close(trace);
	return !right;
}
