// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module: its init and exit, in the order of the layers.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/security.h>
#include <linux/sizes.h>
#include <linux/utsname.h>
#include <generated/utsrelease.h>

#include "address.h"
#include "device/device.h"
#include "experiment.h"
#include "generation.h"
#include "lock.h"
#include "params.h"
#include "probes/probes.h"
#include "recording.h"
#include "tables/tables.h"

static bool autostart;
module_param(autostart, bool, 0444);
MODULE_PARM_DESC(autostart, "record from the start (default 0)");

static char *events = "sched";
module_param(events, charp, 0400);	/* only root may see what is traced */
MODULE_PARM_DESC(events, "events and groups that are on (default sched)");

static bool time_holds;
module_param(time_holds, bool, 0444);
MODULE_PARM_DESC(time_holds, "for debugging: time how long the pool's lock is held (default 0)");

/* A module forced into another kernel would record nonsense. */
static int check_kernel(void)
{
	if (!strcmp(utsname()->release, UTS_RELEASE))
		return 0;
	pr_err("built for Linux %s, but this is %s: build it again (make KDIR=...)\n",
	       UTS_RELEASE, utsname()->release);
	return -ENOEXEC;
}

static int __init register_own(void)
{
	int err;

	exptrace_standard_init();
	err = exptrace_experiment_register(&exptrace_standard) ?:
	      exptrace_experiment_register(&exptrace_allocfree);
	if (err)
		return err;
	if (exptrace_standard.switches[0].tp)
		return 0;
	pr_err("this kernel's scheduler has no tracepoints: nothing can be recorded\n");
	return -EOPNOTSUPP;
}

/* A locked-down kernel refuses other tracers, too. */
static int start_by_itself(void)
{
	struct exptrace_params params;
	int err;

	err = security_locked_down(LOCKDOWN_TRACEFS);
	if (err) {
		pr_err("autostart refused: the kernel is locked down\n");
		return err;
	}
	exptrace_default_params(&params);
	err = exptrace_start(&params);
	if (err)
		pr_err("autostart failed: %d (pool of %llu MiB)\n", err,
		       params.pool_size / SZ_1M);
	return err;
}

static int apply_params(void)
{
	int err;

	mutex_lock(&exptrace.control);
	err = exptrace_select(events);
	if (err) {
		pr_err("events=%s: can't be switched on\n", events);
		err = err == -ENOENT ? -EINVAL : err;
	} else if (autostart) {
		err = start_by_itself();
	}
	mutex_unlock(&exptrace.control);
	return err;
}

static int __init exptrace_init(void)
{
	int err;

	err = check_kernel() ?: exptrace_check_params();
	if (err)
		return err;
	exptrace_address_init();
	if (time_holds)
		exptrace_time_holds();
	err = register_own();
	if (err)
		return err;
	err = exptrace_generation_init();
	if (err)
		return err;
	err = exptrace_retire_init();
	if (err)
		goto err_generation;
	err = apply_params();
	if (err)
		goto err_retire;
	err = exptrace_chardev_init();
	if (err)
		goto err_retire;
	exptrace_observe_init();
	return 0;

err_retire:
	exptrace_retire_exit();
err_generation:
	exptrace_recording_exit();
	exptrace_generation_exit();
	return err;
}

static void __exit exptrace_exit(void)
{
	exptrace_observe_exit();
	exptrace_chardev_exit();
	exptrace_retire_exit();
	exptrace_recording_exit();
	exptrace_generation_exit();
}

module_init(exptrace_init);
module_exit(exptrace_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("exptrace: a flight recorder for the kernel");
MODULE_AUTHOR("the exptrace developers");
