// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pages of the mapped pool, for kernels with pages of 4, 16 and 64 KiB.
 */
#include "device/pages.h"
#include "tap.h"

#define BATCHES	5

/* Whether the pages map all bytes of the pool in order, each batch from its beginning. */
static bool pages_are_in_order(uint32_t batch_size, unsigned int shift)
{
	uint64_t page, offset = 0, pages = BATCHES * exptrace_pages_of_batch(batch_size, shift);

	for (page = 0; page < pages; page++, offset += 1ULL << shift)
		if (exptrace_page_batch(page, batch_size, shift) != offset / batch_size ||
		    exptrace_page_within(page, batch_size, shift) != offset % batch_size)
			return false;
	return offset == (uint64_t)BATCHES * batch_size &&
	       exptrace_page_batch(pages, batch_size, shift) == BATCHES;
}

/* Whether the range mapped around a page is its batch, limited to the mapping. */
static bool fault_maps_batch(uint32_t batch_size, unsigned int shift)
{
	uint64_t nr = exptrace_pages_of_batch(batch_size, shift), pages = BATCHES * nr, page;
	struct exptrace_pages all = { 0, pages }, got;

	for (page = 0; page < pages; page++) {
		struct exptrace_pages alone = { page, page + 1 };

		got = exptrace_pages_around(page, batch_size, shift, all);
		if (got.first != page / nr * nr || got.end != got.first + nr)
			return false;
		got = exptrace_pages_around(page, batch_size, shift, alone);
		if (got.first != page || got.end != page + 1)
			return false;
	}
	return true;
}

int main(void)
{
	unsigned int shift;
	uint32_t size;

	for (shift = 12; shift <= 16; shift += 2) {
		for (size = 1U << shift; size <= 65536; size *= 2) {
			ok(pages_are_in_order(size, shift),
			   "pages of %u KiB, batches of %u: pages are in order",
			   (1U << shift) >> 10, size >> 10);
			ok(fault_maps_batch(size, shift),
			   "pages of %u KiB, batches of %u: a fault maps the whole batch",
			   (1U << shift) >> 10, size >> 10);
		}
	}
	return tap_end();
}
