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
#include "report.h"

#define NSEC_PER_MSEC	1e6

static struct report_named *new_named(const char *name, size_t len)
{
	struct report_named *named = need_memory(calloc(1, sizeof(*named) + len + 1),
						 "adding up times by name");

	named->len = len;
	memcpy(named->name, name, len);
	return named;
}

struct report_named *report_named_get(struct report_named_list *list, uint64_t key,
				      const char *name, size_t len)
{
	uint64_t hash = hash_bytes(name, len);
	struct report_named **row;
	int64_t i;

	for (;; hash++) {
		i = index_get(&list->index, key, hash);
		if (i < 0)
			out_of_memory("adding up times by name");
		list->rows = report_reach(list->rows, (size_t)i, &list->room, sizeof(*list->rows));
		row = &list->rows[i];
		if (!*row)
			*row = new_named(name, len);
		/* another name may have the same hash */
		if ((*row)->len == len && !memcmp((*row)->name, name, len))
			return *row;
	}
}

void report_named_uninit(struct report_named_list *list)
{
	size_t i;

	for (i = 0; i < list->index.n; i++) {
		histogram_uninit(&list->rows[i]->histogram);
		free(list->rows[i]);
	}
	free(list->rows);
	index_uninit(&list->index);
}

static int by_sum(const void *a, const void *b)
{
	const struct report_named *const *x = a, *const *y = b;

	if ((*x)->histogram.sum != (*y)->histogram.sum)
		return (*x)->histogram.sum < (*y)->histogram.sum ? 1 : -1;
	return strcmp((*x)->name, (*y)->name);
}

/* The index no longer fits. */
static void sort_rows(struct report_named_list *list)
{
	if (list->index.n)
		qsort(list->rows, list->index.n, sizeof(*list->rows), by_sum);
}

static void print_row(const struct report_named *named)
{
	printf("  %12.3f ", (double)named->histogram.sum / NSEC_PER_MSEC);
	histogram_print_row(&named->histogram);
	histogram_print_word(&named->histogram);
	printf("  ");
	print_foreign(named->name, named->len, 0);
	putchar('\n');
}

static void print_all(const struct report_named_list *list)
{
	struct histogram all = { 0 };
	size_t i;

	for (i = 0; i < list->index.n; i++)
		histogram_merge(&all, &list->rows[i]->histogram);
	putchar('\n');
	histogram_print(&all);
	histogram_uninit(&all);
	if (list->unended)
		printf("  %" PRIu64 " had not ended when the trace, or what is known of it, ended: "
		       "not counted\n", list->unended);
	if (list->unmatched)
		printf("  %" PRIu64 " ended without their beginning in the trace: not counted\n",
		       list->unmatched);
}

void report_named_print(struct report_named_list *list, const char *title, const char *what,
			uint64_t among, uint64_t lines)
{
	size_t i;

	sort_rows(list);
	printf("\n%s; the longest in all first\n", title);
	printf("  %12s %s%s  %s\n", "ms in all", histogram_heading, histogram_word_heading, what);
	for (i = 0; i < list->index.n && i < among && lines; i++) {
		if (!list->rows[i]->histogram.count)
			continue;
		print_row(list->rows[i]);
		lines--;
	}
	print_all(list);
}

void report_named_json(struct report_named_list *list, const char *key, const char *what,
		       struct output *output)
{
	bool first = true;
	size_t i;

	sort_rows(list);
	output_text(output, ",\"");
	output_text(output, key);
	output_text(output, "\":[");
	for (i = 0; i < list->index.n; i++) {
		const struct report_named *named = list->rows[i];

		if (!named->histogram.count)
			continue;
		output_text(output, first ? "{\"" : ",{\"");
		output_text(output, what);
		output_text(output, "\":");
		output_json_string(output, named->name, named->len);
		output_char(output, ',');
		histogram_json(output, &named->histogram);
		output_char(output, '}');
		first = false;
	}
	output_char(output, ']');
}
