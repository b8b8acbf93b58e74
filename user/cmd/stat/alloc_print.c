// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints the allocations, the objects that are still there, and the call sites.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cmd.h"
#include "alloc.h"

static int site_by_bytes(const void *a, const void *b)
{
	const struct alloc_site *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return strcmp(x->name, y->name);
}

/*
 * The expected number of @n objects that share an identifier: identifiers are odd 32-bit numbers.
 */
static double expected_shared(double n)
{
	return n * n / 2 / (double)(UINT64_C(1) << 31);
}

static void print_doubts(const struct alloc_doubts *doubts, uint64_t nobjects)
{
	if (doubts->unrecorded || doubts->others) {
		printf("    may be fewer: ");
		print_name(doubts->unrecorded ? doubts->unrecorded : "", 0);
		printf("%s not recorded all the time\n", doubts->others ? " and others" : "");
	}
	if (doubts->filtered)
		printf("    may be fewer: the filter left out frees by other threads or CPUs\n");
	if (doubts->unfollowed)
		printf("    may be more: %llu allocations not followed, beyond the first %zu\n",
		       (unsigned long long)doubts->unfollowed, stat_alloc_objects_max);
	if (doubts->lost)
		printf("    may be wrong: %llu events lost\n", (unsigned long long)doubts->lost);
	if (doubts->cut_off)
		printf("    may be wrong: a generation is cut off or damaged\n");
	if (doubts->ids && expected_shared((double)nobjects) >= 0.5)
		printf("    may be wrong: some %.0f of the objects share an identifier\n",
		       expected_shared((double)nobjects));
}

static void print_live(const struct stat_alloc *alloc)
{
	uint64_t live = 0, nlive = 0, ngiven = 0;
	size_t i;

	for (i = 0; i < alloc->object_index.n; i++) {
		uint64_t bytes = alloc->objects[i].bytes;

		ngiven += bytes == GIVEN;
		nlive += bytes && bytes != GIVEN;
		live += bytes == GIVEN ? 0 : bytes;
	}
	printf("  still allocated at the end%s: %llu objects, %llu bytes with slack\n",
	       alloc->forgotten ? ", only since the last gap in the trace" : "",
	       (unsigned long long)nlive, (unsigned long long)live);
	if (ngiven)
		printf("    and given to kfree_rcu, perhaps not freed yet: %llu objects\n",
		       (unsigned long long)ngiven);
	printf("    not counted: objects allocated before the trace, or in bulk\n");
	print_doubts(&alloc->doubts, alloc->object_index.n);
}

static void print_totals(const struct stat_alloc *alloc)
{
	printf("\nAllocations: %llu of %llu bytes (and %llu of slack), %llu frees",
	       (unsigned long long)alloc->nallocs, (unsigned long long)alloc->bytes,
	       (unsigned long long)alloc->slack, (unsigned long long)alloc->nfrees);
	if (alloc->ngiven)
		printf(", %llu given to kfree_rcu", (unsigned long long)alloc->ngiven);
	if (alloc->nfailed)
		printf(", %llu failed", (unsigned long long)alloc->nfailed);
	putchar('\n');
	print_live(alloc);
}

void stat_alloc_print(struct stat_alloc *alloc, unsigned int max)
{
	struct alloc_sites *sites = &alloc->all;
	size_t i, n = sites->index.n;

	if (!alloc->nallocs && !alloc->nfrees && !alloc->ngiven && !alloc->nfailed)
		return;
	print_totals(alloc);
	if (!n)
		return;
	qsort(sites->list, n, sizeof(*sites->list), site_by_bytes);
	printf("  %12s %16s  %s\n", "allocations", "bytes", "call site");
	for (i = 0; i < n && i < max; i++) {
		printf("  %12llu %16llu  ", (unsigned long long)sites->list[i].count,
		       (unsigned long long)sites->list[i].bytes);
		print_name(sites->list[i].name, 0);
		putchar('\n');
	}
	/* the index is invalid for the sorted sites */
	index_clear(&sites->index);
}
