/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A list of CPUs, such as "0-3,8".
 */
#ifndef EXPTRACE_COMMON_CPUS_H
#define EXPTRACE_COMMON_CPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cpus_range {
	uint64_t first, last;
};

struct cpus {
	struct cpus_range *ranges;	/* sorted, without overlap */
	size_t n, room;
};

/* Parses @list up to the first syntax error or unsorted range. Returns 0 or -ENOMEM. */
int cpus_read(struct cpus *cpus, const char *list);

bool cpus_has(const struct cpus *cpus, uint64_t cpu);

void cpus_uninit(struct cpus *cpus);

#endif /* EXPTRACE_COMMON_CPUS_H */
