// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test module: marks the TSC as unstable, until the next boot.
 */
#include <linux/errno.h>
#include <linux/module.h>
#include <asm/tsc.h>

static int __init exptrace_unstable_init(void)
{
	mark_tsc_unstable("by a test of exptrace");
	return -EAGAIN;	/* done: the module need not stay */
}
module_init(exptrace_unstable_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("exptrace: the TSC becomes unstable");
MODULE_AUTHOR("the exptrace developers");
