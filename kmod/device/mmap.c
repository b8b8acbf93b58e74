// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pool, mapped for reading.
 */
#include <linux/mm.h>

#include "pages.h"
#include "reader.h"

/* Count a mapping of @size bytes, which keeps the pool from being freed. */
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
 * Map all pages of a batch at once, since a reader touches all of them: a fault costs more
 * than reading the page. Pages that can't be mapped now will fault on their own.
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

/* Map the whole pool, read-only. */
int exptrace_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct exptrace_file *f = file->private_data;

	if (vma->vm_flags & VM_WRITE)
		return -EPERM;
	if (vma->vm_pgoff || !pin_pool(vma->vm_end - vma->vm_start))
		return -EINVAL;
	/* A mapped pool rules out a new recording, so this can't change any more. */
	if (READ_ONCE(exptrace.raw_addresses) && !f->addresses) {
		map_close(vma);
		return -EPERM;
	}
	exptrace_vm_flags(vma, VM_DONTEXPAND | VM_DONTDUMP | VM_MIXEDMAP, VM_MAYWRITE);
	vma->vm_ops = &map_ops;
	return 0;
}
