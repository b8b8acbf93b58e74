// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test module: allocates 4003 bytes in a function of its own, and 8 more in its init
 * section. first_tenant.c is the same with other names, so that it fits at the same
 * address.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/slab.h>

static noinline void second_tenant_allocate(size_t size)
{
	void *object = kmalloc(size, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(object);	/* keep the allocation */
	kfree(object);
}

static noinline __init void second_tenant_prepare(size_t size)
{
	void *object = kmalloc(size, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(object);
	kfree(object);
}

static int __init exptrace_second_tenant_init(void)
{
	size_t size = 4003;

	OPTIMIZER_HIDE_VAR(size);	/* same code for any number */
	second_tenant_allocate(size);
	second_tenant_prepare(size + 8);
	return 0;
}
module_init(exptrace_second_tenant_init);

static void __exit exptrace_second_tenant_exit(void)
{
}
module_exit(exptrace_second_tenant_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("exptrace: code that comes where other code was");
MODULE_AUTHOR("the exptrace developers");
