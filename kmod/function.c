// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel functions without a tracepoint: find, hook and unhook them. They are found by their
 * exported addresses: to look up one by name, the function tracer walks all functions of the
 * kernel, 50,000 or so.
 */
#include <linux/container_of.h>
#include <linux/errno.h>
#include <linux/rculist.h>

#include "function.h"

#ifdef EXPTRACE_HAS_FUNCTIONS
/* Written under exptrace.control, read under RCU. */
static LIST_HEAD(hooked_functions);

static notrace void function_entered(unsigned long ip, unsigned long caller, struct ftrace_ops *ops,
				     struct ftrace_regs *regs)
{
	const struct exptrace_function *function =
		container_of(ops, struct exptrace_function, ops);

	function->probe(caller, exptrace_function_argument(regs, 0),
			exptrace_function_argument(regs, 1),
			exptrace_function_argument(regs, 2));
}

/*
 * Set the filter of ops to the functions. If none was found (-EINVAL), ops must not be
 * registered: an empty filter would mean all functions of the kernel.
 */
static int choose_functions(struct exptrace_function *function)
{
	int err, found = -EINVAL;
	unsigned int i;

	/*
	 * Permanent: while the ops are registered, the sysctl kernel.ftrace_enabled
	 * cannot be set to 0, which would lose events without counting them.
	 */
	function->ops = (struct ftrace_ops) {
		.func = function_entered,
		.flags = FTRACE_OPS_FL_PERMANENT,
	};
	for (i = 0; i < function->nr; i++) {
		if (!function->addresses[i])
			continue;
		err = ftrace_set_filter_ip(&function->ops, (unsigned long)function->addresses[i],
					   0, 0);
		if (!err)
			found = 0;
		else if (err != -EINVAL)
			return err;
	}
	return found;
}

/* Does the kernel have at least one of the functions? */
bool exptrace_function_find(struct exptrace_function *function)
{
	function->found = !choose_functions(function);
	ftrace_free_filter(&function->ops);
	return function->found;
}

/**
 * exptrace_function_hook - attach a probe to functions
 * @function:	the functions and their probe
 *
 * Context: process, exptrace.control held; sleeps. Return: 0; -EBUSY if the administrator
 * disabled the function tracer; or another error of the function tracer.
 */
int exptrace_function_hook(struct exptrace_function *function)
{
	int err;

	err = choose_functions(function);
	if (!err)
		err = register_ftrace_function(&function->ops);
	if (err)
		ftrace_free_filter(&function->ops);
	else
		list_add_rcu(&function->hooked, &hooked_functions);
	return err;
}

/*
 * Undo exptrace_function_hook(), and wait until no probe runs: a grace period of RCU
 * Tasks. @function may be freed after an additional RCU grace period.
 */
void exptrace_function_unhook(struct exptrace_function *function)
{
	unregister_ftrace_function(&function->ops);
	list_del_rcu(&function->hooked);
	ftrace_free_filter(&function->ops);
}

/*
 * Is this frame in the trampoline by which the function tracer calls one of our probes?
 * The trampoline loses its symbol when the probe is removed. Preemption is off.
 */
notrace bool exptrace_function_is_trampoline(unsigned long frame)
{
	const struct exptrace_function *function;

	list_for_each_entry_rcu(function, &hooked_functions, hooked)
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
