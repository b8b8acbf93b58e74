/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A hash table from pairs of numbers to dense numbers: 0, 1, 2, ...
 */
#ifndef EXPTRACE_COMMON_INDEX_H
#define EXPTRACE_COMMON_INDEX_H

#include <stddef.h>
#include <stdint.h>

struct index_slot;

struct index {
	struct index_slot *slots;	/* size: a power of two, or 0 */
	size_t size;
	uint32_t n;
};

/*
 * Returns the number of the pair (@a, @b). A new pair gets the next one, the old index->n. -ENOMEM
 * if out of memory.
 */
int64_t index_get(struct index *index, uint64_t a, uint64_t b);

/* Returns the number of the pair, or -ENOENT. */
int64_t index_find(const struct index *index, uint64_t a, uint64_t b);

/* Forgets all pairs. */
void index_clear(struct index *index);

void index_uninit(struct index *index);

#endif /* EXPTRACE_COMMON_INDEX_H */
