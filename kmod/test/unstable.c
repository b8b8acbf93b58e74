// SPDX-License-Identifier: GPL-2.0-only
/*
 * A test module: the kernel finds out that its TSC is none to go by. Until it boots again.
 */
#include <linux/errno.h>
#include <linux/module.h>
#include <asm/tsc.h>

static int __init exptrace_unstable_init(void)
{
	mark_tsc_unstable("by a test of exptrace");
	return -EAGAIN;	/* that is all: the module need not stay */
}
module_init(exptrace_unstable_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("exptrace: the TSC becomes unstable");
MODULE_AUTHOR("the exptrace developers");
