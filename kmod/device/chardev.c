// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/exptrace: opening and closing; there is one reader at a time.
 */
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "access.h"
#include "probes/probes.h"
#include "reader.h"
#include "recording.h"
#include "trigger/trigger.h"

/* Bit 0 is set while a file is open for reading. */
static unsigned long reader_taken;

static int exptrace_open(struct inode *inode, struct file *file)
{
	struct exptrace_file *f;
	int err;

	err = exptrace_may_open();
	if (err)
		return err;
	f = kzalloc(sizeof(*f), GFP_KERNEL);
	if (!f)
		return -ENOMEM;
	if (exptrace_is_reader(file) && test_and_set_bit_lock(0, &reader_taken)) {
		kfree(f);
		return -EBUSY;
	}
	exptrace_reader_init(f);
	file->private_data = f;
	return stream_open(inode, file);
}

static int exptrace_release(struct inode *inode, struct file *file)
{
	struct exptrace_file *f = file->private_data;

	exptrace_stop_owner(f);
	exptrace_trigger_disown(f);
	if (exptrace_is_reader(file)) {
		exptrace_reader_exit(f);
		exptrace_release_pool();
		clear_bit_unlock(0, &reader_taken);
	}
	kfree(f);
	return 0;
}

static const struct file_operations exptrace_fops = {
	.owner = THIS_MODULE,
	.open = exptrace_open,
	.release = exptrace_release,
	.read_iter = exptrace_read_iter,
	.write = exptrace_marker_write,
	.poll = exptrace_poll,
	.mmap = exptrace_mmap,
	.unlocked_ioctl = exptrace_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice exptrace_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "exptrace",
	.fops = &exptrace_fops,
	.mode = 0600,
	.groups = exptrace_groups,
};

int __init exptrace_chardev_init(void)
{
	return misc_register(&exptrace_misc);
}

void exptrace_chardev_exit(void)
{
	misc_deregister(&exptrace_misc);
}
