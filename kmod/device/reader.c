// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading the stream: read(2), or the mapped pool with TAKE and GIVE.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "address.h"
#include "pages.h"
#include "reader.h"

static const char header[EXPTRACE_HEADER_SIZE] = EXPTRACE_HEADER_MAGIC;

void exptrace_reader_init(struct exptrace_file *f)
{
	mutex_init(&f->lock);
	f->session = exptrace_session_to_read();
	f->addresses = exptrace_may_see_addresses();
}

/* What is being delivered was delivered. */
static void finish(struct exptrace_file *f)
{
	if (f->batch && !f->view.active)
		exptrace_give(f->batch);
	if (f->ending && !f->view.active)
		exptrace_end_generation();
	f->batch = NULL;
	f->ending = false;
	f->taken = false;
}

/* All of the snapshot was delivered: it stays at its end, but holds nothing. */
static void end_view(struct exptrace_file *f)
{
	if (f->view.held)
		exptrace_thaw();
	f->view.held = false;
}

/*
 * Puts back what was not delivered whole, and lets go the snapshot being read, if
 * any. Caller holds @f->lock, or is alone.
 */
void exptrace_reader_put_back(struct exptrace_file *f)
{
	if (f->view.active) {
		f->view.active = false;
		f->header = f->stream_header;
		end_view(f);
	} else if (f->batch) {
		exptrace_batch_rewind(f->batch, f->offset);
		exptrace_untake(f->batch, f->gen);
	} else if (f->ending) {
		exptrace_untake_end();
	}
	f->batch = NULL;
	f->ending = false;
	f->taken = false;
}

/* Nobody uses @f any more. */
void exptrace_reader_exit(struct exptrace_file *f)
{
	exptrace_reader_put_back(f);
	exptrace_reader_leaves();
	mutex_destroy(&f->lock);
}

/* A reader that starts a recording reads that one, from its beginning. */
void exptrace_reader_restart(struct exptrace_file *f)
{
	lockdep_assert_held(&f->lock);

	exptrace_reader_put_back(f);
	WRITE_ONCE(f->session, exptrace_session_to_read());
	f->header = 0;
}

/* Puts back what follows on the last batch that was read. False amid one. */
static bool leave_batch(struct exptrace_file *f)
{
	if (f->taken || (f->batch && exptrace_batch_is_cut(f->batch, f->offset)))
		return false;
	if (f->batch || f->ending)
		exptrace_reader_put_back(f);
	return true;
}

/* Lets go the snapshot being read, if any. -EBUSY amid a batch of the stream. */
int exptrace_reader_leave_view(struct exptrace_file *f)
{
	lockdep_assert_held(&f->lock);

	if (f->view.active)
		exptrace_reader_put_back(f);
	return leave_batch(f) ? 0 : -EBUSY;
}

/*
 * Reads the frozen generations up to @last from now on. -EBUSY amid a batch. Another thread
 * may have read a snapshot meanwhile: to its end, or those would not be frozen.
 */
int exptrace_reader_snapshot(struct exptrace_file *f, u64 last)
{
	int err = exptrace_reader_leave_view(f);

	if (err)
		return err;
	exptrace_view_begin(&f->view, last);
	f->stream_header = f->header;
	f->header = 0;
	return 0;
}

static enum exptrace_next find_next(struct exptrace_file *f)
{
	if (f->view.active)
		return exptrace_view_next(&f->view, f->addresses, &f->batch, &f->gen);
	return exptrace_take(f->session, f->addresses, &f->batch, &f->gen);
}

/*
 * Takes what comes next in hand: @f->batch or @f->ending, until finish(). Caller has
 * nothing in hand. Returns 0, or -EAGAIN if there is nothing, -ENODATA at the end of
 * the stream, -EPERM.
 */
static int take_next(struct exptrace_file *f)
{
	switch (find_next(f)) {
	case EXPTRACE_NEXT_BATCH:
		f->offset = f->batch->begin;
		return 0;
	case EXPTRACE_NEXT_END_OF_GENERATION:
		f->ending = true;
		return 0;
	case EXPTRACE_NEXT_END:
		return -ENODATA;
	case EXPTRACE_NEXT_FORBIDDEN:
		return -EPERM;
	default:
		return -EAGAIN;
	}
}

/* Delivers what fits of @size bytes at @from, from *@offset on. */
static ssize_t deliver(struct iov_iter *to, const void *from, size_t size, size_t *offset)
{
	size_t n = copy_to_iter(from + *offset, size - *offset, to);

	*offset += n;
	return n ? n : -EFAULT;
}

/* Delivers what is in hand, or as much of it as fits. */
static ssize_t deliver_taken(struct exptrace_file *f, struct iov_iter *to)
{
	static const u8 marker = EXPTRACE_WIRE_END_OF_GENERATION;
	const void *from = f->batch ? f->batch->data : &marker;
	size_t size = f->batch ? f->batch->used : sizeof(marker);
	size_t none = 0;
	ssize_t n;

	n = deliver(to, from, size, f->batch ? &f->offset : &none);
	if (f->batch ? f->offset == size : n > 0)
		finish(f);
	return n;
}

/* Delivers one piece of the stream: bytes, 0 at its end, -EAGAIN if there is none. */
static ssize_t deliver_next(struct exptrace_file *f, struct iov_iter *to)
{
	int err = 0;

	if (f->header < sizeof(header))
		return deliver(to, header, sizeof(header), &f->header);
	if (!f->batch && !f->ending)
		err = take_next(f);
	if (!err)
		return deliver_taken(f, to);
	if (err != -ENODATA)
		return err;
	end_view(f);
	return 0;
}

