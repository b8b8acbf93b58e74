// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/exptrace: the reader's end of the flush lists, and the controls.
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "address.h"
#include "experiment.h"
#include "flush.h"

static const char header[EXPTRACE_HEADER_SIZE] = EXPTRACE_HEADER_MAGIC;

/**
 * struct exptrace_file - an open file of the device
 * @lock:	serializes reads, and START on the same file with them
 * @session:	the number of the recording that it reads; written under @lock
 * @header:	bytes of the stream's header delivered; @lock
 * @batch:	the batch being delivered, or NULL; @lock
 * @gen:	its generation; @lock
 * @offset:	bytes of it delivered; @lock
 * @addresses:	the opener may see kernel addresses; constant
 */
struct exptrace_file {
	struct mutex		lock;	/* see above */
	u64			session;
	size_t			header;
	struct exptrace_batch	*batch;
	u64			gen;
	size_t			offset;
	bool			addresses;
};

/* The one file that is open for reading; bit 0 of this is set while there is one. */
static unsigned long reader_taken;

static bool is_reader(const struct file *file)
{
	return file->f_mode & FMODE_READ;
}

static int exptrace_open(struct inode *inode, struct file *file)
{
	struct exptrace_file *f;
	int err;

	if (!perfmon_capable())
		return -EPERM;
	err = security_locked_down(LOCKDOWN_TRACEFS);
	if (err)
		return err;
	f = kzalloc(sizeof(*f), GFP_KERNEL);
	if (!f)
		return -ENOMEM;
	if (is_reader(file) && test_and_set_bit_lock(0, &reader_taken)) {
		kfree(f);
		return -EBUSY;
	}
	mutex_init(&f->lock);
	f->session = exptrace_session_to_read();
	f->addresses = exptrace_may_see_addresses();
	file->private_data = f;
	return stream_open(inode, file);
}

static int exptrace_release(struct inode *inode, struct file *file)
{
	struct exptrace_file *f = file->private_data;

	exptrace_stop_owner(f);
	if (f->batch)
		exptrace_untake(f->batch, f->gen);
	if (is_reader(file)) {
		exptrace_release_pool();
		clear_bit_unlock(0, &reader_taken);
	}
	mutex_destroy(&f->lock);
	kfree(f);
	return 0;
}

/* Delivers what fits of @size bytes at @from, from *@offset on. */
static ssize_t deliver(struct iov_iter *to, const void *from, size_t size, size_t *offset)
{
	size_t n = copy_to_iter(from + *offset, size - *offset, to);

	*offset += n;
	return n ? n : -EFAULT;
}

static ssize_t deliver_batch(struct exptrace_file *f, struct iov_iter *to)
{
	ssize_t n = deliver(to, f->batch->data, f->batch->used, &f->offset);

	if (f->offset == f->batch->used) {
		exptrace_batch_give_back(f->batch);
		f->batch = NULL;
	}
	return n;
}

static ssize_t deliver_end_of_generation(struct iov_iter *to)
{
	static const u8 marker = EXPTRACE_WIRE_END_OF_GENERATION;
	size_t offset = 0;
	ssize_t n;

	n = deliver(to, &marker, 1, &offset);
	if (n == 1)
		exptrace_end_generation();
	return n;
}

/* Delivers one piece of the stream: bytes, 0 at its end, -EAGAIN if there is none. */
static ssize_t deliver_next(struct exptrace_file *f, struct iov_iter *to)
{
	if (f->header < sizeof(header))
		return deliver(to, header, sizeof(header), &f->header);
	if (f->batch)
		return deliver_batch(f, to);

	switch (exptrace_take(f->session, &f->batch, &f->gen)) {
	case EXPTRACE_NEXT_BATCH:
		f->offset = 0;
		return deliver_batch(f, to);
	case EXPTRACE_NEXT_END_OF_GENERATION:
		return deliver_end_of_generation(to);
	case EXPTRACE_NEXT_END:
		return 0;
	default:
		return -EAGAIN;
	}
}

/* Delivers all that there is and that fits. Results as deliver_next(). */
static ssize_t deliver_all(struct exptrace_file *f, struct iov_iter *to)
{
	ssize_t n, sum = 0;

	while (iov_iter_count(to)) {
		n = deliver_next(f, to);
		if (n <= 0)
			return sum ? sum : n;
		sum += n;
	}
	return sum;
}

