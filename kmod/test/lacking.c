// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test module: an experiment without stacks, one of whose events has a tracepoint that no
 * kernel has.
 */
#include <linux/module.h>
#include <linux/sched.h>

#include <trace/events/sched.h>

#include "experiment.h"
#include "writer.h"

#define LACKING_EXPERIMENT	6

enum {
	TYPE_TEST_FORK = 64,
	TYPE_TEST_MISSING,
};

static const struct exptrace_event_def events[] = {
	{ EXPTRACE_EVENT_CURRENT, 1, "state", "current",
	  (const struct exptrace_arg_def[]){ { EXPTRACE_KIND_PID, "pid" }, { } } },
	{ TYPE_TEST_FORK, 1, "test", "test_fork",
	  (const struct exptrace_arg_def[]){ { EXPTRACE_KIND_PID, "child_pid" }, { } } },
	{ TYPE_TEST_MISSING, 1, "test", "test_missing", (const struct exptrace_arg_def[]){ { } } },
};

static notrace void probe_sched_process_fork(void *data, struct task_struct *parent,
					     struct task_struct *child)
{
	EXPTRACE_WRITER(w);

	if (!exptrace_begin(&w, LACKING_EXPERIMENT, TYPE_TEST_FORK, exptrace_max(1, 0)))
		return;
	exptrace_number(&w, child->pid);
	exptrace_end(&w);
}

/* Never called. */
static notrace void probe_missing(void *data)
{
}

#define PROBES(X)	X(sched_process_fork)

EXPTRACE_CHECK_PROBES(PROBES)

static struct exptrace_switch switches[] = {
	{ .name = "test_fork", .tracepoint = "sched_process_fork",
	  .probe = probe_sched_process_fork },
	{ .name = "test_missing", .tracepoint = "exptrace_is_in_no_kernel",
	  .probe = probe_missing },
};

static struct exptrace_experiment experiment = {
	.id = LACKING_EXPERIMENT,
	.version = 1,
	.name = "lacking",
	.events = events,
	.nr_events = ARRAY_SIZE(events),
	.switches = switches,
	.nr_switches = ARRAY_SIZE(switches),
};

static int __init exptrace_lacking_init(void)
{
	return exptrace_experiment_register(&experiment);
}

static void __exit exptrace_lacking_exit(void)
{
	exptrace_experiment_unregister(&experiment);
}

module_init(exptrace_lacking_init);
module_exit(exptrace_lacking_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("exptrace: an experiment without a tracepoint and without stacks");
MODULE_AUTHOR("the exptrace developers");
