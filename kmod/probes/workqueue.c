// SPDX-License-Identifier: GPL-2.0-only
/*
 * Workqueues: execution of work items.
 */
#include <linux/workqueue.h>
#include <trace/events/workqueue.h>

#include "probe.h"

static __always_inline void put_work(unsigned int type, const struct work_struct *work,
				     work_func_t function)
{
	EXPTRACE_WRITER(w);

	if (!exptrace_standard_begin(&w, type, exptrace_max(3, 0)))
		return;
	exptrace_object(&w, work);
	exptrace_site(&w, (unsigned long)function);
	exptrace_end(&w);
}

static notrace void probe_workqueue_execute_start(void *data, struct work_struct *work)
{
	put_work(EXPTRACE_EVENT_WORKQUEUE_EXECUTE_START, work, work->func);
}

/* The work item may already be freed, so only its address is used. */
static notrace void probe_workqueue_execute_end(void *data, struct work_struct *work,
						work_func_t function)
{
	put_work(EXPTRACE_EVENT_WORKQUEUE_EXECUTE_END, work, function);
}

#define PROBES(X)						\
	X(workqueue_execute_start)				\
	X(workqueue_execute_end)

EXPTRACE_CHECK_PROBES(PROBES)

static const struct exptrace_probe probes[] = {
	PROBES(EXPTRACE_PROBE)
};

const struct exptrace_probes exptrace_workqueue_probes = EXPTRACE_PROBES(probes);