static bool is_readable(const struct exptrace_file *f)
{
	return f->header < sizeof(header) || f->batch ||
	       exptrace_peek(f->session) != EXPTRACE_NEXT_NOTHING;
}

/* Addresses that were recorded are not for every reader (invariant 12). */
static bool may_read(const struct exptrace_file *f)
{
	return f->addresses || !READ_ONCE(exptrace.raw_addresses);
}

static ssize_t exptrace_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct exptrace_file *f = iocb->ki_filp->private_data;
	bool nonblock = iocb->ki_filp->f_flags & O_NONBLOCK || iocb->ki_flags & IOCB_NOWAIT;
	ssize_t n;
	int err;

	if (!iov_iter_count(to))
		return 0;
	for (;;) {
		if (mutex_lock_interruptible(&f->lock))
			return -ERESTARTSYS;
		n = may_read(f) ? deliver_all(f, to) : -EPERM;
		mutex_unlock(&f->lock);
		if (n != -EAGAIN || nonblock)
			return n;
		err = wait_event_interruptible(exptrace_readers, is_readable(f));
		if (err)
			return err;
	}
}

static __poll_t exptrace_poll(struct file *file, poll_table *wait)
{
	struct exptrace_file *f = file->private_data;

	if (!is_reader(file))
		return 0;
	poll_wait(file, &exptrace_readers, wait);
	if (f->header < sizeof(header) || f->batch)
		return EPOLLIN | EPOLLRDNORM;
	switch (exptrace_peek(f->session)) {
	case EXPTRACE_NEXT_NOTHING:
		return 0;
	case EXPTRACE_NEXT_END:
		return EPOLLIN | EPOLLRDNORM | EPOLLHUP;
	default:
		return EPOLLIN | EPOLLRDNORM;
	}
}

