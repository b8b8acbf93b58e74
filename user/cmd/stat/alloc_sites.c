// SPDX-License-Identifier: GPL-2.0-only
/*
 * The call sites of allocations.
 *
 * Sites have numbers that are valid within a generation, so they are added up by number first, and
 * by address when the generation ends.
 */
#include <stdlib.h>
#include <string.h>

#include "../cmd.h"
#include "../site.h"
#include "alloc.h"

void alloc_sites_uninit(struct alloc_sites *sites)
{
	size_t i;

	for (i = 0; i < sites->room; i++)
		free(sites->list[i].name);
	free(sites->list);
	index_uninit(&sites->index);
}

/* The site with the key (@a, @b), added if it is new. */
static struct alloc_site *get_site(struct alloc_sites *sites, uint64_t a, uint64_t b)
{
	int64_t i = index_get(&sites->index, a, b);

	if (i < 0)
		out_of_memory(ALLOC_DOING);
	reach_memory(&sites->list, (size_t)i, &sites->room, sizeof(*sites->list), ALLOC_DOING);
	return &sites->list[i];
}

void alloc_sites_add(struct stat_alloc *alloc, uint64_t number, uint64_t bytes)
{
	struct alloc_site *site = get_site(&alloc->now, number, 0);

	site->number = number;
	site->count++;
	site->bytes += bytes;
}

void alloc_sites_move(struct stat_alloc *alloc, uint64_t from, uint64_t number, uint64_t bytes)
{
	struct alloc_site *site;

	if (from == NO_SITE)
		return;
	site = get_site(&alloc->now, from, 0);
	site->count--;
	site->bytes -= bytes;
	alloc_sites_add(alloc, number, bytes);
}

/* All sites without an address share one sum. */
static void add_up_site(struct stat_alloc *alloc, const struct exptrace_trace *trace,
			const struct alloc_site *site)
{
	const struct exptrace_frame *frame = site_frame(trace, site->number);
	char text[SITE_TEXT];
	struct alloc_site *sum;

	if (!site->count)	/* its allocations moved to another site */
		return;
	sum = get_site(&alloc->all, frame ? frame->address : 0, !frame);
	if (!sum->name) {
		site_text(trace, frame ? site->number : 0, text);
		sum->name = need_memory(strdup(text), ALLOC_DOING);
	}
	sum->count += site->count;
	sum->bytes += site->bytes;
}

void alloc_sites_end_generation(struct stat_alloc *alloc, const struct exptrace_trace *trace)
{
	struct alloc_sites *now = &alloc->now;
	size_t i;

	for (i = 0; i < now->index.n; i++)
		add_up_site(alloc, trace, &now->list[i]);
	if (now->index.n)
		memset(now->list, 0, now->index.n * sizeof(*now->list));
	index_clear(&now->index);
}
