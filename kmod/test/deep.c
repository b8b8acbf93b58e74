// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test module: allocates 4019 bytes "depth" calls deep, then fails to load (-ECANCELED).
 */
#include <linux/module.h>
#include <linux/slab.h>

#define SIZE	4019

static unsigned int depth;
module_param(depth, uint, 0444);
MODULE_PARM_DESC(depth, "nested calls, at most 100");

static noinline void deep_allocate(unsigned int calls)
{
	void *object;

	if (calls) {
		deep_allocate(calls - 1);
		barrier();	/* force a call, not a tail jump */
		return;
	}
	object = kmalloc(SIZE, GFP_KERNEL);
	OPTIMIZER_HIDE_VAR(object);	/* keep the allocation */
	kfree(object);
}

static int __init exptrace_deep_init(void)
{
	deep_allocate(min(depth, 100U));
	return -ECANCELED;
}
module_init(exptrace_deep_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("exptrace: a deep stack");
MODULE_AUTHOR("the exptrace developers");