static long do_info(void __user *arg)
{
	struct exptrace_info info = { .abi_version = EXPTRACE_ABI_VERSION };

	mutex_lock(&exptrace.control);
	info.state = exptrace.recording ? EXPTRACE_STATE_RECORDING : EXPTRACE_STATE_STOPPED;
	info.generation = exptrace.gen;
	info.pool_size = (u64)exptrace_pool.nr * exptrace_pool.batch_size;
	info.batch_size = exptrace_pool.batch_size;
	info.period_ms = exptrace.period_ms;
	info.batches = exptrace_pool.nr;
	info.batches_empty = READ_ONCE(exptrace_pool.nr_empty);
	info.batches_full = READ_ONCE(exptrace_pool.nr_full);
	info.addresses = exptrace.raw_addresses;
	info.lost = exptrace_lost();
	mutex_unlock(&exptrace.control);

	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

/* The parameters that @start asks for; -EINVAL if they can't be. */
static int make_params(struct exptrace_params *params, const struct exptrace_start *start,
		       const struct exptrace_file *f)
{
	const u32 flags = EXPTRACE_START_DISCARD | EXPTRACE_START_STOP_ON_CLOSE;

	if (start->flags & ~flags || start->mode != EXPTRACE_MODE_STREAM ||
	    memchr_inv(start->reserved, 0, sizeof(start->reserved)))
		return -EINVAL;
	exptrace_default_params(params);
	if (start->batch_size != EXPTRACE_START_DEFAULT)
		params->batch_size = start->batch_size;
	if (start->period_ms != EXPTRACE_START_DEFAULT)
		params->period_ms = start->period_ms;
	if (start->pool_size)
		params->pool_size = start->pool_size;
	params->discard = start->flags & EXPTRACE_START_DISCARD;
	params->owner = start->flags & EXPTRACE_START_STOP_ON_CLOSE ? f : NULL;
	return 0;
}

/* A reader that starts a recording reads that one, from its beginning. */
static long start_for(struct exptrace_file *f, const struct exptrace_params *params)
{
	int err;

	mutex_lock(&f->lock);
	mutex_lock(&exptrace.control);
	err = exptrace_start(params);
	mutex_unlock(&exptrace.control);
	if (!err) {
		f->session = exptrace_session_to_read();
		f->header = 0;
	}
	mutex_unlock(&f->lock);
	return err;
}

static long do_start(struct exptrace_file *f, void __user *arg)
{
	struct exptrace_params params;
	struct exptrace_start start;
	int err;

	if (copy_from_user(&start, arg, sizeof(start)))
		return -EFAULT;
	err = make_params(&params, &start, f);
	return err ? err : start_for(f, &params);
}

static long do_stop(void)
{
	long err;

	mutex_lock(&exptrace.control);
	err = exptrace_stop();
	mutex_unlock(&exptrace.control);
	return err;
}

static long do_advance(void __user *arg)
{
	struct exptrace_advance advance;
	long err;

	if (copy_from_user(&advance, arg, sizeof(advance)))
		return -EFAULT;
	if (advance.flags || advance.reserved)
		return -EINVAL;
	if (mutex_lock_interruptible(&exptrace.control))
		return -ERESTARTSYS;
	err = exptrace_advance(&advance.generation);
	mutex_unlock(&exptrace.control);
	if (err)
		return err;
	return copy_to_user(arg, &advance, sizeof(advance)) ? -EFAULT : 0;
}

static long do_get_event(void __user *arg)
{
	const struct exptrace_experiment *exp;
	const struct exptrace_switch *sw;
	struct exptrace_event event;
	u32 index;

	if (get_user(index, (u32 __user *)arg))
		return -EFAULT;
	sw = exptrace_switch_at(index, &exp);
	if (!sw)
		return -ENOENT;
	memset(&event, 0, sizeof(event));
	event.index = index;
	event.flags = (READ_ONCE(sw->on) ? EXPTRACE_EVENT_F_ENABLED : 0) |
		      (sw->tp ? EXPTRACE_EVENT_F_AVAILABLE : 0);
	event.experiment = exp->id;
	event.type = sw->def->type;
	strscpy(event.group, sw->def->group, sizeof(event.group));
	strscpy(event.name, sw->name, sizeof(event.name));
	return copy_to_user(arg, &event, sizeof(event)) ? -EFAULT : 0;
}

static long do_set_event(void __user *arg)
{
	struct exptrace_switch *sw;
	struct exptrace_event event;
	long err;

	if (copy_from_user(&event, arg, sizeof(event)))
		return -EFAULT;
	if (event.flags & ~EXPTRACE_EVENT_F_ENABLED ||
	    memchr_inv(event.reserved, 0, sizeof(event.reserved)))
		return -EINVAL;
	sw = exptrace_switch_at(event.index, NULL);
	if (!sw)
		return -ENOENT;
	mutex_lock(&exptrace.control);
	err = exptrace_switch_set(sw, event.flags & EXPTRACE_EVENT_F_ENABLED);
	mutex_unlock(&exptrace.control);
	return err;
}

static bool changes_state(unsigned int cmd)
{
	return cmd == EXPTRACE_IOC_START || cmd == EXPTRACE_IOC_STOP ||
	       cmd == EXPTRACE_IOC_ADVANCE || cmd == EXPTRACE_IOC_SET_EVENT;
}

static long exptrace_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct exptrace_file *f = file->private_data;
	void __user *user = (void __user *)arg;

	if (changes_state(cmd) && !(file->f_mode & FMODE_WRITE))
		return -EBADF;

	switch (cmd) {
	case EXPTRACE_IOC_INFO:
		return do_info(user);
	case EXPTRACE_IOC_START:
		return do_start(f, user);
	case EXPTRACE_IOC_STOP:
		return do_stop();
	case EXPTRACE_IOC_ADVANCE:
		return do_advance(user);
	case EXPTRACE_IOC_GET_EVENT:
		return do_get_event(user);
	case EXPTRACE_IOC_SET_EVENT:
		return do_set_event(user);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations exptrace_fops = {
	.owner = THIS_MODULE,
	.open = exptrace_open,
	.release = exptrace_release,
	.read_iter = exptrace_read_iter,
	.poll = exptrace_poll,
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
	BUILD_BUG_ON(sizeof(struct exptrace_start) != 64);
	BUILD_BUG_ON(sizeof(struct exptrace_advance) != 16);
	BUILD_BUG_ON(sizeof(struct exptrace_info) != 88);
	BUILD_BUG_ON(sizeof(struct exptrace_event) != 64);

	return misc_register(&exptrace_misc);
}

void exptrace_chardev_exit(void)
{
	misc_deregister(&exptrace_misc);
}
