// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading the stream with read(2), and poll(2).
 */
#include <linux/sched/signal.h>
#include <linux/uio.h>

#include "reader.h"

static const char header[EXPTRACE_HEADER_SIZE] = EXPTRACE_HEADER_MAGIC;

/* Deliver as much as fits of @size bytes at @from, from *@offset on. */
static ssize_t deliver(struct iov_iter *to, const void *from, size_t size, size_t *offset)
{
	size_t n = copy_to_iter(from + *offset, size - *offset, to);

	*offset += n;
	return n ? n : -EFAULT;
}

/* Deliver the current item, or as much of it as fits. */
static ssize_t deliver_item(struct exptrace_file *f, struct iov_iter *to)
{
	static const u8 marker = EXPTRACE_WIRE_END_OF_GENERATION;
	const void *from = f->batch ? f->batch->data : &marker;
	size_t size = f->batch ? f->batch->used : sizeof(marker);
	size_t none = 0;
	ssize_t n;

	n = deliver(to, from, size, f->batch ? &f->offset : &none);
	if (f->batch ? f->offset == size : n > 0)
		exptrace_reader_finish(f);
	return n;
}

/* Deliver one piece of the stream. Returns bytes, 0 at the end, -EAGAIN if there is none. */
static ssize_t deliver_next(struct exptrace_file *f, struct iov_iter *to)
{
	int err = 0;

	if (f->header < sizeof(header))
		return deliver(to, header, sizeof(header), &f->header);
	if (!f->batch && !f->ending)
		err = exptrace_reader_take_next(f);
	if (!err)
		return deliver_item(f, to);
	if (err != -ENODATA)
		return err;
	exptrace_reader_end_view(f);
	return 0;
}

/* Deliver all there is, as much as fits. Returns as deliver_next(). */
static ssize_t deliver_all(struct exptrace_file *f, struct iov_iter *to)
{
	ssize_t n, sum = 0;

	while (iov_iter_count(to) && !fatal_signal_pending(current)) {
		n = deliver_next(f, to);
		if (n <= 0)
			return sum ? sum : n;
		sum += n;
	}
	return sum ? sum : -EINTR;
}

static ssize_t try_read(struct exptrace_file *f, struct iov_iter *to)
{
	lockdep_assert_held(&f->lock);

	return f->taken ? -EBUSY : deliver_all(f, to);
}

ssize_t exptrace_read_iter(struct kiocb *iocb, struct iov_iter *to)
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
		n = try_read(f, to);
		mutex_unlock(&f->lock);
		if (n != -EAGAIN || nonblock)
			return n;
		err = wait_event_interruptible(exptrace_readers, exptrace_reader_has_next(f));
		if (err)
			return err;
	}
}

/* Events after the item that TAKE handed out, which the next TAKE gives back. */
static __poll_t poll_next(const struct exptrace_file *f)
{
	if (f->view.active || (!f->takes && f->header < sizeof(header)) || (f->batch && !f->taken))
		return EPOLLIN | EPOLLRDNORM;
	switch (exptrace_peek(f->session, f->ending && f->taken)) {
	case EXPTRACE_NEXT_NOTHING:
		return 0;
	case EXPTRACE_NEXT_END:
		return EPOLLIN | EPOLLRDNORM | EPOLLHUP;
	default:
		return EPOLLIN | EPOLLRDNORM;
	}
}

__poll_t exptrace_poll(struct file *file, poll_table *wait)
{
	struct exptrace_file *f = file->private_data;
	__poll_t events;

	if (!exptrace_is_reader(file))
		return 0;
	poll_wait(file, &exptrace_readers, wait);
	/* START may hold it for long. The caller checks for signals itself. */
	if (mutex_lock_interruptible(&f->lock))
		return 0;
	events = poll_next(f);
	mutex_unlock(&f->lock);
	return events;
}
