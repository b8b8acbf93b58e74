/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages of the mapped pool; a batch has at least one. The page size is a parameter, and nothing
 * here depends on the kernel, so that the unit tests can try all sizes.
 */
#ifndef _EXPTRACE_PAGES_H
#define _EXPTRACE_PAGES_H

#include <linux/types.h>

/* Number of pages of a batch. */
static inline __u64 exptrace_pages_of_batch(__u32 batch_size, unsigned int page_shift)
{
	return batch_size >> page_shift;
}

/* Index of the batch that contains page @page of the mapping. */
static inline __u64 exptrace_page_batch(__u64 page, __u32 batch_size, unsigned int page_shift)
{
	return (page << page_shift) / batch_size;
}

/* Offset of the page in its batch, in bytes. */
static inline __u32 exptrace_page_within(__u64 page, __u32 batch_size, unsigned int page_shift)
{
	return (page << page_shift) & (batch_size - 1);
}

/**
 * struct exptrace_pages - a range of pages
 * @first:	first page
 * @end:	page after the last one
 */
struct exptrace_pages {
	__u64	first;
	__u64	end;
};

/* Pages of the batch that contains @page, clipped to @mapped. */
static inline struct exptrace_pages exptrace_pages_around(__u64 page, __u32 batch_size,
							  unsigned int page_shift,
							  struct exptrace_pages mapped)
{
	__u64 nr = exptrace_pages_of_batch(batch_size, page_shift);
	struct exptrace_pages pages = { .first = page & ~(nr - 1) };

	pages.end = pages.first + nr;
	if (pages.first < mapped.first)
		pages.first = mapped.first;
	if (pages.end > mapped.end)
		pages.end = mapped.end;
	return pages;
}

#endif /* _EXPTRACE_PAGES_H */
