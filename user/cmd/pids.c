// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is known of each thread: an element for every pid or number, zero at first.
 */
#include <stdlib.h>

#include "cmd.h"
#include "pids.h"

void *pids_make(struct pids *pids, uint64_t pid)
{
	char *page = need_memory(calloc(PIDS_PAGE, pids->size), "adding up what threads do");

	pids->pages[pid >> PIDS_PAGE_SHIFT] = page;
	return page + (pid & (PIDS_PAGE - 1)) * pids->size;
}

void *pids_next(const struct pids *pids, uint64_t *pid)
{
	for (; *pid < PIDS_MAX; *pid = (*pid | (PIDS_PAGE - 1)) + 1) {
		char *page = pids->pages[*pid >> PIDS_PAGE_SHIFT];

		if (page)
			return page + (*pid & (PIDS_PAGE - 1)) * pids->size;
	}
	return NULL;
}

static size_t count_elements(const struct pids *pids, bool (*counts)(const void *element))
{
	const void *element;
	size_t n = 0;
	uint64_t pid;

	for (pid = 1; (element = pids_next(pids, &pid)); pid++)
		n += counts(element);
	return n;
}

struct pids_ranked *pids_rank(const struct pids *pids, bool (*counts)(const void *element),
			      int (*compare)(const void *a, const void *b), size_t *n)
{
	struct pids_ranked *ranked = need_memory(calloc(count_elements(pids, counts) + 1,
							sizeof(*ranked)), "sorting threads");
	const void *element;
	uint64_t pid;

	for (*n = 0, pid = 1; (element = pids_next(pids, &pid)); pid++)
		if (counts(element))
			ranked[(*n)++] = (struct pids_ranked) { (int64_t)pid, element };
	qsort(ranked, *n, sizeof(*ranked), compare);
	return ranked;
}

void pids_uninit(struct pids *pids)
{
	size_t i;

	for (i = 0; i < PIDS_MAX >> PIDS_PAGE_SHIFT; i++)
		free(pids->pages[i]);
}
