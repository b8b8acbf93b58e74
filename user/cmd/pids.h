/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is known of each thread: an element for every pid, or for every thread's number, zero at
 * first.
 *
 * Elements lie in pages that are made when one of their pids is seen, so that no event
 * but the first of a page allocates, and none of them moves.
 */
#ifndef EXPTRACE_PIDS_H
#define EXPTRACE_PIDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PIDS_MAX	(1 << 24)	/* the kernel's PID_MAX_LIMIT is 1 << 22 */
#define PIDS_PAGE_SHIFT	10
#define PIDS_PAGE	(1 << PIDS_PAGE_SHIFT)

struct pids {
	size_t size;		/* of an element */
	uint64_t beyond;	/* how often one was asked for that cannot be */
	char *pages[PIDS_MAX >> PIDS_PAGE_SHIFT];
};

/* Makes the page of @pid. Its element; ends the program without memory. */
void *pids_make(struct pids *pids, uint64_t pid);

/* The element of @pid; NULL for pids that cannot be. Ends the program without memory. */
static inline void *pids_get(struct pids *pids, uint64_t pid)
{
	char *page;

	if (pid >= PIDS_MAX) {
		pids->beyond++;
		return NULL;
	}
	page = pids->pages[pid >> PIDS_PAGE_SHIFT];
	if (!page)
		return pids_make(pids, pid);
	return page + (pid & (PIDS_PAGE - 1)) * pids->size;
}

/* The next pid from *@pid on that has an element, which is returned; NULL at the end. */
void *pids_next(const struct pids *pids, uint64_t *pid);

/* An element in a ranking. */
struct pids_ranked {
	int64_t pid;		/* or number */
	const void *element;
};

/*
 * The elements from pid 1 on (0 is the idle tasks) of which counts() is true, in the order
 * of @compare, which gets pointers to struct pids_ranked. To be freed; @n: out: their
 * number. Ends the program without memory.
 */
struct pids_ranked *pids_rank(const struct pids *pids, bool (*counts)(const void *element),
			      int (*compare)(const void *a, const void *b), size_t *n);

void pids_uninit(struct pids *pids);

#endif /* EXPTRACE_PIDS_H */
