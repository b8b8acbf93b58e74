// SPDX-License-Identifier: GPL-2.0-only
/*
 * Module parameters that are defaults of a recording.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>

#include "params.h"
#include "tables/tables.h"

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

/*
 * Default size of the pool: large enough to record on any machine, whatever its memory and
 * CPUs. Caller holds exptrace.control.
 */
u64 exptrace_default_pool_size(unsigned int batch_size)
{
	u64 most = (u64)totalram_pages() << PAGE_SHIFT >> 3;
	u64 size = min(most, max_t(u64, SZ_16M, (u64)num_online_cpus() * SZ_4M));

	if (pool_mb)
		return (u64)pool_mb * SZ_1M;
	/* The start will refuse an invalid batch size. */
	if (!exptrace_batch_size_is_valid(batch_size))
		return size;
	return max(size, exptrace_least_pool(batch_size));
}

/* Set @params to the defaults. Caller holds exptrace.control. */
void exptrace_default_params(struct exptrace_params *params)
{
	*params = (struct exptrace_params) {
		.pool_size = exptrace_default_pool_size(batch_kb * SZ_1K),
		.batch_size = batch_kb * SZ_1K,
		.period_ms = period_ms,
		.mode = !strcmp(mode, "flight") ? EXPTRACE_MODE_FLIGHT : EXPTRACE_MODE_STREAM,
	};
}

int __init exptrace_check_params(void)
{
	/* Check first: the conversion to bytes could overflow. */
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
