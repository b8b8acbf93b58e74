// SPDX-License-Identifier: GPL-2.0-only
/*
 * Times by name: of the functions of timers and works, and of regions.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/hash.h"
#include "../cmd.h"
#include "../json.h"
#include "named.h"

#define NSEC_PER_MSEC	1e6

static struct named_row *new_row(const char *name, size_t len)
{
	struct named_row *row = need_memory(calloc(1, sizeof(*row) + len + 1),
						 "adding up times by name");

	row->len = len;
	memcpy(row->name, name, len);
	return row;
}

struct named_row *named_get(struct named_list *list, uint64_t key,
			    const char *name, size_t len)
{
	uint64_t hash = hash_bytes(name, len);
	struct named_row **row;
	int64_t i;

	for (;; hash++) {
		i = index_get(&list->index, key, hash);
		if (i < 0)
			out_of_memory("adding up times by name");
		reach_memory(&list->rows, (size_t)i, &list->room, sizeof(*list->rows),
			     "adding up times by name");
		row = &list->rows[i];
		if (!*row)
			*row = new_row(name, len);
		/* another name may have the same hash */
		if ((*row)->len == len && !memcmp((*row)->name, name, len))
			return *row;
	}
}

void named_uninit(struct named_list *list)
{
	size_t i;

	for (i = 0; i < list->index.n; i++) {
		histogram_uninit(&list->rows[i]->histogram);
		free(list->rows[i]);
	}
	free(list->rows);
	index_uninit(&list->index);
}

static int named_by_sum(const void *a, const void *b)
{
	const struct named_row *const *x = a, *const *y = b;

	if ((*x)->histogram.sum != (*y)->histogram.sum)
		return (*x)->histogram.sum < (*y)->histogram.sum ? 1 : -1;
	return strcmp((*x)->name, (*y)->name);
}

/* The index is invalid afterwards. */
static void named_sort(struct named_list *list)
{
	if (list->index.n)
		qsort(list->rows, list->index.n, sizeof(*list->rows), named_by_sum);
}

static void named_print_row(const struct named_row *row)
{
	printf("  %12.3f ", (double)row->histogram.sum / NSEC_PER_MSEC);
	histogram_print_row(&row->histogram);
	histogram_print_word(&row->histogram);
	printf("  ");
	print_foreign(row->name, row->len, 0);
	putchar('\n');
}

static void named_print_all(const struct named_list *list)
{
	struct histogram all = { 0 };
	size_t i;

	for (i = 0; i < list->index.n; i++)
		histogram_merge(&all, &list->rows[i]->histogram);
	putchar('\n');
	histogram_print(&all);
	histogram_uninit(&all);
	if (list->unended)
		printf("  %" PRIu64 " had not ended when the trace, or the known part of it, ended: "
		       "not counted\n", list->unended);
	if (list->unmatched)
		printf("  %" PRIu64 " ended without a beginning in the trace: not counted\n",
		       list->unmatched);
}

void named_print(struct named_list *list, const char *title, const char *what,
		 uint64_t among, uint64_t lines)
{
	size_t i;

	named_sort(list);
	printf("\n%s; longest total first\n", title);
	printf("  %12s %s%s  %s\n", "total ms", histogram_heading, histogram_word_heading, what);
	for (i = 0; i < list->index.n && i < among && lines; i++) {
		if (!list->rows[i]->histogram.count)
			continue;
		named_print_row(list->rows[i]);
		lines--;
	}
	named_print_all(list);
}

void named_json(struct named_list *list, const char *key, const char *what,
		struct output *output)
{
	bool first = true;
	size_t i;

	named_sort(list);
	json_key(output, key);
	output_text(output, "\":[");
	for (i = 0; i < list->index.n; i++) {
		const struct named_row *row = list->rows[i];

		if (!row->histogram.count)
			continue;
		output_text(output, first ? "{\"" : ",{\"");
		output_text(output, what);
		output_text(output, "\":");
		json_bytes(output, row->name, row->len);
		histogram_json(output, ",", &row->histogram);
		first = false;
	}
	output_char(output, ']');
}
