// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A list of CPUs, such as "0-3,8".
 */
#include <errno.h>
#include <stdlib.h>

#include "array.h"
#include "cpus.h"

static int add_range(struct cpus *cpus, struct cpus_range range)
{
	if (array_reach(&cpus->ranges, cpus->n, &cpus->room, sizeof(*cpus->ranges)))
		return -ENOMEM;
	cpus->ranges[cpus->n++] = range;
	return 0;
}

int cpus_read(struct cpus *cpus, const char *list)
{
	cpus->n = 0;
	while (*list) {
		char *end;
		struct cpus_range range = { .first = strtoull(list, &end, 10) };

		range.last = *end == '-' ? strtoull(end + 1, &end, 10) : range.first;
		if (end == list || range.last < range.first ||
		    (cpus->n && range.first <= cpus->ranges[cpus->n - 1].last))
			return 0;
		if (add_range(cpus, range))
			return -ENOMEM;
		list = *end == ',' ? end + 1 : "";
	}
	return 0;
}

bool cpus_has(const struct cpus *cpus, uint64_t cpu)
{
	size_t low = 0, high = cpus->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (cpus->ranges[middle].last < cpu)
			low = middle + 1;
		else
			high = middle;
	}
	return low < cpus->n && cpus->ranges[low].first <= cpu;
}

void cpus_uninit(struct cpus *cpus)
{
	free(cpus->ranges);
}
