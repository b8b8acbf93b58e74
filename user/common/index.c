// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A hash table from pairs of numbers to dense numbers, with open addressing.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "index.h"

#define INDEX_SIZE_MIN	64
#define SPARSE		16	/* slots per pair above which the table is freed */

struct index_slot {
	uint64_t a, b;
	uint32_t number;
	bool used;
};

/* Returns the slot of the pair, or the free one where it belongs. */
static struct index_slot *find_slot(const struct index *index, uint64_t a, uint64_t b)
{
	size_t i = hash_pair(a, b);

	for (;; i++) {
		struct index_slot *slot = &index->slots[i & (index->size - 1)];

		if (!slot->used || (slot->a == a && slot->b == b))
			return slot;
	}
}

static int index_grow(struct index *index)
{
	struct index bigger = { .size = index->size ? 2 * index->size : INDEX_SIZE_MIN };
	size_t i;

	hash_init();
	bigger.slots = calloc(bigger.size, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (i = 0; i < index->size; i++) {
		const struct index_slot *slot = &index->slots[i];

		if (slot->used)
			*find_slot(&bigger, slot->a, slot->b) = *slot;
	}
	bigger.n = index->n;
	free(index->slots);
	*index = bigger;
	return 0;
}

int64_t index_get(struct index *index, uint64_t a, uint64_t b)
{
	struct index_slot *slot;

	/* at most half full */
	if (2 * (size_t)index->n >= index->size && index_grow(index))
		return -ENOMEM;
	slot = find_slot(index, a, b);
	if (!slot->used)
		*slot = (struct index_slot) {
			.a = a, .b = b, .number = index->n++, .used = true,
		};
	return slot->number;
}

int64_t index_find(const struct index *index, uint64_t a, uint64_t b)
{
	const struct index_slot *slot = index->n ? find_slot(index, a, b) : NULL;

	return slot && slot->used ? (int64_t)slot->number : -ENOENT;
}

void index_uninit(struct index *index)
{
	free(index->slots);
}

void index_clear(struct index *index)
{
	/* do not clear a large table again and again for a few pairs each */
	if (index->size / SPARSE > index->n && index->size > INDEX_SIZE_MIN) {
		index_uninit(index);
		*index = (struct index) { 0 };
	} else if (index->n) {
		memset(index->slots, 0, index->size * sizeof(*index->slots));
	}
	index->n = 0;
}
