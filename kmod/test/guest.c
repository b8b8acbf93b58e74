// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test module: registers and unregisters an experiment, as written to
 * /sys/kernel/exptrace_guest/registered, while the module stays loaded. Writing N to
 * "write" records N events, whether the experiment is registered or not.
 */
#include <linux/kobject.h>
#include <linux/mm_types.h>	/* for trace/events/task.h */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sysfs.h>
#include <trace/events/task.h>

#include "experiment.h"
#include "writer.h"

#define GUEST_EXPERIMENT	5

enum {
	TYPE_GUEST_WRITE = 64,
	TYPE_GUEST_RENAME,
};

static const struct exptrace_event_def events[] = {
	{ EXPTRACE_EVENT_CURRENT, 1, "state", "current",
	  (const struct exptrace_arg_def[]){ { EXPTRACE_KIND_PID, "pid" }, { } } },
	{ EXPTRACE_EVENT_STACK, 1, "state", "stack",
	  (const struct exptrace_arg_def[]){ { EXPTRACE_KIND_STACK_ID, "stack" }, { } } },
	{ TYPE_GUEST_WRITE, 1, "guest", "guest_write",
	  (const struct exptrace_arg_def[]){ { EXPTRACE_KIND_UINT, "number" }, { } } },
	{ TYPE_GUEST_RENAME, 1, "guest", "guest_rename",
	  (const struct exptrace_arg_def[]){ { EXPTRACE_KIND_PID, "pid" }, { } } },
};

static notrace void write_event(unsigned int type, u64 value)
{
	EXPTRACE_WRITER(w);

	if (!exptrace_begin(&w, GUEST_EXPERIMENT, type, exptrace_max(1, 0)))
		return;
	exptrace_number(&w, value);
	exptrace_end(&w);
}

static notrace void probe_task_rename(void *data, struct task_struct *task, const char *comm)
{
	write_event(TYPE_GUEST_RENAME, task->pid);
}

#define PROBES(X)	X(task_rename)

EXPTRACE_CHECK_PROBES(PROBES)

static struct exptrace_switch switches[] = {
	{ .name = "guest_rename", .tracepoint = "task_rename", .probe = probe_task_rename },
};

static struct exptrace_experiment experiment = {
	.id = GUEST_EXPERIMENT,
	.version = 1,
	.name = "guest",
	.owner = THIS_MODULE,
	.events = events,
	.nr_events = ARRAY_SIZE(events),
	.switches = switches,
	.nr_switches = ARRAY_SIZE(switches),
};

static bool registered;
static DEFINE_MUTEX(registering);	/* protects @registered */

static int set_registered(bool want)
{
	int err = 0;

	mutex_lock(&registering);
	if (want && !registered)
		err = exptrace_experiment_register(&experiment);
	else if (!want && registered)
		exptrace_experiment_unregister(&experiment);
	if (!err)
		registered = want;
	mutex_unlock(&registering);
	return err;
}

static ssize_t registered_store(struct kobject *kobj, struct kobj_attribute *attr,
				const char *text, size_t count)
{
	bool want;
	int err;

	err = kstrtobool(text, &want) ?: set_registered(want);
	return err ?: count;
}

static struct kobj_attribute registered_attr = __ATTR_WO(registered);

static ssize_t write_store(struct kobject *kobj, struct kobj_attribute *attr, const char *text,
			   size_t count)
{
	unsigned int nr, i;
	int err;

	err = kstrtouint(text, 0, &nr);
	if (err)
		return err;
	for (i = 0; i < nr; i++)
		write_event(TYPE_GUEST_WRITE, i);
	return count;
}

static struct kobj_attribute write_attr = __ATTR_WO(write);

static const struct attribute *const attributes[] = {
	&registered_attr.attr,
	&write_attr.attr,
	NULL
};

static struct kobject *dir;	/* /sys/kernel/exptrace_guest */

static int __init exptrace_guest_init(void)
{
	int err;

	dir = kobject_create_and_add("exptrace_guest", kernel_kobj);
	if (!dir)
		return -ENOMEM;
	err = sysfs_create_files(dir, attributes);
	if (err)
		kobject_put(dir);
	return err;
}
module_init(exptrace_guest_init);

static void __exit exptrace_guest_exit(void)
{
	sysfs_remove_files(dir, attributes);
	kobject_put(dir);
	set_registered(false);
}
module_exit(exptrace_guest_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("exptrace: an experiment that comes and goes");
MODULE_AUTHOR("the exptrace developers");
