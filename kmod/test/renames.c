// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test module: an experiment with a probe of its own on a kernel tracepoint. Its event
 * can have a stack.
 */
#include <linux/mm_types.h>	/* for trace/events/task.h */
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/tracepoint.h>
#include <trace/events/task.h>

#include "experiment.h"
#include "writer.h"

#define TEST_EXPERIMENT		6
#define TEST_EVENT		64

static const struct exptrace_event_def events[] = {
	{ EXPTRACE_EVENT_CURRENT, 1, "state", "current",
	  (const struct exptrace_arg_def[]){ { EXPTRACE_KIND_PID, "pid" }, { } } },
	{ EXPTRACE_EVENT_STACK, 1, "state", "stack",
	  (const struct exptrace_arg_def[]){ { EXPTRACE_KIND_STACK_ID, "stack" }, { } } },
	{ TEST_EVENT, 1, "test", "test_rename",
	  (const struct exptrace_arg_def[]){ { EXPTRACE_KIND_PID, "pid" }, { } } },
};

/* A separate function, so that the module has two frames. */
static noinline notrace void write_event(pid_t pid)
{
	EXPTRACE_WRITER(w);

	if (!exptrace_begin(&w, TEST_EXPERIMENT, TEST_EVENT, exptrace_max(1, 0)))
		return;
	exptrace_number(&w, pid);
	exptrace_end(&w);
}

static notrace void probe_task_rename(void *data, struct task_struct *task, const char *comm)
{
	write_event(task->pid);
	barrier();	/* force a call, not a tail jump */
}

#define PROBES(X)						\
	X(task_rename)

EXPTRACE_CHECK_PROBES(PROBES)

static struct exptrace_switch switches[] = {
	{ .name = "test_rename", .tracepoint = "task_rename", .probe = probe_task_rename },
};

static struct exptrace_experiment experiment = {
	.id = TEST_EXPERIMENT,
	.version = 1,
	.name = "renames",
	.owner = THIS_MODULE,
	.events = events,
	.nr_events = ARRAY_SIZE(events),
	.switches = switches,
	.nr_switches = ARRAY_SIZE(switches),
};

static int __init exptrace_renames_init(void)
{
	return exptrace_experiment_register(&experiment);
}
module_init(exptrace_renames_init);

static void __exit exptrace_renames_exit(void)
{
	exptrace_experiment_unregister(&experiment);
}
module_exit(exptrace_renames_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("exptrace: renamed threads, recorded by another module");
MODULE_AUTHOR("the exptrace developers");
