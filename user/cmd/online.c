// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which CPUs ran as a generation began.
 */
#include <stdlib.h>

#include "online.h"

bool online_has(const char **list, uint64_t cpu)
{
	while (*list && **list) {
		char *end;
		uint64_t first = strtoull(*list, &end, 10), last = first;

		if (*end == '-')
			last = strtoull(end + 1, &end, 10);
		if (cpu <= last)
			return cpu >= first;
		*list = *end == ',' ? end + 1 : "";
	}
	return !*list;
}
