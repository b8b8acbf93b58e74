// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading the mapped pool: TAKE and GIVE.
 */
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "reader.h"

static void fill_ref(struct exptrace_batch_ref *ref, const struct exptrace_file *f)
{
	const struct exptrace_pool *pool = &exptrace_pool;

	ref->generation = f->gen;
	if (f->ending) {
		ref->kind = EXPTRACE_REF_END_OF_GENERATION;
	} else if (!f->batch) {
		ref->kind = EXPTRACE_REF_END;
	} else {
		ref->kind = EXPTRACE_REF_BATCH;
		ref->length = f->batch->used - f->offset;
		ref->offset = (u64)(f->batch - pool->batches) * pool->batch_size + f->offset;
	}
}

/* Undo exptrace_reader_take_next(); @before is the view before it. */
static void undo_take(struct exptrace_file *f, const struct exptrace_view *before)
{
	if (!f->view.active)
		exptrace_reader_put_back(f);
	f->view = *before;
	f->batch = NULL;
	f->ending = false;
}

/* Take the next item and report it to user space; undo the take if that fails. */
static long take_into(struct exptrace_file *f, struct exptrace_batch_ref __user *to)
{
	struct exptrace_view before = f->view;
	struct exptrace_batch_ref ref = {};
	int err;

	err = exptrace_reader_take_next(f);
	if (err && err != -ENODATA)
		return err;
	fill_ref(&ref, f);
	if (copy_to_user(to, &ref, sizeof(ref))) {
		undo_take(f, &before);
		return -EFAULT;
	}
	f->taken = !err;
	if (err)
		exptrace_reader_end_view(f);
	return 0;
}

/* Hand out the rest of an item that read(2) began. */
static long take_rest(struct exptrace_file *f, struct exptrace_batch_ref __user *to)
{
	struct exptrace_batch_ref ref = {};

	if (f->batch && exptrace_batch_is_cut(f->batch, f->offset))
		return -EBUSY;
	fill_ref(&ref, f);
	if (copy_to_user(to, &ref, sizeof(ref)))
		return -EFAULT;
	f->takes = true;
	f->taken = true;
	return 0;
}

static long try_take(struct exptrace_file *f, struct exptrace_batch_ref __user *to)
{
	lockdep_assert_held(&f->lock);

	if ((f->batch || f->ending) && !f->taken)
		return take_rest(f, to);
	f->takes = true;
	exptrace_reader_finish(f);
	return take_into(f, to);
}

long exptrace_ioctl_take(struct file *file, void __user *arg)
{
	struct exptrace_file *f = file->private_data;
	long err;

	if (!exptrace_is_reader(file))
		return -EBADF;
	for (;;) {
		if (mutex_lock_interruptible(&f->lock))
			return -ERESTARTSYS;
		err = try_take(f, arg);
		mutex_unlock(&f->lock);
		if (err != -EAGAIN || file->f_flags & O_NONBLOCK)
			return err;
		err = wait_event_interruptible(exptrace_readers, exptrace_reader_has_next(f));
		if (err)
			return err;
	}
}

long exptrace_ioctl_give(struct file *file)
{
	struct exptrace_file *f = file->private_data;
	long err = -EINVAL;

	if (!exptrace_is_reader(file))
		return -EBADF;
	if (mutex_lock_interruptible(&f->lock))
		return -ERESTARTSYS;
	if (f->taken) {
		exptrace_reader_finish(f);
		err = 0;
	}
	mutex_unlock(&f->lock);
	return err;
}
