// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module: its parameters, and the order in which things come and go.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/security.h>
#include <linux/sizes.h>
#include <linux/utsname.h>
#include <generated/utsrelease.h>

#include "address.h"
#include "experiment.h"
#include "lock.h"
#include "tables/retire.h"
#include "tables/size.h"

static bool autostart;
module_param(autostart, bool, 0444);
MODULE_PARM_DESC(autostart, "record from the start (default 0)");

static char *events = "sched";
module_param(events, charp, 0400);	/* what is traced is for root alone */
MODULE_PARM_DESC(events, "events and groups that are on (default sched)");

static unsigned int pool_mb;
module_param(pool_mb, uint, 0444);
MODULE_PARM_DESC(pool_mb, "MiB of all batches (default 0: 4 per CPU, at least 16, at most 1/8 of memory, but what is needed)");

static unsigned int batch_kb = EXPTRACE_BATCH_MIN / SZ_1K > 16 ? EXPTRACE_BATCH_MIN / SZ_1K : 16;
module_param(batch_kb, uint, 0444);
MODULE_PARM_DESC(batch_kb, "KiB per batch: 4, 8, 16, 32 or 64, at least a page (default 16, or a page)");

static char *mode = "stream";
module_param(mode, charp, 0444);
MODULE_PARM_DESC(mode, "what a full pool does: stream (lose new events) or flight (give up old ones)");

static unsigned int period_ms = 1000;
module_param(period_ms, uint, 0444);
MODULE_PARM_DESC(period_ms, "milliseconds between generations, 0: only on demand (default 1000)");

static bool time_holds;
module_param(time_holds, bool, 0444);
MODULE_PARM_DESC(time_holds, "for debugging: time how long the pool's lock is held (default 0)");

/*
 * The pool of who asks for no other: it always works, whatever the machine's memory and CPUs.
 * Caller holds exptrace.control.
 */
u64 exptrace_default_pool_size(unsigned int batch_size)
{
	u64 most = (u64)totalram_pages() << PAGE_SHIFT >> 3;
	u64 size = min(most, max_t(u64, SZ_16M, (u64)num_online_cpus() * SZ_4M));

	if (pool_mb)
		return (u64)pool_mb * SZ_1M;
	/* A batch size that is not valid is refused by who starts. */
	if (!exptrace_batch_size_is_valid(batch_size))
		return size;
	return max(size, exptrace_least_pool(batch_size));
}

/* How to record, as the module's parameters say. Caller holds exptrace.control. */
void exptrace_default_params(struct exptrace_params *params)
{
	*params = (struct exptrace_params) {
		.pool_size = exptrace_default_pool_size(batch_kb * SZ_1K),
		.batch_size = batch_kb * SZ_1K,
		.period_ms = period_ms,
		.mode = !strcmp(mode, "flight") ? EXPTRACE_MODE_FLIGHT : EXPTRACE_MODE_STREAM,
	};
}

/* A module that was forced into another kernel would record nonsense. */
static int check_kernel(void)
{
	if (!strcmp(utsname()->release, UTS_RELEASE))
		return 0;
	pr_err("built for Linux %s, but this is %s: build it again (make KDIR=...)\n",
	       UTS_RELEASE, utsname()->release);
	return -ENOEXEC;
}

static int check_params(void)
{
	/* So large a number must not become a small one when it is made bytes. */
	if (batch_kb > EXPTRACE_BATCH_MAX / SZ_1K ||
	    !exptrace_batch_size_is_valid(batch_kb * SZ_1K)) {
		pr_err("batch_kb=%u: want a power of two from %u to %u\n", batch_kb,
		       EXPTRACE_BATCH_MIN / SZ_1K, EXPTRACE_BATCH_MAX / SZ_1K);
		return -EINVAL;
	}
	if (strcmp(mode, "stream") && strcmp(mode, "flight")) {
		pr_err("mode=%s: want stream or flight\n", mode);
		return -EINVAL;
	}
	return 0;
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

/* In a kernel that is locked down, tracers can't be registered either. */
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

static int prepare_recording(void)
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

	err = check_kernel() ?: check_params();
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
	err = prepare_recording();
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
	exptrace_generation_exit();
	return err;
}

static void __exit exptrace_exit(void)
{
	exptrace_observe_exit();
	exptrace_chardev_exit();
	exptrace_retire_exit();
	exptrace_generation_exit();
}

module_init(exptrace_init);
module_exit(exptrace_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("exptrace: a flight recorder for the kernel");
MODULE_AUTHOR("the exptrace developers");
