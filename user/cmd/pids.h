/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Per-thread data: an element, zero at first, for every pid or thread number that is looked up.
 *
 * Memory grows with the number of pids, however sparse they are, and elements do not move.
 * Recently used elements are found without a hash lookup.
 */
#ifndef EXPTRACE_PIDS_H
#define EXPTRACE_PIDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../common/index.h"

#define PIDS_MAX	(1 << 24)	/* the kernel's PID_MAX_LIMIT is 1 << 22 */
#define PIDS_RECENT	256
/* Each chunk has twice as many elements as the one before. */
#define PIDS_CHUNKS	26

struct pids_recent {
	uint64_t pid;
	void *element;		/* NULL: none */
};

struct pids {
	size_t size;		/* of an element */
	uint64_t beyond;	/* number of lookups of impossible pids */
	struct index index;	/* pid to its place */
	char *chunks[PIDS_CHUNKS];
	struct pids_recent recent[PIDS_RECENT];	/* by the pid's low bits */
};

/* The slow path of pids_get(). */
void *pids_make(struct pids *pids, uint64_t pid);

/* The element of @pid; NULL for impossible pids. Aborts if out of memory. */
static inline void *pids_get(struct pids *pids, uint64_t pid)
{
	const struct pids_recent *recent = &pids->recent[pid % PIDS_RECENT];

	if (pid >= PIDS_MAX) {
		pids->beyond++;
		return NULL;
	}
	return recent->pid == pid && recent->element ? recent->element : pids_make(pids, pid);
}

/* The element of @pid; NULL if there is none. */
void *pids_find(const struct pids *pids, uint64_t pid);

/* The element at @place, in order of creation; NULL at the end. */
void *pids_at(const struct pids *pids, uint64_t place, uint64_t *pid);

/* An element in a ranking. */
struct pids_ranked {
	int64_t pid;		/* or number */
	const void *element;
};

/*
 * The elements from pid 1 on (0 is the idle tasks) for which counts() is true, sorted by
 * @compare, which gets pointers to struct pids_ranked. The caller frees the array; @n: out: its
 * length. Aborts if out of memory.
 */
struct pids_ranked *pids_rank(const struct pids *pids, bool (*counts)(const void *element),
			      int (*compare)(const void *a, const void *b), size_t *n);

void pids_uninit(struct pids *pids);

#endif /* EXPTRACE_PIDS_H */
