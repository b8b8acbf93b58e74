// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is known of each thread: an element for every pid, zero at first.
 */
#include <stdlib.h>

#include "pids.h"

void *pids_make(struct pids *pids, uint64_t pid)
{
	char *page = calloc(PIDS_PAGE, pids->size);

	if (!page)
		return NULL;
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

void pids_uninit(struct pids *pids)
{
	size_t i;

	for (i = 0; i < PIDS_MAX >> PIDS_PAGE_SHIFT; i++)
		free(pids->pages[i]);
}
