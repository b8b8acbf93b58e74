// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions of the kernel that have no tracepoint: found by name, hooked and unhooked.
 */
#include <linux/container_of.h>
#include <linux/errno.h>
#include <linux/rculist.h>
#include <linux/string.h>

#include "function.h"

#ifdef EXPTRACE_HAS_FUNCTIONS
#define FUNCTION_CHARS	32

/* Written under exptrace.control, read under RCU. */
static LIST_HEAD(all_hooked);

static notrace void enter(unsigned long ip, unsigned long caller, struct ftrace_ops *ops,
			  struct ftrace_regs *regs)
{
	const struct exptrace_function *function =
		container_of(ops, struct exptrace_function, ops);

	function->probe(caller, exptrace_function_argument(regs, 0),
			exptrace_function_argument(regs, 1),
			exptrace_function_argument(regs, 2));
}

/*
 * Chooses the functions. Without any, which is -EINVAL, ops must not be registered: they
 * would mean all of the kernel's.
 */
static int choose(struct exptrace_function *function)
{
	char name[FUNCTION_CHARS];
	int err, found = -EINVAL;
	unsigned int i;

	/*
	 * Permanent: as long as it is registered, the sysctl kernel.ftrace_enabled can't be set
	 * to 0, which would lose events that nobody counts.
	 */
	function->ops = (struct ftrace_ops) {
		.func = enter,
		.flags = FTRACE_OPS_FL_PERMANENT,
	};
	for (i = 0; function->names[i]; i++) {
		strscpy(name, function->names[i], sizeof(name));
		err = ftrace_set_filter(&function->ops, name, strlen(name), 0);
		if (!err)
			found = 0;
		else if (err != -EINVAL)
			return err;
	}
	return found;
}

/* Does the kernel have one of them? */
bool exptrace_function_find(struct exptrace_function *function)
{
	function->found = !choose(function);
	ftrace_free_filter(&function->ops);
	return function->found;
}

/**
 * exptrace_function_hook - let a probe be called
 * @function:	where it is called, and the probe
 *
 * Context: process, exptrace.control held; sleeps. Return: 0; -EBUSY if the administrator
 * has switched the function tracer off; what else it returns.
 */
int exptrace_function_hook(struct exptrace_function *function)
{
	int err;

	err = choose(function);
	if (!err)
		err = register_ftrace_function(&function->ops);
	if (err)
		ftrace_free_filter(&function->ops);
	else
		list_add_rcu(&function->hooked, &all_hooked);
	return err;
}

/*
 * Undoes that, and waits until no probe runs: a grace period of RCU Tasks. @function may go
 * away after one of RCU besides.
 */
void exptrace_function_unhook(struct exptrace_function *function)
{
	unregister_ftrace_function(&function->ops);
	list_del_rcu(&function->hooked);
	ftrace_free_filter(&function->ops);
}

/*
 * Is the frame that of what the tracer has made to call one of our probes? It has no symbol
 * any more when the probe is gone. Preemption is off.
 */
notrace bool exptrace_function_is_trampoline(unsigned long frame)
{
	const struct exptrace_function *function;

	list_for_each_entry_rcu(function, &all_hooked, hooked)
		if (frame - READ_ONCE(function->ops.trampoline) <
		    READ_ONCE(function->ops.trampoline_size))
			return true;
	return false;
}
#else
bool exptrace_function_find(struct exptrace_function *function)
{
	return false;
}

int exptrace_function_hook(struct exptrace_function *function)
{
	return -EOPNOTSUPP;
}

void exptrace_function_unhook(struct exptrace_function *function)
{
}

bool exptrace_function_is_trampoline(unsigned long frame)
{
	return false;
}
#endif