/* Delivers all that there is and that fits. Results as deliver_next(). */
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

/* Is there something to read or to take, apart from the header and what is in hand? */
static bool has_next(const struct exptrace_file *f)
{
	return READ_ONCE(f->view.active) ||
	       exptrace_peek(READ_ONCE(f->session), false) != EXPTRACE_NEXT_NOTHING;
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
		err = wait_event_interruptible(exptrace_readers, has_next(f));
		if (err)
			return err;
	}
}

/* What is there after what TAKE gave, which the next TAKE gives back. */
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
	/* START may hold it for long. The caller looks for signals itself. */
	if (mutex_lock_interruptible(&f->lock))
		return 0;
	events = poll_next(f);
	mutex_unlock(&f->lock);
	return events;
}

static void describe(struct exptrace_batch_ref *ref, const struct exptrace_file *f)
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

/* Undoes take_next(); @before is the view before it. */
static void untake(struct exptrace_file *f, const struct exptrace_view *before)
{
	if (!f->view.active)
		exptrace_reader_put_back(f);
	f->view = *before;
	f->batch = NULL;
	f->ending = false;
}

/* Takes what comes next, and tells it. What can't be told is not taken. */
static long take_into(struct exptrace_file *f, struct exptrace_batch_ref __user *to)
{
	struct exptrace_view before = f->view;
	struct exptrace_batch_ref ref = {};
	int err;

	err = take_next(f);
	if (err && err != -ENODATA)
		return err;
	describe(&ref, f);
	if (copy_to_user(to, &ref, sizeof(ref))) {
		untake(f, &before);
		return -EFAULT;
	}
	f->taken = !err;
	if (err)
		end_view(f);
	return 0;
}

/* Takes what read(2) has left of what is in hand. */
static long take_rest(struct exptrace_file *f, struct exptrace_batch_ref __user *to)
{
	struct exptrace_batch_ref ref = {};

	if (f->batch && exptrace_batch_is_cut(f->batch, f->offset))
		return -EBUSY;
	describe(&ref, f);
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
	finish(f);
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
		err = wait_event_interruptible(exptrace_readers, has_next(f));
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
		finish(f);
		err = 0;
	}
	mutex_unlock(&f->lock);
	return err;
}

/* The pool exists as long as it is mapped. */
static bool pin_pool(u64 size)
{
	struct exptrace_pool *pool = &exptrace_pool;
	unsigned long flags;
	bool pinned;

	flags = exptrace_pool_lock();
	pinned = pool->batches && !pool->closed && size == (u64)pool->nr * pool->batch_size;
	pool->mapped += pinned;
	exptrace_pool_unlock(flags);
	return pinned;
}

static void map_open(struct vm_area_struct *vma)
{
	unsigned long flags;

	flags = exptrace_pool_lock();
	exptrace_pool.mapped++;
	exptrace_pool_unlock(flags);
}

static void map_close(struct vm_area_struct *vma)
{
	unsigned long flags;

	flags = exptrace_pool_lock();
	exptrace_pool.mapped--;
	exptrace_pool_unlock(flags);
}

static struct page *page_at(pgoff_t pgoff)
{
	const struct exptrace_pool *pool = &exptrace_pool;
	u64 nr = exptrace_page_batch(pgoff, pool->batch_size, PAGE_SHIFT);

	return virt_to_page(pool->batches[nr].data +
			    exptrace_page_within(pgoff, pool->batch_size, PAGE_SHIFT));
}

/*
 * Maps the pages of a batch together, for a reader touches all of them: a fault costs more
 * than all the rest of reading a page. Those that can't be mapped now fault by themselves.
 */
static void map_around(struct vm_area_struct *vma, pgoff_t pgoff)
{
	struct exptrace_pages mapped = {
		.first = vma->vm_pgoff,
		.end = vma->vm_pgoff + vma_pages(vma),
	};
	struct exptrace_pages pages;
	u64 i;

	pages = exptrace_pages_around(pgoff, exptrace_pool.batch_size, PAGE_SHIFT, mapped);
	for (i = pages.first; i < pages.end; i++)
		if (i != pgoff)
			vm_insert_page(vma, vma->vm_start + ((i - vma->vm_pgoff) << PAGE_SHIFT),
				       page_at(i));
}

static vm_fault_t map_fault(struct vm_fault *vmf)
{
	if (exptrace_page_batch(vmf->pgoff, exptrace_pool.batch_size, PAGE_SHIFT) >=
	    exptrace_pool.nr)
		return VM_FAULT_SIGBUS;
	map_around(vmf->vma, vmf->pgoff);
	vmf->page = page_at(vmf->pgoff);
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct map_ops = {
	.open = map_open,
	.close = map_close,
	.fault = map_fault,
};

/* Maps the whole pool, for reading only. */
int exptrace_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct exptrace_file *f = file->private_data;

	if (vma->vm_flags & VM_WRITE)
		return -EPERM;
	if (vma->vm_pgoff || !pin_pool(vma->vm_end - vma->vm_start))
		return -EINVAL;
	/* No recording can begin any more, so what is in it will stay so. */
	if (READ_ONCE(exptrace.raw_addresses) && !f->addresses) {
		map_close(vma);
		return -EPERM;
	}
	exptrace_vm_flags(vma, VM_DONTEXPAND | VM_DONTDUMP | VM_MIXEDMAP, VM_MAYWRITE);
	vma->vm_ops = &map_ops;
	return 0;
}
