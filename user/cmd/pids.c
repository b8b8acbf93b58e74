// SPDX-License-Identifier: GPL-2.0-only
/*
 * Per-thread data: an element, zero at first, for every pid or thread number that is looked up.
 */
#include <stdlib.h>

#include "cmd.h"
#include "pids.h"

#define FIRST_CHUNK	16	/* elements */

/* Each element is stored after its pid. */
static size_t stride(const struct pids *pids)
{
	return sizeof(uint64_t) + (pids->size + sizeof(uint64_t) - 1) / sizeof(uint64_t) *
				  sizeof(uint64_t);
}

/* Chunk i has FIRST_CHUNK << i elements, and those before it FIRST_CHUNK * (2^i - 1). */
static unsigned int chunk_of(uint64_t place, uint64_t *within)
{
	unsigned int chunk = 63 - (unsigned int)__builtin_clzll(place / FIRST_CHUNK + 1);

	*within = place - FIRST_CHUNK * ((1ULL << chunk) - 1);
	return chunk;
}

static uint64_t *pid_at(const struct pids *pids, uint64_t place)
{
	uint64_t within;
	unsigned int chunk = chunk_of(place, &within);

	if (!pids->chunks[chunk])
		return NULL;
	return (uint64_t *)(pids->chunks[chunk] + within * stride(pids));
}

static uint64_t *make_at(struct pids *pids, uint64_t place)
{
	uint64_t within;
	unsigned int chunk = chunk_of(place, &within);

	if (!pids->chunks[chunk])
		pids->chunks[chunk] = need_memory(calloc(FIRST_CHUNK << chunk, stride(pids)),
						  "adding up what threads do");
	return pid_at(pids, place);
}

void *pids_make(struct pids *pids, uint64_t pid)
{
	int64_t place = index_get(&pids->index, pid, 0);
	uint64_t *at;

	if (place < 0)
		out_of_memory("adding up what threads do");
	at = make_at(pids, (uint64_t)place);
	*at = pid;
	pids->recent[pid % PIDS_RECENT] = (struct pids_recent) { pid, at + 1 };
	return at + 1;
}

void *pids_find(const struct pids *pids, uint64_t pid)
{
	int64_t place = index_find(&pids->index, pid, 0);
	uint64_t *at = place < 0 ? NULL : pid_at(pids, (uint64_t)place);

	return at ? at + 1 : NULL;
}

void *pids_at(const struct pids *pids, uint64_t place, uint64_t *pid)
{
	uint64_t *at = place < pids->index.n ? pid_at(pids, place) : NULL;

	if (!at)
		return NULL;
	*pid = *at;
	return at + 1;
}

struct pids_ranked *pids_rank(const struct pids *pids, bool (*counts)(const void *element),
			      int (*compare)(const void *a, const void *b), size_t *n)
{
	struct pids_ranked *ranked;
	const void *element;
	uint64_t place, pid;

	for (*n = 0, place = 0; (element = pids_at(pids, place, &pid)); place++)
		*n += pid && counts(element);
	ranked = need_memory(calloc(*n + 1, sizeof(*ranked)), "sorting threads");
	for (*n = 0, place = 0; (element = pids_at(pids, place, &pid)); place++)
		if (pid && counts(element))
			ranked[(*n)++] = (struct pids_ranked) { (int64_t)pid, element };
	qsort(ranked, *n, sizeof(*ranked), compare);
	return ranked;
}

void pids_uninit(struct pids *pids)
{
	size_t i;

	for (i = 0; i < PIDS_CHUNKS; i++)
		free(pids->chunks[i]);
	index_uninit(&pids->index);
}
